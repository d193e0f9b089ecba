"""The course of a load over warm-up and window: rates, latencies, failures, requests under way, one above the other."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pytest_smload.core.units import format_ms
from pytest_smload.reports.html.charts import (
    COLOURS,
    DASHES,
    INK,
    Chart,
    Json,
    axis,
    count_axis,
    line,
    ms_axis,
    rounded,
)
from pytest_smload.reports.html.course import Course, course_of, warmup_course
from pytest_smload.reports.html.lanes import Lane, limit_marks, limit_notes, stacked_chart
from pytest_smload.reports.html.server_lanes import server_columns, server_lanes, server_summary
from pytest_smload.reports.html.spans import Span, span_bars, spans_of
from pytest_smload.reports.html.warmup import before_words, begin_s, failures_before, shade
from pytest_smload.reports.words.cells import format_tps

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult

STALL_MS = 50.0
"""From where a late loop of the client's is marked."""


def timeline_chart(load: LoadResult) -> Chart | None:
    """Return the chart of *load*'s course; None where it has none."""
    before, window = warmup_course(load), course_of(load)
    course, from_s = before.followed_by(window), begin_s(load, before)
    if not course.t_s:
        return None
    spans = spans_of(load, from_s)
    lanes = [*_lanes(load, course, spans), *server_lanes(load, course.t_s)]
    return stacked_chart(
        "Over the window" if load.timeline else "Over the warm-up",
        _summary(load, window, before),
        lanes,
        axis(
            "seconds of the window" + (", before 0 the warm-up" if from_s < 0 else ""), range=[from_s, load.window_s],
            showspikes=True, spikemode="across", spikecolor=INK, spikethickness=1,
        ),
        {**_columns(course), **server_columns(load, course.t_s)},
        bands=[*shade(from_s), *_bands(load, spans)],
        barmode="overlay",
        bargap=0.15,
        uniformtext={"minsize": 9, "mode": "hide"},
    )  # fmt: skip


def _lanes(load: LoadResult, course: Course, spans: Sequence[Span]) -> Iterator[Lane]:
    rates = [line(course.t_s, rounded(course.tps), "answered", 0)]
    if load.offered_tps is not None:
        rates.append(line(course.t_s, rounded(course.offered), "offered", 1))
    if spans:
        bars = span_bars(spans)
        yield Lane(bars, 30 * len(bars), axis("", showgrid=False, zeroline=False, fixedrange=True))
    yield Lane(rates, 120, axis("requests/s", rangemode="tozero"))
    yield _latencies(load, course)
    if any(course.errors):
        yield Lane(_failures(load, course), 100, axis("failures", rangemode="tozero"))
    under_way = line(course.t_s, course.in_flight, "requests under way", 5, line={"color": COLOURS[5], "width": 2})
    yield Lane([{**under_way, "showlegend": False}], 80, count_axis("in flight", course.in_flight))
    if load.scaling is not None and len(load.scaling.instances) > 1:
        counts = load.scaling.instances
        ends_s = [*(each.t_s for each in counts), load.window_s]
        steps = line(ends_s, [*(each.instances for each in counts), counts[-1].instances], "instances", 3)
        steps |= {"line": {"color": COLOURS[3], "width": 2, "shape": "hv"}, "showlegend": False}
        yield Lane([steps], 70, count_axis("instances", [each.instances for each in counts]))


def _latencies(load: LoadResult, course: Course) -> Lane:
    edge = {"hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
    band = {"fill": "tonexty", "fillcolor": "rgba(128,128,128,0.18)"}
    traces = [
        line(course.t_s, rounded(course.min_ms), "shortest", 0, **edge),
        line(course.t_s, rounded(course.max_ms), "shortest to longest", 0, **edge | band),
    ]
    for place, dash, name, values in (
        (3, 2, "p50", course.p50_ms),
        (0, 0, "p95", course.p95_ms),
        (2, 3, "p99", course.p99_ms),
    ):
        drawn = {"color": COLOURS[place], "dash": DASHES[dash], "width": 2}
        traces.append(line(course.latency_t_s, rounded(values), name, place, line=drawn, hovertemplate="%{y}"))
    traces += _control_p95(load)
    checks = [each for each in load.checks if each.scope == "total" and each.metric in ("p50", "p95", "p99")]
    limits = [(f"{each.metric} <= {format_ms(each.at_most)}", each.at_most) for each in checks if each.at_most]
    bounds = [bound for _, bound in limits]
    largest = max((value for value in (*course.p99_ms, *bounds) if math.isfinite(value)), default=0.0)
    smallest = min((value for value in course.p50_ms if math.isfinite(value)), default=0.0)
    log = bool(smallest) and largest > 20 * smallest
    return Lane(
        traces,
        190,
        ms_axis("latency ms", (*course.min_ms, *course.max_ms, *bounds), log=log),
        marks=limit_marks(bounds),
        notes=limit_notes(limits, log=log),
    )


def _control_p95(load: LoadResult) -> Iterator[Json]:
    """The p95 of the load's control, in slices of the window."""
    spread = load.control.distribution if load.control is not None else None
    if load.control is None or spread is None or not spread.total.counts:
        return
    slots = [index * spread.slice_s for index in range(len(spread.over_time))]
    p95_ms = rounded(each.percentile_ms(950) for each in spread.over_time)
    drawn = {"color": COLOURS[4], "dash": DASHES[4], "width": 2}
    yield line(slots, p95_ms, f"p95 of control {load.control.name}", 4, line=drawn, hovertemplate="%{y}")


def _failures(load: LoadResult, course: Course) -> list[Json]:
    spread = load.distribution
    if spread is None:
        return [
            {"type": "bar", "x": course.t_s, "y": course.errors, "name": "failures", "marker": {"color": COLOURS[1]}}
        ]
    slots = [index * spread.slice_s for index in range(len(spread.over_time))]
    traces = failures_before(course, spread.slice_s)
    for place, (kind, counts) in enumerate(spread.errors_over_time.items(), start=1):
        trace = line(slots, counts, kind, place, stackgroup="failures", hovertemplate="%{y}")
        trace["fillpattern"] = {"shape": ("", "/", "x", "-", "\\", "+", ".")[place % 7]}
        traces.append(trace)
    return traces


def _bands(load: LoadResult, spans: Sequence[Span]) -> Iterator[Json]:
    """What lies over all lanes: where a stage begins, scaling, and the client's own stalls."""
    for span in spans:
        if span.row == "stage" and span.begin_s > 0:
            x, thin = span.begin_s, {"color": INK, "width": 1, "dash": "dot"}
            yield {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": thin}
        if span.row == "scaling":
            yield _band(span.begin_s, span.end_s, "rgba(0,158,115,0.12)")
    spread = load.distribution
    for index, lag_ms in enumerate(spread.client_lag_ms if spread is not None else ()):
        if spread is not None and lag_ms >= STALL_MS:
            yield _band(index * spread.slice_s, (index + 1) * spread.slice_s, "rgba(213,94,0,0.15)")


def _band(begin_s: float, end_s: float, colour: str) -> Json:
    return {"type": "rect", "x0": begin_s, "x1": end_s, "yref": "paper", "y0": 0, "y1": 1, "fillcolor": colour,
            "line": {"width": 0}, "layer": "below"}  # fmt: skip


def _summary(load: LoadResult, course: Course, before: Course) -> str:
    if not load.timeline:
        return f"The load ended before its window opened, after {before_words(load, before)}."
    worst = max(((value, at) for value, at in zip(course.p95_ms, course.latency_t_s, strict=True)
                 if math.isfinite(value)), default=None)  # fmt: skip
    parts = [f"{format_tps(load.tps)} requests/s answered over {load.window_s:.4g} s"]
    if load.offered_tps is not None:
        parts[0] += f" of {format_tps(load.offered_tps)} offered"
    if begin_s(load, before) < 0:
        parts.append(f"before it {before_words(load, before)}")
    if worst is not None:
        parts.append(f"p95, {course.percentiles_are}, at its highest {format_ms(worst[0])} at {worst[1]:.0f} s")
    failed = sum(course.errors)
    parts.append(f"{failed:,} failures" if failed else "no failures")
    parts.append(f"up to {max(course.in_flight, default=0):,} requests under way")
    lag_ms = max(load.distribution.client_lag_ms, default=0.0) if load.distribution is not None else 0.0
    if lag_ms >= STALL_MS:
        parts.append(f"the client's own loop was late by up to {format_ms(lag_ms)} (shaded)")
    if load.scaling is not None and load.scaling.activities:
        parts.append("scaling is shaded green")
    if served := server_summary(load):
        parts.append(served)
    return "; ".join(parts) + ". The grey band is from the shortest to the longest latency."


def _columns(course: Course) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {
        "s": rounded(course.t_s, 7),
        "offered/s": rounded(course.offered),
        "answered/s": rounded(course.tps),
        "failures": course.errors,
        "in flight": course.in_flight,
        "longest ms": rounded(course.max_ms),
    }
    # Of the slice each begins in, where these are longer.
    slots = [max(0, bisect_right(course.latency_t_s, t_s) - 1) for t_s in course.t_s]
    for name, values in (("p50 ms", course.p50_ms), ("p95 ms", course.p95_ms), ("p99 ms", course.p99_ms)):
        columns[name] = rounded(values[slot] for slot in slots)
    return columns
