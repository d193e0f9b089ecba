"""Sends a plan, once or more often, each time over a transport of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.core.load.part import split_problems
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.samples.look import Look
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.distributed.crew import Crew
from pytest_smload.engine.distributed.load import DistributedLoad
from pytest_smload.engine.distributed.wire import Destination
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.detours import proxy_for
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.registry import TRANSPORTS
from pytest_smload.transport.wire import validate_route

if TYPE_CHECKING:
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.transport.choice import TransportChoice


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends a plan, each time over a transport of its own.

    Attributes:
        gives_up: Whether a load whose first requests all fail ends there: no limit of it would allow that.
        crew: The worker processes that send it; None where this process does.
        embedded: Whether it goes to the embedded endpoint.
        account: Whose the endpoint is, where that is known: workers' credentials must be of it.
    """

    plan: LoadPlan
    target: EndpointTarget
    transport_name: str
    hooks: LoadHooks
    simulated: bool
    gives_up: bool = False
    crew: Crew | None = None
    embedded: bool = False
    account: str | None = None

    @classmethod
    def of(
        cls, request: LoadRequest, plan: LoadPlan, way: TransportChoice, hooks: LoadHooks, *, gives_up: bool
    ) -> Sender:
        """Return the sender of *plan* that *request* asks for."""
        return cls(
            plan,
            request.target,
            way.name,
            hooks,
            way.simulated,
            gives_up=gives_up,
            crew=request.crew,
            embedded=request.settings.embedded,
        )

    def check(self) -> None:
        """Raise what can be known to be wrong without sending a request."""
        if self.crew is not None:
            self._check_workers(self.crew)
        else:
            refuse_more_than_files_allow(self.plan.profile)
        for route in self.plan.routes:
            validate_route(route)
        if not self.simulated and (self.crew is None or self.crew.is_local):
            # Whichever transport sends, it goes this way.
            prober = HttpTransport(self.target, timeout_s=self.plan.profile.timeout_s, proxy=proxy_for(self.target))
            try:
                prober.probe()
            finally:
                prober.close()

    def with_workers(self, account: str | None, say: Callable[[str], object]) -> Sender:
        """Return the sender with its workers there, where it has any; *say* hears what is waited for.

        Raises:
            ConfigurationError, EndpointError: as `Crew.join`.
        """
        if self.crew is None:
            return self
        if self.crew.warning:
            say(f"smload: warning: {self.crew.warning}")
        self.crew.join(say)
        return replace(self, account=account)

    def send(self, goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None) -> Recording:
        """Run the plan; *goes_on* and *period_s* as `run_load` takes them, *goes_on* never where there are workers."""
        if self.crew is not None:
            return self._send_over(self.crew, period_s)
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

    def _send_over(self, crew: Crew, period_s: int | None) -> Recording:
        crew.join(lambda _line: None)
        target = self.target
        destination = Destination(
            endpoint_name=target.endpoint_name,
            region=target.region,
            url=str(target.url),
            url_source=target.url_source,
            control_url=str(target.control_url) if target.control_url is not None else None,
            embedded=self.embedded,
            account=self.account if target.has_control_plane else None,
            transport=self.transport_name,
        )
        load = DistributedLoad(crew, self.plan, destination, self.hooks, gives_up=self.gives_up, period_s=period_s)
        return load.run()

    def _check_workers(self, crew: Crew) -> None:
        option = crew.wanted.option
        problems = split_problems(self.plan.profile, crew.size)
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
