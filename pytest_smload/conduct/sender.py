"""Sends a plan from this process, once or more often, each time over a transport of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.run import run_load
from pytest_smload.transport.detours import proxy_for
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.registry import TRANSPORTS
from pytest_smload.transport.wire import validate_route

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.hooks import LoadHooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends a plan, each time over a transport of its own.

    Attributes:
        gives_up: Whether a load whose first requests all fail ends there: no limit of it would allow that.
        beside: Requests that the last run sent to a control: none.
        notes: Remarks of its runs: none.
    """

    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    simulated: bool
    gives_up: bool
    beside: int = 0
    notes: tuple[str, ...] = ()

    def check(self, plan: LoadPlan) -> None:
        """Raise what can be known to be wrong without sending a request."""
        refuse_more_than_files_allow(plan.profile)
        check_routes(plan)
        if not self.simulated:
            probe(self.target, plan)

    def get_ready(self, account: str | None, say: Callable[[str], object]) -> None:
        """Nothing has to be waited for."""

    def send(
        self, plan: LoadPlan, goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None
    ) -> Recording:
        """Run *plan*; *goes_on* and *period_s* as `run_load` takes them."""
        own = plan.profile
        transport = TRANSPORTS[self.transport_name].make(
            self.target, timeout_s=own.timeout_s, most_in_flight=own.most_in_flight, mocked=self.simulated
        )
        return run_load(
            plan,
            transport,
            endpoint_name=self.target.endpoint_name,
            base_url=self.target.url,
            hooks=self.hooks,
            judged=not self.simulated,
            gives_up=self.gives_up,
            goes_on=goes_on,
            period_s=period_s,
        )


def check_routes(plan: LoadPlan) -> None:
    """Make sure that what *plan* says of its requests can be sent.

    Raises:
        ConfigurationError: as `validate_route`.
    """
    for route in plan.routes:
        validate_route(route)


def probe(target: EndpointTarget, plan: LoadPlan) -> None:
    """Make sure that something listens at *target*; whichever transport sends, it goes this way.

    Raises:
        EndpointError: as `HttpTransport.probe`.
    """
    prober = HttpTransport(target, timeout_s=plan.profile.timeout_s, proxy=proxy_for(target))
    try:
        prober.probe()
    finally:
        prober.close()
