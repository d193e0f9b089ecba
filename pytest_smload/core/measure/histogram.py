"""Latencies counted in bins that grow by one factor: small, and those of several loads add up."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from math import inf, log

RATIO = 1.02
"""Upper edge of a bin over its lower one: a percentile read from it is 1 % off at most."""
LEAST_MS = 0.001
"""What is shorter counts as this."""
_FARTHEST = 100.0
"""Of ln(latency in ms): beyond any, and within what a float holds."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Latencies in bins.

    Attributes:
        ratio: Upper edge of a bin over its lower one.
        first: Number of the first bin; bin *i* holds latencies from ``ratio ** i`` ms up to ``ratio ** (i + 1)`` ms.
        counts: Latencies per bin, from the first on.
    """

    ratio: float
    first: int
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what no latencies have.

        Raises:
            ValueError: a count below none, or bins that do not grow or begin and end nowhere.
        """
        last = self.first + len(self.counts)
        if not 1 < self.ratio < inf or max(abs(self.first), abs(last)) * log(self.ratio) > _FARTHEST:
            raise ValueError(f"no histogram has bins {self.first} to {last} of ratio {self.ratio}")
        if self.counts and min(self.counts) < 0:
            raise ValueError(f"no histogram has {min(self.counts)} latencies in a bin")

    @property
    def total(self) -> int:
        """How many latencies there are."""
        return sum(self.counts)

    def edge_ms(self, place: int) -> float:
        """Return the lower edge of the bin at *place* of the counts."""
        return float(self.ratio ** (self.first + place))

    def percentile_ms(self, per_thousand: float) -> float:
        """Return the nearest-rank percentile, the geometric middle of its bin; NaN where it is empty."""
        ranks = list(accumulate(self.counts))
        if not ranks or not ranks[-1]:
            return float("nan")
        rank = max(1, -int(-per_thousand * ranks[-1] // 1000))
        return float(self.edge_ms(bisect_left(ranks, rank)) * self.ratio**0.5)

    def counts_over(self, first: int, last: int) -> list[int]:
        """Return the latencies per bin from number *first* up to *last*, within which all of them are."""
        if not self.counts:
            return [0] * (last - first)
        return [*[0] * (self.first - first), *self.counts, *[0] * (last - self.first - len(self.counts))]

    def merged(self, other: Histogram) -> Histogram:
        """Return the latencies of both.

        Raises:
            ValueError: their bins differ.
        """
        if self.ratio != other.ratio:
            raise ValueError(f"histograms with bins of ratio {self.ratio} and {other.ratio} do not add up")
        if not self.counts or not other.counts:
            return self if self.counts else other
        first = min(self.first, other.first)
        last = max(self.first + len(self.counts), other.first + len(other.counts))
        pairs = zip(self.counts_over(first, last), other.counts_over(first, last), strict=True)
        return Histogram(self.ratio, first, tuple(one + two for one, two in pairs))
