"""The page of ``smload compare``: the table's figures, every text as text, and the spectra of the runs compared."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re

import drawn_runs

from pytest_smload.core.results.demands import parse_demand
from pytest_smload.core.results.result import RunResult
from pytest_smload.core.results.side_by_side import compare_with_first
from pytest_smload.reports.html.side_by_side import comparison_html


def drawn(page: str) -> list[dict[str, object]]:
    packed = re.search(r'id="drawn">(.*?)</script>', page)
    assert packed is not None
    found: list[dict[str, object]] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return found


def page_of(*runs: RunResult) -> str:
    return comparison_html([(f"run {n}", run) for n, run in enumerate(runs)], compare_with_first(runs))


def test_a_run_compared_with_itself() -> None:
    """Each metric's ratio is 1, and both spectra are one line over the other."""
    run = drawn_runs.small()
    demands = [parse_demand("p95 +10%")]
    loads = compare_with_first([run, run], demands)
    page = comparison_html([("before", run), ("after", run)], loads)
    (chart,) = drawn(page)

    assert "p95" in page
    assert "A  before" in page
    assert [trace["name"] for trace in chart["data"]] == ["A", "B"]  # type: ignore[index, attr-defined]
    assert chart["data"][0]["y"] == chart["data"][1]["y"]  # type: ignore[index]
    assert chart["columns"]["A ms"] == chart["columns"]["B ms"]  # type: ignore[index]


def test_text_is_text() -> None:
    """A node id that is markup changes no element of the page; nothing is fetched."""
    run = drawn_runs.small()
    (test,) = run.tests
    hostile = dataclasses.replace(
        run, tests=(dataclasses.replace(test, nodeid="t.py::</h2><script>alert(1)</script>"),)
    )
    page = page_of(hostile, hostile)

    assert "<script>alert" not in page
    assert page.count("<script") == page_of(run, run).count("<script")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_runs_without_a_common_load_have_no_chart() -> None:
    """What has no partner is named, and nothing is drawn of it."""
    run = drawn_runs.small()
    (test,) = run.tests
    other = dataclasses.replace(run, tests=(dataclasses.replace(test, nodeid="t.py::test_other"),))
    page = page_of(run, other)

    assert drawn(page) == []
    assert "has no such load" in page
