"""Puts the periods and variants of CloudWatch's series together into one value for each metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.limits.server_metrics import HOSTS
from pytest_smload.core.server.resolution import MINUTE_S
from pytest_smload.core.server.series import Point, Points, adds_up_publications, invocations, samples_row, series_of

if TYPE_CHECKING:
    from pytest_smload.core.limits.server_metrics import ServerMetric
    from pytest_smload.core.server.resolution import Resolution, Span
    from pytest_smload.core.server.series import Series
    from pytest_smload.core.server.variant import ServingVariant


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric over a window.

    Attributes:
        value: In the metric's unit; None without data.
        samples: How many values are behind it: requests, or publications.
        missing: Why there is no value.
        lacking: Which part of the window has no data, or ``""``.
    """

    value: float | None = None
    samples: int = 0
    missing: str = ""
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Where and when figures are read.

    Attributes:
        span: The whole periods of the load's window.
        variants: Those that serve it.
    """

    span: Span
    variants: Sequence[ServingVariant]
    resolution: Resolution

    def inside(self, series: Series, points: Points) -> list[Point]:
        """Return the points of *series* whose period lies in the window."""
        last = self.span.end_s - series.period_s
        return [point for point in points.get(series, ()) if self.span.begin_s <= point.begin_s <= last]


def read(row: ServerMetric, points: Points, window: Window) -> Reading:
    """Return *row*'s value over the window: over all its periods, and over the variants that serve it.

    A percentile has one variant and one period, for those of several cannot be put together.
    """
    each = [_of_variant(row, variant, points, window) for variant in window.variants]
    parts = [part for part in each if isinstance(part, _Part)]
    if len(parts) < len(each) or not parts:
        return Reading(missing=next((part for part in each if isinstance(part, str)), "no variant serves the endpoint"))
    if row.fold == "mean":
        value = sum(part.value * part.samples for part in parts) / sum(part.samples for part in parts)
    elif row.fold in ("sum", "level"):
        value = sum(part.value for part in parts)
    else:
        value = max(part.value for part in parts)
    lacking = next((part.lacking for part in parts if part.lacking), "")
    return Reading(value * row.scale, sum(part.samples for part in parts), lacking=lacking)


@dataclass(frozen=True, slots=True)
class _Part:
    value: float
    samples: int
    lacking: str


def _of_variant(row: ServerMetric, variant: ServingVariant, points: Points, window: Window) -> _Part | str:
    """The value of one variant in CloudWatch's unit, of one vCPU or GPU; or why there is none."""
    units = variant.units(row.per)
    if not units:
        return f"{variant.name} has no known number of {row.per}s to divide {row.series} by"
    wanted = series_of(row, variant, window.resolution, window.span)
    if adds_up_publications(row, next(iter(wanted.values())), window.resolution):
        every = f"every {window.resolution.hosts_s} s"
        return f"{row.series} is published {every}, and CloudWatch keeps a window of over two hours by the minute"
    found = {statistic: window.inside(series, points) for statistic, series in wanted.items()}
    if not all(found.values()):
        return _no_data(row, wanted, points)
    values = [point.value for point in next(iter(found.values()))]
    count = len(values)
    if row.fold == "mean":
        count = round(sum(point.value for point in found["SampleCount"]))
    elif row.fold == "percentile":
        count = _samples_of(row, variant, points, window)
    if row.fold == "mean" and not count:
        return _no_data(row, wanted, points)
    value = _FOLDS[row.fold](values, count, window.span)
    return _Part(value / units, count, _lacking(row, wanted, found, _expected(row, variant, points, window)))


_FOLDS: dict[str, Callable[[Sequence[float], int, Span], float]] = {
    "percentile": lambda values, _count, _span: values[0],
    "mean": lambda sums, count, _span: sum(sums) / count,
    "max": lambda values, _count, _span: max(values),
    "sum": lambda sums, _count, _span: sum(sums),
    "per minute": lambda sums, _count, span: sum(sums) * MINUTE_S / span.length_s,
    "level": lambda sums, _count, _span: sum(sums) / len(sums),
}
"""A variant's value of its points, how many values are behind them, and the window."""


def _lacking(
    row: ServerMetric, wanted: dict[str, Series], found: dict[str, list[Point]], expected: Sequence[float]
) -> str:
    """Which of the periods that have to have data, begun when *expected* says, have none."""
    period_s = next(iter(wanted.values())).period_s
    periods = {begin_s // period_s for begin_s in expected}
    gaps = max(len(periods - {point.begin_s // period_s for point in series}) for series in found.values())
    of = "window's" if row.namespace == HOSTS else "window's busy"
    return f"CloudWatch lacks {row.series} of {gaps} of the {of} {len(periods)} periods" if gaps else ""


def _expected(row: ServerMetric, variant: ServingVariant, points: Points, window: Window) -> Sequence[float]:
    """When periods begin that have to have data: instances publish in every one, of requests there is nothing in one
    without any."""
    if row.namespace == HOSTS:
        return range(window.span.begin_s, window.span.end_s, window.resolution.hosts_s)
    if not row.of_each or row.fold == "percentile":
        return ()
    return [point.begin_s for point in window.inside(invocations(variant, window.resolution), points) if point.value]


def _samples_of(row: ServerMetric, variant: ServingVariant, points: Points, window: Window) -> int:
    counted = samples_row(row)
    if counted is None:
        return 0
    series = series_of(counted, variant, window.resolution, window.span)["SampleCount"]
    return round(sum(point.value for point in window.inside(series, points)))


def _no_data(row: ServerMetric, wanted: dict[str, Series], points: Points) -> str:
    elsewhere = sum(len(points.get(series, ())) for series in wanted.values())
    if elsewhere:
        # Periods begin where the question does; an answer that does not is of another span.
        return f"CloudWatch has {row.series} only of periods that are not the window's"
    return f"CloudWatch has no data of {row.series} ({row.namespace}) for the window"


def needs(row: ServerMetric) -> Iterator[ServerMetric]:
    """Yield the rows whose series it takes to read *row*."""
    yield row
    counted = samples_row(row)
    if counted is not None:
        yield counted
