"""Finds the models of a load, or whatever else has weights, that are slower than in an earlier run."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.measure.histogram import Histogram
    from pytest_smload.core.results.result import LoadResult

LEAST_RISE = 0.1
"""A smaller rise of the p95 is not named, however clear."""
_P, _DEVIATIONS = 0.95, 3.0
"""The ends of both p95 are so many standard deviations of independent answers apart from it, in ranks: of hundreds of
models that are as before, hardly one is named."""


@dataclass(frozen=True, slots=True)
class SlowerRoute:
    """One of them, with its p95 in both runs."""

    name: str
    before_ms: float
    after_ms: float

    @property
    def ratio(self) -> float:
        """After / before."""
        return self.after_ms / self.before_ms


def slower_routes(before: LoadResult, after: LoadResult) -> list[SlowerRoute]:
    """Return what of *after* is slower than in *before*, the worst first; nothing where a record has no histograms.

    It is no verdict: what answers depend on between them is not in a histogram of the whole window.
    """
    if before.distribution is None or after.distribution is None:
        return []
    found = []
    for name, old in before.distribution.routes.items():
        new = after.distribution.routes.get(name)
        if new is None or name not in before.routes or name not in after.routes:
            continue
        route = SlowerRoute(name, before.routes[name].p95_ms, after.routes[name].p95_ms)
        if _is_known(route) and route.ratio >= 1 + LEAST_RISE and _end_ms(new, -1) > _end_ms(old, +1):
            found.append(route)
    return sorted(found, key=lambda route: -route.ratio)


def _is_known(route: SlowerRoute) -> bool:
    return isfinite(route.before_ms) and isfinite(route.after_ms) and route.before_ms > 0


def _end_ms(histogram: Histogram, side: int) -> float:
    """Where the p95 is at least or at most; inf where the answers do not tell."""
    share = _P + side * _DEVIATIONS * sqrt(_P * (1 - _P) / max(histogram.total, 1))
    return histogram.percentile_ms(1000 * max(share, 0.0)) if share < 1 else float("inf")
