"""Tells, from readings of a ticker, when the system held up the client itself, and what was read late for it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from pytest_smload.core.samples.stalls import Stalls

LATE_S = 0.001
"""A poll that returned this much later than a tick was due: the system woke the loop late, or had stopped it."""
WAITED_S = 0.000_5
"""A thread that was ready to run for this long between two ticks, and had no core."""
SAME_POLL_S = 0.000_5
"""Work after a poll that takes longer is a stall of its own; else the loop has polled again by then."""


class LateRead(NamedTuple):
    """What was read between two moments may have come earlier.

    All times are ``time.perf_counter`` seconds.

    Attributes:
        read_from_s, read_to_s: When it was read, both inclusive.
        earliest_s, latest_s: Between when it came.
        most_s: How much earlier than it was read, at the most.
    """

    read_from_s: float
    read_to_s: float
    earliest_s: float
    latest_s: float
    most_s: float = inf


class Ticks:
    """Readings of a ticker on an event loop, in order, one column per fact.

    Attributes:
        due: When the tick was to run.
        ran: When it ran.
        poll_began: When the loop's last poll before that began.
        woken: When the first poll that returned after the tick was due did so: that last one, or the one before, which
            had not found it. Up to `SAME_POLL_S` later where nobody noted it.
        polled: When the last poll returned.
        waited_s: Since the tick before, how long the thread was ready to run and had no core; 0 where nobody knows.
    """

    __slots__ = ("due", "poll_began", "polled", "ran", "waited_s", "woken")

    def __init__(self) -> None:
        self.due = array("d")
        self.ran = array("d")
        self.poll_began = array("d")
        self.woken = array("d")
        self.polled = array("d")
        self.waited_s = array("d")


def late_reads(ticks: Ticks, stalls: Stalls) -> Iterator[LateRead]:
    """Yield what *ticks* are evidence for, in order; *stalls* of the same loop tell how long it worked after a poll.

    * A poll that overslept a tick by more than `LATE_S`: what it found may have come since it began. Where it did not
      find the tick (what came before that was due had ended it, or a signal, and then the process stood still), the
      next one did; when the first began is not known: not before the tick before.
    * More than `WAITED_S` without a core since the tick before: each response read meanwhile may have come up to that
      much earlier.
    """
    worked_until_s = dict(zip(stalls.began, stalls.ended, strict=True))
    before_s = -inf
    columns = (ticks.due, ticks.ran, ticks.poll_began, ticks.woken, ticks.polled, ticks.waited_s)
    for due_s, ran_s, began_s, woken_s, polled_s, waited_s in zip(*columns, strict=True):
        # The tick may have run before others that wait for what the same poll found.
        until_s = max(ran_s, worked_until_s.get(polled_s, polled_s + SAME_POLL_S))
        if began_s > due_s and woken_s - due_s > LATE_S:
            yield LateRead(woken_s - SAME_POLL_S, until_s, before_s, polled_s)
        elif polled_s - max(due_s, began_s) > LATE_S:
            yield LateRead(polled_s, until_s, began_s, polled_s)
        if waited_s > WAITED_S:
            yield LateRead(before_s, until_s, -inf, inf, waited_s)
        before_s = ran_s
