"""Sums requests up as a row of Locust's statistics does: counts, and times by whole milliseconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from pytest_smload.core.statistics.columns import Floats

PER_TEN_THOUSAND: Final = (5000, 6600, 7500, 8000, 9000, 9500, 9800, 9900, 9990, 9999, 10000)
"""Locust's ``PERCENTILES_TO_REPORT``."""
NOTHING: Final = "N/A"
"""What Locust writes where there is no percentile."""


@dataclass(slots=True)
class LocustEntry:
    """Requests of one row.

    Attributes:
        requests, failures: Counts.
        times: How many successes took each number of whole ms.
        total_ms, least_ms, most_ms: Of the successes.
        bytes_in: Of all answers.
        ended, failed: How many ended in the window, and failed, for the rates; both of *span_s* seconds.
    """

    requests: int = 0
    failures: int = 0
    times: Counter[int] = field(default_factory=Counter)
    total_ms: float = 0.0
    least_ms: float = inf
    most_ms: float = 0.0
    bytes_in: int = 0
    ended: int = 0
    failed: int = 0
    span_s: float = 0.0

    def took(self, times_ms: Floats) -> None:
        """Add successes that took *times_ms*."""
        if len(times_ms):
            whole, counts = np.unique(np.rint(times_ms).astype(np.int64), return_counts=True)
            self.times.update(dict(zip(whole.tolist(), counts.tolist(), strict=True)))
            self.total_ms += float(times_ms.sum())
            self.least_ms = min(self.least_ms, float(times_ms.min()))
            self.most_ms = max(self.most_ms, float(times_ms.max()))

    def add(self, other: LocustEntry) -> None:
        """Add the requests of *other*, of another load."""
        self.times.update(other.times)
        self.least_ms, self.most_ms = min(self.least_ms, other.least_ms), max(self.most_ms, other.most_ms)
        for name in ("requests", "failures", "total_ms", "bytes_in", "ended", "failed", "span_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def rates(self) -> tuple[float, float]:
        """Requests/s and failures/s."""
        return (self.ended / self.span_s, self.failed / self.span_s) if self.span_s else (0.0, 0.0)

    @property
    def sums(self) -> list[int | float]:
        """Request count, failure count, median, average, minimum and maximum time, and average content size."""
        ok = self.requests - self.failures
        median = self.percentiles()[0]
        return [
            self.requests,
            self.failures,
            0 if isinstance(median, str) else median,
            self.total_ms / ok if ok else 0.0,
            self.least_ms if ok else 0,
            self.most_ms,
            self.bytes_in / self.requests if self.requests else 0,
        ]

    def percentiles(self) -> list[int | str]:
        """The percentiles Locust reports, by nearest rank, in whole ms."""
        if not self.times:
            return [NOTHING] * len(PER_TEN_THOUSAND)
        whole = sorted(self.times)
        up_to = np.cumsum([self.times[each] for each in whole])
        count = int(up_to[-1])
        ranks = [max(1, -(-count * share // 10_000)) for share in PER_TEN_THOUSAND]
        return [whole[place] for place in np.searchsorted(up_to, ranks).tolist()]
