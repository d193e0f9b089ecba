"""The charts of the page as their library reads them: what is binned, what is kept, what is marked."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from drawn_loads import measured
from drawn_runs import STAGES, hosted, searched

from pytest_smload.core.load.stages import Stage
from pytest_smload.core.measure.figures import TimelinePoint
from pytest_smload.core.measure.histogram import Histogram
from pytest_smload.core.results.result import LoadResult
from pytest_smload.core.units import format_ms
from pytest_smload.reports.html.capacity_chart import capacity_chart
from pytest_smload.reports.html.charts import Chart, line, ms_axis, rounded, safe_text
from pytest_smload.reports.html.course import MOST_POINTS, course_of, warmup_course
from pytest_smload.reports.html.heat import heat_chart
from pytest_smload.reports.html.spectrum import spectrum, spectrum_chart
from pytest_smload.reports.html.timeline import timeline_chart


def long_load(seconds: int = 2 * MOST_POINTS, *, spike_at: int = 701) -> LoadResult:
    """A load of 10 ms whose one second has a request of 5 s, at a rate that alternates."""

    def spike_ms(draw: np.random.Generator, due_s: Any, model: Any) -> Any:
        took_ms = np.full(len(due_s), 10.0)
        took_ms[np.searchsorted(due_s, 5 + spike_at)] = 5000.0
        return took_ms

    return measured(1, tps=2, window_s=seconds, latency_ms=spike_ms, limits={})


@pytest.fixture(scope="module")
def long() -> LoadResult:
    return long_load()


def trace(chart: Chart | None, name: str) -> dict[str, Any]:
    assert chart is not None
    return next(each for each in chart.data if each.get("name") == name)


def test_a_short_window_is_shown_second_by_second() -> None:
    """As it was measured, nothing put together."""
    load = measured(1, window_s=20)
    course = course_of(load)
    assert [point.t_s for point in load.timeline] == course.t_s == course.latency_t_s
    assert [point.p95_ms for point in load.timeline] == course.p95_ms
    assert "second by second" == course.percentiles_are


def test_a_long_window_has_few_bins_that_keep_extremes_and_counts(long: LoadResult) -> None:
    """The one slow request stays the longest, requests add up, rates are means, in flight is the most."""
    course, points = course_of(long), long.timeline
    assert MOST_POINTS == len(course.t_s)
    assert max(point.max_ms for point in points) == max(course.max_ms) == pytest.approx(5000, rel=1e-3)
    assert course.max_ms.index(max(course.max_ms)) == 701 // 2
    assert min(point.min_ms for point in points) == min(course.min_ms)
    assert sum(point.errors for point in points) == sum(course.errors)
    assert np.mean([point.tps for point in points]) == pytest.approx(np.mean(course.tps))
    assert max(point.in_flight for point in points) == max(course.in_flight)


def test_percentiles_of_a_long_window_are_read_from_what_was_counted(long: LoadResult) -> None:
    """Never from the percentiles of its seconds: of 24 answers in a slice, one slow one is the p99 and not the p95."""
    course, spread = course_of(long), long.distribution
    assert spread is not None
    assert len(spread.over_time) == len(course.latency_t_s) == len(course.p95_ms) == 100
    slot = course.p99_ms.index(max(course.p99_ms))
    assert 5000 == pytest.approx(course.p99_ms[slot], rel=0.05)
    assert 10 == pytest.approx(course.p95_ms[slot], rel=0.05)
    assert "in slices of 12 s" in course.percentiles_are


def test_a_record_without_histograms_keeps_its_seconds(long: LoadResult) -> None:
    """An older report.json has none: nothing is made up, and no column is of another length."""
    course = course_of(replace(long, distribution=None))
    assert [point.p95_ms for point in long.timeline] == course.p95_ms
    chart = timeline_chart(replace(long, distribution=None))
    assert chart is not None
    assert {len(long.warmup_timeline) + MOST_POINTS} == {len(column) for column in chart.columns.values()}


@pytest.mark.parametrize("seconds", [1, 599, 600, 601, 1201])
def test_no_second_is_lost(seconds: int) -> None:
    """However many there are, each counts in one bin."""
    point = TimelinePoint(0.0, 1.0, 1.0, math.nan, math.nan, 1, 1)
    points = tuple(replace(point, t_s=float(at)) for at in range(seconds))
    course = course_of(replace(measured(1, window_s=5, limits={}), timeline=points, distribution=None))
    assert seconds == sum(course.errors)
    assert len(course.t_s) <= MOST_POINTS
    assert all(math.isnan(value) for value in course.max_ms)


def test_the_timeline_has_a_lane_for_all_that_happened() -> None:
    """Stages and scaling, rate, latency, failures, in flight, instances: each with an axis and a legend of its own."""
    (test,) = hosted().tests
    chart = timeline_chart(replace(test.loads[0], errors={"ModelError": 1}))
    assert chart is not None
    titles = [chart.layout[name]["title"]["text"] for name in sorted(chart.layout) if name.startswith("yaxis")]
    servers = ["server ms", "server %", "counted/s", "concurrent"]
    assert ["", "requests/s", "latency ms", "in flight", "instances", *servers] == titles
    domains = [chart.layout[name]["domain"] for name in sorted(chart.layout) if name.startswith("yaxis")]
    assert all(below[1] < above[0] for above, below in pairwise(domains))
    assert {each["legend"] for each in chart.data} <= set(chart.layout)
    assert [1, 2, 2] == trace(chart, "instances")["y"]
    texts = [text for each in chart.data if each["type"] == "bar" for text in each["text"]]
    assert ["1 to 2 instances", "warm-up"] == texts
    assert "scaling is shaded green" in chart.summary


def test_the_timeline_marks_stages_limits_and_stalls() -> None:
    """A bar for each stage, a line where it begins, a labelled line for each limit, a band where the client stood."""
    load = measured(2, stages=STAGES, window_s=40, stalls_s=(20,), error_share=0.4)
    chart = timeline_chart(load)
    assert chart is not None
    bar = next(each for each in chart.data if each["type"] == "bar")
    assert ["warm-up", "ramp", "a very long name of a stage", "spike", "calm"] == bar["text"]
    assert [-5, 0, 10, 13, 16] == bar["base"]
    assert [5, 10, 3, 3, 24] == bar["x"]
    shapes = chart.layout["shapes"]
    assert [10, 13, 16] == [each["x0"] for each in shapes if each["line"].get("dash") == "dot"]
    assert [120, 250] == [each["y0"] for each in shapes if each.get("xref") == "paper"]
    assert ["p95 &lt;= 120 ms", "p99 &lt;= 250 ms"] == [each["text"] for each in chart.layout["annotations"]]
    assert 1 == sum(each["type"] == "rect" and each["x0"] >= 0 for each in shapes)
    assert "late by up to 200 ms" in chart.summary
    assert {"ModelError", "ThrottlingException"} <= {each["name"] for each in chart.data if "stackgroup" in each}


def cold_load(window_s: float = 60, **changes: Any) -> LoadResult:
    """A load whose latency falls while it warms up."""

    def falling_ms(draw: np.random.Generator, due_s: Any, model: Any) -> Any:
        return 20 + 2000 * np.exp(-due_s) + draw.random(len(due_s))

    return measured(8, window_s=window_s, latency_ms=falling_ms, **changes)


def test_the_warm_up_is_drawn_before_the_window_and_apart_from_it() -> None:
    """Its seconds are negative, below a grey shade; nothing that is said of the window is of it."""
    load = cold_load()
    chart = timeline_chart(load)
    assert chart is not None
    assert [-5, -4, -3, -2, -1, 0, 1] == trace(chart, "p95")["x"][:7]
    assert [point.p95_ms for point in load.warmup_timeline] == pytest.approx(trace(chart, "p95")["y"][:5], rel=1e-3)
    assert [None] * 5 == trace(chart, "offered")["y"][:5]
    assert [-5, 60] == chart.layout["xaxis"]["range"]
    shade, edge = chart.layout["shapes"][:2]
    assert ("rect", -5, 0, "above") == tuple(shade[key] for key in ("type", "x0", "x1", "layer"))
    assert ("line", 0, 0) == tuple(edge[key] for key in ("type", "x0", "x1"))
    assert "before 0 the warm-up" in chart.layout["xaxis"]["title"]["text"]
    highest = max(point.p95_ms for point in load.timeline)
    assert highest < load.warmup_timeline[-1].p95_ms < load.warmup_timeline[0].p95_ms
    first, last = (format_ms(load.warmup_timeline[place].p95_ms) for place in (0, -1))
    assert "before it 5s of warm-up, 200 requests (below 0 s, greyed, in none of the figures; " in chart.summary
    assert f"; p95 {first} in its first second, {last} in its last); " in chart.summary
    assert f"at its highest {highest:.3g} ms at 0 s" in chart.summary
    assert [-5, -4, -3, -2, -1, *range(60)] == chart.columns["s"]
    assert [None] * 5 == chart.columns["offered/s"][:5]


def test_no_more_than_a_third_of_the_picture_is_warm_up() -> None:
    """The end of a longer one, as the words and the table say; its bar ends there too."""
    load = cold_load(window_s=6, limits={})
    chart = timeline_chart(load)
    assert chart is not None
    assert [-3, 6] == chart.layout["xaxis"]["range"]
    assert -3 == chart.columns["s"][0] == trace(chart, "answered")["x"][0]
    assert "its last 3s are drawn" in chart.summary
    (bar,) = (each for each in chart.data if each["type"] == "bar")
    assert ([-3], [3]) == (bar["base"], bar["x"])


def test_priming_is_told_from_the_warm_up() -> None:
    """What was sent before the warm-up began; a machine that took a moment to begin has not primed."""
    load = cold_load()
    first = load.warmup_timeline[0]
    for begin_s, expected in ((-8.0, ["priming", "warm-up"]), (-5.3, ["warm-up"])):
        chart = timeline_chart(replace(load, warmup_timeline=(replace(first, t_s=begin_s), *load.warmup_timeline)))
        assert chart is not None
        assert expected == next(each for each in chart.data if each["type"] == "bar")["text"]
        assert begin_s == chart.layout["xaxis"]["range"][0]


def test_failures_of_the_warm_up_are_counted_as_those_of_the_window() -> None:
    """In slices as long, and in no kind's sum."""
    load = cold_load(window_s=200, error_share=0.4)
    failing = tuple(replace(point, errors=3) for point in load.warmup_timeline)
    chart = timeline_chart(replace(load, warmup_timeline=failing))
    assert chart is not None
    before = trace(chart, "failures")
    assert ([-5, -4, -2], [3, 6, 6]) == (before["x"], before["y"])
    assert "stackgroup" not in before
    assert f"{load.errors['ModelError'] + load.errors['ThrottlingException']:,} failures" in chart.summary
    assert before["showlegend"] is False


def test_a_very_long_warm_up_has_few_bins_that_keep_extremes() -> None:
    """Percentiles of its bins are not known, and none is made up."""
    point = TimelinePoint(0.0, 2.0, 2.0, 10.0, 20.0, 1, 3, 30.0, 5.0, 40.0)
    seconds = [replace(point, t_s=float(at)) for at in range(-3000, 0)]
    seconds[700] = replace(seconds[700], max_ms=9000.0, min_ms=1.0, in_flight=50)
    load = replace(measured(1, tps=1, window_s=10_000, limits={}), warmup_timeline=tuple(seconds))
    course = warmup_course(load)
    assert MOST_POINTS == len(course.t_s)
    assert (9000.0, 1.0, 50, 3000) == (
        max(course.max_ms), min(course.min_ms), max(course.in_flight), sum(course.errors),
    )  # fmt: skip
    assert all(math.isnan(value) for value in (*course.p50_ms, *course.p95_ms, *course.p99_ms))
    chart = timeline_chart(load)
    assert chart is not None
    assert 1 == len({len(column) for column in chart.columns.values()})
    assert "p95 10" not in chart.summary.partition(")")[0]


def test_a_load_that_ended_in_its_warm_up_shows_that() -> None:
    """Nothing is said of a window it never had."""
    load = cold_load()
    ended = replace(load, timeline=(), window_s=0.0, distribution=None, interrupted=True, tps=math.nan, stages={})
    chart = timeline_chart(ended)
    assert chart is not None
    assert "Over the warm-up" == chart.title
    assert [-5, 0] == chart.layout["xaxis"]["range"]
    assert [-5, -4, -3, -2, -1] == chart.columns["s"]
    assert chart.summary.startswith("The load ended before its window opened, after 200 requests (below 0 s")


def test_a_record_without_its_warm_up_shows_where_it_was() -> None:
    """An older report.json tells how long it was and what it sent: the course before the window stays empty."""
    chart = timeline_chart(replace(cold_load(), warmup_timeline=()))
    assert chart is not None
    assert [-5, 60] == chart.layout["xaxis"]["range"]
    assert 0 == min(chart.columns["s"]) == min(trace(chart, "answered")["x"])
    assert "before it 5s of warm-up, 200 requests; p95, second by second" in chart.summary
    short = timeline_chart(replace(cold_load(window_s=6), warmup_timeline=()))
    assert short is not None
    assert -0.6 == pytest.approx(short.layout["xaxis"]["range"][0])


def test_a_load_without_warm_up_has_nothing_before_its_window() -> None:
    """No shade, no word of it."""
    load = cold_load()
    bare = replace(load, warmup_timeline=(), profile={**load.profile, "warmup": "0s"})
    chart = timeline_chart(replace(bare, warmup=replace(load.warmup, sent=0)))
    assert chart is not None
    assert 0 == chart.layout["xaxis"]["range"][0]
    assert "warm-up" not in json.dumps(chart.json())


def test_a_limit_on_a_logarithmic_lane_is_labelled_where_it_is() -> None:
    """Notes on such an axis are placed by exponent, lines by value."""

    def slow_ms(draw: np.random.Generator, due_s: Any, model: Any) -> Any:
        return np.where(due_s > 20, 3000.0, 10.0) + draw.random(len(due_s))

    chart = timeline_chart(measured(3, window_s=30, latency_ms=slow_ms, limits={"p95": "100ms"}))
    assert chart is not None
    assert "log" == chart.layout["yaxis3"]["type"]
    assert [2.0] == [each["y"] for each in chart.layout["annotations"]]


def test_lanes_leave_more_room_for_legends_on_a_phone() -> None:
    """The same lanes, lower in a taller chart."""
    chart = timeline_chart(hosted().tests[0].loads[0])
    assert chart is not None
    assert chart.narrow is not None
    assert chart.narrow.height_px > chart.height_px
    axes = {name for name in chart.layout if name.startswith(("yaxis", "legend"))}
    assert {*axes, "annotations"} == set(chart.narrow.layout)
    assert len(chart.layout["annotations"]) == len(chart.narrow.layout["annotations"])
    domains = [chart.narrow.layout[name]["domain"] for name in sorted(axes) if name.startswith("yaxis")]
    assert all(below[1] < above[0] for above, below in pairwise(domains))


def test_a_load_without_seconds_has_no_timeline() -> None:
    """Nothing is drawn of nothing."""
    load = replace(measured(1, window_s=5, limits={}), timeline=(), warmup_timeline=(), distribution=None)
    assert (None, None, None) == (timeline_chart(load), spectrum_chart(load), heat_chart(load))


def test_the_spectrum_is_what_was_counted() -> None:
    """Of ten answers the fifth is p50, the last stands at 1/(1-p) = 10."""
    x, latency_ms = spectrum(Histogram(2.0, 0, (5, 0, 4, 1)))
    assert [1.0, 2.0, 10.0, 10.0] == x
    assert [1.0, 2.0, 8.0, 16.0] == latency_ms


def test_the_spectrum_hatches_what_has_too_few_samples() -> None:
    """It says so, and where nothing is that sparse there is no hatching."""
    load = measured(4)
    chart = spectrum_chart(load)
    hatched = trace(chart, "too few samples")
    assert hatched["x"][2] == load.ok
    assert hatched["x"][0] < load.ok
    assert chart is not None
    assert "too few samples" in chart.summary


def test_the_spectrum_puts_a_limits_text_where_the_curve_is_not() -> None:
    """Above the mark where it is kept, below where it is broken."""
    limits = trace(spectrum_chart(measured(5, limits={"p50": "1ms", "p99": "10s"})), "limits")
    assert ["bottom right", "top left"] == limits["textposition"]
    assert [2, 100] == [round(x) for x in limits["x"]]


def test_the_heat_map_counts_each_answer_once() -> None:
    """Over all its cells; an empty cell has no colour."""
    load = measured(6)
    chart = heat_chart(load)
    assert chart is not None
    (heat,) = chart.data
    assert load.ok == sum(map(sum, heat["customdata"])) == sum(chart.columns["answers"])
    assert len(heat["z"]) + 1 == len(heat["y"])
    assert {len(row) + 1 for row in heat["z"]} == {len(heat["x"])}
    for colours, counts in zip(heat["z"], heat["customdata"], strict=True):
        assert [count == 0 for count in counts] == [colour is None for colour in colours]


@pytest.mark.parametrize("levels", [1, 2, 6])
def test_a_capacity_curve_of_any_number_of_levels(levels: int) -> None:
    """One level is a chart as well, with its limit, its whiskers and the rate that was kept."""
    chart = capacity_chart(searched(levels=levels))
    assert chart is not None
    assert ["p50", "p95", "p99"] == [each["name"] for each in chart.data]
    assert {levels} == {len(each["x"]) for each in chart.data} == {len(column) for column in chart.columns.values()}
    assert sorted(chart.data[0]["x"]) == chart.data[0]["x"]
    notes = [each["text"] for each in chart.layout["annotations"]]
    assert "p95 &lt;= 250 ms" == notes[0]
    assert (["kept 200", "not kept 208"] if levels == 6 else [f"kept {50 * levels}"]) == notes[1:]


def test_a_search_without_a_probe_has_no_curve() -> None:
    """It may have been interrupted before one ended."""
    assert capacity_chart(replace(searched(), levels=())) is None


@pytest.mark.parametrize(("low", "high"), [(1, 2), (9, 11), (0.01, 90_000), (3, 3000), (5, 5), (99, 101)])
def test_logarithmic_axes_have_few_ticks_with_units(low: float, high: float) -> None:
    """Never so many that they run into one another."""
    found = ms_axis("latency", [low, high, math.nan, 0])
    assert len(found["ticktext"]) == len(found["tickvals"]) <= 9
    assert all(text.endswith("s") for text in found["ticktext"])


def test_numbers_are_what_json_has() -> None:
    """Rounded to what is seen; what is not finite is a gap."""
    assert [1.235, None, None, 0.0] == rounded([1.23456, math.nan, math.inf, 0.0])
    given = {"data": line([1], [2.0], "a", 9), "name": safe_text("<b>x</b> & y\x00")}
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" == json.loads(json.dumps(given, allow_nan=False))["name"]


def test_every_chart_has_words_and_numbers(long: LoadResult) -> None:
    """A title, a sentence with figures, and columns of one length, all of it JSON."""
    stages = [Stage("10s", tps=20), Stage("20s", tps=20)]
    for load in (long, measured(7, stages=stages, window_s=30), *hosted().tests[0].loads):
        for chart in (timeline_chart(load), spectrum_chart(load), heat_chart(load)):
            assert chart is not None
            assert chart.title
            assert any(letter.isdigit() for letter in chart.summary)
            assert chart.summary.endswith(".")
            assert 1 == len({len(column) for column in chart.columns.values()})
            json.dumps(chart.json(), allow_nan=False)
