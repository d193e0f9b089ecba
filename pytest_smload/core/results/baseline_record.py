"""Turns what a load and its baseline came to into the ``baseline`` object of ``report.json``."""

from __future__ import annotations

import math
from typing import Any, Literal, NotRequired, TypedDict

from pytest_smload.core.baselines.comparison import Comparison, Decision
from pytest_smload.core.baselines.outcome import BaselineOutcome, BaselineState, MetricComparison


class ComparisonRecord(TypedDict):
    """A run held against recorded ones; ratios, a null *upper* is infinite."""

    decision: Decision
    ratio: float | None
    lower: float | None
    upper: float | None
    allowed: float
    base: float
    runs: int
    noise: float
    attainable: float | None
    attainable_now: float | None


class MetricComparisonRecord(TypedDict):
    """One regression budget; *anchor* and *rerun* are there where there was one."""

    scope: str
    metric: str
    budget: str
    decision: Decision
    against: Literal["latest", "anchor"]
    latest: ComparisonRecord
    anchor: NotRequired[ComparisonRecord]
    rerun: NotRequired[ComparisonRecord]


class BaselineRecord(TypedDict):
    """A load and its baseline."""

    state: BaselineState
    key: str
    runs: int
    changes: list[str]
    fingerprint: dict[str, Any]
    comparisons: list[MetricComparisonRecord]


def baseline_record(outcome: BaselineOutcome) -> BaselineRecord:
    """Return the record of *outcome*."""
    return {
        "state": outcome.state,
        "key": outcome.key,
        "runs": outcome.runs,
        "changes": list(outcome.changes),
        "fingerprint": dict(outcome.fingerprint),
        "comparisons": [_metric(each) for each in outcome.comparisons],
    }


def _metric(each: MetricComparison) -> MetricComparisonRecord:
    record: MetricComparisonRecord = {
        "scope": each.scope,
        "metric": each.metric,
        "budget": each.budget,
        "decision": each.decision,
        "against": each.against,
        "latest": _comparison(each.latest),
    }
    if each.anchor is not None:
        record["anchor"] = _comparison(each.anchor)
    if each.rerun is not None:
        record["rerun"] = _comparison(each.rerun)
    return record


def _comparison(comparison: Comparison) -> ComparisonRecord:
    return {
        "decision": comparison.decision,
        "ratio": _finite(comparison.ratio),
        "lower": _finite(comparison.lower),
        "upper": _finite(comparison.upper),
        "allowed": comparison.allowed,
        "base": comparison.base,
        "runs": comparison.runs,
        "noise": comparison.noise,
        "attainable": _finite(comparison.attainable),
        "attainable_now": _finite(comparison.attainable_now),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
