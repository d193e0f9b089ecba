"""Finds where the level of a series of runs shifts, with few false alarms whatever the distribution of its noise.

The largest standardised rank sum over all places a shift may be at (Pettitt 1979), held against the same of the series
in random order: exact for runs that are exchangeable, so that unchanged code is said to have shifted in `LEVEL` of
series, however long, skewed or full of odd runs. Where there is a shift both sides are looked at again. Ranks, because
one odd run must neither be a shift nor hide one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from pytest_smload.core.statistics.columns import Floats

LEVEL = 0.005
"""Share of series without a shift in which one is found."""
FEWEST = 4
"""Runs on either side of a shift: of fewer no order is rare enough."""
_ORDERS = 1999
_SEED = 20_260_101
_HOPELESS = 2.3
"""Standardised rank sums below this are exceeded by far more than `LEVEL` of orders: no order needs to be tried."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of level.

    Attributes:
        place: Index of the first value after it.
        before, after: Medians of the values up to the neighbouring shifts.
        p: Share of orders in which a shift as clear appears by chance.
    """

    place: int
    before: float
    after: float
    p: float


def shifts(values: Sequence[float]) -> list[Shift]:
    """Return the shifts in the level of *values*, oldest first; none where there are fewer than two times `FEWEST`."""
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
    place, p = found
    left, right = _places(series[:place], offset), _places(series[place:], offset + place)
    return [*left, (offset + place, p), *right]


def _clearest(series: Floats) -> tuple[int, float] | None:
    """The most likely place of a shift, and its p; None where it is not clear enough."""
    count = len(series)
    if count < 2 * FEWEST:
        return None
    ranks = _mid_ranks(series)
    scores = _scores(ranks[np.newaxis])[0]
    largest = float(scores.max())
    if largest < _HOPELESS:
        return None
    orders = np.random.default_rng(_SEED).permuted(np.tile(ranks, (_ORDERS, 1)), axis=1)
    # Float sums of one order differ in their last digit by how they were added.
    as_clear = int(np.count_nonzero(_scores(orders).max(axis=1) >= largest - 1e-9))
    p = (1 + as_clear) / (1 + _ORDERS)
    return (int(scores.argmax()) + FEWEST, p) if p <= LEVEL else None


def _scores(ranks: Floats) -> Floats:
    """By row and place, how far the rank sum before that place is from what is expected, in standard deviations."""
    count = ranks.shape[1]
    before = np.arange(FEWEST, count - FEWEST + 1)
    sums = np.cumsum(ranks, axis=1)[:, before - 1]
    # Of ranks as they are, ties included.
    variance = ranks[0].var(ddof=1) * before * (count - before) / count
    if not variance.any():
        return np.zeros_like(sums)
    scores: Floats = np.abs(sums - before * ranks[0].mean()) / np.sqrt(variance)
    return scores


def _mid_ranks(series: Floats) -> Floats:
    _, inverse, counts = np.unique(series, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks
