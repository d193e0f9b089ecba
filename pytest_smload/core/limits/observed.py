"""How metrics are observed in a scope: their intervals, the samples behind them, what refuses or qualifies them.

The intervals are imported where they are taken: limits are read at collection, which must not pay for NumPy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.limits.check import Cause
from pytest_smload.core.request.error_kinds import OTHER
from pytest_smload.core.statistics.percentiles import needed_samples
from pytest_smload.core.units import format_duration, format_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.measure.scope import Scope
    from pytest_smload.core.statistics.bound import Bound


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a check does not pass whatever was observed.

    Attributes:
        reason: For its reader.
        settled: Whether more samples would change nothing.
        cause: Why the check is undecided rather than failed; None where it fails.
    """

    reason: str
    settled: bool = True
    cause: Cause | None = None


def without_success(scope: Scope) -> Refusal | None:
    """Refuse a scope without a sample, or whose requests all failed."""
    requests = scope.stats.requests
    if requests == 0:
        return Refusal("no sample")
    return None if scope.stats.ok else Refusal(f"none of {requests:,} requests succeeded")


def kinds_ran_over(otherwise: Callable[[Scope], Refusal | None], scope: Scope) -> Refusal | None:
    """Refuse a count of one kind where more kinds came than are told apart; else do as *otherwise* does."""
    untold = scope.kinds.get(OTHER, 0)
    if untold:
        return Refusal(f"{untold:,} failures are of more kinds than are told apart, and count as {OTHER}")
    return otherwise(scope)


def without_touch(scope: Scope) -> Refusal | None:
    """Refuse a scope none of whose models ever answered.

    A handful of models is all there may be: their nearest rank is the slowest, which is what matters then.
    """
    return None if scope.stats.cold.touched else Refusal("no model answered")


def too_few_for(scope: Scope, metric: str, per_mille: int) -> Refusal | None:
    """Refuse a percentile of fewer samples than bound it on both sides: a longer window brings the rest.

    With as many, an endpoint that exceeds the limit three times as often as allowed keeps it in fewer than 1 of 100
    runs; with the ceil(1 / (1 - p)) a percentile can be told from, in 20.
    """
    count, tps, needed = answered_or_lost(scope), scope.stats.tps, needed_samples(per_mille)
    if scope.stats.ok == 0 or count >= needed:
        return without_success(scope)
    text = f"too few requests: {metric} needs {needed:,}, has {count:,}"
    takes = f"; at {tps:.3g} TPS that takes {format_duration(math.ceil(needed / tps))}" if tps > 0 else ""
    return Refusal(text + takes, settled=False, cause="few requests")


def silent_models(scope: Scope) -> str:
    """Return how models that were asked and never answered bear on the cold starts, or ``""``."""
    silent = len(scope.touches_ms) - scope.stats.cold.touched
    return f"{silent:,} model{'s' if silent > 1 else ''} never answered, which counts as slowest" if silent else ""


def silence_words(scope: Scope) -> str:
    """Return when every user waited in vain, or ``""``."""
    silence = scope.silence
    if silence is None:
        return ""
    return (
        f"every user waited and nothing was answered from {silence.begin_s:.3g} s to {silence.end_s:.3g} s of the "
        f"window; no other answer took more than {format_ms(silence.longest_other_ms)}"
    )


def answered_or_lost(scope: Scope) -> int:
    """Return how many samples an order statistic of the latencies is of."""
    return scope.stats.ok + scope.too_slow


def lost_are_slowest(scope: Scope) -> str:
    """Return how requests that were too slow to be answered bear on an order statistic, or ``""``."""
    count = scope.too_slow
    return f"{_too_slow(scope)} count{'s' if count == 1 else ''} as slowest" if count else ""


def failures_take_their_time(scope: Scope) -> str:
    """Return how requests that were too slow to be answered bear on a mean or maximum, or ``""``."""
    count = scope.too_slow
    return f"{_too_slow(scope)} count{'s' if count == 1 else ''} with the time taken" if count else ""


def _too_slow(scope: Scope) -> str:
    timed_out, unsent = scope.kinds.get("Timeout", 0), scope.kinds.get("Unsent", 0)
    slow_failures = scope.too_slow - timed_out - unsent
    counts = (("timed out", timed_out), ("unsent", unsent), ("failed after more than the limit", slow_failures))
    return ", ".join(f"{count:,} {how}" for how, count in counts if count)


def latency_percentile(scope: Scope, alpha: float, per_mille: int) -> Bound:
    """Return the percentile of successes and lost requests, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import quantile_bound

    return quantile_bound(scope.checked_ms(), per_mille, ordered=scope.latency_ms, alpha=alpha)


def mean_latency(scope: Scope, alpha: float) -> Bound:
    """Return the mean of successes and what was too slow, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import mean_bound

    return mean_bound(scope.averaged_ms(), alpha=alpha)


def success_rate_per_s(scope: Scope, alpha: float) -> Bound:
    """Return the successes per second, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import tps_bound

    return tps_bound(scope.ended_ok, scope.span_s, alpha=alpha)


def failure_share(scope: Scope, alpha: float) -> Bound:
    """Return the share of failures, with an interval that misses *alpha*."""
    from pytest_smload.core.statistics.intervals import share_bound

    return share_bound(~scope.requests.answered, alpha=alpha)
