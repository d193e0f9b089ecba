"""Watches how the client itself fares while a load runs."""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from time import perf_counter

from pytest_smload.core.samples.wakes import Ticks
from pytest_smload.engine.alarm import Alarm
from pytest_smload.engine.run_queue import RunQueue
from pytest_smload.engine.stall_watch import StallWatch

TICK_S = 0.010
"""Mean period of the ticker whose overshoot is the loop lag."""


class LoopTicker:
    """Sleeps `TICK_S` on average, again and again, recording by how much each sleep overshot.

    A strict period would fall into step with anything that blocks the loop for about as long, and never see it: each
    sleep is between half and one and a half periods.

    Attributes:
        lag_s: Overshoot of each tick inside the window, in seconds.
        wake_lag_s: What of it passed in the loop's poll after the tick was due: the system woke the loop late. All of
            it where nobody watches the polls.
        ticks: Readings from the first tick to the last, where polls are watched.
    """

    def __init__(self, on_tick: Callable[[], object], watch: StallWatch | None) -> None:
        self.lag_s = array("d")
        self.wake_lag_s = array("d")
        self.ticks = Ticks()
        self._waited_s = 0.0
        self._watch = watch
        self.recording = False
        self._on_tick = on_tick

    def run(self) -> None:
        """Tick until killed; small pieces of work that must not wait for the load to end ride along."""
        alarm, queue = Alarm(), RunQueue()
        self._waited_s = queue.waited_s() or 0.0
        any_share = Random(0).random  # noqa: S311 - spreads ticks, secures nothing
        try:
            while True:
                due_s = perf_counter() + TICK_S * (0.5 + any_share())
                alarm.sleep_until(due_s)
                now = perf_counter()
                if self.recording:
                    self.note(due_s, now)
                if self._watch is not None:
                    self.take(due_s, now, self._watch, queue.waited_s() or 0.0)
                self._on_tick()
        finally:
            queue.close()
            alarm.close()

    def take(self, due_s: float, now: float, watch: StallWatch, waited_s: float) -> None:
        """Keep what *watch* has seen of the polls around a tick due at *due_s* and run at *now*.

        Args:
            waited_s: How long the thread has been without a core since it began.
        """
        ticks, stalls = self.ticks, watch.stalls
        began_s = woken_s = watch.ended_s
        if began_s <= due_s:
            woken_s = watch.polled_s
        elif stalls.ended and stalls.ended[-1] == began_s:
            # The poll before that work returned when the work began.
            woken_s = stalls.began[-1]
        ticks.due.append(due_s)
        ticks.ran.append(now)
        ticks.poll_began.append(began_s)
        ticks.woken.append(woken_s)
        ticks.polled.append(watch.polled_s)
        ticks.waited_s.append(max(0.0, waited_s - self._waited_s))
        self._waited_s = waited_s

    def note(self, due_s: float, now: float) -> None:
        """Take the reading of a tick due at *due_s* and run at *now*."""
        lag_s = max(0.0, now - due_s)
        self.lag_s.append(lag_s)
        watch = self._watch
        self.wake_lag_s.append(lag_s if watch is None else max(0.0, watch.polled_s - max(due_s, watch.ended_s)))


_SHORTEST_S = 0.05
"""A window that ends as soon as it opens sees nothing but its own opening."""


class CpuMeter:
    """CPU seconds this process used per second of wall time between `begin` and `end`; 0 of too short a time."""

    def __init__(self) -> None:
        self._cpu_s = self._wall_s = 0.0
        self.cpu = 0.0

    def begin(self) -> None:
        """Open the window."""
        self._cpu_s, self._wall_s = time.process_time(), perf_counter()

    def end(self) -> None:
        """Close the window; `cpu` holds the mean, 1.0 = one core."""
        wall_s = perf_counter() - self._wall_s
        self.cpu = (time.process_time() - self._cpu_s) / wall_s if wall_s > _SHORTEST_S else 0.0


@contextmanager
def garbage_collection_held_off() -> Iterator[None]:
    """Move everything allocated so far out of the collector's sight, and back afterwards.

    A full collection walks all objects of the test session, tens of milliseconds in which no request is read. What the
    process had frozen before stays frozen: there is no undoing one freeze of two.
    """
    frozen_before = gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if not frozen_before:
            gc.unfreeze()
