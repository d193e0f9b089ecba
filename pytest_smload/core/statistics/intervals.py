"""Says how far an estimate may be from the truth, with samples that depend on one another counted for what they tell.

The samples of a load are not independent: a queue makes neighbours slow together, and the binomial interval of so many
independent samples would cover the truth a third of the time. The design effect, how much larger the variance of
counts over consecutive blocks is than independent samples would give, turns n into an effective n_eff (Korn and
Graubard's use of it in the exact binomial). Where even neighbouring blocks go together, the interval reaches beyond all
of them; where slow spells were seen, it reaches as far as more of them would move the percentile. What comes more
rarely than the window is long, an outage say, no interval can speak of.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf, sqrt

import numpy as np

from pytest_smload.core.statistics.binomial import quantile_ranks, samples_to_bound, share_bounds, student_t
from pytest_smload.core.statistics.blocks import BLOCKS, in_blocks
from pytest_smload.core.statistics.bound import ALPHA, Bound
from pytest_smload.core.statistics.columns import Flags, Floats, mean
from pytest_smload.core.statistics.dependence import (
    CLEAR_DISPERSION,
    LEAST_DISPERSION,
    POOLED,
    dispersion,
    go_together,
    largest_effect,
    pooled,
    skewness,
    variance,
)
from pytest_smload.core.statistics.percentiles import NAN, at_rank, nearest_rank
from pytest_smload.core.statistics.spells import reach_of_spells

_FOR_SKEWNESS, _FOR_ITS_CUBE = 1.0, 0.03
"""A few slow spells among many batches make it likely that their true share is larger: the interval of a mean reaches
farther to that side, by these times the skewness of its batches and its cube, which says that one spell is all there
is. Of limits at the truth, three looks at a queue at 90 % prove 4 % on the wrong side, not 6."""


def quantile_bound(in_order: Floats, per_mille: int, *, ordered: Floats | None = None, alpha: float = ALPHA) -> Bound:
    """Return the nearest-rank percentile of *in_order* with its interval by order statistics.

    Args:
        in_order: Samples in schedule order, inf for what was too slow to have a latency.
        per_mille: The percentile in thousandths, 950 for p95.
        ordered: The finite ones among them, ascending, where the caller has them; sorting is most of the work.
        alpha: What the interval may miss, half of it on either side.
    """
    n = len(in_order)
    if n == 0:
        return Bound(NAN, 0.0, inf, 0, 0, samples_to_bound(per_mille, alpha))
    finite = ordered if ordered is not None else np.sort(in_order)
    observed = at_rank(finite, nearest_rank(n, per_mille))
    counts, size = _exceedances(in_order, observed), n // BLOCKS
    effect = largest_effect(counts, size, alpha)
    effective = _effective(n, effect)
    fewest = samples_to_bound(per_mille, alpha)
    if n >= fewest and go_together(counts, dispersion(counts, size)):
        return _between(observed, _block_quantiles(in_order, per_mille), n, effective)
    lower_rank, upper_rank = bound_ranks(n, effective, per_mille, alpha)
    spells = reach_of_spells(in_order, finite, per_mille, effect, alpha)
    lower_rank, upper_rank = min(lower_rank, spells.lower_rank), max(upper_rank, spells.upper_rank)
    bounded = lower_rank >= 1 and upper_rank <= n
    return Bound(
        observed=observed,
        lower=min(at_rank(finite, lower_rank), observed) if lower_rank >= 1 else 0.0,
        upper=max(at_rank(finite, upper_rank), observed),
        n=n,
        n_eff=effective,
        needed=0 if bounded else max(n + 1, ceil(fewest * n / effective), spells.needed),
    )


def _between(observed: float, blocks: Sequence[float] | Floats, n: int, n_eff: int) -> Bound:
    """The interval of what differs from block to block, neighbours alike: as far again as the farthest are apart.

    Those lie within the least and the greatest of *blocks*, and the truth at most as many times beyond as these differ:
    in simulation of 96 % or more of such series, of each kind and size. None where a block has nothing, or no end.
    """
    least, greatest = float(min(*blocks, observed)), float(max(*blocks, observed))
    if not (least > 0 and greatest < inf):
        return Bound(observed, 0.0, inf, n, n_eff, withheld=True)
    return Bound(observed, least * least / greatest, greatest * greatest / least, n, n_eff)


def bound_ranks(n: int, n_eff: int, per_mille: int, alpha: float = ALPHA) -> tuple[int, int]:
    """Return the ranks among *n* samples, worth *n_eff* independent ones, that enclose the percentile *per_mille*.

    0 and n + 1 where no sample does.
    """
    lower, upper = quantile_ranks(n_eff, per_mille, alpha)
    return lower * n // n_eff, -(-upper * n // n_eff) if upper <= n_eff else n + 1


def _block_quantiles(in_order: Floats, per_mille: int) -> Floats:
    """The nearest-rank percentile of each block."""
    ordered: Floats = np.sort(in_blocks(in_order), axis=1)
    return ordered[:, nearest_rank(ordered.shape[1], per_mille) - 1]


def _exceedances(in_order: Floats, quantile: float) -> list[int]:
    """How many samples of each block lie above *quantile*; or reach it, where none lies above (ties, lost requests)."""
    above = _per_block(in_order > quantile)
    return above if any(above) else _per_block(in_order >= quantile)


def _per_block(flags: Flags) -> list[int]:
    """How many of each block are set."""
    counts: list[int] = np.count_nonzero(in_blocks(flags), axis=1).tolist()
    return counts


def _effective(n: int, effect: float) -> int:
    return max(1, int(n / effect)) if n else 0


def share_bound(flags: Flags, *, alpha: float = ALPHA) -> Bound:
    """Return the share of *flags* that are set with its Clopper-Pearson interval on the effective sample size.

    Args:
        flags: Per request in schedule order whether it failed.
        alpha: What the interval may miss, half of it on either side.
    """
    n = len(flags)
    if n == 0:
        return Bound(NAN, 0.0, 1.0, 0, 0)
    share = int(np.count_nonzero(flags)) / n
    counts, size = _per_block(flags), n // BLOCKS
    effective = _effective(n, largest_effect(counts, size, alpha))
    if go_together(counts, dispersion(counts, size)):
        return Bound(share, 0.0, 1.0, n, effective, withheld=True)
    lower, upper = share_bounds(share * effective, effective, alpha)
    return Bound(share, lower, upper, n, effective)


def mean_bound(values: Floats, *, alpha: float = ALPHA) -> Bound:
    """Return the mean of *values*, in schedule order, with its interval by the means of 20 consecutive batches.

    Args:
        values: Times; inf among them makes the mean infinite.
        alpha: What the interval may miss, half of it on either side.
    """
    n, size = len(values), len(values) // BLOCKS
    observed = mean(values) if n else NAN
    if observed == inf:
        return Bound(inf, inf, inf, n, n)
    if size == 0:
        return Bound(observed, 0.0, inf, n, n, BLOCKS)
    means = [mean(batch) for batch in in_blocks(values)]
    independent = float(np.var(values)) / size
    return _batched(observed, means, independent + (1e-12 * observed) ** 2, n, alpha)


def tps_bound(ended_ok: Sequence[int], span_s: float, *, alpha: float = ALPHA) -> Bound:
    """Return successes per second with the interval by the rates of the equal slices of a span.

    Args:
        ended_ok: Successes that ended in each of the slices (20, of equal length) of the span.
        span_s: Length of all of them together.
        alpha: What the interval may miss, half of it on either side.
    """
    n = sum(ended_ok)
    if not (span_s > 0 and len(ended_ok) > 1):
        return Bound(NAN, 0.0, inf, n, n)
    slices = len(ended_ok)
    rates = [count * slices / span_s for count in ended_ok]
    # Independent arrivals, a Poisson process, vary as much as their count; more evenly spaced ones count in full.
    return _batched(n / span_s, rates, n / span_s * slices / span_s, n, alpha)


def _batched(observed: float, means: Sequence[float], independent: float, n: int, alpha: float) -> Bound:
    """The bound of a mean by those of its batches, whose variance would be *independent* if samples were."""
    spread2 = variance(means)
    effective = n if spread2 <= independent else _effective(n, spread2 / independent)
    dispersed = spread2 / independent if independent > 0 else 1.0
    if go_together(means, dispersed):
        return _between(observed, means, n, effective)
    if dispersed <= LEAST_DISPERSION:
        reach = _reach(means, 1, alpha)
        return Bound(observed, max(0.0, observed - reach), observed + reach, n, effective)
    reach = max(_reach(pooled(means, blocks), blocks, alpha) for blocks in POOLED)
    skewed = skewness(means) if dispersed > CLEAR_DISPERSION else 0.0
    lower = max(0.0, observed - reach * _to_one_side(-skewed))
    return Bound(observed, lower, observed + reach * _to_one_side(skewed), n, effective)


def _to_one_side(skewed: float) -> float:
    """How many times as far the interval of a mean reaches to the side its batches are skewed to."""
    return 1 + _FOR_SKEWNESS * skewed + _FOR_ITS_CUBE * skewed**3 if skewed > 0 else 1.0


def _reach(sums: Sequence[float], blocks: int, alpha: float) -> float:
    """Half the width of the interval by so many *sums* of batch means."""
    count = len(sums)
    return student_t(1 - alpha, count - 1) * sqrt(variance(sums) / count) / blocks
