"""Sends a plan, once or more often, each time over a transport of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.samples.look import Look
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.hooks import LoadHooks
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
        notes: Remarks of its runs: none.
    """

    plan: LoadPlan
    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    simulated: bool
    gives_up: bool = False
    notes: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise what can be known to be wrong without sending a request."""
        refuse_more_than_files_allow(self.plan.profile)
        for route in self.plan.routes:
            validate_route(route)
        if not self.simulated:
            # Whichever transport sends, it goes this way.
            prober = HttpTransport(self.target, timeout_s=self.plan.profile.timeout_s, proxy=proxy_for(self.target))
            try:
                prober.probe()
            finally:
                prober.close()

    def send(self, goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None) -> Recording:
        """Run the plan; *goes_on* and *period_s* as `run_load` takes them."""
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
