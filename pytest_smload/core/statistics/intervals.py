"""Says how far an estimate may be from the truth, with samples that depend on one another counted for what they tell.

The samples of a load are not independent: a queue makes neighbours slow together, and the binomial interval of so many
independent samples would cover the truth a third of the time. The design effect, how much larger the variance of
counts over 20 consecutive blocks is than independent samples would give, turns n into an effective n_eff (Korn and
Graubard's use of it in the exact binomial).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, fsum, inf, sqrt

import numpy as np

from pytest_smload.core.statistics.binomial import (
    normal_quantile,
    quantile_ranks,
    samples_to_bound,
    share_bounds,
    student_t,
)
from pytest_smload.core.statistics.bound import ALPHA, Bound
from pytest_smload.core.statistics.columns import Flags, Floats, mean
from pytest_smload.core.statistics.percentiles import NAN, nearest_rank

BLOCKS = 20


def latencies(outcome_ms: Floats) -> Floats:
    """Return what percentile checks are about: the latencies of the successes, inf for each lost request.

    Args:
        outcome_ms: Per request in schedule order its latency, inf where it was lost (`Timeout`, `Unsent`), NaN where it
            failed otherwise.
    """
    return outcome_ms[~np.isnan(outcome_ms)]


def design_effect(counts: Sequence[int], size: int, alpha: float = ALPHA) -> float:
    """Return by what factor dependence shrinks the sample that an exact binomial interval may count on, 1 or more.

    Args:
        counts: How many of the samples of each block, consecutive ones of a schedule, are of the kind counted.
        size: Samples in each block.
        alpha: The interval's level; the dispersion is itself an estimate, from so many blocks, hence Student's t.
    """
    blocks, total = len(counts), sum(counts)
    if not 1 < total < blocks * size - 1:
        # One event alone, or none, says nothing of whether events come together.
        return 1.0
    share = total / (blocks * size)
    spread = sum((count - size * share) ** 2 for count in counts)
    dispersion = spread / ((blocks - 1) * size * share * (1 - share))
    if dispersion <= 1:
        return 1.0
    return dispersion * (student_t(1 - alpha, blocks - 1) / normal_quantile(1 - alpha)) ** 2


def quantile_bound(in_order: Floats, per_mille: int, *, ordered: Floats | None = None, alpha: float = ALPHA) -> Bound:
    """Return the nearest-rank percentile of *in_order* with its interval by order statistics.

    Args:
        in_order: Samples in schedule order, inf for lost requests (`latencies`).
        per_mille: The percentile in thousandths, 950 for p95.
        ordered: The finite ones among them, ascending, where the caller has them; sorting is most of the work.
        alpha: What the interval may miss, half of it on either side.
    """
    n = len(in_order)
    if n == 0:
        return Bound(NAN, 0.0, inf, 0, 0, samples_to_bound(per_mille, alpha))
    finite = ordered if ordered is not None else np.sort(in_order)
    observed = _at_rank(finite, nearest_rank(n, per_mille))
    effective = _effective(n, design_effect(_exceedances(in_order, observed), n // BLOCKS, alpha))
    lower_rank, upper_rank = bound_ranks(n, effective, per_mille, alpha)
    bounded = lower_rank >= 1 and upper_rank <= n
    return Bound(
        observed=observed,
        lower=min(_at_rank(finite, lower_rank), observed) if lower_rank >= 1 else 0.0,
        upper=max(_at_rank(finite, upper_rank), observed),
        n=n,
        n_eff=effective,
        needed=0 if bounded else max(n + 1, ceil(samples_to_bound(per_mille, alpha) * n / effective)),
    )


def bound_ranks(n: int, n_eff: int, per_mille: int, alpha: float = ALPHA) -> tuple[int, int]:
    """Return the ranks among *n* samples, worth *n_eff* independent ones, that enclose the percentile *per_mille*.

    0 and n + 1 where no sample does.
    """
    lower, upper = quantile_ranks(n_eff, per_mille, alpha)
    return lower * n // n_eff, -(-upper * n // n_eff) if upper <= n_eff else n + 1


def _at_rank(ordered: Floats, rank: int) -> float:
    """The order statistic of the 1-based *rank*; inf beyond the finite ones."""
    return float(ordered[rank - 1]) if rank <= len(ordered) else inf


def _exceedances(in_order: Floats, quantile: float) -> list[int]:
    """How many samples of each block lie above *quantile*; or reach it, where none lies above (ties, lost requests)."""
    above = _per_block(in_order > quantile)
    return above if any(above) else _per_block(in_order >= quantile)


def _per_block(flags: Flags) -> list[int]:
    """How many of each of `BLOCKS` equal blocks are set; what is left over is in none."""
    size = len(flags) // BLOCKS
    counts: list[int] = np.count_nonzero(flags[: size * BLOCKS].reshape(BLOCKS, size), axis=1).tolist()
    return counts


def _effective(n: int, effect: float) -> int:
    return max(1, int(n / effect)) if n else 0


def error_rate_bound(outcome_ms: Floats, *, alpha: float = ALPHA) -> Bound:
    """Return the share of failures with its Clopper-Pearson interval on the effective sample size.

    Args:
        outcome_ms: Per request in schedule order its latency; inf (lost) and NaN (failed otherwise) are the failures.
        alpha: What the interval may miss, half of it on either side.
    """
    n = len(outcome_ms)
    if n == 0:
        return Bound(NAN, 0.0, 1.0, 0, 0)
    failed = ~np.isfinite(outcome_ms)
    share = int(np.count_nonzero(failed)) / n
    effective = _effective(n, design_effect(_per_block(failed), n // BLOCKS, alpha))
    lower, upper = share_bounds(share * effective, effective, alpha)
    return Bound(share, lower, upper, n, effective)


def mean_bound(in_order: Floats, *, alpha: float = ALPHA) -> Bound:
    """Return the mean of the successes with its interval by the means of 20 consecutive batches.

    Args:
        in_order: Latencies in schedule order; lost requests (inf) and other failures (NaN) are not in the mean.
        alpha: What the interval may miss, half of it on either side.
    """
    values = in_order[np.isfinite(in_order)]
    n, size = len(values), len(values) // BLOCKS
    observed = mean(values) if n else NAN
    if size == 0:
        return Bound(observed, 0.0, inf, n, n, BLOCKS)
    means = [mean(batch) for batch in values[: size * BLOCKS].reshape(BLOCKS, size)]
    variance = _variance(means)
    independent = float(np.var(values)) / size
    rounding = (1e-12 * observed) ** 2
    effective = n if variance <= independent + rounding else _effective(n, variance / independent)
    reach = student_t(1 - alpha, BLOCKS - 1) * sqrt(variance / BLOCKS)
    return Bound(observed, max(0.0, observed - reach), observed + reach, n, effective)


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
    tps, variance = n / span_s, _variance(rates)
    # Independent arrivals, a Poisson process, vary as much as their count; more evenly spaced ones count in full.
    independent = tps * slices / span_s
    effective = n if variance <= independent else _effective(n, variance / independent)
    reach = student_t(1 - alpha, slices - 1) * sqrt(variance / slices)
    return Bound(tps, max(0.0, tps - reach), tps + reach, n, effective)


def _variance(values: Sequence[float]) -> float:
    mean = fsum(values) / len(values)
    return fsum([(value - mean) ** 2 for value in values]) / (len(values) - 1)
