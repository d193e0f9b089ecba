"""Builds records as ``report.json`` has them, for the reports to be drawn from."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

NODEID = "tests/perf/test_abalone.py::test_weighted_traffic"
Json = dict[str, Any]


class Records:
    """Makes parts of a record; every argument is a figure a test is about, all others are unremarkable."""

    nodeid = NODEID
    local_endpoint: ClassVar[Json] = {
        "name": "local",
        "endpoint_name": "abalone",
        "region": "us-east-1",
        "url": "http://127.0.0.1:8080",
    }

    @staticmethod
    def stats(requests: int = 3000, tps: Any = 50.0, errors: int = 0, scale: float | None = 1.0) -> Json:
        def ms(value: float) -> float | None:
            return None if scale is None else value * scale

        return {
            "requests": requests,
            "ok": requests - errors,
            "errors": errors,
            "error_rate": errors / requests if requests else None,
            "tps": tps,
            "mean_ms": ms(40.0),
            "min_ms": ms(12.0),
            "p50_ms": ms(28.43),
            "p90_ms": ms(81.0),
            "p95_ms": ms(212.4),
            "p99_ms": ms(253.0),
            "p99_9_ms": ms(300.0),
            "max_ms": ms(1531.0),
            "service_p50_ms": ms(28.0),
            "service_p95_ms": ms(210.0),
            "bytes_in": 1000,
            "bytes_out": 1000,
            "cold": {"touched": 0, "p50_ms": None, "p95_ms": None, "max_ms": None, "suspected": 0},
        }

    @staticmethod
    def check(
        metric: str = "p95",
        observed: Any = 212.4,
        limit: str = "<= 250 ms",
        *,
        scope: str = "total",
        source: str = "perf_budget mark",
        outcome: str = "pass",
        note: str = "",
        n: int = 3000,
        interval: tuple[Any, Any] | None = None,
        n_eff: int | None = None,
        proven: bool = True,
    ) -> Json:
        lower, upper = interval or (None, None)
        return {
            "scope": scope,
            "metric": metric,
            "limit": limit,
            "source": source,
            "observed": observed,
            "lower": lower,
            "upper": upper,
            "n": n,
            "n_eff": n_eff,
            "outcome": outcome,
            "proven": proven,
            "note": note,
        }

    @classmethod
    def passing_checks(cls) -> list[Json]:
        return [
            cls.check(interval=(204.0, 221.0), n_eff=1700),
            cls.check("tps", 49.8, ">= 96% of 50 TPS offered", interval=(47.3, 52.3), n_eff=3000, proven=False),
            cls.check("error_rate", 0.0, "<= 1%", source="built in", interval=(0.0, 0.0012), n_eff=3000),
            cls.check(scope="xgboost-1.tar.gz", observed=233.0, limit="<= 400 ms", interval=(210.0, 271.0), n=751),
        ]

    @classmethod
    def failing_checks(cls) -> list[Json]:
        source = 'smload.toml [budgets."tests/perf/test_abalone.py"]'
        slow = cls.check(scope="xgboost-1.tar.gz", observed=812.0, limit="<= 400 ms", source=source, outcome="fail")
        slow |= {"lower": 640.0, "upper": 1220.0, "n": 751, "n_eff": 402}
        return [*cls.passing_checks()[:3], slow]

    @staticmethod
    def client(**changes: Any) -> Json:
        return {
            "cpu": 0.34,
            "delay_p95_ms": 0.12,
            "delay_p99_ms": 0.81,
            "bias_p95_ms": 0.02,
            "lag_bias_p95_ms": 0.01,
            "loop_lag_p95_ms": 0.3,
            "loop_lag_p99_ms": 1.2,
            "valid": True,
            "reasons": [],
            "warnings": [],
            "judged": True,
        } | changes

    @classmethod
    def load(cls, **changes: Any) -> Json:
        share = {"target_share": 0.75, "achieved_share": 0.7497}
        rest = {"target_share": 0.25, "achieved_share": 0.2503}
        return {
            "label": None,
            "endpoint": {
                "name": "staging",
                "endpoint_name": "abalone-mme-staging",
                "region": "us-east-1",
                "url": "https://runtime.sagemaker.us-east-1.amazonaws.com",
                "account": "111122223333",
            },
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
            "warmup": {"sent": 400, "errors": 0, "models": {}},
            "total": cls.stats(),
            "models": {
                "xgboost-0.tar.gz": cls.stats(2249, 37.4),
                "xgboost-1.tar.gz": cls.stats(751, 12.4, scale=1.1),
            },
            "stages": {},
            "mix": {"xgboost-0.tar.gz": share, "xgboost-1.tar.gz": rest},
            "errors": {},
            "examples": {},
            "client": cls.client(),
            "timeline": [],
            "checks": cls.passing_checks(),
            "notes": [],
        } | changes

    @classmethod
    def single_model_load(cls, **changes: Any) -> Json:
        return cls.load(**({"models": {}, "mix": {}, "checks": [cls.check()]} | changes))

    @classmethod
    def many_models_load(cls, count: int = 200, **changes: Any) -> Json:
        """A zipf-like load; the last model but two has a failing check, the last one the worst p95."""
        names = [f"model-{number:03}.tar.gz" for number in range(count)]
        models = {name: cls.stats(2000 // place, 30 / place) for place, name in enumerate(names, start=1)}
        models[names[-1]]["p95_ms"] = 4000.0
        shares = [(0.17 / place, 0.171 / place) for place in range(1, count + 1)]
        mix = {
            name: {"target_share": target, "achieved_share": achieved}
            for name, (target, achieved) in zip(names, shares, strict=True)
        }
        checks = [cls.check(scope=name, observed=200.0, source="perf_budget mark, each") for name in names]
        checks[-3] |= {"observed": 310.0, "outcome": "fail"}
        return cls.load(models=models, mix=mix, checks=checks, **changes)

    @classmethod
    def of_test(cls, *loads: Json, verdict: str | None = None, attempt: int = 1, nodeid: str = NODEID) -> Json:
        """A test's record, after a trip through JSON as it would be in report.json."""
        if verdict is None:
            failed = any(check["outcome"] == "fail" for load in loads for check in load["checks"])
            verdict = "fail" if failed else "pass"
            verdict = verdict if all(load["client"]["valid"] for load in loads) else "invalid"
        record = {"nodeid": nodeid, "attempt": attempt, "verdict": verdict, "loads": list(loads)}
        return json.loads(json.dumps(record, allow_nan=False))


@pytest.fixture(scope="session")
def records() -> type[Records]:
    """What makes records for the reports under test."""
    return Records
