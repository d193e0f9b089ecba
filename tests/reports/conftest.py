"""Builds results as a run has them, for the reports to be drawn from."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from math import nan
from typing import Any, ClassVar

import pytest

from pytest_smload.core.limits.check import Check, Outcome, Unit
from pytest_smload.core.measure.figures import ColdStarts, Figures, MixShare, Stats, WarmupCounts
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.result import LoadResult, TestResult, Verdict
from pytest_smload.core.trust.health import ClientHealth, Finding
from pytest_smload.reports.json_report import attempt_from, attempt_record

NODEID = "tests/perf/test_abalone.py::test_weighted_traffic"
UNITS: dict[str, Unit] = {"tps": "requests/s", "error_rate": "ratio", "errors": "requests", "requests": "requests"}
BOUNDS = {
    "<= 250 ms": (None, 250.0),
    "<= 400 ms": (None, 400.0),
    "<= 1.5 s": (None, 1500.0),
    "<= 1%": (None, 0.01),
    ">= 40 TPS": (40.0, None),
    ">= 96% of 50 TPS offered": (48.0, None),
}
"""At least and at most, of the limits whose numbers tell something."""


class Records:
    """Makes parts of a result; every argument is a figure a test is about, all others are unremarkable."""

    nodeid = NODEID
    local_endpoint: ClassVar[EndpointFacts] = EndpointFacts("local", "abalone", "us-east-1", "http://127.0.0.1:8080")

    @staticmethod
    def stats(requests: int = 3000, tps: float = 50.0, errors: int = 0, scale: float | None = 1.0) -> Stats:
        factor = nan if scale is None else scale
        return Stats(
            requests=requests,
            ok=requests - errors,
            errors=errors,
            error_rate=errors / requests if requests else nan,
            tps=tps,
            mean_ms=40.0 * factor,
            min_ms=12.0 * factor,
            p50_ms=28.43 * factor,
            p90_ms=81.0 * factor,
            p95_ms=212.4 * factor,
            p99_ms=253.0 * factor,
            p99_9_ms=300.0 * factor,
            max_ms=1531.0 * factor,
            service_p50_ms=28.0 * factor,
            service_p95_ms=210.0 * factor,
            bytes_in=1000,
            bytes_out=1000,
            cold=ColdStarts(0, nan, nan, nan, 0),
        )

    @staticmethod
    def check(
        metric: str = "p95",
        observed: float = 212.4,
        limit: str = "<= 250 ms",
        *,
        scope: str = "total",
        source: str = "perf_budget mark",
        outcome: Outcome = "pass",
        note: str = "",
        n: int = 3000,
        interval: tuple[float | None, float | None] = (None, None),
        n_eff: int | None = None,
        proven: bool = True,
    ) -> Check:
        lower, upper = interval
        at_least, at_most = BOUNDS.get(limit, (None, None))
        return Check(
            scope=scope,
            metric=metric,
            limit=limit,
            source=source,
            observed=observed,
            lower=lower,
            upper=upper,
            n=n,
            n_eff=n_eff,
            outcome=outcome,
            proven=proven,
            note=note,
            at_least=at_least,
            at_most=at_most,
            unit=UNITS.get(metric.partition(".")[0], "ms"),
        )

    @classmethod
    def passing_checks(cls) -> list[Check]:
        return [
            cls.check(interval=(204.0, 221.0), n_eff=1700),
            cls.check("tps", 49.8, ">= 96% of 50 TPS offered", interval=(47.3, 52.3), n_eff=3000, proven=False),
            cls.check("error_rate", 0.0, "<= 1%", source="built in", interval=(0.0, 0.0012), n_eff=3000),
            cls.check(scope="xgboost-1.tar.gz", observed=233.0, limit="<= 400 ms", interval=(210.0, 271.0), n=751),
        ]

    @classmethod
    def failing_checks(cls) -> list[Check]:
        source = 'smload.toml [budgets."tests/perf/test_abalone.py"]'
        slow = cls.check(scope="xgboost-1.tar.gz", observed=812.0, limit="<= 400 ms", source=source, outcome="fail")
        return [*cls.passing_checks()[:3], replace(slow, lower=640.0, upper=1220.0, n=751, n_eff=402)]

    @staticmethod
    def client(**changes: Any) -> ClientHealth:
        health = ClientHealth(
            cpu=0.34,
            delay_p95_ms=0.12,
            delay_p99_ms=0.81,
            bias_p95_ms=0.02,
            lag_bias_p95_ms=0.01,
            loop_lag_p95_ms=0.3,
            loop_lag_p99_ms=1.2,
            valid=True,
        )
        return replace(health, **changes)

    @classmethod
    def invalid_client(cls, *reasons: tuple[str, str], **changes: Any) -> ClientHealth:
        """A client that cannot be trusted, for so many (cause, remedy)."""
        return cls.client(valid=False, reasons=tuple(Finding(*reason) for reason in reasons), **changes)

    @classmethod
    def load(cls, *, total: Stats | None = None, **changes: Any) -> LoadResult:
        figures = total or cls.stats()
        given: dict[str, Any] = {each.name: getattr(figures, each.name) for each in fields(Figures)}
        given |= {
            "label": None,
            "endpoint": EndpointFacts(
                "staging",
                "abalone-mme-staging",
                "us-east-1",
                "https://runtime.sagemaker.us-east-1.amazonaws.com",
                "111122223333",
            ),
            "profile": {"tps": 50, "arrivals": "poisson", "duration": "60s", "warmup": "10s", "timeout": "70s"},
            "transport": "http",
            "transport_reason": "default",
            "started_at": "2026-01-02T03:04:05+00:00",
            "window_s": 60.0,
            "offered_tps": 50.0,
            "scheduled": 3000,
            "sent": 3000,
            "unsent": 0,
            "cap_hits": 0,
            "connects": 0,
            "in_flight_at_end": 1,
            "interrupted": False,
            "warmup": WarmupCounts(400, 0, {}),
            "models": {
                "xgboost-0.tar.gz": cls.stats(2249, 37.4),
                "xgboost-1.tar.gz": cls.stats(751, 12.4, scale=1.1),
            },
            "stages": {},
            "mix": {"xgboost-0.tar.gz": MixShare(0.75, 0.7497), "xgboost-1.tar.gz": MixShare(0.25, 0.2503)},
            "errors": {},
            "examples": {},
            "client": cls.client(),
            "timeline": (),
            "checks": cls.passing_checks(),
        }
        given |= changes
        return LoadResult(**given | {"checks": tuple(given["checks"])})

    @classmethod
    def single_model_load(cls, **changes: Any) -> LoadResult:
        return cls.load(**({"models": {}, "mix": {}, "checks": [cls.check()]} | changes))

    @classmethod
    def many_models_load(cls, count: int = 200, **changes: Any) -> LoadResult:
        """A zipf-like load; the last model but two has a failing check, the last one the worst p95."""
        names = [f"model-{number:03}.tar.gz" for number in range(count)]
        models = {name: cls.stats(2000 // place, 30 / place) for place, name in enumerate(names, start=1)}
        models[names[-1]] = replace(models[names[-1]], p95_ms=4000.0)
        mix = {name: MixShare(0.17 / place, 0.171 / place) for place, name in enumerate(names, start=1)}
        checks = [cls.check(scope=name, observed=200.0, source="perf_budget mark, each") for name in names]
        checks[-3] = replace(checks[-3], observed=310.0, outcome="fail")
        return cls.load(**({"models": models, "mix": mix, "checks": checks} | changes))

    @classmethod
    def of_test(
        cls, *loads: LoadResult, verdict: Verdict | None = None, attempt: int = 1, nodeid: str = NODEID
    ) -> TestResult:
        """A test's result, after a trip through report.json."""
        verdicts = [load.verdict for load in loads]
        worst_first: tuple[Verdict, ...] = ("interrupted", "invalid", "fail", "pass")
        worst = next((each for each in worst_first if each in verdicts), "pass")
        record = attempt_record(TestResult(nodeid, attempt, verdict or worst, loads))
        return attempt_from(json.loads(json.dumps(record, allow_nan=False)))


@pytest.fixture(scope="session")
def records() -> type[Records]:
    """What makes results for the reports under test."""
    return Records
