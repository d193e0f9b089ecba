"""The endpoint as SageMaker's control plane sees it: its status, what it has and what it is to have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_smload.emulator.control.call import ControlError
from pytest_smload.emulator.credentials import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.endpoint import Endpoint
    from pytest_smload.emulator.scenario import Scenario

IN_SERVICE: Final = "InService"
UPDATING: Final = "Updating"
_ARN: Final = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
CONFIG_NAME: Final = "smload-emulator"
"""Of the configuration it starts with."""


def endpoint_arn(name: str) -> str:
    """Return an endpoint's ARN; the name is in lower case there."""
    return f"{_ARN}:endpoint/{name.lower()}"


def resource_arn(kind: str, name: str) -> str:
    """Return the ARN of a model, say: ``model``, ``endpoint-config``, ``inference-component``."""
    return f"{_ARN}:{kind}/{name.lower()}"


@dataclass(slots=True)
class Wanted:
    """What a variant is to have.

    Attributes:
        weight: Weight.
        count: Instances.
    """

    weight: float
    count: int


class Hosting:
    """Status, weights and instance counts; an update takes its time, then the fleet changes.

    Attributes:
        status: ``InService`` or ``Updating``.
        config_name: The configuration in force.
        config_names: Every one there has been; they differ in name only.
        wanted: What each variant has, or will have after the update.
        created_s: In seconds since the epoch, as is the next.
        modified_s: When it last began or ended an update.
        tags: Tags of the endpoint.
        listeners: Called after each update, once the endpoint is in service again.
    """

    def __init__(
        self, scenario: Scenario, endpoint: Endpoint, clock: Clock, later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        """
        Args:
            scenario: What the endpoint starts as.
            endpoint: Its runtime.
            clock: Gives the time.
            later: Calls something after so many seconds.
        """
        self._scenario = scenario
        self._endpoint = endpoint
        self._clock = clock
        self._later = later
        fleet = endpoint.fleet
        self.status = IN_SERVICE
        self.config_name = CONFIG_NAME
        self.config_names = {CONFIG_NAME}
        self.wanted = {
            name: Wanted(fleet.weights[name], host.counts.latest) for name, host in endpoint.fleet.hosts.items()
        }
        self.created_s = self.modified_s = clock.epoch_s()
        self.tags = dict(scenario.hosting.tags)
        self.listeners: list[Callable[[], None]] = []

    def check_name(self, name: str) -> None:
        """Refuse a name that no endpoint has.

        Raises:
            ControlError: ``ValidationException``.
        """
        if not self.is_named(name):
            raise ControlError("ValidationException", f'Could not find endpoint "{endpoint_arn(name)}".')

    def is_named(self, name: str) -> bool:
        """Whether *name* is the endpoint's."""
        return self._endpoint.exists and self._scenario.endpoint in (None, name)

    def current(self, variant: str) -> Wanted:
        """Return what *variant* has."""
        fleet = self._endpoint.fleet
        return Wanted(fleet.weights[variant], fleet.hosts[variant].counts.latest)

    def update(
        self,
        name: str,
        weights: Mapping[str, float] | None = None,
        counts: Mapping[str, int] | None = None,
        config_name: str | None = None,
    ) -> None:
        """Begin an update; what is not named stays.

        Raises:
            ControlError: another update is going on, or the account has not so many instances.
        """
        if self.status != IN_SERVICE:
            raise ControlError("ValidationException", f'Cannot update in-progress endpoint "{endpoint_arn(name)}".')
        self._check_quota(counts or {})
        for variant, weight in (weights or {}).items():
            self.wanted[variant].weight = weight
        for variant, count in (counts or {}).items():
            self.wanted[variant].count = count
        self.status = UPDATING
        self.modified_s = self._clock.epoch_s()
        self._later(self._scenario.hosting.start_up_s, lambda: self._finish(config_name))

    def delete(self) -> None:
        """Let the endpoint be gone, for its runtime as well."""
        self._endpoint.exists = False

    def _finish(self, config_name: str | None) -> None:
        fleet, now_s = self._endpoint.fleet, self._clock.now_s()
        for variant, wanted in self.wanted.items():
            if fleet.hosts[variant].counts.latest != wanted.count:
                fleet.hosts[variant].scale(wanted.count, now_s)
        fleet.weigh({variant: wanted.weight for variant, wanted in self.wanted.items()})
        if config_name is not None:
            self.config_name = config_name
            self.config_names.add(config_name)
        self.status = IN_SERVICE
        self.modified_s = self._clock.epoch_s()
        for listener in list(self.listeners):
            listener()

    def _check_quota(self, counts: Mapping[str, int]) -> None:
        quota = self._scenario.hosting.quota
        used = sum(wanted.count for wanted in self.wanted.values())
        more = sum(count - self.wanted[variant].count for variant, count in counts.items())
        if quota is not None and more > 0 and used + more > quota:
            raise ControlError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{self._scenario.hosting.instance_type} for endpoint usage' is "
                f"{quota} Instances, with current utilization of {used} Instances and a request delta of {more} "
                "Instances. Please use AWS Service Quotas to request an increase for this quota. If AWS Service "
                "Quotas is not available, contact AWS support to request an increase for this quota.",
            )
