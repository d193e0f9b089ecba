"""Puts CloudWatch's points of a window in order: a value for each period, for each metric and variant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil, isnan, nan
from typing import TYPE_CHECKING

from pytest_smload.core.limits.server_metrics import WATCHED
from pytest_smload.core.server.resolution import MINUTE_S
from pytest_smload.core.server.series import adds_up_publications, series_of
from pytest_smload.core.server.server_side import ServerSeries

if TYPE_CHECKING:
    from pytest_smload.core.limits.server_metrics import ServerMetric
    from pytest_smload.core.server.readings import Window
    from pytest_smload.core.server.series import Points
    from pytest_smload.core.server.variant import ServingVariant

MOST_PERIODS = 360
"""Of a series. Several periods of a longer one are put together, as CloudWatch would have had them of a longer period:
sums add up, means are weighted by their samples, the largest stays. It is less than the bins of the page's timeline, so
that each period is in one of them."""
_DIGITS = 9
"""Significant ones that are kept: all of a count, more than there are of a measured value."""


def shown_over_time(rows: Iterable[ServerMetric]) -> list[ServerMetric]:
    """Return those of *rows* that have a value for each period, and what is watched besides."""
    return [*dict.fromkeys([*(row for row in rows if row.fold != "percentile"), *WATCHED])]


def series_over_time(
    rows: Iterable[ServerMetric], points: Points, window: Window, begin_s: float
) -> tuple[ServerSeries, ...]:
    """Return the series of each of *rows* and each variant that there are data of.

    Args:
        rows: As `shown_over_time` returns them.
        points: What CloudWatch answered.
        begin_s: When the load's window began, in seconds since 1970; *window* begins with CloudWatch's first whole
            period of it.
    """
    found = (_series(row, variant, points, window, begin_s) for row in rows for variant in window.variants)
    return tuple(each for each in found if each is not None)


def _series(
    row: ServerMetric, variant: ServingVariant, points: Points, window: Window, begin_s: float
) -> ServerSeries | None:
    units = variant.units(row.per)
    asked = series_of(row, variant, window.resolution, window.span)
    found = {statistic: window.inside(series, points) for statistic, series in asked.items()}
    if not units or not all(found.values()):
        return None
    if adds_up_publications(row, next(iter(asked.values())), window.resolution):
        return None
    period_s = next(iter(asked.values())).period_s
    # CloudWatch's own minutes, where the window begins within one.
    first_s = (
        window.span.begin_s + int(min(each[0].begin_s for each in found.values()) - window.span.begin_s) % period_s
    )
    count = (window.span.end_s - first_s) // period_s
    by_period = {
        statistic: {int(point.begin_s - first_s) // period_s: point.value for point in each}
        for statistic, each in found.items()
    }
    together = ceil(count / MOST_PERIODS) or 1
    values = tuple(
        _rounded(_value(row, by_period, range(at, min(at + together, count)), period_s) * row.scale / units)
        for at in range(0, count, together)
    )
    if all(map(isnan, values)):
        return None
    return ServerSeries(
        name=row.name,
        metric=row.series,
        variant=variant.name,
        unit=row.unit,
        begin_s=round(first_s - begin_s, 3),
        end_s=round(first_s + count * period_s - begin_s, 3),
        period_s=together * period_s,
        values=values,
    )


def _value(row: ServerMetric, by_period: Mapping[str, Mapping[int, float]], periods: range, period_s: int) -> float:
    """The value of *periods* together, in CloudWatch's unit; NaN where none of them has data."""
    known = [at for at in periods if all(at in values for values in by_period.values())]
    columns = [[values[at] for at in known] for values in by_period.values()]
    return _FOLDS[row.fold](columns, len(periods) * period_s) if known else nan


def _mean(columns: Sequence[Sequence[float]], _length_s: int) -> float:
    sums, counts = columns
    count = sum(counts)
    return sum(sums) / count if count else nan


_FOLDS: Mapping[str, Callable[[Sequence[Sequence[float]], int], float]] = {
    "mean": _mean,
    "max": lambda columns, _length_s: max(columns[0]),
    "sum": lambda columns, _length_s: sum(columns[0]),
    "per minute": lambda columns, length_s: sum(columns[0]) * MINUTE_S / length_s,
    "level": lambda columns, _length_s: sum(columns[0]) / len(columns[0]),
}
"""By the fold of a metric: the value of the points of each of its statistics, and of the time they are of."""


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
