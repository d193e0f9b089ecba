"""Asks CloudWatch for the figures of an endpoint: what to ask, and what the pages of the answer say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.core.server.series import Point

if TYPE_CHECKING:
    from pytest_smload.aws.control_plane import ControlPlane
    from pytest_smload.core.server.resolution import Span
    from pytest_smload.core.server.series import Points, Series

MOST_QUERIES = 500
"""Of one GetMetricData (API reference)."""
MOST_PAGES = 1_000
"""Of one answer; each has up to 100,800 points."""
_ACTION = "cloudwatch:GetMetricData"
_WHOLE = ("Complete", "PartialData", None)
"""Of a page; what PartialData leaves out comes on the next one."""


def requests(endpoint_name: str, wanted: Iterable[Series], span: Span) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each GetMetricData for *wanted*; a query's Id is ``q`` and its place among all of them."""
    queries = iter(enumerate(wanted))
    while batch := list(islice(queries, MOST_QUERIES)):
        yield {
            "MetricDataQueries": [_query(endpoint_name, place, series) for place, series in batch],
            "StartTime": datetime.fromtimestamp(span.begin_s, UTC),
            "EndTime": datetime.fromtimestamp(span.end_s, UTC),
            "ScanBy": "TimestampAscending",
        }


def _query(endpoint_name: str, place: int, series: Series) -> dict[str, Any]:
    dimensions = {"EndpointName": endpoint_name, "VariantName": series.variant}
    return {
        "Id": f"q{place}",
        "MetricStat": {
            "Metric": {
                "Namespace": series.namespace,
                "MetricName": series.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": series.period_s,
            "Stat": series.statistic,
        },
        "ReturnData": True,
    }


def ask(plane: ControlPlane, wanted: Sequence[Series], span: Span) -> Points:
    """Return the points of each of *wanted* whose period begins in *span*, in order; those without data have none.

    Raises:
        ControlPlaneError: asking is not allowed, or failed.
    """
    found: dict[str, dict[float, float]] = {f"q{place}": {} for place in range(len(wanted))}
    for arguments in requests(plane.target.endpoint_name, wanted, span):
        for number, page in enumerate(plane.pages("cloudwatch", "GetMetricData", **arguments)):
            if number == MOST_PAGES:
                raise _failed("an answer without end")
            for result in page.get("MetricDataResults") or ():
                _merge(found, result)
    return {
        series: tuple(Point(begin_s, value) for begin_s, value in sorted(found[f"q{place}"].items()))
        for place, series in enumerate(wanted)
    }


def _merge(found: Mapping[str, dict[float, float]], result: Mapping[str, Any]) -> None:
    """Add one page's points of one query: an Id comes on every page that has some of it, and botocore merges none."""
    status = result.get("StatusCode")
    if status not in _WHOLE:
        raise _failed(f"CloudWatch says {status} of its own answer", str(status))
    points = found.get(str(result.get("Id")), {})
    for time, value in zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False):
        if value is not None and isfinite(value):
            points[time.timestamp()] = float(value)


def _failed(why: str, code: str = "unknown") -> ControlPlaneError:
    return ControlPlaneError(f"{_ACTION} failed: {why}", action=_ACTION, code=code, denied=code == "Forbidden")
