"""Waits, for a bounded time, until an endpoint takes requests."""

from __future__ import annotations

import time
from itertools import chain, repeat
from typing import TYPE_CHECKING

from pytest_smload.core.hosting.hosting import ON_THE_WAY
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import format_duration
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.hosting.hosting import EndpointState

_ASK_AFTER_S = (1.0, 2.0, 3.0)
_ASK_EVERY_S = 5.0

_REMEDIES = {
    "OutOfService": "it is being prepared or cannot serve; see its events in the SageMaker console",
    "RollingBack": "its update failed and is being undone; find out why, and run again once it is InService",
    "Deleting": "it is being deleted; name another endpoint",
    "Failed": "it cannot serve; delete and create it anew, or name another endpoint",
    "UpdateRollbackFailed": "its update failed and could not be undone; delete and create it anew",
}


def in_service(
    describe: Callable[[], EndpointState],
    *,
    name: str,
    patience_s: float,
    say: Callable[[str], object],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> EndpointState:
    """Return the state of the endpoint *name* once it is InService, asking *describe* again and again.

    Args:
        patience_s: How long to wait for one that is being created or updated.
        say: Shows a line of progress.
        clock, sleep: Seconds.

    Raises:
        EndpointError: it is in a state that waiting does not end, or did not become InService in time; one line.
        ControlPlaneError: *describe* failed.
    """
    begin_s = clock()
    pauses_s = chain(_ASK_AFTER_S, repeat(_ASK_EVERY_S))
    while True:
        state = describe()
        waited_s = clock() - begin_s
        if state.in_service:
            return state
        if state.status not in ON_THE_WAY:
            raise EndpointError(_refusal(name, state))
        if waited_s >= patience_s:
            raise EndpointError(
                f"endpoint {name!r} is still {state.status} after {format_duration(round(waited_s))}; run again once "
                "it is InService, or set wait_in_service in the endpoint's table to wait longer"
            )
        say(
            f"smload: endpoint {name!r} is {state.status}, waited {format_duration(round(waited_s))} of "
            f"{format_duration(patience_s)} for InService"
        )
        sleep(min(next(pauses_s), max(patience_s - waited_s, 0.0)))


def _refusal(name: str, state: EndpointState) -> str:
    why = f" ({quoted(' '.join(state.failure.split()))})" if state.failure else ""
    remedy = _REMEDIES.get(state.status, "a load needs it InService")
    return f"endpoint {name!r} is {state.status}{why}: {remedy}"
