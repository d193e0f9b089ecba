"""Hands the arrivals of an open load to free users, the last one freed first."""

from __future__ import annotations

from array import array
from time import perf_counter
from typing import Any

import gevent
from gevent.hub import Waiter

from pytest_smload.engine.alarm import Alarm

_LEAD, _GO_HOME = "lead", "go home"
"""What a waiting user is told."""


class Turnstile:
    """One leader sleeps until the next arrival is due; the other free users wait in a stack.

    When an arrival is due the leader hands its role to the user freed last and sends. So each arrival costs one timer
    however many users are free, and the few connections needed are kept busy while the rest stay unopened, as in any
    client with a connection pool. When no user is free the next arrival waits for the first that becomes so: that
    wait is the endpoint's queueing, and a user that becomes free after the window leaves it unsent.

    Attributes:
        due: Due times on the ``perf_counter`` clock, ascending; warm-up first, then the window.
        claimed: Arrivals given out or skipped so far; those from here on were never sent.
        sent: Arrivals given out so far.
        all_were_busy: Whether the arrival given out last had to wait for a user: none was free when it could first be
            claimed. Read it before the next switch of greenlets.
    """

    def __init__(self) -> None:
        self.due = array("d")
        self.claimed = 0
        self.sent = 0
        self.all_were_busy = False
        self._warmup_count = 0
        self._window_start_s = self._window_end_s = float("inf")
        self._limit = 0
        self._undecided = False
        self._decision: Any = None
        self._led = True
        self._stopped = False
        self._free: list[Any] = []
        self._hub = gevent.get_hub()
        self._alarm = Alarm()

    def open(
        self, due: array[float], *, warmup_count: int, window_start_s: float, window_end_s: float, limit: int
    ) -> None:
        """Begin to give out *due*, the first *warmup_count* being warm-up, to the users waiting already.

        Those from *limit* on are only given out once `go_on` says so; until it or `decide_to_end` does, users wait.
        """
        self._warmup_count = warmup_count
        self.due = due
        self._limit = limit
        self._undecided = limit < len(due)
        self._window_start_s, self._window_end_s = window_start_s, window_end_s
        self._pass_on()

    def go_on(self, *, window_end_s: float, limit: int) -> None:
        """Give out the arrivals up to *limit* as well; before the window's end so far."""
        self._window_end_s, self._limit = window_end_s, limit
        self._undecided = limit < len(self.due)
        self._decided()

    def decide_to_end(self) -> None:
        """Give out no more than was said."""
        self._undecided = False
        self._decided()

    def _decided(self) -> None:
        if self._decision is not None:
            self._hub.loop.run_callback(self._decision.switch, None)
            self._decision = None

    def next_arrival(self, free_s: float) -> int:
        """Wait for the next arrival and return its position in `due`, or -1 when there is nothing left to send.

        Args:
            free_s: When the calling user became free.
        """
        nobody_was_free = not self._led
        if self._led:
            waiter = Waiter(self._hub)
            self._free.append(waiter)
            try:
                if waiter.get() == _GO_HOME:
                    return -1
            except BaseException:
                if waiter in self._free:
                    self._free.remove(waiter)
                raise
        self._led = True
        arrival = self._claim(free_s)
        while arrival < 0 and self._undecided and self.claimed >= self._limit:
            self._await_decision()
            arrival = self._claim(free_s)
        if arrival < 0:
            if self.claimed < self._limit and self._free:
                self._pass_on()  # This user became free too late; another may have been free in time.
            else:
                self._led = False
                self._dismiss()
            return -1
        try:
            self._alarm.sleep_until(self.due[arrival])
        finally:
            self._pass_on()
        if self._stopped:
            return -1
        self.sent += 1
        self.all_were_busy = nobody_was_free
        return arrival

    def stop(self, now: float) -> None:
        """Give out nothing more; what is due from *now* on is no longer part of the load."""
        self._stopped = True
        self._limit = min(self._limit, self.claimed)
        self._window_end_s = min(self._window_end_s, now)
        self.decide_to_end()
        self._dismiss()

    def close(self) -> None:
        """Release the timer."""
        self._alarm.close()

    def _await_decision(self) -> None:
        self._decision = decision = Waiter(self._hub)
        try:
            decision.get()
        except BaseException:
            if self._decision is decision:
                self._decision = None
            self._pass_on()
            raise

    def _dismiss(self) -> None:
        waiting, self._free = self._free, []
        for waiter in waiting:
            self._hub.loop.run_callback(waiter.switch, _GO_HOME)

    def _claim(self, free_s: float) -> int:
        if self.claimed < self._warmup_count and perf_counter() >= self._window_start_s:
            # What the warm-up could not send in time must not reach the endpoint inside the window.
            self.claimed = self._warmup_count
        if self.claimed >= self._limit or free_s >= self._window_end_s:
            return -1
        self.claimed += 1
        return self.claimed - 1

    def _pass_on(self) -> None:
        if self._free:
            self._hub.loop.run_callback(self._free.pop().switch, _LEAD)
        else:
            self._led = False
