"""Counts what is appended to the samples of a running load, look by look, off the path of its requests."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.ended import BINS, Ended
from pytest_smload.core.samples.progress import RECENT_S
from pytest_smload.core.statistics.octaves import FINE_BITS, bins_of, quantile_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_smload.core.samples.recording import Samples
    from pytest_smload.core.statistics.columns import Integers

_SHORTEST_S = 1e-3


class Looked(NamedTuple):
    """What a look found.

    Attributes:
        recent_s: What *tps* and *p95_ms* are of.
        errors: Since the load began.
    """

    ended: Ended
    recent_s: float
    tps: float
    p95_ms: float
    errors: int


class Counting:
    """Looks at samples as they grow.

    Args:
        samples: Those of one load.
        from_due: Whether latency counts from when a request was due (open model), not from its start.
        begin_s: When the load began (``perf_counter``).
    """

    def __init__(self, samples: Samples, *, from_due: bool, begin_s: float) -> None:
        self._samples = samples
        self._begins = samples.due if from_due else samples.start
        self._last_s = begin_s
        self._seen = self._errors = 0
        self._recent: deque[tuple[float, Integers]] = deque()
        self._sum = np.zeros(BINS, dtype=np.int64)

    def look(
        self,
        now: float,
        window: tuple[float, float],
        *,
        kinds: Sequence[str],
        messages: Mapping[str, str],
        names: Sequence[str],
    ) -> Looked:
        """Return what ended since the last look.

        Args:
            window: From when to when requests of the window are due or begun, as far as that is known.
        """
        samples, first, count = self._samples, self._seen, len(self._samples)
        # Copies of what is new: a view of a column would keep it from growing.
        begins_s = np.array(self._begins[first:count])
        took_ms = (np.array(samples.end[first:count]) - begins_s) * 1000
        kind, route = np.array(samples.kind[first:count]), np.array(samples.model[first:count])
        answered = took_ms[kind == OK]
        self._seen = count
        self._errors += len(kind) - len(answered)
        self._remember(now, np.bincount(bins_of(answered), minlength=BINS))
        recent_s = sum(span_s for span_s, _ in self._recent)
        ended = Ended.of(
            took_ms=took_ms,
            kind=kind,
            route=route,
            in_window=(begins_s >= window[0]) & (begins_s < window[1]),
            kinds=tuple(kinds),
            messages=dict(messages),
            recent=self._sum.copy(),
            names=names,
        )
        tps = float(self._sum.sum()) / recent_s
        return Looked(ended, recent_s, tps, quantile_ms(self._sum, 950, FINE_BITS), self._errors)

    def _remember(self, now: float, counts: Integers) -> None:
        span_s = max(_SHORTEST_S, now - self._last_s)
        self._last_s = now
        self._recent.append((span_s, counts))
        self._sum += counts
        recent_s = sum(each_s for each_s, _ in self._recent)
        # What is left is to be about as long as asked, and at least the last look.
        while len(self._recent) > 1 and recent_s - self._recent[0][0] / 2 > RECENT_S:
            gone_s, gone = self._recent.popleft()
            recent_s -= gone_s
            self._sum -= gone
