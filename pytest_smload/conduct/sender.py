"""Sends a plan, or stretches of it, each over a transport of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.request.transport import Transport
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.run import LoadHooks, run_load
from pytest_smload.transport.choice import proxy_for
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.sdk.transport import Boto3Transport
from pytest_smload.transport.wire import validate_route


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends a plan, or stretches of it, each over a transport of its own."""

    plan: LoadPlan
    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    simulated: bool

    def check(self) -> None:
        """Raise what can be known to be wrong without sending a request."""
        for route in self.plan.routes:
            validate_route(route)
        if not self.simulated and proxy_for(self.target) is None:
            # Whichever transport sends, it dials this host.
            prober = HttpTransport(self.target, timeout_s=self.plan.profile.timeout_s)
            try:
                prober.probe()
            finally:
                prober.close()

    def send(self, profile: LoadProfile) -> Recording:
        """Run the plan with *profile* in place of its own, which differs in how long and how much."""
        return run_load(
            replace(self.plan, profile=profile),
            self._transport(),
            endpoint_name=self.target.endpoint_name,
            base_url=self.target.url,
            hooks=self.hooks,
            judged=not self.simulated,
        )

    def _transport(self) -> Transport:
        profile = self.plan.profile
        if self.transport_name == "boto3":
            pool_size = profile.most_in_flight
            return Boto3Transport(self.target, timeout_s=profile.timeout_s, pool_size=pool_size, mocked=self.simulated)
        return HttpTransport(self.target, timeout_s=profile.timeout_s)
