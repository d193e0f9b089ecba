"""The times the client's event loop was away from its sockets, and when what it read afterwards came."""

from __future__ import annotations

from array import array
from collections.abc import Iterator


class Stalls:
    """The times an event loop worked for long without polling its sockets, in order, one column per fact.

    A loop polls, works through what the poll found, and polls again. All times are ``time.perf_counter`` seconds.

    Attributes:
        began: When the poll before the stall returned.
        ended: When the loop polled again.
        found: 1 where something had come meanwhile, 0 where that poll had to wait.
        polled: When that poll returned.
        until: When the work that followed it ended. The last stall of a load may lack this one or the last three.
    """

    __slots__ = ("began", "ended", "found", "polled", "until")

    def __init__(self) -> None:
        self.began = array("d")
        self.ended = array("d")
        self.found = array("B")
        self.polled = array("d")
        self.until = array("d")

    def spans(self) -> Iterator[tuple[float, float, float, float]]:
        """Yield (from, to, earliest, latest): what was read between the first two came between the last two."""
        last_poll = 0.0
        columns = (self.began, self.ended, self.found, self.polled, self.until)
        for began, ended, found, polled, until in zip(*columns, strict=False):
            if began != last_poll:
                # What the poll before found came just then: the loop had not been away.
                yield began, ended, began, began
            if found:
                yield polled, until, began, ended
            else:
                yield polled, until, polled, polled
            last_poll = polled
