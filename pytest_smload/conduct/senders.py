"""Chooses who sends a load: this process, worker processes, a locustfile's, or this one to a control as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_smload.conduct.both_sides import PairSender
from pytest_smload.conduct.by_workers import CrewSender
from pytest_smload.conduct.own_users import LocustfileSender, environ_of
from pytest_smload.conduct.sender import Sender
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.conduct.control import OtherSide
    from pytest_smload.conduct.demands import Demands
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.hooks import LoadHooks
    from pytest_smload.transport.choice import TransportChoice


class LoadSender(Protocol):
    """Sends plans of one load, once or more often."""

    @property
    def beside(self) -> int:
        """Requests that the last run sent to a control."""

    @property
    def notes(self) -> Sequence[str]:
        """Remarks of its runs, for the report."""

    def check(self, plan: LoadPlan) -> None:
        """Raise what can be known to be wrong without sending a request."""

    def get_ready(self, account: str | None, say: Callable[[str], object]) -> None:
        """Wait for what is needed to send; *account* is whose the endpoint is, *say* hears what is waited for."""

    def send(
        self, plan: LoadPlan, goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None
    ) -> Recording:
        """Run *plan*; *goes_on* and *period_s* as `pytest_smload.engine.run.run_load` takes them, where it can."""


def sender_of(
    request: LoadRequest,
    way: TransportChoice,
    hooks: LoadHooks,
    demands: Demands,
    other: OtherSide | None,
) -> LoadSender:
    """Return who sends the load of *request*.

    Raises:
        ConfigurationError: it asks for what does not go together.
    """
    own_users, crew = request.profile.locustfile is not None, request.crew
    if own_users and other is not None:
        raise ConfigurationError(
            "control: a locustfile sends what it sends, which no control is sent too; leave one out"
        )
    if crew is not None and (own_users or other is not None):
        what = "a locustfile runs in a process of its own" if own_users else "both sides of a control are sent by one"
        name = "locustfile" if own_users else "control"
        raise ConfigurationError(f"{crew.wanted.option}: {what}, not by workers; leave it out of runs with {name}=")
    if own_users:
        environ = environ_of(request.settings, request.target)
        return LocustfileSender(request.root, hooks, demands.request_names, environ)
    gives_up, target = demands.forbid_failing_wholly, request.target
    if other is not None:
        return PairSender(target=target, transport_name=way.name, hooks=hooks, other=other, gives_up=gives_up)
    if crew is not None:
        return CrewSender(
            target=target,
            transport_name=way.name,
            hooks=hooks,
            crew=crew,
            simulated=way.simulated,
            embedded=request.settings.embedded,
            gives_up=gives_up,
        )
    return Sender(
        target=target,
        transport_name=way.name,
        hooks=hooks,
        simulated=way.simulated,
        gives_up=gives_up,
    )
