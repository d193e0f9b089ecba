"""Decides whether one side of a window is worse than the other, which was sent the same at the same moments.

What both sides have in common, the hour, the network, a neighbour on this machine, worsens both and leaves their ratio
as it is. Its interval is the narrower of two: from the intervals of both sides by themselves (MOVER, Zou and Donner
2008), which is free of what worsens the whole window alike; and from 20 blocks of the window, how much farther one side
is from its own mean, or has more above its own percentile, than the other, with Student's t, which is free of what
comes and goes within it, too. The latter is of the very figures compared: percentiles of each block would be others,
and where a few bursts make the percentile of the whole, their mean hardly varies. Where each side's own queue is the
noise, nothing cancels; but sides of which one is worse by twice what is allowed, over all and in three of four blocks,
differ by more than such noise makes of equal ones in 5 % of windows, however wide the interval.

A failure is confirmed by sending both sides again: run and rerun share nothing but the code, so that either end of the
interval is missed by 5 % once, and 0.25 % twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, exp, fsum, hypot, inf, isfinite, log, sqrt
from typing import NamedTuple

import numpy as np

from pytest_smload.core.baselines.comparison import BEYOND, MOST_TPS_LOST, Comparison, Decision, compare
from pytest_smload.core.baselines.estimate import Z95, Estimate, log_of
from pytest_smload.core.baselines.run_noise import RunNoise
from pytest_smload.core.statistics.binomial import student_t
from pytest_smload.core.statistics.blocks import BLOCKS, in_blocks
from pytest_smload.core.statistics.columns import Floats
from pytest_smload.core.statistics.dependence import go_together
from pytest_smload.core.statistics.percentiles import nearest_rank

_Z90, _Z_POWER = 1.645, 1.282
_NO_RUN_NOISE = RunNoise(likely=0.0, feared=0.0)
BY_CHANCE = 0.38
"""What two sides that share nothing seem to share in 20 blocks, in one window of 20."""
_T_CONFIDENCE = 0.92
"""Of the intervals by blocks, two-sided: less than the others miss, for they count where they are the narrower ones."""
_POOLED = (1, 2, 4)
"""Blocks taken together, as for intervals of one side: 20, 10 and 5 of them are looked at."""
_FEWEST_BLOCKS = BLOCKS // 2
"""Of either side must have something above its percentile: fewer are a few bursts, whose differences tell nothing."""
_MOST = 15
"""Of `BLOCKS` are worse by more than is allowed by chance in 2 of 100 windows of sides that differ by just that."""

_MOST_ALIKE = 0.4
"""Correlation of the ratios of neighbouring blocks, beyond which that many are a spell rather than most of the window:
simulated, equal sides whose own queues are 70 or 90 % busy are so in 5 % of windows, 8 % of those of 100 requests."""


class Pairing(NamedTuple):
    """What both sides in each block of the window tell of their ratio.

    Attributes:
        down, up: How far its logarithm may be above and below the truth, each missed by 4 %; inf where that is unknown.
        shared: How much of what varies from block to block does so on both sides alike: their correlation, 0 or more.
        typical: The logarithm that `_MOST` blocks are at or above; -inf where not every block has one.
        mostly: The same where blocks next to one another differ in it, so that so many of them tell something.
    """

    down: float = inf
    up: float = inf
    shared: float = 0.0
    typical: float = -inf
    mostly: float = -inf


APART = Pairing()
"""Of sides of which nothing is known but the whole."""


def compare_sides(
    new: Estimate,
    control: Estimate,
    pairing: Pairing = APART,
    *,
    budget: float,
    floor: float = 0.0,
    higher_is_better: bool = False,
) -> Comparison:
    """Compare *new* with the *control* of the same window.

    Args:
        new: The side judged.
        control: The other; a finite value above 0.
        pairing: Of both, the logarithms being of costs: the inverse of what is better higher.
        budget, floor, higher_is_better: As in `pytest_smload.core.baselines.comparison.compare`.
    """
    alone = compare(new, [control], budget=budget, floor=floor, higher_is_better=higher_is_better, noise=_NO_RUN_NOISE)
    worse, base = (new.inverse(), control.inverse()) if higher_is_better else (new, control)
    allowed = -log(alone.allowed) if higher_is_better else log(alone.allowed)
    distance = log_of(worse.value) - log(base.value)
    if not isfinite(distance):
        return replace(alone, shared=pairing.shared)
    shrink = _Z90 / Z95
    down = shrink * hypot(log(worse.value) - log_of(worse.lower), log_of(base.upper) - log(base.value))
    up = shrink * hypot(log_of(worse.upper) - log(worse.value), log(base.value) - log_of(base.lower))
    down, up = min(down, pairing.down), min(up, pairing.up)
    deviation = min(down, up) / _Z90
    decision: Decision = "undecided"
    if distance - down > 0 and distance > allowed:
        decision = "fail"
    elif distance + up <= allowed:
        decision = "pass"
    far = _far(alone.allowed, budget, higher_is_better=higher_is_better)
    ends = distance - down, distance + up
    lower, upper = (-ends[1], -ends[0]) if higher_is_better else ends
    attainable = _change(up + _Z_POWER * deviation, higher_is_better=higher_is_better)
    return replace(
        alone,
        decision=decision,
        lower=_exp(lower),
        upper=_exp(upper),
        attainable=attainable,
        attainable_now=attainable,
        detectable=_change(max(allowed, down) + _Z_POWER * deviation, higher_is_better=higher_is_better),
        beyond=alone.beyond or min(distance, pairing.mostly) > far,
        shared=pairing.shared,
    )


def _far(allowed: float, budget: float, *, higher_is_better: bool) -> float:
    """The logarithm of what is worse by `BEYOND` times what is allowed."""
    if higher_is_better:
        return -log(1 - max(budget, min(BEYOND * budget, MOST_TPS_LOST)))
    return log(1 + BEYOND * (allowed - 1))


def quantile_pairing(new: Floats, control: Floats, per_mille: int) -> Pairing:
    """Return the pairing of the percentile of latencies in schedule order, inf for what was lost."""
    sides = [_Ordered(side, per_mille) for side in (new, control)]
    if any(len(side.of) < BLOCKS or side.quantile == inf for side in sides):
        return APART
    typical = _typical(*(side.in_each_block() for side in sides))
    above = [side.above() for side in sides]
    if any(np.count_nonzero(each) < _FEWEST_BLOCKS for each in above):
        return Pairing(inf, inf, 0.0, *typical)
    p = per_mille / 1000
    reach = _paired_reach(*above, independent=p * (1 - p) * sum(BLOCKS / len(side.of) for side in sides))
    first, second = sides
    return Pairing(
        max(first.below(reach), second.beyond(reach)),
        max(first.beyond(reach), second.below(reach)),
        _shared(reach, *above),
        *typical,
    )


def mean_pairing(new: Floats, control: Floats) -> Pairing:
    """Return the pairing of the mean, as `quantile_pairing`."""
    blocks = [in_blocks(side) for side in (new, control)]
    if any(each.shape[1] == 0 or not np.isfinite(each).all() or not each.any() for each in blocks):
        return APART
    shares = [each / each.mean() for each in blocks]
    means = [each.mean(axis=1) for each in shares]
    reach = _paired_reach(*means, independent=sum(float(each.var()) / each.shape[1] for each in shares))
    return Pairing(reach, reach, _shared(reach, *means), *_typical(*(each.mean(axis=1) for each in blocks)))


def rate_pairing(new: Sequence[int], control: Sequence[int]) -> Pairing:
    """Return the pairing of the inverse of the rate of successes, of which there were so many in equal slices."""
    slices = [np.array(side, dtype=float) for side in (new, control)]
    if any(len(each) != BLOCKS or not each.any() for each in slices):
        return APART
    shares = [each / each.mean() for each in slices]
    # Of independent arrivals, a Poisson process.
    reach = _paired_reach(*shares, independent=sum(1 / float(each.mean()) for each in slices))
    return Pairing(reach, reach, _shared(reach, *shares), *_typical(slices[1], slices[0]))


class _Ordered:
    """One side's latencies and their percentile."""

    def __init__(self, latencies: Floats, per_mille: int) -> None:
        self.of = latencies
        self._per_mille = per_mille
        self._ascending = np.sort(latencies)
        self._rank = nearest_rank(len(latencies), per_mille) if len(latencies) else 0
        self.quantile = float(self._ascending[self._rank - 1]) if self._rank else inf

    def above(self) -> Floats:
        """The share of each block above the percentile of all."""
        share: Floats = in_blocks(self.of > self.quantile).mean(axis=1)
        return share

    def in_each_block(self) -> Floats:
        ordered: Floats = np.sort(in_blocks(self.of), axis=1)
        return ordered[:, nearest_rank(ordered.shape[1], self._per_mille) - 1]

    def below(self, share: float) -> float:
        """How far the percentile less *share* is below it, in ln; inf where there is none."""
        rank = self._rank - ceil(min(share, 1.0) * len(self.of))
        return log(self.quantile) - log_of(float(self._ascending[rank - 1])) if rank >= 1 else inf

    def beyond(self, share: float) -> float:
        """How far the percentile and *share* more is above it, as `below`."""
        rank = self._rank + ceil(min(share, 1.0) * len(self.of))
        return log_of(float(self._ascending[rank - 1])) - log(self.quantile) if rank <= len(self.of) else inf


def _paired_reach(new: Floats, control: Floats, *, independent: float) -> float:
    """Return how far the mean of the differences of both, one a block, may be from the truth; inf where it is unknown.

    Where blocks next to one another are alike, fewer and longer ones show more of it; where too much so, none does.

    Args:
        independent: The variance of the differences if samples were independent.
    """
    differences = (new - control).tolist()
    centre = fsum(differences) / BLOCKS
    variance = fsum((each - centre) ** 2 for each in differences) / (BLOCKS - 1)
    if go_together(differences, variance / independent if independent > 0 else 1.0):
        return inf
    return max(_reach(differences, together) for together in _POOLED)


def _reach(values: Sequence[float], together: int) -> float:
    means = [fsum(values[first : first + together]) / together for first in range(0, len(values), together)]
    count = len(means)
    centre = fsum(means) / count
    variance = fsum((each - centre) ** 2 for each in means) / (count - 1)
    return student_t(_T_CONFIDENCE, count - 1) * sqrt(variance / count)


def _shared(reach: float, new: Floats, control: Floats) -> float:
    """The correlation of both; 0 where nothing cancels."""
    spread = float(new.std() * control.std())
    if not (spread and reach < inf):
        return 0.0
    return max(0.0, float(np.mean((new - new.mean()) * (control - control.mean()))) / spread)


def _typical(worse: Floats, base: Floats) -> tuple[float, float]:
    """`Pairing.typical` and `Pairing.mostly`."""
    if not ((worse > 0).all() and (base > 0).all() and np.isfinite(base).all()):
        return -inf, -inf
    ratios = np.log(worse) - np.log(base)
    typical = float(np.sort(ratios)[BLOCKS - _MOST])
    if not np.isfinite(ratios).all():
        return typical, -inf
    off = ratios - ratios.mean()
    alike = float(np.sum(off[1:] * off[:-1])) > _MOST_ALIKE * float(np.sum(off * off))
    return typical, -inf if alike else typical


def _change(log_ratio: float, *, higher_is_better: bool) -> float:
    return 1 - exp(-log_ratio) if higher_is_better else _exp(log_ratio) - 1


def _exp(value: float) -> float:
    return inf if value >= 700 else exp(value)
