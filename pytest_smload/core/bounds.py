"""The interval of one metric of one scope, by the method that suits the metric."""

from __future__ import annotations

from pytest_smload.core.intervals import (
    ALPHA,
    Bound,
    error_rate_bound,
    latencies,
    mean_bound,
    quantile_bound,
    tps_bound,
)
from pytest_smload.core.limits import PER_MILLE
from pytest_smload.core.scope import Scope


def metric_bound(scope: Scope, metric: str, *, alpha: float = ALPHA) -> Bound | None:
    """Return the estimate of *metric* with its interval, or None where it has none: counts and extremes are facts.

    Args:
        alpha: What the interval may miss.
    """
    if metric in PER_MILLE:
        return quantile_bound(latencies(scope.outcome_ms), PER_MILLE[metric], ordered=scope.latency_ms, alpha=alpha)
    if metric == "mean":
        return mean_bound(scope.outcome_ms, alpha=alpha)
    if metric == "tps":
        return tps_bound(scope.ended_ok, scope.span_s, alpha=alpha)
    if metric == "error_rate":
        return error_rate_bound(scope.outcome_ms, alpha=alpha)
    return None
