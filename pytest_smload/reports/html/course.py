"""Puts the seconds of a long window together: rates averaged, counts added, extremes kept, percentiles read anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_smload.core.measure.figures import TimelinePoint
    from pytest_smload.core.results.result import LoadResult

MOST_POINTS = 600
"""Bins of a window at most."""


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
        seconds = [point.t_s for point in points]
        return Course(**whole, latency_t_s=seconds, **_percentiles(points), percentiles_are="second by second")  # type: ignore[arg-type]
    # Percentiles of several seconds are no function of each second's: these are read from what was counted.
    found = {
        f"p{per_mille // 10}_ms": [each.percentile_ms(per_mille) for each in spread.over_time]
        for per_mille in (500, 950, 990)
    }
    slots = [index * spread.slice_s for index in range(len(spread.over_time))]
    words = f"in slices of {spread.slice_s:.3g} s, 4 % off at most"
    return Course(**whole, latency_t_s=slots, **found, percentiles_are=words)  # type: ignore[arg-type]


def _percentiles(points: Sequence[TimelinePoint]) -> dict[str, list[float]]:
    return {name: [getattr(point, name) for point in points] for name in ("p50_ms", "p95_ms", "p99_ms")}


def _extreme(which: Any, values: Iterator[float]) -> float:
    return float(which((value for value in values if math.isfinite(value)), default=math.nan))
