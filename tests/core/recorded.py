"""Baselines for tests to read, write and extend."""

from __future__ import annotations

from math import inf

from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.runs import Baseline, BaselineRun, append

ALPHABET = 'abZ09/:.[]-_ "\\\n\u00e9\ud800\U0001f600'
TEST = "tests/perf/test_abalone.py::test_weighted[rate=50]"
FACTS = {"endpoint": "abalone-mme-staging", "region": "us-east-1", "tps": 50, "models": {"a": 3, "b": 1}}


def run(day: int, p95: float = 182.4) -> BaselineRun:
    """A run of the *day* of a month."""
    metrics = {"p95": Estimate(p95, p95 - 5, p95 + 6), "xgboost-1.tar.gz p95": Estimate(p95 * 2, 0.0, inf)}
    return BaselineRun(f"2026-02-{day:02}T10:11:00Z", 6000, 4100, 3, metrics, commit="abc1234")


def filled(days: int = 2) -> Baseline:
    """A baseline with so many runs."""
    baseline = Baseline(TEST)
    for day in range(1, days + 1):
        baseline = append(baseline, "", FACTS, run(day))
    return baseline
