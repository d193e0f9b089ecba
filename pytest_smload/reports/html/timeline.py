"""The course of a load over its window: rates, latencies, failures, requests under way, one above the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smload.core.units import format_ms, parse_duration_s
from pytest_smload.reports.html.charts import COLOURS, INK, Chart, Json, axis, line, note, rounded
from pytest_smload.reports.words.cells import format_tps
from pytest_smload.reports.words.headline import listed_stages, stage_names

if TYPE_CHECKING:
    from pytest_smload.core.measure.figures import TimelinePoint
    from pytest_smload.core.results.result import LoadResult

MOST_POINTS = 600
"""Seconds beyond that are put together: rates are averaged, counts added, extremes kept, percentiles read from
histograms."""
STALL_MS = 50.0
"""From where a late loop of the client's is marked."""
_ROW_PX = 150
_GAP = 0.03


@dataclass(frozen=True, slots=True)
class Course:
    """A window second by second, or in longer bins where it is long.

    Attributes:
        t_s: Where each bin begins.
        latency_t_s: The same for latencies, whose bins may differ.
        percentiles_are: In words, what the percentiles are of.
    """

    t_s: list[float]
    offered: list[float]
    tps: list[float]
    errors: list[int]
    in_flight: list[int]
    latency_t_s: list[float]
    p50_ms: list[float]
    p95_ms: list[float]
    p99_ms: list[float]
    min_ms: list[float]
    max_ms: list[float]
    percentiles_are: str


def course_of(load: LoadResult) -> Course:
    """Return the course of *load* in at most `MOST_POINTS` bins."""
    points = load.timeline
    size = max(1, math.ceil(len(points) / MOST_POINTS))
    bins = [points[at : at + size] for at in range(0, len(points), size)]
    t_s = [each[0].t_s for each in bins]
    whole = {
        "t_s": t_s,
        "offered": [sum(point.offered for point in each) / len(each) for each in bins],
        "tps": [sum(point.tps for point in each) / len(each) for each in bins],
        "errors": [sum(point.errors for point in each) for each in bins],
        "in_flight": [max(point.in_flight for point in each) for each in bins],
        "min_ms": [_extreme(min, (point.min_ms for point in each)) for each in bins],
        "max_ms": [_extreme(max, (point.max_ms for point in each)) for each in bins],
    }
    spread = load.distribution
    if size == 1 or spread is None:
        return Course(**whole, latency_t_s=t_s, **_percentiles(points), percentiles_are="second by second")  # type: ignore[arg-type]
    # Percentiles of several seconds are no function of each second's: these are read from what was counted.
    found = {
        f"p{per_mille // 10}_ms": [each.percentile_ms(per_mille) for each in spread.over_time]
        for per_mille in (500, 950, 990)
    }
    slots = [index * spread.slice_s for index in range(len(spread.over_time))]
    words = f"in slices of {spread.slice_s:.3g} s, 4 % off at most"
    return Course(**whole, latency_t_s=slots, **found, percentiles_are=words)  # type: ignore[arg-type]


def timeline_chart(load: LoadResult) -> Chart | None:
    """Return the chart of *load*'s course; None where it has none."""
    if not load.timeline:
        return None
    course = course_of(load)
    rows = [*_rows(load, course)]
    data: list[Json] = []
    layout: Json = {
        "xaxis": axis("seconds of the window", domain=[0, 1], showspikes=True, spikemode="across", spikecolor=INK),
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "shapes": [],
        "annotations": [],
    }
    height = (1 - _GAP * (len(rows) - 1)) / len(rows)
    for place, (title, traces, more) in enumerate(rows):
        name = "yaxis" if place == 0 else f"yaxis{place + 1}"
        top = 1 - place * (height + _GAP)
        layout[name] = axis(title, domain=[max(0.0, top - height), top], rangemode="tozero", **more)
        data += [{**trace, "xaxis": "x", "yaxis": name.replace("axis", "")} for trace in traces]
    layout["xaxis"]["anchor"] = f"y{len(rows)}"
    for mark in _marks(load):
        layout["shapes"].append(mark[0])
        layout["annotations"] += mark[1:]
    layout["shapes"] += _limit_lines(load)
    return Chart(
        title="Over the window",
        summary=_summary(load, course),
        data=data,
        layout=layout,
        columns=_columns(course),
        height_px=_ROW_PX * len(rows) + 60,
        cursor=True,
    )


def _rows(load: LoadResult, course: Course) -> Iterator[tuple[str, list[Json], Json]]:
    rates = [line(course.t_s, rounded(course.tps), "answered", 0)]
    if load.offered_tps is not None:
        rates.append(line(course.t_s, rounded(course.offered), "offered", 1))
    yield "requests/s", rates, {}
    band = {"hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
    latencies = [
        line(course.t_s, rounded(course.min_ms), "shortest", 0, **band),
        line(
            course.t_s, rounded(course.max_ms), "longest", 0, fill="tonexty", fillcolor="rgba(128,128,128,0.15)", **band
        ),
    ]
    for place, (name, values) in enumerate(
        (("p50", course.p50_ms), ("p95", course.p95_ms), ("p99", course.p99_ms)), start=2
    ):
        latencies.append(line(course.latency_t_s, rounded(values), name, place))
    largest = max((value for value in course.p99_ms if math.isfinite(value)), default=0.0)
    smallest = min((value for value in course.p50_ms if math.isfinite(value)), default=0.0)
    yield "latency ms", latencies, {"type": "log"} if smallest and largest > 20 * smallest else {}
    if any(course.errors):
        yield "failures", _failures(load, course), {}
    yield "in flight", [line(course.t_s, course.in_flight, "under way", 5)], {}
    if load.scaling is not None and len(load.scaling.instances) > 1:
        counts = load.scaling.instances
        ends_s = [*(each.t_s for each in counts), load.window_s]
        steps = line(ends_s, [*(each.instances for each in counts), counts[-1].instances], "instances", 3)
        steps["line"]["shape"] = "hv"
        yield "instances", [steps], {}


def _failures(load: LoadResult, course: Course) -> list[Json]:
    spread = load.distribution
    if spread is None:
        return [
            {"type": "bar", "x": course.t_s, "y": course.errors, "name": "failures", "marker": {"color": COLOURS[1]}}
        ]
    slots = [(index + 0.5) * spread.slice_s for index in range(len(spread.over_time))]
    traces = []
    for place, (kind, counts) in enumerate(spread.errors_over_time.items()):
        trace = line(slots, counts, kind, place, stackgroup="failures")
        trace["fillpattern"] = {"shape": ("", "/", "x", "-", "\\", "+", ".")[place % 7]}
        traces.append(trace)
    return traces


def _marks(load: LoadResult) -> Iterator[tuple[Json, ...]]:
    for name, begin_s in _stage_begins(load):
        yield (
            {"type": "line", "x0": begin_s, "x1": begin_s, "yref": "paper", "y0": 0, "y1": 1, "line": _thin("dot")},
            note(name, x=begin_s, yref="paper", y=0, xanchor="left", yanchor="bottom"),
        )
    for activity in load.scaling.activities if load.scaling is not None else ():
        end_s = load.window_s if activity.end_s is None else activity.end_s
        yield (
            {"type": "rect", "x0": max(0.0, activity.t_s), "x1": min(load.window_s, end_s), "yref": "paper", "y0": 0,
             "y1": 1, "fillcolor": "rgba(0,158,115,0.12)", "line": {"width": 0}},
            note(f"{activity.from_instances} to {activity.to_instances} instances", x=max(0.0, activity.t_s),
                 yref="paper", y=0.98, xanchor="left"),
        )  # fmt: skip
    spread = load.distribution
    for index, lag_ms in enumerate(spread.client_lag_ms if spread is not None else ()):
        if spread is not None and lag_ms >= STALL_MS:
            x = index * spread.slice_s
            yield (
                {"type": "rect", "x0": x, "x1": x + spread.slice_s, "yref": "paper", "y0": 0, "y1": 1,
                 "fillcolor": "rgba(213,94,0,0.15)", "line": {"width": 0}},
            )  # fmt: skip


def _stage_begins(load: LoadResult) -> Iterator[tuple[str, float]]:
    stages, begin_s = listed_stages(load.profile), 0.0
    for stage, name in zip(stages, stage_names(stages), strict=True):
        if begin_s < load.window_s:
            yield str(name), begin_s
        begin_s += parse_duration_s(stage["duration"])


def _limit_lines(load: LoadResult) -> list[Json]:
    return [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": check.at_most, "y1": check.at_most,
         "line": {"color": COLOURS[1], "width": 1.5, "dash": "dash"}}
        for check in load.checks
        if check.scope == "total" and check.metric in ("p50", "p95", "p99") and check.at_most is not None
    ]  # fmt: skip


def _thin(dash: str) -> Json:
    return {"color": INK, "width": 1, "dash": dash}


def _percentiles(points: Sequence[TimelinePoint]) -> dict[str, list[float]]:
    return {name: [getattr(point, name) for point in points] for name in ("p50_ms", "p95_ms", "p99_ms")}


def _extreme(which: Any, values: Iterator[float]) -> float:
    return float(which((value for value in values if math.isfinite(value)), default=math.nan))


def _summary(load: LoadResult, course: Course) -> str:
    worst = max(((value, at) for value, at in zip(course.p95_ms, course.latency_t_s, strict=True)
                 if math.isfinite(value)), default=None)  # fmt: skip
    parts = [f"{format_tps(load.tps)} requests/s answered over {load.window_s:.4g} s"]
    if load.offered_tps is not None:
        parts[0] += f" of {format_tps(load.offered_tps)} offered"
    if worst is not None:
        parts.append(f"p95, {course.percentiles_are}, at its highest {format_ms(worst[0])} at {worst[1]:.0f} s")
    failed = sum(course.errors)
    parts.append(f"{failed:,} failures" if failed else "no failures")
    parts.append(f"up to {max(course.in_flight, default=0):,} requests under way")
    lag_ms = max(load.distribution.client_lag_ms, default=0.0) if load.distribution is not None else 0.0
    if lag_ms >= STALL_MS:
        parts.append(f"the client's own loop was late by up to {format_ms(lag_ms)} (shaded)")
    return "; ".join(parts) + "."


def _columns(course: Course) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {
        "s": course.t_s,
        "offered/s": rounded(course.offered),
        "answered/s": rounded(course.tps),
        "failures": course.errors,
        "in flight": course.in_flight,
        "longest ms": rounded(course.max_ms),
    }
    if course.latency_t_s is course.t_s:
        columns |= {
            "p50 ms": rounded(course.p50_ms),
            "p95 ms": rounded(course.p95_ms),
            "p99 ms": rounded(course.p99_ms),
        }
    return columns
