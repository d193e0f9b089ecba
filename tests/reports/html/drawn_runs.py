"""Makes runs of every kind a page has to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
from drawn_loads import STAGING, Floats, measured

from pytest_smload.core.baselines.comparison import Comparison
from pytest_smload.core.baselines.outcome import BaselineOutcome, MetricComparison
from pytest_smload.core.capacity.capacity import Capacity, at_least_check
from pytest_smload.core.capacity.level import Interval, Level
from pytest_smload.core.diagnosis.finding import Diagnosis
from pytest_smload.core.limits.check import Check, Unit
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.measure.figures import MixShare, WarmupCounts
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.control import ControlResult
from pytest_smload.core.results.result import LoadResult, OtherFailure, Rerun, RunResult, TestResult, Verdict
from pytest_smload.core.safety.cost import LoadCost
from pytest_smload.core.samples.generators import Generator
from pytest_smload.core.scaling.record import InstanceCount, ScalingActivity, ScalingPhase, ScalingRecord
from pytest_smload.core.server.server_side import ServerSeries, ServerSide
from pytest_smload.core.server.variant import ServingVariant
from pytest_smload.core.trust.health import Finding
from pytest_smload.reports.json_report import parse_report, run_json


def attempt_of(
    *loads: LoadResult,
    nodeid: str = "tests/perf/test_abalone.py::test_weighted",
    attempt: int = 1,
    verdict: Verdict | None = None,
    capacities: Sequence[Capacity] = (),
) -> TestResult:
    """Return a test's attempt, its verdict the worst of what ran in it."""
    verdicts = {each.verdict for each in (*loads, *capacities)}
    worst: tuple[Verdict, ...] = ("interrupted", "invalid", "fail", "pass")
    found = verdict or next(each for each in worst if each in verdicts)
    return TestResult(nodeid, attempt, found, loads, tuple(capacities))


def of(*tests: TestResult, **facts: Any) -> RunResult:
    """Return the run of *tests*, after a trip through report.json."""
    given = {"started_at": "2026-01-01T00:00:00+00:00", "version": "0.1.0", "commit": "0" * 40, "branch": "main"}
    run = RunResult(**given | facts, tests=tests)  # type: ignore[arg-type]
    return parse_report(run_json(run).encode(), "report.json")


def small() -> RunResult:
    """One load that passes."""
    return of(attempt_of(measured(1)))


def many_models(count: int = 200) -> RunResult:
    """A load over *count* models with a limit on each, one of them slow."""
    names = [f"tenant-{number:03}.tar.gz" for number in range(count)]

    def slow_ms(draw: np.random.Generator, due_s: Floats, model: Floats) -> Floats:
        return draw.lognormal(3.3, 0.45, len(due_s)) * np.where(model == min(17, count - 1), 6, 1)

    load = measured(
        2, models=names, tps=200, latency_ms=slow_ms, model_limits={"p95": "150ms"}, limits={"p95": "200ms"},
        error_share=0.02,
    )  # fmt: skip
    return of(attempt_of(load, nodeid="tests/perf/test_tenants.py::test_all"))


def failed() -> RunResult:
    """Two modes of latency that break limits, failures of two kinds, stalls of the client, and what explains them."""

    def two_modes_ms(draw: np.random.Generator, due_s: Floats, model: Floats) -> Floats:
        slow = draw.random(len(due_s)) < np.where(due_s > 30, 0.3, 0.05)
        return draw.lognormal(np.where(slow, 6.2, 3.2), 0.25)

    load = measured(
        3, latency_ms=two_modes_ms, error_share=0.3, stalls_s=(12, 13.5, 40), notes=["the file's p95 is looser"],
        model_limits={"p95": "150ms"},
    )  # fmt: skip
    why = Diagnosis(
        "cache", "the models do not fit in memory: ModelCacheHit 62%", {"model_cache_hit": 0.62}, "use more"
    )
    warning = Finding("the client's loop was late by up to 200 ms", "close what else runs on the machine")
    load = replace(load, diagnosis=(why,), client=replace(load.client, warnings=(warning,)))
    return of(attempt_of(load), failures=(OtherFailure("tests/perf/test_body.py::test_other", "AssertionError: no"),))


def invalid() -> RunResult:
    """A load whose client was too slow, beside one that passed."""
    load = measured(4)
    reason = Finding("the client itself was too slow: its delay adds 31.2 ms to p95", "lower the rate, or use workers")
    client = replace(load.client, valid=False, cpu=0.99, delay_p95_ms=41.0, delay_p99_ms=212.0, reasons=(reason,))
    return of(
        attempt_of(replace(load, client=client), nodeid="tests/perf/test_busy.py::test_busy"),
        attempt_of(measured(5), nodeid="tests/perf/test_calm.py::test_calm"),
    )


STAGES = (Stage("10s", tps=20, name="ramp", to=60), Stage("3s", tps=60, name="a very long name of a stage"),
          Stage("3s", tps=60, name="spike"), Stage("24s", tps=30, name="calm"))  # fmt: skip


def several_loads() -> RunResult:
    """Phases, stages, reruns, an interrupted load, and a test attempted twice."""
    staged = measured(6, stages=STAGES, window_s=40, label="phase one")
    rerun = Rerun("2026-01-01T00:02:00+00:00", 1000, 0, 3, {}, WarmupCounts(10, 0, {}), valid=True)
    again = replace(measured(7, label="phase two", window_s=20), reruns=(rerun,))
    slow = measured(8, limits={"p95": "20ms"}, window_s=20)
    cut = replace(measured(9, window_s=8), interrupted=True)
    return of(
        attempt_of(staged, again, nodeid="tests/perf/test_phases.py::test_phases"),
        attempt_of(slow, nodeid="tests/perf/test_again.py::test_again"),
        attempt_of(measured(8, window_s=20), nodeid="tests/perf/test_again.py::test_again", attempt=2),
        attempt_of(measured(10, limits={}, window_s=20), nodeid="tests/perf/test_free.py::test_without_limit"),
        attempt_of(cut, nodeid="tests/perf/test_cut.py::test_cut"),
    )


def _level(tps: float, verdict: Any, p95_ms: float, purpose: Any = "up") -> Level:
    def ms(value: float) -> Interval:
        return Interval(value, value * 0.9, value * 1.15)

    check = Check(
        "total", "p95", "<= 250 ms", "the mark", p95_ms, 900, "fail" if verdict == "broken" else "pass", at_most=250.0,
        lower=p95_ms * 0.9, upper=p95_ms * 1.15, n_eff=500,
    )  # fmt: skip
    return Level(
        offered_tps=tps, purpose=purpose, verdict=verdict, why="p95 is not <= 250 ms" if verdict == "broken" else "",
        tps=Interval(tps * 0.99, tps * 0.95, tps), p50_ms=ms(p95_ms / 3), p95_ms=ms(p95_ms), p99_ms=ms(p95_ms * 1.6),
        error_rate=Interval(0.0, 0.0, 0.01), requests=900, window_s=60.0, started_at="", errors={}, checks=(check,),
    )  # fmt: skip


def searched(label: str | None = None, *, levels: int = 6, **facts: Any) -> Capacity:
    """Return a search whose first levels keep the budget; of one level, that."""
    curve = [
        _level(50, "kept", 60), _level(100, "kept", 75), _level(200, "kept", 180), _level(400, "broken", 2100),
        _level(208, "broken", 290, "bisect"), _level(200, "kept", 175, "confirm"),
    ][:levels]  # fmt: skip
    binding = curve[4].checks[0] if levels > 4 else None
    given = {
        "label": label, "tps": max(each.offered_tps for each in curve if each.verdict == "kept"),
        "not_kept_tps": 208.0 if levels > 4 else float("inf"), "binding": binding, "confirmed": levels > 4,
        "levels": tuple(curve), "hourly_usd": 0.23, "instances_known": True,
    }  # fmt: skip
    profile = {"tps": 50.0, "arrivals": "poisson", "duration": "60s", "warmup": "10s"}
    return Capacity(endpoint=STAGING, profile=profile, started_at="2026-01-01", **given | facts)


def capacities() -> RunResult:
    """Three searches: one that has what was asked for, one that has not, one of a single level."""
    enough = at_least_check(150, tps=200, not_kept_tps=208, probes=6, kept=True, decided=True, why="")
    short = at_least_check(300, tps=200, not_kept_tps=208, probes=6, kept=False, decided=True, why="")
    found = (searched("ml.m5.large", check=enough), searched("ml.c5.large", check=short, hourly_usd=0.12))
    return of(
        attempt_of(
            nodeid="tests/perf/test_sizing.py::test_sizing", capacities=(*found, searched("one level", levels=1))
        )
    )


def control() -> RunResult:
    """An A/B run: the load beside its control, one budget held, one not, one undecided; and settings that differ."""
    load, other = measured(11, label="new"), measured(12)

    def compared(decision: Any, metric: str, ratio: float, width: float) -> MetricComparison:
        comparison = Comparison(
            decision, ratio, ratio / width, ratio * width, 1.1, 52.0, 1, 0.02, 0.05, 0.07, 0.12, shared=0.6
        )
        return MetricComparison("total", metric, "10%", decision, "control", comparison)

    found = (
        compared("pass", "p50", 1.01, 1.04),
        compared("fail", "p95", 1.42, 1.1),
        compared("undecided", "p99", 1.08, 1.3),
    )
    beside = ControlResult(
        name="old", endpoint=EndpointFacts("old", "tenants-old", "us-east-1", "https://runtime.sagemaker.example"),
        total=other.total, models={"a.tar.gz": 1, "b.tar.gz": 1}, mix={"a.tar.gz": MixShare(0.5, 0.5)}, errors={},
        sent=other.sent, unsent=0, warmup=other.warmup, client=other.client, comparisons=found,
        distribution=other.distribution,
    )  # fmt: skip
    worse = Check(
        "total", "p95", "<= 110% of control 52 ms", "perf_budget mark", 73.8, 2400, "fail", at_most=57.2,
        lower=66.0, upper=81.0, n_eff=900, base=52.0,
    )  # fmt: skip
    changed = replace(
        measured(13, label="baseline"),
        baseline=BaselineOutcome("changed", "1", {}, changes=("duration: 60s -> 120s", "models: 2 -> 3")),
    )
    held = replace(
        measured(14, label="compared"),
        baseline=BaselineOutcome(
            "compared", "2", {}, runs=5, comparisons=tuple(replace(each, against="latest") for each in found)
        ),
    )
    return of(attempt_of(replace(load, control=beside, checks=(*load.checks, worse)), changed, held))


def of_series(
    name: str,
    metric: str,
    unit: Unit,
    period_s: int,
    values: tuple[float, ...],
    *,
    begin_s: float = 0.0,
    end_s: float | None = None,
    variant: str = "AllTraffic",
) -> ServerSeries:
    """Return a series of whole periods, unless it ends before."""
    return ServerSeries(
        name=name,
        metric=metric,
        variant=variant,
        unit=unit,
        begin_s=begin_s,
        end_s=begin_s + len(values) * period_s if end_s is None else end_s,
        period_s=period_s,
        values=values,
    )


def hosted() -> RunResult:
    """CloudWatch's figures, an instance that arrives under load, cost, workers, variants."""
    workers = [
        Generator(
            host=f"worker-{place}", pid=100 + place, sent=1200, cpu=0.2 + 0.3 * place, delay_p95_ms=0.2,
            delay_p99_ms=0.9, loop_lag_p95_ms=0.3, stalled_share=0.0, clock_offset_ms=0.1, clock_uncertainty_ms=0.05,
            clock_moved_ms=0.0,
        )
        for place in range(2)
    ]  # fmt: skip

    def scaled_ms(draw: np.random.Generator, due_s: Floats, model: Floats) -> Floats:
        return draw.lognormal(np.where(due_s < 40, 4.2 + 0.01 * due_s, 3.2), 0.3)

    load = measured(15, latency_ms=scaled_ms, workers=workers, limits={"p95": "150ms", "tps": "90%"})
    series = (
        of_series("model_latency_mean", "ModelLatency", "ms", 60, (49.8,)),
        of_series("overhead_latency_mean", "OverheadLatency", "ms", 60, (0.9,)),
        of_series("cpu_utilization_max", "CPUUtilization", "ratio", 10, (0.7, 0.81, 0.832, nan, 0.41, 0.38)),
        of_series("cpu_utilization_mean", "CPUUtilization", "ratio", 10, (0.69, 0.8, 0.8, nan, 0.4, 0.36)),
        of_series("memory_utilization_max", "MemoryUtilization", "ratio", 10, (0.38, 0.4, 0.4, nan, 0.39, 0.39)),
        of_series("invocations", "Invocations", "requests", 60, (2400.0,)),
        of_series("concurrent_requests_max", "ConcurrentRequestsPerModel", "requests", 10, (3.0, 4, 4, 4, 2, 1)),
    )
    server = ServerSide(
        window_begin="2026-01-01T00:00:00+00:00", window_end="2026-01-01T00:01:00+00:00", period_s=60,
        variants=(ServingVariant("AllTraffic", "ml.m5.large", 2, 1.0, 2, 0),), sent=2400, counted=2400,
        sent_in_all=2600, counted_in_all=2600, client_ms=52.3, model_ms=49.8, overhead_ms=0.9, rest_ms=1.6,
        figures={"cpu_utilization_max": 0.832, "cpu_utilization_mean": 0.61, "memory_utilization_max": 0.4},
        series=series,
    )  # fmt: skip
    activity = ScalingActivity(-3.0, 38.0, 1, 2, "Successful", "monitor alarm TargetTracking in state ALARM")
    scaling = ScalingRecord(
        "autoscaled 1..4 at 1,000 a minute", "AllTraffic", -5.0, (InstanceCount(-5.0, 1), InstanceCount(38.0, 2)),
        (activity,),
        (ScalingPhase("during", 0, 38, 1500, 1500, 66, 120), ScalingPhase("after", 38, 60, 900, 900, 24, 40)),
    )  # fmt: skip
    busy = Check(
        "total", "cpu_utilization_max", "<= 70%", "perf_budget mark", 0.832, 1, "fail", at_most=0.7, unit="ratio"
    )
    cost = LoadCost(0.23, 1.6)
    load = replace(load, server=server, scaling=scaling, cost=cost, checks=(*load.checks, busy))
    return of(attempt_of(load, nodeid="tests/perf/test_story.py::test_second_instance"))


def ten_tests() -> RunResult:
    """Ten tests, a load each, every third one failing."""
    return of(
        *(
            attempt_of(
                measured(20 + place, window_s=10, limits={"p95": "20ms" if place % 3 == 2 else "200ms"}),
                nodeid=f"tests/perf/test_{place}.py::test_load",
            )
            for place in range(10)
        )
    )


ALL = {
    "small": small, "models": many_models, "failed": failed, "invalid": invalid, "several": several_loads,
    "capacity": capacities, "control": control, "hosted": hosted, "ten": ten_tests,
}  # fmt: skip
