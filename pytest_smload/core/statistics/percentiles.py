"""Picks percentiles from sorted samples by nearest rank, in whole numbers: no rank is off by a rounding error."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

NAN = float("nan")
_SAMPLE = 5_000


def nearest_rank(count: int, per_mille: int) -> int:
    """Return the 1-based rank ceil(count * p), p = per_mille / 1000, of the nearest-rank percentile."""
    return max(1, -(-count * per_mille // 1000))


def percentile(ordered: Sequence[float], per_mille: int) -> float:
    """Return x_(ceil(n * p)) of ascending *ordered*; NaN where it is empty."""
    if not ordered:
        return NAN
    return ordered[nearest_rank(len(ordered), per_mille) - 1]


def needed_samples(per_mille: int) -> int:
    """Return ceil(1 / (1 - p)), the fewest samples a percentile can be told from: 2 (p50), 20 (p95), 100 (p99), ..."""
    return -(-1000 // (1000 - per_mille))


def upper_percentile(values: array[float], per_mille: int) -> float:
    """Return the percentile of *values* in any order: `percentile` of them sorted, but sorting little beyond its tail.

    A sample of the values tells about where the tail begins. Should it mislead, everything is sorted after all.
    """
    if not values:
        return NAN
    from_top = len(values) - nearest_rank(len(values), per_mille) + 1
    sample = sorted(values[:: max(1, len(values) // _SAMPLE)])
    begin = sample[len(sample) * max(0, per_mille - 20) // 1000]
    # Not the ties with it: where most values are 0, as client delays are, they are most of the million.
    tail = sorted([value for value in values if value > begin])
    if len(tail) >= from_top:
        return tail[-from_top]
    return begin if len(tail) + values.count(begin) >= from_top else sorted(values)[-from_top]
