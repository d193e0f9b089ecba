"""Sends a plan from worker processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_smload.conduct.sender import check_routes, probe
from pytest_smload.core.load.part import split_problems
from pytest_smload.engine.distributed.load import DistributedLoad
from pytest_smload.engine.distributed.wire import Destination
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.distributed.crew import Crew
    from pytest_smload.engine.hooks import LoadHooks


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewSender:
    """Sends a plan from the workers of a crew.

    Attributes:
        embedded: Whether it goes to the embedded endpoint.
        gives_up: As `pytest_smload.conduct.sender.Sender` has it.
        beside: Requests that the last run sent to a control: none.
        notes: Remarks of its runs: none.
    """

    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    crew: Crew
    simulated: bool
    embedded: bool
    gives_up: bool
    beside: int = 0
    notes: tuple[str, ...] = ()
    _accounts: list[str | None] = field(default_factory=list)
    _say: list[Callable[[str], object]] = field(default_factory=list)

    def check(self, plan: LoadPlan) -> None:
        """Raise what can be known to be wrong without a worker."""
        option = self.crew.wanted.option
        problems = split_problems(plan.profile, self.crew.size)
        if self.simulated:
            problems.append(
                f"{option}: moto's mock answers in this process alone, and workers would reach AWS itself; leave it out"
            )
        if self.hooks.on_environment is not None:
            problems.append(
                f"{option}: what pytest_smload_environment attaches hears no request that worker processes send; leave "
                "out one of the two"
            )
        if problems:
            raise ConfigurationError(problems)
        check_routes(plan)
        if self.crew.is_local:
            probe(self.target, plan)

    def get_ready(self, account: str | None, say: Callable[[str], object]) -> None:
        """Wait for the workers, whose credentials must be of *account* where it is known; *say* hears who is missing.

        Raises:
            ConfigurationError, EndpointError: as `Crew.join`.
        """
        self._accounts[:] = [account]
        self._say[:] = [say]
        if self.crew.wanted.warning:
            say(f"smload: warning: {self.crew.wanted.warning}")
        self.crew.join(say)

    def send(
        self, plan: LoadPlan, _goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None
    ) -> Recording:
        """Run *plan*; *period_s* as `pytest_smload.engine.run.run_load` takes it. Its window is never extended."""
        for say in self._say:
            # One that a run before lost is waited for.
            self.crew.join(say)
        target = self.target
        account = next(iter(self._accounts), None)
        destination = Destination(
            endpoint_name=target.endpoint_name,
            region=target.region,
            url=str(target.url),
            url_source=target.url_source,
            control_url=str(target.control_url) if target.control_url is not None else None,
            embedded=self.embedded,
            account=account if target.has_control_plane else None,
            transport=self.transport_name,
        )
        return DistributedLoad(
            self.crew, plan, destination, self.hooks, gives_up=self.gives_up, period_s=period_s
        ).run()
