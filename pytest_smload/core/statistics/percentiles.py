"""Picks percentiles by nearest rank, in whole numbers: no rank is off by a rounding error."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.statistics.columns import Floats

NAN = float("nan")
_MISSED_ABOVE = 0.025


def nearest_rank(count: int, per_mille: int) -> int:
    """Return the 1-based rank ceil(count * p), p = per_mille / 1000, of the nearest-rank percentile."""
    return max(1, -(-count * per_mille // 1000))


def at_rank(ordered: Floats, rank: int) -> float:
    """Return the order statistic of the 1-based *rank* of the finite samples *ordered*; inf beyond them."""
    return float(ordered[rank - 1]) if rank <= len(ordered) else inf


def percentile(ordered: Floats | Sequence[float], per_mille: int) -> float:
    """Return x_(ceil(n * p)) of ascending *ordered*; NaN where it is empty."""
    count = len(ordered)
    return float(ordered[nearest_rank(count, per_mille) - 1]) if count else NAN


def percentile_of(values: Floats, per_mille: int) -> float:
    """Return the percentile of *values* in any order: `percentile` of them sorted, for less work."""
    import numpy as np

    if not len(values):
        return NAN
    place = nearest_rank(len(values), per_mille) - 1
    return float(np.partition(values, place)[place])


def needed_samples(per_mille: int) -> int:
    """Return the fewest independent samples that bound a percentile from p50 up on both sides at 95 %.

    It is ceil(ln(0.025) / ln(p)), where one of 40 series of so many has no sample above the true percentile: 6 (p50),
    36 (p90), 72 (p95), 368 (p99), 3,688 (p99.9).
    """
    return ceil(log(_MISSED_ABOVE) / log(per_mille / 1000))
