"""What the page shows and in which order: verdicts, attempts, checks, models, and all a load may have besides."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import drawn_runs
import finished
import pytest
from drawn_loads import measured
from read_page import Page

from pytest_smload.core.results.result import LoadResult, RunResult
from pytest_smload.reports.html.charts import Charts
from pytest_smload.reports.html.fragment import load_html, timeline_html
from pytest_smload.reports.html.page import breakable, run_html
from pytest_smload.reports.html.spectrum import spectrum_chart
from pytest_smload.reports.html.timeline import timeline_chart
from pytest_smload.reports.html.views import run_view
from pytest_smload.reports.json_report import parse_report, read_report


def view(run: RunResult) -> dict[str, Any]:
    return run_view(run, Charts())


@pytest.mark.parametrize("kind", drawn_runs.ALL)
def test_every_kind_of_run_has_a_page(kind: str) -> None:
    """Nothing is fetched from elsewhere, and the record in it is the run."""
    run = drawn_runs.ALL[kind]()
    page = run_html(run)
    assert page.startswith("<!doctype html>")
    packed = Page(page)
    alike(run, parse_report(json.dumps(packed.json("record")).encode(), "the page's"))
    assert "https://" not in page.replace("https://runtime.sagemaker.example", "")
    assert all({"title", "data", "layout", "columns"} <= set(chart) for chart in packed.json("drawn"))


def alike(run: RunResult, found: RunResult) -> None:
    """But for numbers, which have seven digits in a page."""
    for test, other in zip(run.tests, found.tests, strict=True):
        assert (test.nodeid, test.verdict) == (other.nodeid, other.verdict)
        for load, again in zip(test.loads, other.loads, strict=True):
            assert load.p95_ms == pytest.approx(again.p95_ms, rel=1e-6)
            assert load.distribution is not None
            assert again.distribution is not None
            assert load.distribution.routes == again.distribution.routes


def test_failures_come_first_then_invalid() -> None:
    """In the table of verdicts, and among the checks of a load."""
    order = ["fail", "invalid", "interrupted", "pass"]
    run = RunResult(started_at="", tests=tuple(test for kind in drawn_runs.ALL.values() for test in kind().tests))
    found = [row["verdict"] for row in view(run)["rows"]]
    assert sorted(found, key=order.index) == found
    assert set(order) == set(found)
    load = view(drawn_runs.failed())["tests"][0]["loads"][0]
    assert ["FAIL"] * 4 + ["UNDECIDED"] * 2 == [check["word"] for check in load["checks"]]
    assert {"invalid"} == {check["outcome"] for check in load["checks"] if check["word"] == "UNDECIDED"}


def test_an_attempt_that_was_repeated_is_told_apart() -> None:
    """It counts no more, as in the run's verdict, and is there with its load."""
    shown = view(drawn_runs.several_loads())
    assert ["tests/perf/test_again.py::test_again"] == [row["nodeid"] for row in shown["repeated"]]
    assert "fail" == shown["repeated"][0]["verdict"]
    assert [("interrupted", 1), ("pass", 4)] == shown["counts"]
    assert 5 == len(shown["tests"])
    assert ["load phase one", "load phase two"] == [each["which"] for each in shown["tests"][0]["rows"]]


def test_many_kept_checks_unfold() -> None:
    """What is not kept is always shown; of two hundred that are, some."""
    load = view(drawn_runs.many_models())["tests"][0]["loads"][0]
    assert 201 == len(load["checks"]) + len(load["kept"])
    assert "FAIL" == load["checks"][0]["word"]
    assert {"PASS"} == {check["word"] for check in load["kept"]}


def test_models_have_a_row_each_the_worst_first() -> None:
    """With what a table sorts by, and a button where there are charts of it."""
    routes = view(drawn_runs.many_models())["tests"][0]["loads"][0]["routes"]
    assert ("tenant-017.tar.gz", "fail", True) == tuple(routes["rows"][0][key] for key in ("name", "outcome", "opens"))
    assert 200 == len(routes["rows"])
    assert {"share", "requests", "TPS", "p50", "p95", "p99", "max", "errors"} == set(routes["rows"][0]["sort"])
    assert "1.1" == routes["number"]


def test_a_load_with_too_many_models_for_a_table_says_how_many_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the record all the same."""
    monkeypatch.setattr("pytest_smload.reports.html.route_views.MOST_ROUTES", 3)
    run = drawn_runs.many_models(5)
    page = run_html(run)
    assert "2 more are in report.json" in page
    assert 5 == len(Page(page).json("record")["tests"][0]["loads"][0]["models"])


def failing(**changes: Any) -> LoadResult:
    """A load whose models fail in two ways, each with words of its own."""
    load = measured(1, window_s=20, error_share=0.5)
    assert load.distribution is not None
    by_route = load.distribution.errors_by_route
    said = {name: {kind: f"{kind} of {name}" for kind in counts} for name, counts in by_route.items()}
    return replace(load, **{"examples_by_route": said, **changes})


def test_each_model_shows_its_first_failure_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many there were, the most first; of those that failed in the window."""
    load = failing()
    assert load.distribution is not None
    counts = load.distribution.errors_by_route
    errors = view(drawn_runs.of(drawn_runs.attempt_of(load)))["tests"][0]["loads"][0]["errors"]
    expected = {
        (name, kind, str(count), f"{kind} of {name}") for name, row in counts.items() for kind, count in row.items()
    }
    assert 4 == len(expected)
    assert expected == set(errors["firsts"])
    shown = [int(count) for _, _, count, _ in errors["firsts"]]
    assert sorted(shown, reverse=True) == shown
    elsewhere = failing(examples_by_route={"a.tar.gz": {"Timeout": "in the warm-up only"}, "z": {"ModelError": "x"}})
    assert [] == view(drawn_runs.of(drawn_runs.attempt_of(elsewhere)))["tests"][0]["loads"][0]["errors"]["firsts"]
    monkeypatch.setattr("pytest_smload.reports.html.route_views._MOST_FIRSTS", 3)
    page = run_html(drawn_runs.of(drawn_runs.attempt_of(load)))
    assert "The first failure of each:" in page
    assert "1 more are in report.json" in page


def test_an_older_record_shows_counts_by_model_alone() -> None:
    """It has no failure of a model's own."""
    page = run_html(drawn_runs.of(drawn_runs.attempt_of(failing(examples_by_route={}))))
    assert "Failures by model" in page
    assert "The first failure of each:" not in page


def test_what_stands_beside_a_load() -> None:
    """Cold starts beside warm ones, CloudWatch, scaling, cost, workers, the control, what differs."""
    load = view(drawn_runs.hosted())["tests"][0]["loads"][0]
    assert ["CloudWatch", "Scaling", "Cost"] == [title for title, _ in load["besides"]]
    assert ["worker-1 (101)", "worker-0 (100)"] == [name for name, _ in load["workers"]["rows"]]
    assert ["first answer of each", "all of the window"] == [name for name, _ in load["cold"]["rows"]]
    assert ("cpu_utilization_max", "83.2%") in load["server_figures"]
    beside, changed, held = view(drawn_runs.control())["tests"][0]["loads"]
    assert ["this load", "control old"] == [name for name, _, _ in beside["sides"]]
    assert ["fail", "undecided", "pass"] == [each["decision"] for each in beside["comparisons"]]
    assert ("duration: 60s -> 120s", "models: 2 -> 3") == changed["changes"]
    assert ["latest runs"] * 3 == [each["against"] for each in held["comparisons"]]


def test_a_control_is_beside_the_load_in_its_spectrum() -> None:
    """All of it; where only its figures are known, at these percentiles, and a baseline at those that were compared."""
    run = drawn_runs.control()
    (test,) = run.tests
    known = test.loads[0]
    assert known.control is not None
    older = replace(known, control=replace(known.control, distribution=None))
    names, points = [], []
    for load in (known, older, test.loads[2]):
        chart = spectrum_chart(load)
        assert chart is not None
        (other,) = (each for each in chart.data if each["name"] in ("control old", "baseline"))
        names.append(other["name"])
        points.append(len(other["x"]))
    assert ["control old", "control old", "baseline"] == names
    assert (5, 3) == (*points[1:],)
    assert points[0] > 50
    chart = spectrum_chart(known)
    assert chart is not None
    assert "control old: p50 " in chart.summary
    assert ["1/(1-p)", "latency ms", "control old ms"] == [*chart.columns]
    assert known.distribution is not None
    assert known.control.distribution is not None
    at_p95 = next(place for place, x in enumerate(chart.columns["1/(1-p)"]) if x >= 20)
    assert chart.columns["control old ms"][at_p95] == pytest.approx(known.control.total.p95_ms, rel=0.1)


def test_the_controls_p95_runs_beside_the_loads() -> None:
    """Slice by slice, over the same window."""
    load = drawn_runs.control().tests[0].loads[0]
    chart = timeline_chart(load)
    assert chart is not None
    (beside,) = (each for each in chart.data if each.get("name") == "p95 of control old")
    assert len(beside["x"]) == len(beside["y"]) == 60


def test_nothing_was_measured() -> None:
    """A run without a load, with a failure elsewhere, and one that was interrupted."""
    empty = run_html(RunResult(started_at="now", interrupted=True))
    assert "No load ran." in empty
    assert "interrupted, what was measured until then is below" in empty
    assert "" == Page(empty).packed.get("plotly", "").strip()


def test_a_load_in_a_notebook_has_no_script() -> None:
    """Its checks and figures are there, its seconds too; of many, the first and the last."""
    (test,) = drawn_runs.failed().tests
    shown = load_html(test.loads[0])
    assert "<script" not in shown
    assert "a.tar.gz" in shown
    seconds = timeline_html(test.loads[0].timeline)
    assert "60 seconds" in seconds
    assert 31 == seconds.count("<tr>") - 1
    assert "…" in seconds


def test_node_ids_break_at_their_joints() -> None:
    """Not within a word; nothing else of them changes."""
    assert "tests/<wbr>a.<wbr>py::<wbr>test_<wbr>x<wbr>[&lt;1&gt;]" == breakable("tests/a.py::test_x[<1>]")


def test_a_downloaded_record_is_read_back(tmp_path: Any) -> None:
    """As report.json itself is."""
    run = drawn_runs.small()
    path = tmp_path / "report.json"
    path.write_text(json.dumps(Page(run_html(run)).json("record")))
    assert "pass" == read_report(path).verdict


def test_a_capacity_search_is_a_row_like_a_load() -> None:
    """With its sentence where nothing was asked of it, and a comparison of several."""
    shown = view(drawn_runs.capacities())
    assert ["fail", "pass", "pass"] == [row["verdict"] for row in shown["rows"]]
    assert "capacity 50 TPS of 1 instance, not confirmed" == shown["rows"][2]["said"]
    assert "cheapest that keeps the budget: ml.m5.large" == shown["comparison"]["said"]


def test_an_unjudged_load_says_so() -> None:
    """Its checks are no verdict, and why comes first; a simulated one says that it is."""
    load = view(drawn_runs.invalid())["tests"][0]["loads"][0]
    assert {"NOT JUDGED"} == {check["word"] for check in load["checks"]}
    assert "too slow" in load["causes"][0][0]
    calm = measured(1, window_s=5)
    simulated = drawn_runs.of(drawn_runs.attempt_of(replace(calm, client=replace(calm.client, judged=False))))
    assert "simulated: latency is not judged" in run_html(simulated)


def test_odd_results_have_a_page(records: Any) -> None:
    """Nothing answered, values without an end, no timeline, no window, models without a histogram."""
    nothing = records.stats(0, 0.0, scale=None)
    loads = [
        finished.result(),
        records.load(),
        records.many_models_load(3),
        records.single_model_load(total=nothing, window_s=0.0, checks=[]),
        records.load(total=records.stats(10, 0.0, errors=10, scale=None), errors={"Timeout": 10}),
        replace(measured(1, window_s=5, error_share=1.0), distribution=None, scaling=None),
        records.load(profile={"users": 2, "duration": "5s"}, offered_tps=None),
    ]
    page = Page(run_html(drawn_runs.of(*(drawn_runs.attempt_of(load, nodeid=str(n)) for n, load in enumerate(loads)))))
    assert len(loads) == sum(each[:2] == ("article", "id") for each in page.elements)
    assert not re.search(r"\b(nan|inf|None)\b", page.text)
