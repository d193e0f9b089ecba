"""Sends a plan, once or more often, each time over a transport of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.conduct.control import OtherSide
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.samples.look import Look
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.pair import Side, run_pair
from pytest_smload.engine.run import run_load
from pytest_smload.transport.detours import proxy_for
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.registry import TRANSPORTS
from pytest_smload.transport.wire import validate_route


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends a plan, each time over a transport of its own.

    Attributes:
        gives_up: Whether a load whose first requests all fail ends there: no limit of it would allow that.
        other: What is sent the same in the same window, or None.
        notes: Remarks of its runs: none.
    """

    plan: LoadPlan
    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    simulated: bool
    gives_up: bool = False
    other: OtherSide | None = None
    notes: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise what can be known to be wrong without sending a request."""
        refuse_more_than_files_allow(self.plan.profile, sides=1 if self.other is None else 2)
        for route in self.plan.routes:
            validate_route(route)
        if self.simulated:
            return
        for target in (self.target, *([self.other.control.target] if self.other is not None else [])):
            # Whichever transport sends, it goes this way.
            prober = HttpTransport(target, timeout_s=self.plan.profile.timeout_s, proxy=proxy_for(target))
            try:
                prober.probe()
            finally:
                prober.close()

    @staticmethod
    def halved(profile: LoadProfile) -> LoadProfile:
        """Return *profile* for one of two sides, which share the most requests there may be."""
        most = profile.max_requests
        return profile if most is None else profile.replace(max_requests=max(1, most // 2))

    @property
    def beside(self) -> int:
        """Requests that the last run sent to the control."""
        recording = self.other.recording if self.other is not None else None
        return len(recording.samples) if recording is not None else 0

    def send(self, goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None) -> Recording:
        """Run the plan; *goes_on* and *period_s* as `run_load` takes them."""
        if self.other is not None:
            return self._send_both(self.other, period_s)
        own = self.plan.profile
        transport = TRANSPORTS[self.transport_name].make(
            self.target, timeout_s=own.timeout_s, most_in_flight=own.most_in_flight, mocked=self.simulated
        )
        return run_load(
            self.plan,
            transport,
            endpoint_name=self.target.endpoint_name,
            base_url=self.target.url,
            hooks=self.hooks,
            judged=not self.simulated,
            gives_up=self.gives_up,
            goes_on=goes_on,
            period_s=period_s,
        )

    def _send_both(self, other: OtherSide, period_s: int | None) -> Recording:
        profile = self.halved(self.plan.profile)
        plan = replace(self.plan, profile=profile, side=0)
        own = Side(
            plan=plan,
            transport=TRANSPORTS[self.transport_name].make(
                self.target, timeout_s=profile.timeout_s, most_in_flight=profile.most_in_flight, mocked=False
            ),
            endpoint_name=self.target.endpoint_name,
            base_url=self.target.url,
            hooks=self.hooks,
            gives_up=self.gives_up,
        )
        recording, beside = run_pair(own, other.side(plan), period_s=period_s)
        other.sent(beside)
        return recording
