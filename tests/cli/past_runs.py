"""Builds runs as report.json has them, from the few figures a test is about."""

from __future__ import annotations

from dataclasses import fields
from math import nan
from typing import TYPE_CHECKING, Any

from pytest_smload.core.limits.check import Check, Unit
from pytest_smload.core.measure.figures import ColdStarts, Figures, Stats, TimelinePoint, WarmupCounts
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.result import LoadResult, RunResult, TestResult, Verdict
from pytest_smload.core.safety.cost import LoadCost
from pytest_smload.core.trust.health import ClientHealth, Finding
from pytest_smload.reports.json_report import run_json, run_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NODEID = "tests/perf/test_abalone.py::test_weighted"
STAGING = EndpointFacts("staging", "abalone-staging", "us-east-1", "https://runtime.example", "111122223333")
PROFILE = {"tps": 50, "arrivals": "poisson", "duration": "60s", "warmup": "10s", "timeout": "70s", "seed": 0}
_UNITS: dict[str, Unit] = {"tps": "requests/s", "error_rate": "ratio"}


def stats(*, p95_ms: float = 200.0, tps: float = 50.0, requests: int = 3000, errors: int = 0) -> Stats:
    """Figures around a p95."""
    return Stats(
        requests=requests,
        ok=requests - errors,
        errors=errors,
        error_rate=errors / requests,
        tps=tps,
        mean_ms=0.3 * p95_ms,
        min_ms=0.1 * p95_ms,
        p50_ms=0.25 * p95_ms,
        p90_ms=0.8 * p95_ms,
        p95_ms=p95_ms,
        p99_ms=1.4 * p95_ms,
        p99_9_ms=2.0 * p95_ms,
        max_ms=3.0 * p95_ms,
        service_p50_ms=0.25 * p95_ms,
        service_p95_ms=p95_ms,
        bytes_in=1000,
        bytes_out=1000,
        cold=ColdStarts(0, nan, nan, nan, 0),
    )


def check(metric: str, observed: float, lower: float | None, upper: float | None, **changes: Any) -> Check:
    """A check of the whole load."""
    given: dict[str, Any] = {
        "scope": "total",
        "limit": "<= 400 ms",
        "source": "perf_budget mark",
        "n": 3000,
        "n_eff": 2500,
        "outcome": "pass",
        "unit": _UNITS.get(metric, "ms"),
    }
    return Check(metric=metric, observed=observed, lower=lower, upper=upper, **given | changes)


def client(*, valid: bool = True, judged: bool = True) -> ClientHealth:
    """The client's part."""
    reasons = () if valid else (Finding("the client was late", "use a quieter machine"),)
    return ClientHealth(0.3, 0.1, 0.2, 0.02, 0.01, 0.3, 1.2, valid=valid, reasons=reasons, judged=judged)


def timeline(seconds: int, *, tps: int = 50, errors: int = 0) -> tuple[TimelinePoint, ...]:
    """Seconds that are all alike."""
    return tuple(
        TimelinePoint(float(s), float(tps + errors), float(tps), 50.0, 200.0, errors, 3) for s in range(seconds)
    )


def load(
    *,
    p95_ms: float = 200.0,
    within: float | None = 0.03,
    tps: float = 50.0,
    errors: int = 0,
    usd: float | None = None,
    figures: Stats | None = None,
    **changes: Any,
) -> LoadResult:
    """A load whose p95 has an interval of *within* on either side; None for no limit on it."""
    total = figures or stats(p95_ms=p95_ms, tps=tps, errors=errors)
    given: dict[str, Any] = {each.name: getattr(total, each.name) for each in fields(Figures)}
    checks = [] if within is None else [check("p95", p95_ms, p95_ms * (1 - within), p95_ms * (1 + within))]
    given |= {
        "label": None,
        "endpoint": STAGING,
        "profile": PROFILE,
        "transport": "http",
        "transport_reason": "default",
        "started_at": "2026-01-02T03:04:05+00:00",
        "window_s": 60.0,
        "offered_tps": 50.0,
        "scheduled": total.requests,
        "sent": total.requests,
        "unsent": 0,
        "cap_hits": 0,
        "connects": 0,
        "in_flight_at_end": 0,
        "interrupted": False,
        "warmup": WarmupCounts(400, 0, {}),
        "models": {},
        "stages": {},
        "mix": {},
        "errors": {"ModelError": errors} if errors else {},
        "examples": {},
        "client": client(),
        "timeline": timeline(60),
        "checks": tuple(checks),
        "cost": None if usd is None else LoadCost(1.0, usd),
    }
    return LoadResult(**given | changes)


def attempt(*loads: LoadResult, nodeid: str = NODEID, number: int = 1, verdict: Verdict | None = None) -> TestResult:
    """One attempt of a test, with the worst verdict of its loads."""
    ranked: tuple[Verdict, ...] = ("interrupted", "invalid", "fail", "pass")
    verdicts = {each.verdict for each in loads}
    worst = next((each for each in ranked if each in verdicts), "pass")
    return TestResult(nodeid, number, verdict or worst, loads)


def run(*tests: TestResult, **changes: Any) -> RunResult:
    """A run of these tests."""
    given: dict[str, Any] = {"started_at": "2026-01-02T03:04:00+00:00", "version": "0.1.0", "commit": "abc123"}
    return RunResult(tests=tests, **given | changes)


def write(folder: Path, result: RunResult) -> Path:
    """Write *result* as report.json into *folder*, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    path.write_text(run_json(result), encoding="utf-8")
    return path


def one_load_run(*, at: str = "2026-01-02T03:04:05+00:00", commit: str = "abc123", **figures: Any) -> RunResult:
    """A run of one load."""
    return run(attempt(load(started_at=at, **figures)), started_at=at, commit=commit)


def days(count: int, *, month: int = 1) -> Sequence[str]:
    """So many times, a day apart."""
    return [f"2026-{month + day // 28:02}-{day % 28 + 1:02}T03:04:05+00:00" for day in range(count)]


def record(result: RunResult) -> Any:
    """*result* as JSON values."""
    return run_record(result)
