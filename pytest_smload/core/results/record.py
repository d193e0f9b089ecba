"""Turns results into the record all reports are drawn from: plain JSON values under the keys of ``report.json``.

A figure without a sample behind it is null, and so is an infinite one. What a check observed may be infinite (requests
that timed out or were never sent); JSON has no number for that, so there it is the text ``"inf"``. A record equals
itself read back from JSON.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.written import profile_record
from pytest_smload.core.measure.figures import ColdStarts, Figures, MixShare, Stats, TimelinePoint, WarmupCounts
from pytest_smload.core.results.baseline_record import baseline_record
from pytest_smload.core.results.record_schema import (
    CheckRecord,
    ClientRecord,
    ColdRecord,
    EndpointRecord,
    FindingRecord,
    LoadRecord,
    MixRecord,
    RerunRecord,
    RunRecord,
    StatsRecord,
    TestRecord,
    TimelineRecord,
    WarmupRecord,
)
from pytest_smload.core.results.result import LoadResult, Rerun, Verdict
from pytest_smload.core.trust.health import ClientHealth, Finding

SCHEMA = 1


def run_record(*, started_at: str, interrupted: bool, tests: Iterable[TestRecord]) -> RunRecord:
    """Return the whole run's record; *started_at* is ISO 8601 in UTC."""
    return {"schema": SCHEMA, "started_at": started_at, "interrupted": interrupted, "tests": list(tests)}


def test_record(nodeid: str, attempt: int, verdict: Verdict, loads: Iterable[LoadRecord]) -> TestRecord:
    """Return one test attempt's record; attempts count from 1."""
    return {"nodeid": nodeid, "attempt": attempt, "verdict": verdict, "loads": list(loads)}


def load_record(result: LoadResult) -> LoadRecord:
    """Return one load's record."""
    endpoint = result.endpoint
    known: EndpointRecord = {
        "name": endpoint.name,
        "endpoint_name": endpoint.endpoint_name,
        "region": endpoint.region,
        "url": endpoint.url,
    }
    if endpoint.account is not None:
        known["account"] = endpoint.account
    record: LoadRecord = {
        "label": result.label,
        "endpoint": known,
        "profile": profile_record(result.profile),
        "transport": result.transport,
        "transport_reason": result.transport_reason,
        "started_at": result.started_at,
        "window_s": result.window_s,
        "offered_tps": _figure(result.offered_tps),
        "scheduled": result.scheduled,
        "sent": result.sent,
        "unsent": result.unsent,
        "cap_hits": result.cap_hits,
        "connects": result.connects,
        "in_flight_at_end": result.in_flight_at_end,
        "interrupted": result.interrupted,
        "warmup": _warmup(result.warmup),
        "total": _stats(result, result.requests - result.ok),
        "models": _scopes(result.models),
        "stages": _scopes(result.stages),
        "mix": {name: _mix(share) for name, share in result.mix.items()},
        "errors": dict(result.errors),
        "examples": dict(result.examples),
        "client": _client(result.client),
        "timeline": [_point(point) for point in result.timeline],
        "checks": [_check(check) for check in result.checks],
        "notes": list(result.notes),
    }
    if result.baseline is not None:
        record["baseline"] = baseline_record(result.baseline)
    if result.reruns:
        record["reruns"] = [_rerun(rerun) for rerun in result.reruns]
    return record


def _bound(value: float | None) -> float | Literal["inf"] | None:
    return "inf" if value == math.inf else _figure(value)


def _figure(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _scopes(scopes: Mapping[str, Stats]) -> dict[str, StatsRecord]:
    return {name: _stats(stats, stats.errors) for name, stats in scopes.items()}


def _stats(figures: Figures, errors: int) -> StatsRecord:
    return {
        "requests": figures.requests,
        "ok": figures.ok,
        "errors": errors,
        "error_rate": _figure(figures.error_rate),
        "tps": _figure(figures.tps),
        "mean_ms": _figure(figures.mean_ms),
        "min_ms": _figure(figures.min_ms),
        "p50_ms": _figure(figures.p50_ms),
        "p90_ms": _figure(figures.p90_ms),
        "p95_ms": _figure(figures.p95_ms),
        "p99_ms": _figure(figures.p99_ms),
        "p99_9_ms": _figure(figures.p99_9_ms),
        "max_ms": _figure(figures.max_ms),
        "service_p50_ms": _figure(figures.service_p50_ms),
        "service_p95_ms": _figure(figures.service_p95_ms),
        "bytes_in": figures.bytes_in,
        "bytes_out": figures.bytes_out,
        "cold": _cold(figures.cold),
    }


def _cold(cold: ColdStarts) -> ColdRecord:
    return {
        "touched": cold.touched,
        "p50_ms": _figure(cold.p50_ms),
        "p95_ms": _figure(cold.p95_ms),
        "max_ms": _figure(cold.max_ms),
        "suspected": cold.suspected,
    }


def _warmup(counts: WarmupCounts) -> WarmupRecord:
    return {"sent": counts.sent, "errors": counts.errors, "models": dict(counts.models)}


def _rerun(rerun: Rerun) -> RerunRecord:
    return {
        "started_at": rerun.started_at,
        "sent": rerun.sent,
        "unsent": rerun.unsent,
        "errors": rerun.errors,
        "models": dict(rerun.models),
        "warmup": _warmup(rerun.warmup),
        "valid": rerun.valid,
    }


def _mix(share: MixShare) -> MixRecord:
    return {"target_share": share.target_share, "achieved_share": _figure(share.achieved_share)}


def _client(health: ClientHealth) -> ClientRecord:
    return {
        "cpu": _figure(health.cpu),
        "delay_p95_ms": _figure(health.delay_p95_ms),
        "delay_p99_ms": _figure(health.delay_p99_ms),
        "bias_p95_ms": _figure(health.bias_p95_ms),
        "lag_bias_p95_ms": _figure(health.lag_bias_p95_ms),
        "loop_lag_p95_ms": _figure(health.loop_lag_p95_ms),
        "loop_lag_p99_ms": _figure(health.loop_lag_p99_ms),
        "valid": health.valid,
        "reasons": [_finding(reason) for reason in health.reasons],
        "warnings": [_finding(warning) for warning in health.warnings],
        "judged": health.judged,
    }


def _finding(finding: Finding) -> FindingRecord:
    return {"cause": finding.cause, "remedy": finding.remedy}


def _point(point: TimelinePoint) -> TimelineRecord:
    return {
        "t_s": point.t_s,
        "offered": _figure(point.offered),
        "tps": _figure(point.tps),
        "p50_ms": _figure(point.p50_ms),
        "p95_ms": _figure(point.p95_ms),
        "errors": point.errors,
        "in_flight": point.in_flight,
    }


def _check(check: Check) -> CheckRecord:
    return {
        "scope": check.scope,
        "metric": check.metric,
        "limit": check.limit,
        "source": check.source,
        "observed": _bound(check.observed),
        "lower": _bound(check.lower),
        "upper": _bound(check.upper),
        "n": check.n,
        "n_eff": check.n_eff,
        "outcome": check.outcome,
        "proven": check.proven,
        "note": check.note,
    }
