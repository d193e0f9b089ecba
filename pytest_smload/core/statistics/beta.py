"""The beta distribution and, through it, Student's t: tail probabilities and quantiles without numpy."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, log1p, sqrt

_TINY = 1e-300
_PRECISION = 1e-14
_MOST_TERMS = 100_000
"""The continued fraction needs some sqrt(max(a, b)) terms; this is enough far beyond any sample."""


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the regularised incomplete beta function: P(X <= x) for X ~ Beta(*a*, *b*), both above 0.

    By its continued fraction (DLMF 8.17.22), on the side where that converges fast.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b) by Lentz's method."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _off_zero(1 + even * d)
        c = _off_zero(1 + even / c)
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _off_zero(1 + odd * d)
        c = _off_zero(1 + odd / c)
        step = c * d
        value *= step
        if abs(step - 1) < _PRECISION:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return x with I_x(a, b) = *probability*, within 1e-12 of x's own size.

    Newton's steps, halving the bracket wherever one would leave it.
    """
    if probability <= 0:
        return 0.0
    if probability >= 1:
        return 1.0
    low, high, x = 0.0, 1.0, a / (a + b)
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    for _ in range(200):
        missing = probability - beta_cdf(x, a, b)
        if missing > 0:
            low = x
        else:
            high = x
        log_density = scale + (a - 1) * log(x) + (b - 1) * log1p(-x)
        following = x + missing * exp(-log_density) if -log_density < 700 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) <= 1e-12 * x or not low < following < high:
            return following
        x = following
    return x


@lru_cache(maxsize=64)
def student_t(confidence: float, freedom: int) -> float:
    """Return t with P(|T| <= t) = *confidence* for Student's t of *freedom* degrees: 2.093 for 0.95 and 19."""
    x = beta_quantile(1 - confidence, freedom / 2, 0.5)
    return sqrt(freedom * (1 - x) / x)
