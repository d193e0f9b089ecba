"""Makes levels, checks and capacities of which a test names only what it is about."""

from __future__ import annotations

from math import inf
from typing import Any

from pytest_smload.core.capacity.capacity import Capacity
from pytest_smload.core.capacity.level import Interval, Level, LevelVerdict
from pytest_smload.core.limits.check import Check
from pytest_smload.core.request.endpoint import EndpointFacts


def check(metric: str = "p95", outcome: Any = "pass", *, proven: bool = True, **facts: Any) -> Check:
    given = {"observed": 300.0 if outcome == "fail" else 100.0, "at_most": 250.0, **facts}
    return Check("total", metric, "<= 250 ms", "here", given.pop("observed"), 1000, outcome, proven=proven, **given)


def level(offered_tps: float, verdict: LevelVerdict = "kept", **facts: Any) -> Level:
    exact = Interval(1.0, 1.0, 1.0)
    return Level(
        **{
            "offered_tps": offered_tps,
            "purpose": "up",
            "verdict": verdict,
            "why": "" if verdict == "kept" else "p95 is not <= 250 ms",
            "tps": Interval(offered_tps, offered_tps - 1, offered_tps + 1),
            "p50_ms": exact,
            "p95_ms": Interval(120.0, 110.0, inf),
            "p99_ms": exact,
            "error_rate": Interval(0.0, 0.0, 0.01),
            "requests": 1000,
            "window_s": 60.0,
            "started_at": "2025-01-01T00:00:00+00:00",
            "errors": {},
            "checks": (check(),),
            **facts,
        }
    )


def capacity(tps: float = 200.0, **facts: Any) -> Capacity:
    return Capacity(
        **{
            "label": None,
            "endpoint": EndpointFacts("staging", "abalone", "us-east-1", "https://runtime.example"),
            "profile": {"tps": 50.0, "arrivals": "poisson", "duration": "60s", "warmup": "10s"},
            "started_at": "2025-01-01T00:00:00+00:00",
            "tps": tps,
            "not_kept_tps": tps * 1.04 if tps else 10.0,
            "binding": check(outcome="fail"),
            "confirmed": bool(tps),
            "instances_known": True,
            "levels": (level(tps), level(tps * 1.04, "broken")) if tps else (level(10.0, "broken"),),
            **facts,
        }
    )
