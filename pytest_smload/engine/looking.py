"""Lets a load go on at the end of its window where somebody who looks at it before says so."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from gevent.threadpool import ThreadPool

from pytest_smload.core.samples.look import Look
from pytest_smload.core.samples.recording import Recording, Samples

if TYPE_CHECKING:
    from pytest_smload.engine.session import LoadSession
    from pytest_smload.engine.shape import Shape

_LEAD_S = 0.5
_LEAD_S_PER_SAMPLE = 4e-6
"""Judging a million samples twice takes half a second of a core's time; the load has the rest."""
_MOST_LEAD_SHARE = 0.5
_DECIDED_S = 0.05
"""How long before the end of the window it must be known whether there is more."""
_SWITCH_S = 0.000_3
"""The judging thread is asked for the interpreter's lock so often: the loop must not wait 5 ms for it, the default."""


class Watched(Protocol):
    """The running load, as its looks need it."""

    session: LoadSession
    shape: Shape

    def pump_until(self, moment_s: float) -> None:
        """Let the load run until *moment_s*, its own early end, or Ctrl-C."""

    def is_over(self) -> bool:
        """Whether the window has ended."""

    def recorded(self, samples: Samples, window_end_s: float) -> Recording:
        """Return *samples* with the facts of the run around them, of a window that ends at *window_end_s*."""


def let_go_on(load: Watched, goes_on: Callable[[Look], bool]) -> None:
    """Run the window of *load*: at each end it may have, it goes on where *goes_on* says so.

    *goes_on* is called in a native thread while the load runs, on what there is shortly before that end: nothing drains
    or pauses. Where it has not answered in time the load goes on: nothing is settled yet.
    """
    shape, session = load.shape, load.session
    pool = ThreadPool(1)
    try:
        ends_s = shape.ends_s()
        for end_s, next_s in pairwise(ends_s):
            load.pump_until(session.window_end_s - _MOST_LEAD_SHARE * end_s)
            load.pump_until(session.window_end_s - _lead_s(load, end_s))
            if load.is_over():
                return
            with _short_turns():
                answer = pool.spawn(goes_on, _look(load))
                while not answer.ready() and perf_counter() < session.window_end_s - _DECIDED_S and not load.is_over():
                    load.pump_until(min(session.window_end_s - _DECIDED_S, perf_counter() + _DECIDED_S / 5))
            if load.is_over() or (answer.ready() and not answer.get()):
                return
            shape.go_on(next_s)
    finally:
        shape.decide_to_end()
        pool.kill()


def _lead_s(load: Watched, end_s: float) -> float:
    """How long before the window ends at *end_s* the look is taken, by what there is when part of it is over."""
    elapsed_s = max(perf_counter() - load.session.window_start_s, 1e-3)
    expected = len(load.session.samples) / elapsed_s * end_s
    return min(_LEAD_S + _LEAD_S_PER_SAMPLE * expected, _MOST_LEAD_SHARE * end_s)


def _look(load: Watched) -> Look:
    now = perf_counter()
    under_way = list(load.shape.under_way(now))
    recording = load.recorded(load.session.samples.copy(), now)
    begins, models = zip(*under_way, strict=True) if under_way else ((), ())
    return Look(recording, array("d", begins), array("H", models))


@contextmanager
def _short_turns() -> Iterator[None]:
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(min(usual_s, _SWITCH_S))
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)
