"""Exact binomial answers: its distribution, the ranks that enclose a quantile, Clopper-Pearson bounds of a share."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist

from pytest_smload.core.statistics.beta import beta_cdf, beta_quantile


def binomial_cdf(k: int, n: int, p: float) -> float:
    """Return P(K <= *k*) for K ~ Bin(*n*, *p*), 0 < p < 1."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n else beta_cdf(1 - p, n - k, k + 1)


def binomial_quantile(probability: float, n: int, p: float) -> int:
    """Return the smallest k with P(K <= k) >= *probability*, 0 < probability < 1, for K ~ Bin(*n*, *p*), 0 < p < 1.

    From the normal approximation, corrected for skewness, single steps lead to the exact answer.
    """
    z = NormalDist().inv_cdf(probability)
    guess = n * p + z * sqrt(n * p * (1 - p)) + (1 - 2 * p) * (z * z - 1) / 6 - 0.5
    k = min(n, max(0, round(guess)))
    odds = p / (1 - p)
    below_or_at, mass = binomial_cdf(k, n, p), _mass(k, n, p)
    while below_or_at < probability and k < n:
        k += 1
        mass *= (n - k + 1) / k * odds
        below_or_at += mass
    while k > 0 and below_or_at - mass >= probability:
        below_or_at -= mass
        mass *= k / (n - k + 1) / odds
        k -= 1
    return k


def _mass(k: int, n: int, p: float) -> float:
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p))


@lru_cache(maxsize=1024)
def quantile_ranks(n: int, per_mille: int, alpha: float) -> tuple[int, int]:
    """Return the ranks (r, s) between whose order statistics the quantile p = *per_mille* / 1000 lies.

    P(x_(r) <= q_p <= x_(s)) >= 1 - *alpha* over *n* >= 1 independent samples, with at most alpha / 2 missed on either
    side: r is the largest rank with P(K < r) <= alpha / 2, s the smallest with P(K < s) >= 1 - alpha / 2, for
    K ~ Bin(n, p). r is 0 and s is n + 1 where no sample bounds the quantile on that side.
    """
    p = per_mille / 1000
    return binomial_quantile(alpha / 2, n, p), binomial_quantile(1 - alpha / 2, n, p) + 1


def samples_to_bound(per_mille: int, alpha: float) -> int:
    """Return the fewest independent samples that bound a quantile on both sides: 72 for p95, 368 for p99, at 5 %."""
    p = per_mille / 1000
    return ceil(log(alpha / 2) / log(max(p, 1 - p)))


def share_bounds(count: float, n: float, alpha: float) -> tuple[float, float]:
    """Return the Clopper-Pearson bounds of a share seen as *count* of *n*.

    Either may be a fraction, of an effective sample size (Korn and Graubard 1998). 0 and 1 where *n* is 0.
    """
    if n <= 0:
        return 0.0, 1.0
    lower = beta_quantile(alpha / 2, count, n - count + 1) if count > 0 else 0.0
    upper = beta_quantile(1 - alpha / 2, count + 1, n - count) if count < n else 1.0
    return lower, upper


def normal_quantile(confidence: float) -> float:
    """Return z with P(\\|Z\\| <= z) = *confidence* for the standard normal Z: 1.96 for 0.95; inf for 1."""
    return NormalDist().inv_cdf((1 + confidence) / 2) if confidence < 1 else inf
