"""How metrics are observed in a scope: their intervals, the samples behind them, what refuses or qualifies them.

The intervals are imported where they are taken: limits are read at collection, which must not pay for NumPy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.statistics.percentiles import needed_samples
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from pytest_smload.core.measure.scope import Scope
    from pytest_smload.core.statistics.bound import Bound


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a check fails whatever was observed.

    Attributes:
        reason: For its reader.
        settled: Whether more samples would change nothing.
    """

    reason: str
    settled: bool = True


def without_success(scope: Scope) -> Refusal | None:
    """Refuse a scope without a sample, or whose requests all failed."""
    requests = scope.stats.requests
    if requests == 0:
        return Refusal("no sample")
    return None if scope.stats.ok else Refusal(f"none of {requests:,} requests succeeded")


def without_touch(scope: Scope) -> Refusal | None:
    """Refuse a scope none of whose models ever answered.

    A handful of models is all there may be: their nearest rank is the slowest, which is what matters then.
    """
    return None if scope.stats.cold.touched else Refusal("no model answered")


def too_few_for(scope: Scope, metric: str, per_mille: int) -> Refusal | None:
    """Refuse a percentile of fewer than ceil(1 / (1 - p)) successes: a longer window brings the rest."""
    ok, tps, needed = scope.stats.ok, scope.stats.tps, needed_samples(per_mille)
    if ok == 0 or ok >= needed:
        return without_success(scope)
    text = f"{metric} needs {needed:,} successes, has {ok:,}"
    takes = f"; at {tps:.3g} TPS that takes {format_duration(math.ceil(needed / tps))}" if tps > 0 else ""
    return Refusal(text + takes, settled=False)


def answered_or_lost(scope: Scope) -> int:
    """Return how many samples an order statistic of the latencies is of."""
    return scope.stats.ok + scope.lost


def lost_are_slowest(scope: Scope) -> str:
    """Return how requests that never got an answer bear on an order statistic, or ``""``."""
    return f"{_lost(scope)} count{'s' if scope.lost == 1 else ''} as slowest" if scope.lost else ""


def lost_are_left_out(scope: Scope) -> str:
    """Return that requests that never got an answer are not in the mean, or ``""``."""
    return f"{_lost(scope)}: not in the mean" if scope.lost else ""


def _lost(scope: Scope) -> str:
    counts = (("timed out", scope.kinds.get("Timeout", 0)), ("unsent", scope.kinds.get("Unsent", 0)))
    return ", ".join(f"{count:,} {how}" for how, count in counts if count)


def latency_percentile(scope: Scope, alpha: float, per_mille: int) -> Bound:
    """Return the percentile of successes and lost requests, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import latencies, quantile_bound

    return quantile_bound(latencies(scope.outcome_ms), per_mille, ordered=scope.latency_ms, alpha=alpha)


def mean_latency(scope: Scope, alpha: float) -> Bound:
    """Return the mean of the successes, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import mean_bound

    return mean_bound(scope.outcome_ms, alpha=alpha)


def success_rate_per_s(scope: Scope, alpha: float) -> Bound:
    """Return the successes per second, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import tps_bound

    return tps_bound(scope.ended_ok, scope.span_s, alpha=alpha)


def failure_share(scope: Scope, alpha: float) -> Bound:
    """Return the share of failures, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import error_rate_bound

    return error_rate_bound(scope.outcome_ms, alpha=alpha)
