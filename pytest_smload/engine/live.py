"""Reads a running load's progress from its samples, once a second."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import gevent

from pytest_smload.core.samples.counting import Counting
from pytest_smload.core.samples.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.samples.progress import Phase
    from pytest_smload.engine.session import LoadSession
    from pytest_smload.engine.shape import Shape

_EVERY_S = 1.0
_BREATH_S = 0.001
"""Between looking and showing requests go on: neither holds them up for much longer than a millisecond."""


class LiveReadings:
    """Turns what was appended since the last reading into a `Progress`.

    Args:
        on_progress: Who hears it; None where nobody does, and nothing is read.
    """

    def __init__(
        self, session: LoadSession, shape: Shape, on_progress: Callable[[Progress], object] | None, *, begin_s: float
    ) -> None:
        self._on_progress = on_progress
        self._next_s = begin_s
        self._session = session
        self._shape = shape
        self._begin_s = begin_s
        self._names = [route.name for route in session.plan.routes]
        self._counting = Counting(session.samples, from_due=session.plan.profile.open_model, begin_s=begin_s)

    def show(self, now: float, *, at_once: bool = False) -> None:
        """Tell how the load goes once it is due, or *at_once*."""
        if self._on_progress is None or not (at_once or now >= self._next_s):
            return
        self._next_s = now + _EVERY_S
        progress = self.read(now)
        gevent.sleep(_BREATH_S)
        self._on_progress(progress)

    def read(self, now: float) -> Progress:
        """Return the progress at *now* (``perf_counter``)."""
        session = self._session
        looked = self._counting.look(
            now,
            (session.window_start_s, session.window_end_s),
            kinds=session.transport.kinds.names,
            messages={kind: failure.message for kind, failure in session.examples.items()},
            names=self._names,
        )
        users, tps = self._shape.load_at(now)
        profile = session.plan.profile
        return Progress(
            elapsed_s=now - self._begin_s,
            total_s=session.grid.waits_s + profile.warmup_s + self._window_s(profile.duration_s),
            phase=self._phase(now),
            users=users,
            target_tps=tps,
            tps=looked.tps,
            p95_ms=looked.p95_ms,
            errors=looked.errors,
            in_flight=max(0, session.sent - len(session.samples)),
            recent_s=looked.recent_s,
            window_s=max(0.0, min(now, session.window_end_s) - session.window_start_s),
            ended=looked.ended,
        )

    def _window_s(self, asked_s: float) -> float:
        """How long the window is to be as things stand: longer than asked for where an unproven load goes on."""
        window_s = self._session.window_end_s - self._session.window_start_s
        return max(asked_s, window_s) if isfinite(window_s) else asked_s

    def _phase(self, now: float) -> Phase:
        if now < self._session.grid.begin_s:
            return "waiting"
        if now < self._shape.begin_s:
            return "priming"
        if now < self._session.window_start_s:
            return "warm-up"
        return "window" if now < self._session.window_end_s else "draining"
