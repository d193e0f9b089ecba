"""Loads that are spread over something else than models are reported in its words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_smload.core.measure.figures import InvokedVariant
from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
from pytest_smload.reports.json_report import load_record
from pytest_smload.reports.markdown.report import run_markdown
from pytest_smload.reports.text.terminal import run_lines
from pytest_smload.reports.words.details import variant_lines


def spread_over(records: Any, field: str, kind: str) -> LoadResult:
    """A load over 200 names of *kind*, the last but two of which has a failing check."""
    load = records.many_models_load()
    checks = tuple(replace(check, scope=f"{kind} {check.scope}") for check in load.checks)
    return replace(load, models={}, checks=checks, **{field: dict(load.models)})


def text_of(*tests: TestResult, verbosity: int = 1) -> str:
    run = RunResult(started_at="", tests=tests)
    return "\n".join(run_lines(run, 160, verbosity=verbosity, told=()))


@pytest.mark.parametrize(
    ("field", "kind"), [("variants", "variant"), ("containers", "container"), ("components", "component")]
)
def test_tables_are_headed_by_what_they_are_of(records: Any, field: str, kind: str) -> None:
    """Terminal and markdown name the kind, one and many; nothing says model."""
    load = spread_over(records, field, kind)
    test = records.of_test(load, nodeid="t.py::test_many")
    assert (load.route_kind, len(load.routes)) == (kind, 200)
    assert f"200 {field}>" in repr(load)

    table = text_of(test)
    assert "  model-197.tar.gz " in table
    assert f"  {kind} " in table
    assert f"more {kind}s are in report.json" in table
    assert f"worst {kind}" in text_of(test, verbosity=0)
    shown = run_markdown(RunResult(started_at="", tests=(test,)))
    assert f"| {kind} | share |" in shown
    assert f"200 {kind}s" in shown
    for text in (table, shown):
        assert "model " not in text.replace("model-", "")


def test_kinds_side_by_side_have_one_heading(records: Any) -> None:
    """Where tests differ in what they are spread over, the column is of each."""
    tests = [
        records.of_test(spread_over(records, f"{kind}s", kind), nodeid=f"t.py::test_{kind}")
        for kind in ("variant", "component")
    ]

    assert "worst of each" in text_of(*tests, verbosity=0)


def variant(ok: int, share: float) -> InvokedVariant:
    return InvokedVariant(ok, share, 1.0, 2.0, 3.0)


def test_who_answered_is_a_line(records: Any) -> None:
    """Most frequent first, and few of many; nothing where there was no choice."""
    load = records.load()
    both = replace(load, invoked_variants={"a": variant(10, 0.1), "b": variant(90, 0.9)})
    assert variant_lines(both) == ["answered by variants: b 90% (p95 2 ms), a 10% (p95 2 ms)"]
    assert variant_lines(replace(load, invoked_variants={"a": variant(10, 1.0)})) == []
    assert variant_lines(load) == []
    many = {f"v{number}": variant(100 - number, 0.1) for number in range(20)}
    assert variant_lines(replace(load, invoked_variants=many))[0].endswith("v7 10% (p95 2 ms) and 12 more")
    asked = replace(spread_over(records, "variants", "variant"), invoked_variants={})
    assert variant_lines(asked) == ["answered by variants: no answer named one"]
    lone = replace(asked, invoked_variants={"a": variant(10, 1.0)})
    assert variant_lines(lone) == ["answered by variants: a 100% (p95 2 ms)"]


def test_the_record_has_them(records: Any) -> None:
    """report.json has each under its own key, and reads back as it was."""
    load = replace(spread_over(records, "components", "component"), invoked_variants={"a": variant(10, 1.0)})
    record = load_record(load)

    assert (record["models"], list(record["components"])) == ({}, list(load.components))
    assert record["invoked_variants"] == {"a": {"ok": 10, "share": 1.0, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0}}
    (read,) = records.of_test(load).loads
    assert (read.components, read.invoked_variants) == (load.components, load.invoked_variants)
    assert read.route_kind == "component"
