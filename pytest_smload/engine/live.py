"""Reads a running load's progress from the samples of about the last second."""

from __future__ import annotations

from math import ceil, isfinite
from typing import TYPE_CHECKING

from pytest_smload.core.samples.progress import Progress

if TYPE_CHECKING:
    from pytest_smload.core.samples.progress import Phase
    from pytest_smload.engine.session import LoadSession
    from pytest_smload.engine.shape import Shape

_MOST_SORTED = 1_000
"""Sorting more would hold up the requests being measured for more than about 0.1 ms."""


class LiveReadings:
    """Turns what was appended since the last reading into a `Progress`."""

    def __init__(self, session: LoadSession, shape: Shape, *, begin_s: float) -> None:
        self.next_s = begin_s
        self._session = session
        self._shape = shape
        self._begin_s = self._last_s = begin_s
        self._seen = 0
        self._errors = 0

    def read(self, now: float) -> Progress:
        """Return the progress at *now* (``perf_counter``)."""
        session, samples = self._session, self._session.samples
        first, count = self._seen, len(samples)
        kinds = samples.kind[first:count]
        failed = len(kinds) - kinds.count(0)
        self._errors += failed
        latencies = self._latest_latencies_s(first, count)
        span_s = max(1e-9, now - self._last_s)
        self._seen, self._last_s = count, now
        users, tps = self._shape.load_at(now)
        profile = session.plan.profile
        return Progress(
            elapsed_s=now - self._begin_s,
            total_s=session.grid.waits_s + profile.warmup_s + self._window_s(profile.duration_s),
            phase=self._phase(now),
            users=users,
            target_tps=tps,
            tps=(count - first - failed) / span_s,
            p95_ms=latencies[ceil(len(latencies) * 0.95) - 1] * 1000 if latencies else float("nan"),
            errors=self._errors,
            in_flight=max(0, session.sent - count),
        )

    def _window_s(self, asked_s: float) -> float:
        """How long the window is to be as things stand: longer than asked for where an unproven load goes on."""
        window_s = self._session.window_end_s - self._session.window_start_s
        return max(asked_s, window_s) if isfinite(window_s) else asked_s

    def _latest_latencies_s(self, first: int, count: int) -> list[float]:
        samples = self._session.samples
        begins = samples.due if self._session.plan.profile.open_model else samples.start
        latest = range(max(first, count - _MOST_SORTED), count)
        return sorted(samples.end[i] - begins[i] for i in latest if samples.kind[i] == 0)

    def _phase(self, now: float) -> Phase:
        if now < self._session.grid.begin_s:
            return "waiting"
        if now < self._shape.begin_s:
            return "priming"
        if now < self._session.window_start_s:
            return "warm-up"
        return "window" if now < self._session.window_end_s else "draining"
