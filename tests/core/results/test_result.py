"""The record reports are drawn from: its keys, and that JSON keeps it as it is."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from recordings import MODELS, TIMEOUT, Row, recording

from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import Stage, StageSpan
from pytest_smload.core.load.written import profile_record
from pytest_smload.core.measure.measurement import measure
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
    Check("total", "tps", ">= 1", "perf_budget mark", 1.5, 3, "pass"),
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
SCHEMA_STATS = [
    "requests",
    "ok",
    "errors",
    "error_rate",
    "tps",
    "mean_ms",
    "min_ms",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p99_9_ms",
    "max_ms",
    "service_p50_ms",
    "service_p95_ms",
    "bytes_in",
    "bytes_out",
    "cold",
]


def load() -> Recording:
    stages = (StageSpan("1", 0.0, 2.0, tps=1), StageSpan("2", 2.0, 4.0, tps=2))
    failure = InvocationFailure("ModelError", "the model\nraised", 424, 500)
    return recording(
        ROWS, 100.0, 104.0, unsent=[(103.0, 2)], stages=stages, examples={"ModelError": failure}, offered_tps=1.0
    )


def result(**changes: Any) -> LoadResult:
    found = load()
    measured = measure(found)
    health = examine(found, measured, budgeted_scopes=["b.tar.gz", "total"], simulated=False)
    return build_result(found, measured, health, **(GIVEN | changes))


def test_the_totals_figures_are_the_results_own() -> None:
    """A result carries measurement, health and checks unchanged; examples are one line with their statuses."""
    found = result()
    total = measure(load()).total

    assert (found.p50_ms, found.requests, found.ok, found.tps) == (total.p50_ms, 4, 2, 0.5)
    assert (found.scheduled, found.sent, found.unsent) == (4, 3, 1)
    assert found.examples == {"ModelError": "the model raised (HTTP 424, the container's own status 500)"}
    assert found.errors == {"Timeout": 1, "Unsent": 1}
    assert found.verdict == "fail"


def test_a_record_equals_itself_read_back_from_json() -> None:
    """Strict JSON holds it without loss."""
    test = record.test_record("t.py::t", 1, "fail", [record.load_record(result())])
    run = record.run_record(started_at="2025-01-01T00:00:00+00:00", interrupted=False, tests=[test])

    assert json.loads(json.dumps(run, allow_nan=False)) == run
    assert list(run) == ["schema", "started_at", "interrupted", "tests"]
    assert list(run["tests"][0]) == ["nodeid", "attempt", "verdict", "loads"]
    assert run["schema"] == 1


def test_the_keys_of_a_load() -> None:
    """Every key of the schema is there, in its order; baseline and reruns only where a regression budget was held."""
    found = record.load_record(result())
    expected = [
        "label",
        "endpoint",
        "profile",
        "transport",
        "transport_reason",
        "started_at",
        "window_s",
        "offered_tps",
        "scheduled",
        "sent",
        "unsent",
        "cap_hits",
        "connects",
        "in_flight_at_end",
        "interrupted",
        "warmup",
        "total",
        "models",
        "stages",
        "mix",
        "errors",
        "examples",
        "client",
        "timeline",
        "checks",
        "notes",
    ]

    assert list(found) == expected
    assert [*found, "baseline", "reruns"] == list(get_type_hints(record_schema.LoadRecord))
    for stats in (found["total"], *found["models"].values(), *found["stages"].values()):
        assert list(stats) == SCHEMA_STATS
        assert list(stats["cold"]) == ["touched", "p50_ms", "p95_ms", "max_ms", "suspected"]
    assert list(found["models"]) == list(MODELS)
    assert found["warmup"] == {"sent": 1, "errors": 1, "models": {"a.tar.gz": 0, "b.tar.gz": 1, "c.tar.gz": 0}}
    assert list(found["checks"][0]) == [
        "scope",
        "metric",
        "limit",
        "source",
        "observed",
        "lower",
        "upper",
        "n",
        "n_eff",
        "outcome",
        "proven",
        "note",
    ]
    assert list(found["timeline"][0]) == ["t_s", "offered", "tps", "p50_ms", "p95_ms", "errors", "in_flight"]


def test_numbers_json_has_no_words_for() -> None:
    """What was not measured is null, an infinite observation is "inf"."""
    found = record.load_record(result())

    assert [check["observed"] for check in found["checks"]] == ["inf", None, 1.5]
    assert [(check["lower"], check["upper"], check["n_eff"], check["proven"]) for check in found["checks"]] == [
        (80.0, "inf", 2, False),
        (None, None, None, True),
        (None, None, None, True),
    ]
    nothing_known = {"touched": 0, "p50_ms": None, "p95_ms": None, "max_ms": None, "suspected": 0}
    assert nothing_known == found["models"]["c.tar.gz"]["cold"]
    assert found["models"]["c.tar.gz"]["p95_ms"] is None
    assert found["models"]["c.tar.gz"]["error_rate"] == 1.0
    assert found["stages"]["1"]["bytes_in"] is None


def test_reasons_keep_cause_and_remedy_apart() -> None:
    """A reader of the record can show either."""
    found = recording([], 100.0, 104.0)
    health = examine(found, measure(found), budgeted_scopes=[], simulated=False)

    client = record.load_record(dataclasses.replace(result(), client=health))["client"]

    assert client["reasons"] == [{"cause": health.reasons[0].cause, "remedy": health.reasons[0].remedy}]
    assert (client["valid"], client["bias_p95_ms"]) == (False, None)


def test_the_account_is_there_where_it_is_known() -> None:
    """Without it the key is absent."""
    known = EndpointFacts("staging", "abalone", "us-east-1", "https://runtime.example", "111122223333")

    assert "account" not in record.load_record(result())["endpoint"]
    assert record.load_record(result(endpoint=known))["endpoint"]["account"] == "111122223333"


def test_a_profile_in_the_users_words() -> None:
    """Durations stay text, unset fields and those of the other model are left out, stages are tables."""
    steady = profile_record(LoadProfile(tps=50, duration="5m", models={"m-{0..9}": 1}, payload="p.csv"))
    staged = profile_record(LoadProfile(stages=(Stage("30s", users=2), Stage("1m", users=9, name="peak")), wait="1s"))

    assert steady == {
        "tps": 50,
        "arrivals": "poisson",
        "duration": "5m",
        "warmup": "10s",
        "models": {"m-{0..9}": 1},
        "payload": "p.csv",
        "order": "shuffled",
        "prime": True,
        "prime_timeout": "10m",
        "timeout": "70s",
        "seed": 0,
        "on_unproven": "estimate",
    }
    assert staged["stages"] == [
        {"duration": "30s", "users": 2},
        {"duration": "1m", "users": 9, "name": "peak"},
    ]
    assert {"duration", "arrivals"}.isdisjoint(staged)
    assert staged["wait"] == "1s"


def test_what_may_end_or_extend_a_load_is_in_its_profile() -> None:
    """max_duration, on_unproven, abort_on and priming read as they were written."""
    given: dict[str, Any] = {
        "prime": False,
        "prime_timeout": "5m",
        "max_duration": "10m",
        "on_unproven": "fail",
        "abort_on": {"error_rate": "50%", "for": "10s"},
    }
    kept = profile_record(LoadProfile(tps=1, **given))

    assert given == {name: kept[name] for name in given}


def test_first_touches_are_recorded() -> None:
    """Each scope has its models' first touches, the stages' not among them; later suspects are counted."""
    rows = [Row(99.0, 99.0, 99.5, 0, 0), *(Row(100.0, 100.0, 100.1, 0, model) for model in (0, 1))]
    found = recording(rows, 100.0, 104.0, stages=(StageSpan("1", 0.0, 4.0, tps=1),), offered_tps=1.0)
    measured = measure(found)
    health = examine(found, measured, budgeted_scopes=[], simulated=False)

    kept = record.load_record(build_result(found, measured, health, **GIVEN))

    assert kept["total"]["cold"] == {
        "touched": 2,
        "p50_ms": pytest.approx(100),
        "p95_ms": pytest.approx(500),
        "max_ms": pytest.approx(500),
        "suspected": 0,
    }
    assert [kept["models"][name]["cold"]["touched"] for name in MODELS] == [1, 1, 0]
    assert kept["stages"]["1"]["cold"] == {"touched": 0, "p50_ms": None, "p95_ms": None, "max_ms": None, "suspected": 0}


class Rows:
    """A payload source that is an object."""

    def __call__(self, model: str) -> bytes:
        return model.encode()


def rows_of(model: str, count: int = 1) -> bytes:
    return model.encode() * count


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"secret row", "literal, 10 bytes, sha256 "),
        (["secret", b"row"], "2 literal rows, 9 bytes, sha256 "),
        (Path("rows/a.csv"), str(Path("rows/a.csv"))),
        ("package.module:rows", "package.module:rows"),
        (rows_of, "function test_record:rows_of"),
        (functools.partial(rows_of, count=2), "function functools:partial"),
        (Rows(), "function test_record:Rows"),
    ],
)
def test_payloads_are_described(payload: Any, expected: str) -> None:
    """Never their bytes, and never an address in memory."""
    described = profile_record(LoadProfile(users=1, payload={"a": payload}))["payload"]["a"]

    assert described.startswith(expected)
    assert "secret" not in described
    assert "0x" not in described
    assert described == profile_record(LoadProfile(users=1, payload=payload))["payload"]


def test_different_payloads_are_told_apart() -> None:
    """Where rows begin and end is part of the digest."""
    first, second = (
        profile_record(LoadProfile(users=1, payload=rows))["payload"] for rows in (["ab", "c"], ["a", "bc"])
    )

    assert first != second


def test_thousands_of_models_are_kept_small() -> None:
    """Long tables are given by length, first entry and digest."""
    models = {f"m-{number}": number + 1 for number in range(10_000)}
    kept = profile_record(LoadProfile(users=1, models=models))["models"]
    other = profile_record(LoadProfile(users=1, models=models | {"m-7": 1}))["models"]

    assert (kept["entries"], kept["first"]) == (10_000, "m-0")
    assert kept["sha256"] != other["sha256"]
    assert len(json.dumps(kept)) < 100
