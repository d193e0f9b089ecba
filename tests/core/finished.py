"""Makes the result of a load as it is when the load is over."""

from __future__ import annotations

import math
from typing import Any

from recordings import TIMEOUT, Row, recording

from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.results.result import LoadResult
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.trust.validity import examine

ROWS = [
    Row(99.0, 99.0, 99.5, 6, 1),
    Row(100.0, 100.0, 100.1, 0, 0),
    Row(101.5, 101.5, 101.7, 0, 1),
    Row(102.0, 102.0, 104.0, TIMEOUT, 0),
]
CHECKS = [
    Check("total", "p95", "<= 250 ms", "perf_budget mark", math.inf, 3, "fail", "too few", 80.0, math.inf, 2, False),
    Check("a.tar.gz", "mean", "<= 1 s", "perf_budget mark", math.nan, 0, "fail"),
    Check("total", "tps", ">= 1", "perf_budget mark", 1.5, 3, "pass", at_least=1.0, unit="requests/s"),
]
GIVEN: dict[str, Any] = {
    "label": "calm",
    "endpoint": EndpointFacts("staging", "abalone", "us-east-1", "https://runtime.example"),
    "profile": LoadProfile(tps=1, models={"a.tar.gz": 1}),
    "transport": "http",
    "transport_reason": "default",
    "checks": CHECKS,
    "notes": ["a note"],
}


def load() -> Recording:
    stages = (StageSpan("1", 0.0, 2.0, tps=1), StageSpan("2", 2.0, 4.0, tps=2))
    failure = InvocationFailure("ModelError", "the model\nraised", 424, 500)
    return recording(
        ROWS, 100.0, 104.0, unsent=[(103.0, 2)], stages=stages, examples={"ModelError": failure}, offered_tps=1.0
    )


def result(**changes: Any) -> LoadResult:
    found = load()
    measured = measure(found)
    health = examine(found, measured, budgeted_scopes=[ScopeName("model", "b.tar.gz"), TOTAL], simulated=False)
    return build_result(found, measured, health, **(GIVEN | changes))
