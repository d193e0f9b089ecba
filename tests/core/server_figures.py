"""Points as CloudWatch has them, for tests to read."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smload.core.limits.server_metrics import SERVER_METRICS, WATCHED
from pytest_smload.core.server.readings import Window
from pytest_smload.core.server.resolution import Resolution, Span
from pytest_smload.core.server.series import Point, Points, series_of
from pytest_smload.core.server.variant import ServingVariant

BEGIN = 1_790_000_040
ROWS = {**SERVER_METRICS, **{row.name: row for row in WATCHED}}
LARGE = ServingVariant("AllTraffic", "ml.m5.large", 2, 1.0, vcpus=2, gpus=0)


def window(
    minutes: int = 2, variants: Sequence[ServingVariant] = (LARGE,), resolution: Resolution | None = None
) -> Window:
    """The window of so many minutes."""
    return Window(Span(BEGIN, BEGIN + 60 * minutes), variants, resolution or Resolution())


def points(of: Window, **values: dict[str, dict[str, Sequence[float]]] | dict[str, Sequence[float]]) -> Points:
    """Points of each metric, by its name: by statistic, the value of each period from the window's begin on.

    Of several variants, by their names first.
    """
    found: dict[object, tuple[Point, ...]] = {}
    for name, given in values.items():
        for variant in of.variants:
            for statistic, numbers in given.get(variant.name, given).items():
                series = series_of(ROWS[name], variant, of.resolution, of.span)[statistic]
                found[series] = tuple(
                    Point(of.span.begin_s + place * series.period_s, value)
                    for place, value in enumerate(numbers)
                    if value is not None
                )
    return found
