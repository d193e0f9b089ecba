"""CloudWatch's lanes of the timeline: steps where their periods are, gaps where nothing is known, all variants."""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan
from typing import Any

import pytest
from drawn_loads import measured
from drawn_runs import hosted, of_series

from pytest_smload.core.limits.check import Check
from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
from pytest_smload.core.server.over_time import MOST_PERIODS
from pytest_smload.core.server.server_side import ServerSeries
from pytest_smload.reports.html.charts import Chart
from pytest_smload.reports.html.course import MOST_POINTS
from pytest_smload.reports.html.timeline import timeline_chart
from pytest_smload.reports.json_report import run_json
from pytest_smload.reports.words.server_lines import server_figures, server_lines

HOSTILE = "<b>x</b><script>window.pwned=1</script>"


@pytest.fixture(scope="module")
def load() -> LoadResult:
    return hosted().tests[0].loads[0]


def with_series(load: LoadResult, *series: ServerSeries, **changes: Any) -> LoadResult:
    assert load.server is not None
    return replace(load, server=replace(load.server, series=series), **changes)


def drawn(load: LoadResult) -> Chart:
    chart = timeline_chart(load)
    assert chart is not None
    json.dumps(chart.json(), allow_nan=False)
    return chart


def trace(chart: Chart, name: str) -> dict[str, Any]:
    (found,) = [each for each in chart.data if each.get("name") == name]
    return found


def lane_of(chart: Chart, name: str) -> dict[str, Any]:
    axis: dict[str, Any] = chart.layout[f"yaxis{trace(chart, name)['yaxis'][1:]}"]
    return axis


def column(chart: Chart, name: str) -> dict[float, Any]:
    """Its numbers by the second of the window they are of; those before it belong to the warm-up."""
    return dict(zip(chart.columns["s"], chart.columns[name], strict=True))


def test_a_load_that_asked_nobody_has_no_such_lane() -> None:
    """Nor a word of it, nor a column; a record of before there were series has none either."""
    plain = measured(1, window_s=20)
    chart, older = drawn(plain), drawn(with_series(hosted().tests[0].loads[0]))
    for each in (chart, older):
        titles = [axis["title"]["text"] for name, axis in each.layout.items() if name.startswith("yaxis")]
        assert [] == [title for title in titles if title.startswith(("server", "counted", "concurrent"))]
        assert "CloudWatch" not in each.summary
        assert [] == [note for note in each.layout["annotations"] if "CloudWatch" in note["text"]]
        assert "invocations/s" not in each.columns


def test_a_step_is_as_wide_as_its_period_and_begins_where_it_does(load: LoadResult) -> None:
    """In seconds of the load's window; with a point where each bin begins, so that one cursor reads all lanes."""
    chart = drawn(load)
    steps = trace(chart, "CPU max")
    assert "hv" == steps["line"]["shape"]
    at = dict(zip(steps["x"], steps["y"], strict=True))
    assert [70] * 10 + [81] * 10 + [83.2] * 10 == [at[float(second)] for second in range(30)]
    mean = trace(chart, "model mean")
    concurrent = trace(chart, "concurrent max")
    assert [float(second) for second in range(61)] == concurrent["x"]
    assert (0, 60, {49.8}) == (mean["x"][0], mean["x"][-1], set(mean["y"]))
    late = with_series(load, of_series("server_5xx", "Invocation5XXErrors", "requests", 20, (1.0, 3.0), begin_s=-0.25))
    errors = trace(drawn(late), "5xx")
    changes = [
        x for x, before, after in zip(errors["x"][1:], errors["y"], errors["y"][1:], strict=False) if before != after
    ]
    assert (-0.25, [19.75], 39.75) == (errors["x"][0], changes, errors["x"][-1])


def test_a_period_without_data_is_a_gap(load: LoadResult) -> None:
    """The step before it ends with its own period, and no line goes on to the one behind it."""
    steps = trace(drawn(load), "CPU max")
    gap = steps["y"].index(None)
    assert ([30, 30, 40], [83.2, None, 41]) == (steps["x"][gap - 1 : gap + 2], steps["y"][gap - 1 : gap + 2])
    shares = column(drawn(load), "CPU max %")
    assert [None, 83.2, None, None, 41] == [shares[second] for second in (-1, 29, 30, 39, 40)]


def test_what_the_page_says_and_what_the_lanes_show_agree(load: LoadResult) -> None:
    """The largest of a lane is the figure; what was counted a second, over the window, is what was counted."""
    chart = drawn(load)
    assert ("cpu_utilization_max", "83.2%") in server_figures(load)
    assert "CPU 83.2%" in server_lines(load)[1]
    assert "CPU 83.2% at most" in chart.summary
    assert 83.2 == max(value for value in trace(chart, "CPU max")["y"] if value is not None)
    assert "2,400 invocations counted" in server_lines(load)[0]
    assert "2,400 invocations counted" in chart.summary
    assert {40} == set(trace(chart, "invocations")["y"])


def test_counts_are_shown_by_the_second_of_their_own_period(load: LoadResult) -> None:
    """The last period of a long window may be shorter; what is by the minute stays a rate."""
    series = (
        of_series("invocations", "Invocations", "requests", 20, (200.0, 400.0, 50.0), end_s=50.0),
        of_series("invocations_per_instance", "InvocationsPerInstance", "requests/min", 25, (600.0, 300.0), end_s=50.0),
    )
    chart = drawn(with_series(load, *series))
    assert [10, 20, 5, None] == [column(chart, "invocations/s")[second] for second in (0, 20, 49, 50)]
    assert [10, 5, None] == [column(chart, "per instance/s")[second] for second in (24, 25, 50)]


def test_variants_are_told_apart(load: LoadResult) -> None:
    """By name, colour and dashes; none looks like a limit."""
    names = ("blue", "green", "a-variant-with-a-long-name-1", "a-variant-with-a-long-name-2")
    series = [
        of_series(metric, "CPUUtilization", "ratio", 60, (0.5,), variant=name)
        for metric in ("cpu_utilization_max", "cpu_utilization_mean")
        for name in names
    ]
    chart = drawn(with_series(load, *series))
    lines = [each for each in chart.data if each.get("name", "").startswith("CPU ")]
    assert 8 == len(lines)
    assert 8 == len({each["name"] for each in lines})
    assert 8 == len({(each["line"]["color"], each["line"]["dash"]) for each in lines})
    assert ["CPU max, blue", "CPU max, green", "CPU max, a-variant-…ong-name-1"] == [each["name"] for each in lines[:3]]
    assert {"#D55E00"}.isdisjoint(each["line"]["color"] for each in lines)
    assert {f"CPU max, {name} %" for name in names} <= set(chart.columns)


def test_errors_are_shown_where_there_are_any(load: LoadResult) -> None:
    """None in the window needs no lane; the table has the zeros."""
    none, some = (
        of_series("server_4xx", "Invocation4XXErrors", "requests", 30, values) for values in ((0.0, 0.0), (0.0, 2.0))
    )
    assert [] == [each for each in drawn(with_series(load, none)).data if each.get("name") == "4xx"]
    zeros = column(drawn(with_series(load, none)), "4xx a period")
    assert {0} == {value for second, value in zeros.items() if second >= 0}
    assert {"title": "server errors", "dtick": 1} == {
        "title": lane_of(drawn(with_series(load, some)), "4xx")["title"]["text"],
        "dtick": lane_of(drawn(with_series(load, some)), "4xx")["dtick"],
    }


def test_one_heading_says_how_long_the_periods_are(load: LoadResult) -> None:
    """Above the first of the lanes alone."""
    notes = [each for each in drawn(load).layout["annotations"] if "CloudWatch" in each["text"]]
    assert ["CloudWatch, in periods of 10s or 1m"] == [each["text"] for each in notes]


def test_a_limit_is_a_line_in_its_lane(load: LoadResult) -> None:
    """Of the metric that is in it, in its unit; on a count, which is of the whole window, none."""
    checks = (
        Check("total", "cpu_utilization_max", "<= 70%", "mark", 0.832, 6, "fail", at_most=0.7, unit="ratio"),
        Check("total", "server_5xx", "<= 3", "mark", 0, 6, "pass", at_most=3.0, unit="requests"),
        Check("total", "cpu_utilization_mean", "<= 60%", "mark", 0.5, 6, "pass", at_most=0.6, unit="ratio"),
    )
    chart = drawn(replace(load, checks=checks))
    axis = trace(chart, "CPU max")["yaxis"]
    assert [70, 60] == [each["y0"] for each in chart.layout["shapes"] if each["yref"] == axis]
    assert ["CPU max &lt;= 70%", "CPU mean &lt;= 60%"] == [
        each["text"] for each in chart.layout["annotations"] if each["yref"] == axis
    ]


@pytest.mark.parametrize(("low_ms", "kind"), [(1.0, "log"), (40.0, None), (0.0, None)])
def test_times_far_apart_are_on_a_logarithmic_axis(load: LoadResult, low_ms: float, kind: str | None) -> None:
    """But none of them is lost on one."""
    series = [
        of_series("model_latency_mean", "ModelLatency", "ms", 60, (100.0,)),
        of_series("overhead_latency_mean", "OverheadLatency", "ms", 60, (low_ms,)),
    ]
    assert kind == lane_of(drawn(with_series(load, *series)), "model mean").get("type")


def test_a_variants_name_is_text(load: LoadResult) -> None:
    """In legends nothing of it is markup."""
    series = [of_series("invocations", "Invocations", "requests", 60, (1.0,), variant=name) for name in (HOSTILE, "b")]
    chart = drawn(with_series(load, *series))
    assert "invocations, &lt;b&gt;x&lt;/b&gt;&lt;s…1&lt;/script&gt;" in [each.get("name") for each in chart.data]
    assert "<" not in json.dumps([chart.data, chart.layout])


@pytest.mark.parametrize(
    "broken", [{"period_s": 0}, {"begin_s": nan}, {"end_s": nan}, {"values": ()}, {"values": (nan,)}, {"end_s": -9.0}]
)
def test_a_series_that_cannot_be_is_not_drawn_wrong(load: LoadResult, broken: dict[str, Any]) -> None:
    """A record may have been changed by hand: the page is drawn all the same."""
    chart = drawn(
        with_series(load, replace(of_series("invocations", "Invocations", "requests", 60, (60.0,)), **broken))
    )
    assert [] == [y for each in chart.data if each.get("name") == "invocations" for y in each["y"] if y is not None]


def test_an_hour_of_them_takes_little_room() -> None:
    """Nine metrics of two variants every ten seconds: a fifth of the record, points for bins and periods."""
    seconds = 3600
    names = (
        "model_latency_mean", "overhead_latency_mean", "cpu_utilization_max", "cpu_utilization_mean",
        "memory_utilization_max", "server_5xx", "server_4xx", "invocations", "concurrent_requests_max",
    )  # fmt: skip
    values = tuple((37 * place % 91 + 1) / 91 for place in range(seconds // 10))
    series = [
        of_series(name, "x", "requests", 10, values, variant=variant) for name in names for variant in ("blue", "green")
    ]
    server = hosted().tests[0].loads[0].server
    without = with_series(replace(measured(1, tps=2, window_s=seconds, limits={}), server=server))
    filled = with_series(without, *series)

    def written(load: LoadResult) -> int:
        return len(run_json(RunResult(started_at="", tests=(TestResult("t.py::t", 1, "pass", (load,)),))))

    assert written(filled) < 1.2 * written(without)
    lines = [each for each in drawn(filled).data if each.get("line", {}).get("shape") == "hv"]
    assert len(series) == len(lines)
    assert max(len(each["x"]) for each in lines) <= MOST_POINTS + MOST_PERIODS + 1
