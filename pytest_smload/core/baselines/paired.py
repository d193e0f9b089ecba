"""Decides whether one side of a window is worse than the other, which was sent the same at the same moments.

What both sides have in common, the hour, the network, a neighbour on this machine, worsens both and leaves their ratio
as it is. Its interval is the narrower of two: from the intervals of both sides by themselves (MOVER, Zou and Donner
2008), which is free of what worsens the whole window alike; and from 20 blocks of the window, the log-ratio of the
sides in each, with Student's t, which is free of what comes and goes within it, too. Where each side's own queue is the
noise, nothing cancels.

A failure is confirmed by sending both sides again: run and rerun share nothing but the code, so that either end of the
interval is missed by 5 % once, and 0.25 % twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, fsum, hypot, inf, isfinite, log, sqrt
from typing import NamedTuple

import numpy as np

from pytest_smload.core.baselines.comparison import Comparison, Decision, compare
from pytest_smload.core.baselines.estimate import Z95, Estimate, log_of
from pytest_smload.core.baselines.run_noise import RunNoise
from pytest_smload.core.statistics.binomial import student_t
from pytest_smload.core.statistics.blocks import BLOCKS, in_blocks
from pytest_smload.core.statistics.columns import Floats
from pytest_smload.core.statistics.percentiles import nearest_rank

_Z90, _Z_POWER = 1.645, 1.282
_NO_RUN_NOISE = RunNoise(likely=0.0, feared=0.0)
BY_CHANCE = 0.38
"""What two sides that share nothing seem to share in 20 blocks, in one window of 20."""
_T_CONFIDENCE = 0.92
"""Of the intervals by blocks, two-sided: less than the others miss, for they count where they are the narrower ones."""
_POOLED = (1, 2, 4)
"""Blocks taken together, as for intervals of one side: 20, 10 and 5 of them are looked at."""


class Blocks(NamedTuple):
    """ln of a metric in each of `BLOCKS` consecutive blocks of the window, on either side."""

    new: Sequence[float]
    control: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """ln(new / control) in each block; empty where a block has no finite one."""
        ratios = [new - control for new, control in zip(self.new, self.control, strict=True)]
        return ratios if len(ratios) == BLOCKS and all(map(isfinite, ratios)) else []

    @property
    def shared(self) -> float:
        """How much of what varies from block to block does so on both sides alike: their correlation, 0 or more."""
        if not self.ratios:
            return 0.0
        new, control = np.array(self.new), np.array(self.control)
        spread = float(new.std() * control.std())
        return max(0.0, float(np.mean((new - new.mean()) * (control - control.mean()))) / spread) if spread else 0.0


NO_BLOCKS = Blocks((), ())


def compare_sides(
    new: Estimate,
    control: Estimate,
    blocks: Blocks = NO_BLOCKS,
    *,
    budget: float,
    floor: float = 0.0,
    higher_is_better: bool = False,
) -> Comparison:
    """Compare *new* with the *control* of the same window.

    Args:
        new: The side judged.
        control: The other; a finite value above 0.
        blocks: Both in each block of the window.
        budget, floor, higher_is_better: As in `pytest_smload.core.baselines.comparison.compare`.
    """
    alone = compare(new, [control], budget=budget, floor=floor, higher_is_better=higher_is_better, noise=_NO_RUN_NOISE)
    worse, base = (new.inverse(), control.inverse()) if higher_is_better else (new, control)
    allowed = -log(alone.allowed) if higher_is_better else log(alone.allowed)
    distance = log_of(worse.value) - log(base.value)
    if not isfinite(distance):
        return replace(alone, shared=blocks.shared)
    shrink = _Z90 / Z95
    down = shrink * hypot(log(worse.value) - log_of(worse.lower), log_of(base.upper) - log(base.value))
    up = shrink * hypot(log_of(worse.upper) - log(worse.value), log(base.value) - log_of(base.lower))
    paired = paired_reach(blocks.ratios)
    down, up = min(down, paired), min(up, paired)
    deviation = min(down, up) / _Z90
    decision: Decision = "undecided"
    if distance - down > 0 and distance > allowed:
        decision = "fail"
    elif distance + up <= allowed:
        decision = "pass"
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
        shared=blocks.shared,
    )


def paired_reach(ratios: Sequence[float]) -> float:
    """Return how far the mean of *ratios*, one a block, may be from the truth, missed by 4 % on either side.

    inf of none. Where blocks next to one another are alike, fewer and longer ones show more of it.
    """
    return max(_reach(ratios, together) for together in _POOLED) if ratios else inf


def quantile_blocks(new: Floats, control: Floats, per_mille: int) -> Blocks:
    """Return the percentile in each block of latencies in schedule order; none where a side has fewer than blocks."""
    sides = [np.sort(in_blocks(side), axis=1) for side in (new, control)]
    if any(side.shape[1] == 0 for side in sides):
        return NO_BLOCKS
    return _logs(*(side[:, nearest_rank(side.shape[1], per_mille) - 1] for side in sides))


def mean_blocks(new: Floats, control: Floats) -> Blocks:
    """Return the mean in each block, as `quantile_blocks`."""
    sides = [in_blocks(side) for side in (new, control)]
    if any(side.shape[1] == 0 for side in sides):
        return NO_BLOCKS
    return _logs(*(side.mean(axis=1) for side in sides))


def rate_blocks(new: Sequence[int], control: Sequence[int]) -> Blocks:
    """Return the successes in each of the equal slices of the window, as `quantile_blocks`."""
    return _logs(np.array(new, dtype=float), np.array(control, dtype=float))


def _logs(new: Floats, control: Floats) -> Blocks:
    with np.errstate(divide="ignore"):
        return Blocks(np.log(new).tolist(), np.log(control).tolist())


def _reach(values: Sequence[float], together: int) -> float:
    means = [fsum(values[first : first + together]) / together for first in range(0, len(values), together)]
    count = len(means)
    centre = fsum(means) / count
    variance = fsum((each - centre) ** 2 for each in means) / (count - 1)
    return student_t(_T_CONFIDENCE, count - 1) * sqrt(variance / count)


def _change(log_ratio: float, *, higher_is_better: bool) -> float:
    return 1 - exp(-log_ratio) if higher_is_better else _exp(log_ratio) - 1


def _exp(value: float) -> float:
    return inf if value >= 700 else exp(value)
