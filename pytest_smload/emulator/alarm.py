"""Sleeping until an instant, exact to tens of microseconds where the kernel's timer can be had."""

from __future__ import annotations

import asyncio
import os
from heapq import heappop, heappush
from itertools import count
from time import monotonic

from pytest_smload.timerfd import TimerFd

_SLACK_S = 20e-6
"""Sleepers due this soon are woken together, for less than waking twice costs."""
# Event loops fire timers at whole milliseconds, early ones included; rounding up keeps an answer from being early.
_ROUND_UP_S = 0.000499


class Alarm:
    """Wakes coroutines of one event loop.

    An event loop's own timers go by whole milliseconds, so that 40 answers due one after another leave in a burst and
    a constant 20 ms reads 22 ms. On Linux the kernel's timer is used instead.
    """

    def __init__(self) -> None:
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._armed_s: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer = TimerFd.create()

    async def sleep_until(self, due_s: float) -> None:
        """Sleep until *due_s* of ``time.monotonic()``; at most 20 us less."""
        if due_s <= monotonic():
            return
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
            if self._timer is not None:
                loop.add_reader(self._timer.fd, self._ring, self._timer)
        sleeper: asyncio.Future[None] = loop.create_future()
        if self._timer is None:
            loop.call_at(due_s + _ROUND_UP_S, sleeper.set_result, None)
        else:
            heappush(self._sleepers, (due_s, next(self._order), sleeper))
            if self._armed_s is None or due_s < self._armed_s:
                self._arm(self._timer, due_s)
        await sleeper

    def _ring(self, timer: TimerFd) -> None:
        os.read(timer.fd, 8)
        soon_s = monotonic() + _SLACK_S
        while self._sleepers and self._sleepers[0][0] <= soon_s:
            heappop(self._sleepers)[2].set_result(None)
        self._armed_s = None
        if self._sleepers:
            self._arm(timer, self._sleepers[0][0])

    def _arm(self, timer: TimerFd, due_s: float) -> None:
        self._armed_s = due_s
        timer.spec.value_s = whole_s = int(due_s)
        timer.spec.value_ns = int((due_s - whole_s) * 1e9) + 1
        timer.arm()
