"""Sends a plan to an endpoint and, in the same window, to its control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_smload.conduct.sender import check_routes, probe
from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.pair import Side, run_pair
from pytest_smload.transport.registry import TRANSPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.conduct.control import OtherSide
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.hooks import LoadHooks


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSender:
    """Sends a plan to two endpoints, each time over transports of their own.

    Attributes:
        other: What is sent the same in the same window; it keeps what was recorded of it.
        gives_up: As `pytest_smload.conduct.sender.Sender` has it.
        notes: Remarks of its runs: none.
    """

    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    other: OtherSide
    gives_up: bool
    notes: tuple[str, ...] = ()

    @property
    def beside(self) -> int:
        """Requests that the last run sent to the control."""
        recording = self.other.recording
        return len(recording.samples) if recording is not None else 0

    def check(self, plan: LoadPlan) -> None:
        """Raise what can be known to be wrong without sending a request."""
        refuse_more_than_files_allow(plan.profile, sides=2)
        check_routes(plan)
        for target in (self.target, self.other.control.target):
            probe(target, plan)

    def get_ready(self, account: str | None, say: Callable[[str], object]) -> None:
        """Nothing has to be waited for."""

    def send(
        self, plan: LoadPlan, _goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None
    ) -> Recording:
        """Run *plan*; *period_s* as `run_pair` takes it. Its window is never extended."""
        profile = halved(plan.profile)
        plan = replace(plan, profile=profile, side=0)
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
        recording, beside = run_pair(own, self.other.side(plan), period_s=period_s)
        self.other.sent(beside)
        return recording


def halved(profile: LoadProfile) -> LoadProfile:
    """Return *profile* for one of two sides, which share the most requests there may be."""
    most = profile.max_requests
    return profile if most is None else profile.replace(max_requests=most // 2)
