"""Exact binomial answers: its distribution, the ranks that enclose a quantile, Clopper-Pearson bounds of a share."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log

from scipy import special


def binomial_quantile(probability: float, n: int, p: float) -> int:
    """Return the smallest k with P(K <= k) >= *probability*, 0 < probability < 1, for K ~ Bin(*n*, *p*), 0 < p < 1."""
    k: int = max(0, ceil(special.bdtrik(probability, n, p)))
    return k - 1 if k > 0 and special.bdtr(k - 1, n, p) >= probability else k


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
    lower = float(special.betaincinv(count, n - count + 1, alpha / 2)) if count > 0 else 0.0
    upper = float(special.betaincinv(count + 1, n - count, 1 - alpha / 2)) if count < n else 1.0
    return lower, upper


def normal_quantile(confidence: float) -> float:
    """Return z with P(\\|Z\\| <= z) = *confidence* for the standard normal Z: 1.96 for 0.95; inf for 1."""
    return float(special.ndtri((1 + confidence) / 2))


def student_t(confidence: float, freedom: int) -> float:
    """Return t with P(\\|T\\| <= t) = *confidence* for Student's t of *freedom* degrees: 2.093 for 0.95 and 19."""
    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def variance_factor(freedom: int, missed: float) -> float:
    """Return by how many times a variance estimated with *freedom* may be too small, but for *missed* of the cases."""
    return freedom / float(special.chdtri(freedom, 1 - missed))
