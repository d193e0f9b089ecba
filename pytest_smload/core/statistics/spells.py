"""Says how far slow spells that were seen may move a percentile, were they more or fewer than in this window.

A spell of 20 slow requests in 2,000 is lost among the 1,000 above the median, whose counts look independent; yet how
often such spells come, one of them does not tell, and at ten times their share the median is another. So the samples
above a percentile are looked at from the slowest five on, twice as many each time: where these come together more than
all above the percentile do, they may be as many more, or fewer, as the interval of their own share says, and all others
make room. Where all above a percentile are of a few long spells, it may be far down among them: a lower end is
believed only where quicker samples, counted in the same way, do not allow for less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from operator import mul

import numpy as np

from pytest_smload.core.statistics.binomial import share_bounds, variance_factor
from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.columns import Floats
from pytest_smload.core.statistics.dependence import (
    CLEAR_DISPERSION,
    POOLED,
    design_effect,
    dispersion,
    pooled,
    skewness,
)
from pytest_smload.core.statistics.percentiles import at_rank, nearest_rank

_FEWEST = 5
"""Fewer slow samples tell nothing of whether they come together,"""
_MOST = 0.8
"""and a larger share has no spells."""
_MORE_TOGETHER = 1.5
"""Slower samples come together more than all above a percentile if their design effect is as many times as large: in a
queue, where every level shows the same busy spells, it is smaller."""
_FOR_SKEWED_COUNTS = 0.1
"""What was seen in one stretch alone may have many times the share: the design effect grows by this times the
cube of the skewness of its counts, eightfold for a single block of 20."""
_CAUTIOUS = tuple(variance_factor(BLOCKS // blocks - 1, 0.2) for blocks in POOLED)
"""By how many times the design effect of 20, 10 and 5 blocks may be larger than it looks, but for one case in five: as
large it is taken where a lower end is tested."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The ranks between which a percentile is, by what slower and quicker samples allow for.

    Attributes:
        lower_rank, upper_rank: 1-based; 0 and n + 1 where no sample bounds it.
        needed: How many samples it takes before spells as those seen leave it bounded above.
    """

    lower_rank: int
    upper_rank: int
    needed: int


def reach_of_spells(in_order: Floats, ordered: Floats, per_mille: int, effect: float, alpha: float) -> Reach:
    """Return how far the spells among *in_order* may move its percentile *per_mille*: not at all where none are seen.

    Args:
        in_order: Samples in schedule order, at least one.
        ordered: The finite ones among them, ascending.
        per_mille: The percentile in thousandths.
        effect: The design effect of all above it.
        alpha: What its interval may miss.
    """
    n, size, beyond = len(in_order), len(in_order) // BLOCKS, 1 - per_mille / 1000
    rank = nearest_rank(n, per_mille)
    more = fewer = 0.0
    lowest = rank
    for counts in _counts_above(in_order, ordered):
        if dispersion(counts, size) <= CLEAR_DISPERSION:
            continue
        share = sum(counts) / (size * BLOCKS)
        effects = [design_effect(pooled(counts, blocks), size * blocks, alpha) for blocks in POOLED]
        if share > beyond:
            cautious = max(map(mul, effects, _CAUTIOUS))
            if _share_between(share, n, cautious, counts, alpha)[0] <= beyond:
                lowest = min(lowest, int(n * (1 - share)))
        elif max(effects) > _MORE_TOGETHER * effect:
            least, most = _share_between(share, n, max(effects), counts, alpha)
            more, fewer = max(more, most - share), max(fewer, share - least)
    return Reach(
        lower_rank=max(0, min(lowest, int(rank - n * fewer))),
        upper_rank=min(n + 1, ceil(rank + n * more)),
        needed=ceil(n * more / beyond),
    )


def _share_between(share: float, n: int, effect: float, counts: Sequence[int], alpha: float) -> tuple[float, float]:
    """The bounds of a *share* whose *counts* over blocks have the design *effect*."""
    effective = max(1.0, n / (effect * (1 + _FOR_SKEWED_COUNTS * max(0.0, skewness(counts)) ** 3)))
    return share_bounds(share * effective, effective, alpha)


def _counts_above(in_order: Floats, ordered: Floats) -> Iterator[list[int]]:
    """How many of each block are among so many of the slowest: from most of them all down to five, half each time.

    Of equals, which cannot be told apart, none or all are.
    """
    n, size = len(in_order), len(in_order) // BLOCKS
    if size == 0 or n * _MOST <= _FEWEST:
        return
    values, edges = in_order[: size * BLOCKS], np.arange(BLOCKS + 1) * size
    above = _FEWEST
    while 2 * above < n * _MOST:
        above *= 2
    last = None
    while above >= _FEWEST:
        threshold = at_rank(ordered, n - above)
        above //= 2
        if threshold == last:
            continue
        last = threshold
        chosen = np.flatnonzero(values > threshold)
        if not len(chosen):
            chosen = np.flatnonzero(values >= threshold)
        # What is left stays in order, so that only where its blocks begin has to be kept.
        values, edges = values[chosen], np.searchsorted(chosen, edges)
        yield np.diff(edges).tolist()
