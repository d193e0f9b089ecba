"""Puts the seconds of a long load together: rates averaged, counts added, extremes kept, percentiles read anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_smload.core.measure.figures import TimelinePoint
    from pytest_smload.core.results.result import LoadResult

MOST_POINTS = 600
"""Bins of a window at most, and of what is shown of the warm-up."""
_MOST_BEFORE = 0.5
"""Of the window's length: what is shown of the time before it at most, a third of the picture."""


@dataclass(frozen=True, slots=True)
class Course:
    """A window or warm-up second by second, or in longer bins where it is long.

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

    def followed_by(self, other: Course) -> Course:
        """Return this course and then *other*, whose percentiles are what the words are of."""
        joined = {each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        return Course(**joined | {"percentiles_are": other.percentiles_are})


def course_of(load: LoadResult) -> Course:
    """Return the course of *load*'s window in at most `MOST_POINTS` bins."""
    points = load.timeline
    size, whole = _bins(points)
    spread = load.distribution
    if size == 1 or spread is None:
        seconds = [point.t_s for point in points]
        return Course(**whole, latency_t_s=seconds, **_percentiles(points), percentiles_are="second by second")
    # Percentiles of several seconds are no function of each second's: these are read from what was counted.
    found: dict[str, Any] = {
        f"p{per_mille // 10}_ms": [each.percentile_ms(per_mille) for each in spread.over_time]
        for per_mille in (500, 950, 990)
    }
    slots = [index * spread.slice_s for index in range(len(spread.over_time))]
    words = f"in slices of {spread.slice_s:.3g} s, 4 % off at most"
    return Course(**whole, latency_t_s=slots, **found, percentiles_are=words)


def warmup_course(load: LoadResult) -> Course:
    """Return the course of *load*'s warm-up, of a long one the end of it; without a bin where it has none.

    Its percentiles are not known where a bin has several seconds: nothing else was counted of it. Nor is what was
    offered: what it did not send is not kept.
    """
    points: Sequence[TimelinePoint] = load.warmup_timeline
    if load.timeline:
        # Seconds that are there in part are there.
        from_s = -most_before_s(load) - 0.5
        points = [point for point in points if point.t_s >= from_s]
    size, whole = _bins(points)
    whole["offered"] = [math.nan] * len(whole["t_s"])
    found, words = _percentiles(points), "second by second"
    if size > 1:
        found, words = {name: [math.nan] * len(whole["t_s"]) for name in found}, "not known"
    return Course(**whole, latency_t_s=whole["t_s"], **found, percentiles_are=words)


def most_before_s(load: LoadResult) -> float:
    """Return how many seconds before *load*'s window are shown at most."""
    return max(1.0, _MOST_BEFORE * load.window_s)


def _bins(points: Sequence[TimelinePoint]) -> tuple[int, dict[str, Any]]:
    """How many seconds a bin has, and what of each bin is a function of its seconds."""
    size = max(1, math.ceil(len(points) / MOST_POINTS))
    bins = [points[at : at + size] for at in range(0, len(points), size)]
    return size, {
        "t_s": [each[0].t_s for each in bins],
        "offered": [sum(point.offered for point in each) / len(each) for each in bins],
        "tps": [sum(point.tps for point in each) / len(each) for each in bins],
        "errors": [sum(point.errors for point in each) for each in bins],
        "in_flight": [max(point.in_flight for point in each) for each in bins],
        "min_ms": [_extreme(min, (point.min_ms for point in each)) for each in bins],
        "max_ms": [_extreme(max, (point.max_ms for point in each)) for each in bins],
    }


def _percentiles(points: Sequence[TimelinePoint]) -> dict[str, Any]:
    return {name: [getattr(point, name) for point in points] for name in ("p50_ms", "p95_ms", "p99_ms")}


def _extreme(which: Any, values: Iterator[float]) -> float:
    return float(which((value for value in values if math.isfinite(value)), default=math.nan))
