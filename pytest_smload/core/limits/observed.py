"""The interval of one metric of one scope, by the method that suits the metric."""

from __future__ import annotations

import math

from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import COLD_METRIC, ERRORS_PREFIX, LATENCY_METRICS, PER_MILLE
from pytest_smload.core.measure.scope import Scope
from pytest_smload.core.statistics.bound import ALPHA, Bound
from pytest_smload.core.statistics.intervals import error_rate_bound, latencies, mean_bound, quantile_bound, tps_bound
from pytest_smload.core.statistics.percentiles import needed_samples
from pytest_smload.core.units import format_duration


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


def base_of(limit: Limit, scope: Scope) -> float | None:
    """What a relative limit is a share of, in the unit of what is observed."""
    if not limit.relative:
        return 1.0
    return scope.offered_tps if limit.metric == "tps" else float(scope.stats.requests)


def observed_value(metric: str, scope: Scope) -> float:
    if metric in PER_MILLE:
        return scope.check_quantile_ms(PER_MILLE[metric])
    if metric.startswith(ERRORS_PREFIX):
        return float(scope.kinds.get(metric.removeprefix(ERRORS_PREFIX), 0))
    by_metric = {
        "mean": scope.stats.mean_ms,
        "max": scope.check_max_ms(),
        COLD_METRIC: scope.stats.cold.p95_ms,
        "tps": scope.stats.tps,
        "error_rate": scope.stats.error_rate,
        "requests": float(scope.stats.requests),
    }
    return by_metric[metric]


def samples_behind(metric: str, scope: Scope) -> int:
    if metric == COLD_METRIC:
        return scope.stats.cold.touched
    if metric in ("mean", "tps"):
        return scope.stats.ok
    return scope.stats.ok + scope.lost if metric in LATENCY_METRICS else scope.stats.requests


def refusal(metric: str, scope: Scope, base: float | None = 1.0) -> str:
    """Return why a check of *metric* fails whatever was observed, or ``""``; *base* is None without an offered rate."""
    requests, ok = scope.stats.requests, scope.stats.ok
    if metric == COLD_METRIC:
        # A handful of models is all there may be: their nearest rank is the slowest, which is what matters then.
        return "" if scope.stats.cold.touched else "no model answered"
    if requests == 0:
        return "no sample"
    if ok == 0:
        return f"none of {requests:,} requests succeeded"
    if base is None:
        return "no offered rate to take a share of"
    return too_few(metric, ok, scope.stats.tps) if is_short(metric, scope) else ""


def is_short(metric: str, scope: Scope) -> bool:
    """Whether there are successes, but too few for the percentile *metric*: a longer window brings the rest."""
    return metric in PER_MILLE and 0 < scope.stats.ok < needed_samples(PER_MILLE[metric])


def too_few(metric: str, ok: int, tps: float) -> str:
    needed = needed_samples(PER_MILLE[metric])
    text = f"{metric} needs {needed:,} successes, has {ok:,}"
    if not tps > 0:
        return text
    return f"{text}; at {tps:.3g} TPS that takes {format_duration(math.ceil(needed / tps))}"


def lost_note(metric: str, scope: Scope) -> str:
    """How requests that never got an answer bear on a latency check, or ``""``."""
    if not scope.lost or metric not in LATENCY_METRICS or metric == COLD_METRIC:
        return ""
    counts = (("timed out", scope.kinds.get("Timeout", 0)), ("unsent", scope.kinds.get("Unsent", 0)))
    lost = ", ".join(f"{count:,} {how}" for how, count in counts if count)
    if metric == "mean":
        return f"{lost}: not in the mean"
    return f"{lost} count{'s' if scope.lost == 1 else ''} as slowest"
