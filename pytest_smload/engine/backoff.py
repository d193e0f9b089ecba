"""Makes a user whose requests fail within its own machine wait before the next, longer each time."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

import gevent

from pytest_smload.core.request.error_kinds import CLIENT, CONNECTION

if TYPE_CHECKING:
    from pytest_smload.core.request.transport import Connection

AT_ONCE_S: Final = 0.010
"""A connection that fails within this failed without an answer worth the name."""
FIRST_S: Final = 0.001
MOST_S: Final = 0.100


class BackOff:
    """Paces failures that cost no time: no descriptor, no route, nobody who listens.

    Such a request can fail without ever yielding, so that its user would keep all others, and the load's own clock,
    from running. What an endpoint answers is never waited for: how often a user asks again is what is measured.

    Args:
        paced: Whether a schedule says when the next request is due (open model), so that yielding is enough.
    """

    def __init__(self, *, paced: bool) -> None:
        self._paced = paced
        self._waits: dict[Connection, tuple[float, float]] = {}

    def after(self, connection: Connection, ready_s: float, kind: int) -> None:
        """Wait, where *connection*'s request just failed with *kind* at once; its ``end`` is then that of the wait.

        Args:
            ready_s: When its user was ready to send; that it was the end of the last wait makes failures consecutive.
        """
        if kind not in (CONNECTION, CLIENT) or connection.end - connection.start > AT_ONCE_S:
            return
        if self._paced:
            gevent.sleep(0)
            return
        until_s, last_s = self._waits.get(connection, (0.0, 0.0))
        wait_s = min(MOST_S, 2 * last_s) if until_s == ready_s else FIRST_S
        gevent.sleep(wait_s)
        connection.end = perf_counter()
        self._waits[connection] = connection.end, wait_s

    def forget(self, connection: Connection) -> None:
        """Drop what is known of *connection*, whose user is gone."""
        self._waits.pop(connection, None)
