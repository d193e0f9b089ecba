"""Holds a budget's limits against a measurement: each becomes a check, with what its reader must know."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pytest_smload.core.bounds import metric_bound
from pytest_smload.core.budget import ScopedLimit
from pytest_smload.core.intervals import ALPHA, Bound
from pytest_smload.core.limits import COLD_METRIC, ERRORS_PREFIX, LATENCY_METRICS, PER_MILLE, Limit
from pytest_smload.core.measurement import Measurement
from pytest_smload.core.percentiles import NAN, needed_samples
from pytest_smload.core.recording import Abort
from pytest_smload.core.result import Check
from pytest_smload.core.scope import Scope
from pytest_smload.core.units import format_duration, format_share


def judge(
    limits: Iterable[ScopedLimit], measurement: Measurement, *, alpha: float = ALPHA, on_unproven: str = "estimate"
) -> list[Check]:
    """Return one check per limit, in the order given.

    A check passes when its estimate keeps to the limit. It fails besides, whatever the limit, when its scope has no
    sample, when requests were sent and none succeeded, and when a percentile has fewer than ceil(1 / (1 - p)) successes
    behind it.

    Args:
        limits: `pytest_smload.core.budget.ResolvedBudget.limits` of this load.
        measurement: What was measured.
        alpha: What an interval may miss; less where a load is looked at more than once.
        on_unproven: ``"fail"`` where a check that its interval does not settle is to fail.
    """
    return [_check(str(name), limit, measurement, alpha, on_unproven) for name, limit in limits]


def abort_check(abort: Abort) -> Check:
    """Return the failing check of a load that ``abort_on`` ended."""
    span = format_duration(abort.span_s)
    return Check(
        scope="total",
        metric="error_rate",
        limit=f"< {format_share(abort.limit)} for {span}",
        source="abort_on",
        observed=abort.error_rate,
        n=abort.requests,
        outcome="fail",
        note=f"abort_on ended the load: that many of the requests of {span} had failed",
    )


def _check(name: str, limit: Limit, measurement: Measurement, alpha: float, on_unproven: str) -> Check:
    scope = measurement.scopes.get(name)
    if scope is None:
        return Check(name, limit.metric, limit.describe(), limit.source, NAN, 0, "fail", "no sample")
    base = _base(limit, scope)
    observed = _observed(limit.metric, scope)
    refused = refusal(limit.metric, scope, base)
    scale = NAN if base is None else base
    passed = not refused and limit.allows(observed, scale)
    bound = metric_bound(scope, limit.metric, alpha=alpha)
    settled = bool(refused) and not _is_short(limit.metric, scope)
    proven = settled or bound is None or bound.proven(limit, scale)
    notes = [refused, _lost_note(limit.metric, scope)]
    if not proven and not refused:
        notes.append(_unproven_note(bound, scope.stats.tps, counts=on_unproven == "fail"))
    return Check(
        scope=name,
        metric=limit.metric,
        limit=limit.describe(base),
        source=limit.source,
        observed=observed,
        n=_samples_behind(limit.metric, scope),
        outcome="pass" if passed and (proven or on_unproven == "estimate") else "fail",
        note="; ".join(filter(None, notes)),
        lower=bound.lower if bound is not None else None,
        upper=bound.upper if bound is not None else None,
        n_eff=bound.n_eff if bound is not None else None,
        proven=proven,
    )


def _unproven_note(bound: Bound | None, tps: float, *, counts: bool) -> str:
    """How many samples it takes to bound a percentile, where that is what is missing, and how long that takes."""
    text = "not proven, which on_unproven counts as a failure" if counts else "not proven"
    if bound is None or not bound.needed:
        return text
    text += f": an interval takes {bound.needed:,} samples, {bound.n:,} are there"
    return f"{text}; at {tps:.3g} TPS that is {format_duration(math.ceil(bound.needed / tps))}" if tps > 0 else text


def _base(limit: Limit, scope: Scope) -> float | None:
    """What a relative limit is a share of, in the unit of what is observed."""
    if not limit.relative:
        return 1.0
    return scope.offered_tps if limit.metric == "tps" else float(scope.stats.requests)


def _observed(metric: str, scope: Scope) -> float:
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


def _samples_behind(metric: str, scope: Scope) -> int:
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
    return _too_few(metric, ok, scope.stats.tps) if _is_short(metric, scope) else ""


def _is_short(metric: str, scope: Scope) -> bool:
    """Whether there are successes, but too few for the percentile *metric*: a longer window brings the rest."""
    return metric in PER_MILLE and 0 < scope.stats.ok < needed_samples(PER_MILLE[metric])


def _too_few(metric: str, ok: int, tps: float) -> str:
    needed = needed_samples(PER_MILLE[metric])
    text = f"{metric} needs {needed:,} successes, has {ok:,}"
    if not tps > 0:
        return text
    return f"{text}; at {tps:.3g} TPS that takes {format_duration(math.ceil(needed / tps))}"


def _lost_note(metric: str, scope: Scope) -> str:
    """How requests that never got an answer bear on a latency check, or ``""``."""
    if not scope.lost or metric not in LATENCY_METRICS or metric == COLD_METRIC:
        return ""
    counts = (("timed out", scope.kinds.get("Timeout", 0)), ("unsent", scope.kinds.get("Unsent", 0)))
    lost = ", ".join(f"{count:,} {how}" for how, count in counts if count)
    if metric == "mean":
        return f"{lost}: not in the mean"
    return f"{lost} count{'s' if scope.lost == 1 else ''} as slowest"
