"""Notes when the event loop was away from its sockets for long."""

from __future__ import annotations

import select
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from gevent import monkey

from pytest_smload.core.samples.stalls import Stalls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONG_S = 0.000_5
"""Shorter stalls are not kept: they delay reading by a quarter of a millisecond on average."""
_POLL_SHARE = 0.05
"""Where the loop cannot be asked, a poll shorter than this share of the stall before it found what came meanwhile."""
_LAST, _FIRST = -2, 2
"""libev's lowest and highest priority: after gevent's own callbacks, and before any socket's."""


class StallWatch:
    """Two clock readings around each poll of the loop, about 0.3 µs of CPU an iteration; see `Stalls`.

    Attributes:
        stalls: What was noted.
        ended_s: When the loop last went to poll.
        polled_s: When its last poll returned.
    """

    def __init__(self) -> None:
        self.stalls = Stalls()
        self.ended_s = self.polled_s = perf_counter()
        self._stalled = False
        self._ready: Callable[[int], Sequence[object]] | None = None
        self._watchers: list[Any] = []

    @staticmethod
    def is_possible() -> bool:
        """Whether the loop reads between two polls; gevent's libuv loop does so inside its poll."""
        return "libuv" not in type(gevent.get_hub().loop).__module__

    def start(self) -> None:
        """Begin to watch the loop of this thread."""
        loop = gevent.get_hub().loop
        self.ended_s = self.polled_s = perf_counter()
        before, after = loop.prepare(ref=False, priority=_LAST), loop.check(ref=False, priority=_FIRST)
        self._watchers = [before, after]
        if sys.platform == "linux" and loop.fileno() is not None:
            # An epoll descriptor is readable where a poll would return at once.
            # In a process its owner has patched select.poll is gevent's, which waits for the loop it is called from.
            poll = monkey.get_original("select", "poll")()
            poll.register(loop.fileno(), select.POLLIN)
            self._ready = poll.poll
        before.start(self._before_poll)
        after.start(self._after_poll)

    def stop(self) -> None:
        """Watch no more."""
        for watcher in self._watchers:
            watcher.stop()
            watcher.close()
        self._watchers = []

    def _before_poll(self) -> None:
        now = self.ended_s = perf_counter()
        if self._stalled:
            self.stalls.until.append(now)
            self._stalled = False
        if now - self.polled_s > LONG_S:
            self.stalls.began.append(self.polled_s)
            self.stalls.ended.append(now)
            self._stalled = True
            if self._ready is not None:
                self.stalls.found.append(bool(self._ready(0)))

    def _after_poll(self) -> None:
        now = self.polled_s = perf_counter()
        if self._stalled:
            stalls = self.stalls
            stalls.polled.append(now)
            if self._ready is None:
                stalls.found.append(now - stalls.ended[-1] < _POLL_SHARE * (stalls.ended[-1] - stalls.began[-1]))
