"""Values of one metric, of which any statistic can be asked, percentiles exactly."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

_RUN = 1024
"""Values of a run: sorting this many holds up the endpoint for less than a tenth of a millisecond."""


class Samples:
    """Count, sum, extremes and all values, in sorted runs, so that joining spans of time copies no value.

    Attributes:
        count: How many values.
        total: Their sum.
        low: The smallest.
        high: The largest.
    """

    __slots__ = ("_runs", "_tail", "count", "high", "low", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.low = math.inf
        self.high = -math.inf
        self._runs: list[list[float]] = []
        self._tail: list[float] = []

    @classmethod
    def of(cls, *values: float) -> Samples:
        """Return samples with *values*."""
        found = cls()
        for value in values:
            found.add(value)
        return found

    def add(self, value: float) -> None:
        """Add one value."""
        self.count += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        self._tail.append(value)
        if len(self._tail) >= _RUN:
            self._tail.sort()
            self._runs.append(self._tail)
            self._tail = []

    def add_counts(self, count: int, total: float, low: float, high: float) -> None:
        """Add a statistic set: *count* values that are not kept, so that no percentile knows of them."""
        if count:
            self.count += count
            self.total += total
            self.low = min(self.low, low)
            self.high = max(self.high, high)

    def join(self, other: Samples) -> None:
        """Add all values of *other*, which keeps them too and must not be joined again after it has grown."""
        self.add_counts(other.count, other.total, other.low, other.high)
        self._runs += other.sorted_runs()

    def sorted_runs(self) -> list[list[float]]:
        """Return the values, in runs that are sorted each for itself."""
        self._tail.sort()
        return [*self._runs, self._tail] if self._tail else self._runs

    def percentile(self, p: float) -> float | None:
        """Return the nearest-rank percentile *p* (0..1) of the values kept, None where there is none."""
        runs = self.sorted_runs()
        count = sum(map(len, runs))
        if not count:
            return None
        rank = max(math.ceil(p * count), 1)
        low, high = self.low, self.high
        # Halving the range of values needs no merged copy of them; it ends when no float is between.
        while True:
            middle = (low + high) / 2
            if not low < middle < high:
                break
            if sum(bisect_right(run, middle) for run in runs) >= rank:
                high = middle
            else:
                low = middle
        if sum(bisect_right(run, low) for run in runs) >= rank:
            return low
        return min(run[at] for run in runs if (at := bisect_right(run, low)) < len(run))


STATISTICS: Final[dict[str, Callable[[Samples], float]]] = {
    "SampleCount": lambda samples: float(samples.count),
    "Average": lambda samples: samples.total / samples.count,
    "Sum": lambda samples: samples.total,
    "Minimum": lambda samples: samples.low,
    "Maximum": lambda samples: samples.high,
}
"""CloudWatch's statistics but percentiles, of samples that are not empty."""
