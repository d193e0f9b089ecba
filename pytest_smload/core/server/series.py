"""Which of CloudWatch's series a metric is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.core.limits.server_metrics import REQUESTS, SERVER_METRICS
from pytest_smload.core.server.resolution import MINUTE_S

if TYPE_CHECKING:
    from pytest_smload.core.limits.server_metrics import ServerMetric
    from pytest_smload.core.server.resolution import Resolution, Span
    from pytest_smload.core.server.variant import ServingVariant

INVOCATIONS = "Invocations"
_FINE_FOR_S = 2 * 3600
"""Points closer than a minute are kept for three hours; of a longer window they would be gone by its end."""


class Point(NamedTuple):
    """One datapoint: when its period began, in seconds since 1970, and its value."""

    begin_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """One statistic of one CloudWatch metric of one variant.

    Attributes:
        period_s: How long the period of each point is.
    """

    variant: str
    namespace: str
    metric: str
    statistic: str
    period_s: int


Points = Mapping[Series, Sequence[Point]]
"""What CloudWatch answered; a series without data may be absent."""


def invocations(variant: ServingVariant, resolution: Resolution) -> Series:
    """Return the series of how many requests were counted."""
    return Series(variant.name, REQUESTS, INVOCATIONS, "Sum", resolution.requests_s)


def series_of(row: ServerMetric, variant: ServingVariant, resolution: Resolution, window: Span) -> dict[str, Series]:
    """Return the series of *row* by statistic.

    A percentile is asked for as one period, the whole window: those of shorter ones cannot be put together.
    """
    if row.fold == "percentile":
        period_s = window.length_s
    else:
        period_s = resolution.requests_s if row.namespace == REQUESTS else resolution.hosts_s
        if window.length_s > _FINE_FOR_S and period_s < MINUTE_S:
            period_s = MINUTE_S
    return {
        statistic: Series(variant.name, row.namespace, row.series, statistic, period_s) for statistic in row.statistics
    }


def adds_up_publications(row: ServerMetric, series: Series, resolution: Resolution) -> bool:
    """Whether the sum of one of *series*' periods is that of several publications of a level, and so no level."""
    return row.fold == "level" and series.period_s > resolution.hosts_s


def wanted(
    rows: Iterable[ServerMetric], variants: Iterable[ServingVariant], resolution: Resolution, window: Span
) -> list[Series]:
    """Return every series *rows* are made of, each once."""
    variants = list(variants)
    found = (
        series
        for row in rows
        for variant in variants
        for series in series_of(row, variant, resolution, window).values()
    )
    return list(dict.fromkeys(found))


def samples_row(row: ServerMetric) -> ServerMetric | None:
    """Return the row whose sample count is the percentile *row*'s: the mean of the same series."""
    if row.fold != "percentile":
        return None
    return next(other for other in SERVER_METRICS.values() if other.series == row.series and other.fold == "mean")
