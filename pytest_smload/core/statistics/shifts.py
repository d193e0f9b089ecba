"""Finds where the level of a series of runs shifts, with few false alarms whatever the distribution of its noise.

The stretch of runs whose ranks stand out most from all others, from one end (the level shifted) or in between (and
shifted again), is held against the same of the series in random order. That is exact for runs that are exchangeable:
unchanged code is said to have shifted in `LEVEL` of series, however long, skewed or full of odd runs. Where a shift is
found all parts are looked at again. Ranks, because one odd run must neither be a shift nor hide one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import median

import numpy as np

from pytest_smload.core.statistics.columns import Floats, Integers

LEVEL = 0.005
"""Share of series without a shift in which one is found."""
FEWEST = 4
"""Runs on either side of a shift: of fewer no order is rare enough."""
_ORDERS, _AT_ONCE = 1998, 111
_SEED = 20_260_101
_HOPELESS = 2.5
"""Standardised rank sums below this are exceeded by more than `LEVEL` of orders: none needs to be tried."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of level.

    Attributes:
        place: Index of the first value after it.
        before, after: Medians of the values up to the neighbouring shifts.
        p: Share of orders in which a stretch stands out as much by chance.
    """

    place: int
    before: float
    after: float
    p: float


def shifts(values: Sequence[float]) -> list[Shift]:
    """Return the shifts in the level of *values*, oldest first; none where there are fewer than two times `FEWEST`.

    It takes the square of their number of steps: of 200, a second.
    """
    series = np.asarray(values, dtype=float)
    places = _places(series, 0)
    edges = [0, *(place for place, _ in places), len(series)]
    middles = [median(series[first:last].tolist()) for first, last in pairwise(edges)] if places else []
    return [
        Shift(place, before, after, p) for (place, p), (before, after) in zip(places, pairwise(middles), strict=True)
    ]


def _places(series: Floats, offset: int) -> list[tuple[int, float]]:
    """Place and p of each shift, in order; *offset* is where *series* begins in the whole."""
    found = _clearest(series)
    if found is None:
        return []
    first, last, p = found
    within = [place for place in (first, last) if 0 < place < len(series)]
    places = [(offset + place, p) for place in within]
    for begin, end in pairwise([0, *within, len(series)]):
        places += _places(series[begin:end], offset + begin)
    return sorted(places)


def _clearest(series: Floats) -> tuple[int, int, float] | None:
    """The stretch that stands out most, as its first and its end, and its p; None where it is not clear enough."""
    count = len(series)
    if count < 2 * FEWEST or series.min() == series.max():
        return None
    ranks = _mid_ranks(series)
    (largest,), (first,), (length,) = _largest(ranks[np.newaxis])
    if largest < _HOPELESS:
        return None
    random, as_clear = np.random.default_rng(_SEED), 0
    for _ in range(_ORDERS // _AT_ONCE):
        orders = random.permuted(np.tile(ranks, (_AT_ONCE, 1)), axis=1)
        # Float sums of one order differ in their last digit by how they were added.
        as_clear += int(np.count_nonzero(_largest(orders)[0] >= largest - 1e-9))
        if (1 + as_clear) / (1 + _ORDERS) > LEVEL:
            return None
    return int(first), int(first + length), (1 + as_clear) / (1 + _ORDERS)


def _largest(ranks: Floats) -> tuple[Floats, Integers, Integers]:
    """By row, the largest standardised rank sum of a stretch, where that begins, and its length."""
    rows, count = ranks.shape
    sums = np.zeros((rows, count + 1))
    np.cumsum(ranks - ranks[0].mean(), axis=1, out=sums[:, 1:])
    deviation, every = float(ranks[0].std(ddof=1)), np.arange(rows)
    largest, firsts, lengths = np.full(rows, -1.0), np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    for length in range(FEWEST, count - FEWEST + 1):
        starts = np.arange(count - length + 1)
        rest = count - length - starts
        starts = starts[((starts == 0) | (starts >= FEWEST)) & ((rest == 0) | (rest >= FEWEST))]
        off = np.abs(sums[:, starts + length] - sums[:, starts])
        best = off.argmax(axis=1)
        scores = off[every, best] / (deviation * sqrt(length * (count - length) / count))
        clearer = scores > largest
        firsts, lengths = np.where(clearer, starts[best], firsts), np.where(clearer, length, lengths)
        largest = np.maximum(largest, scores)
    return largest, firsts, lengths


def _mid_ranks(series: Floats) -> Floats:
    _, inverse, counts = np.unique(series, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks
