"""Sends a load to its control as well, in the same window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_smload.conduct.control_problems import control_problems
from pytest_smload.conduct.endpoint_watch import EndpointWatch
from pytest_smload.conduct.preflight import inspect, is_asked
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.pair import Side
from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.registry import TRANSPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.conduct.request import Control, LoadRequest
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.settings.tables import EndpointSettings


class OtherSide:
    """The control of one load, as it is sent.

    Attributes:
        control: What it is.
        recording: Of the run sent last.
        earlier: Of those before.
        account: Its account, once it was looked at and where that is known.
        notes: What could not be found out of it.
    """

    def __init__(self, control: Control, request: LoadRequest, transport_name: str) -> None:
        self.control = control
        self.recording: Recording | None = None
        self.earlier: list[Recording] = []
        self.account: str | None = None
        self.notes: tuple[str, ...] = ()
        self._transport_name = transport_name
        self._is_apart = not control.settings.is_same_endpoint(request.settings)
        variant = control.settings.variant
        profile = request.profile.replace(variant=variant) if variant is not None else request.profile
        self._plan = LoadPlan.from_profile(profile, request.root)
        self._request = replace(
            request,
            settings=control.settings.endpoint,
            target=control.target,
            preflight=control.preflight,
            budget=None,
            scaling=None,
            cloudwatch=False,
            control=None,
        )

    def inspect(self, say: Callable[[str], object]) -> None:
        """Look at the control as at the endpoint under test.

        Raises:
            ConfigurationError, EndpointError: as `pytest_smload.conduct.preflight.inspect`.
        """
        inspection = inspect(self._request, self._plan, say, simulated=False)
        self.account = inspection.account
        self.notes = tuple(f"control {self.control.settings.name}: {note}" for note in inspection.notes)

    def watches(self) -> list[EndpointWatch]:
        """Return what notices that it changed, where it is an endpoint of its own and AWS can be asked."""
        preflight = self.control.preflight
        if preflight is None or not (self._is_apart and is_asked(self._request)):
            return []
        of = f"control {self.control.settings.name}"
        return [EndpointWatch(preflight, every_s=self.control.settings.endpoint.watch_s, of=of)]

    def sent(self, recording: Recording) -> None:
        """Keep what a run sent."""
        if self.recording is not None:
            self.earlier.append(self.recording)
        self.recording = recording

    def hosting_beside(
        self, endpoint: EndpointSettings, hosting: Callable[[], Hosting | None] | None
    ) -> Callable[[], Hosting | None] | None:
        """Return what tells what hosts both sides, for their cost: that of *endpoint* and the control's own."""
        settings, preflight = self.control.settings, self.control.preflight
        if settings.endpoint.embedded or settings.is_same_endpoint(endpoint):
            return hosting

        def both() -> Hosting | None:
            own = preflight.hosting if preflight is not None else None
            first = hosting() if hosting is not None else own
            if own is None or first is None or hosting is None:
                return first if own is not None else None
            return replace(first, variants=(*first.variants, *own.variants))

        return both

    def side(self, plan: LoadPlan) -> Side:
        """Return the side that is sent what *plan* sends to the endpoint under test."""
        own = plan.profile
        transport = TRANSPORTS[self._transport_name].make(
            self.control.target, timeout_s=own.timeout_s, most_in_flight=own.most_in_flight, mocked=False
        )
        return Side(
            plan=replace(self._plan, profile=own, side=1),
            transport=transport,
            endpoint_name=self.control.target.endpoint_name,
            base_url=self.control.target.url,
            hooks=LoadHooks(refresh=getattr(self.control.target.credentials, "refresh_if_needed", None)),
            # Whatever the budget allows the endpoint under test, nothing can be compared with a dead control.
            gives_up=True,
        )


def with_control(request: LoadRequest, transport_name: str, *, simulated: bool) -> tuple[LoadRequest, OtherSide | None]:
    """Return *request* and its control; None where it has none, is only measured, or a mock answers.

    CloudWatch is not asked where both are one endpoint: it counts both sides.

    Raises:
        ConfigurationError: the load cannot be held against it.
    """
    control, budget = request.control, request.budget
    if control is None or budget is None or simulated:
        return request, None
    problems = control_problems(
        control.settings, endpoint=request.settings, profile=request.profile, budget=budget, scaling=request.scaling
    )
    if problems:
        raise ConfigurationError(problems)
    if control.settings.is_same_endpoint(request.settings):
        asked = request.settings.cloudwatch and request.cloudwatch
        note = "CloudWatch was not asked: control and load are on one endpoint, and its figures would be of both"
        request = replace(request, cloudwatch=False, notes=(*request.notes, *([note] if asked else [])))
    return request, OtherSide(control, request, transport_name)
