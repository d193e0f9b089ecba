"""CloudWatch as far as metrics are read: GetMetricData and GetMetricStatistics."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.emulator.control.call import ControlError
from pytest_smload.emulator.control.clock import moment
from pytest_smload.emulator.control.metrics import Series
from pytest_smload.emulator.control.samples import STATISTICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pytest_smload.emulator.control.metrics import Metrics
    from pytest_smload.emulator.control.samples import Samples

_MOST_QUERIES: Final = 500
_MOST_POINTS: Final = 100_800
_MOST_STATISTICS_POINTS: Final = 1440
_SHORT_PERIODS_S: Final = frozenset({1, 5, 10, 20, 30})
_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


class CloudWatch:
    """The operations, by name in `operations`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.operations: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "GetMetricData": self.get_metric_data,
            "GetMetricStatistics": self.get_metric_statistics,
        }

    async def get_metric_data(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the data points of each query, in pages; periods begin at the start time, rounded down."""
        queries = arguments.get("MetricDataQueries") or []
        if not 1 <= len(queries) <= _MOST_QUERIES:
            raise _invalid(f"The collection MetricDataQueries must have 1 to {_MOST_QUERIES} members.")
        start_s, end_s = _span(arguments)
        newest_first = arguments.get("ScanBy", "TimestampDescending") != "TimestampAscending"
        results = [
            await self._result(query, start_s, end_s, newest_first=newest_first)
            for query in queries
            if not _is_false(query.get("ReturnData"))
        ]
        most = max(1, int(arguments.get("MaxDatapoints") or _MOST_POINTS))
        return _page(results, _offset(arguments.get("NextToken")), most)

    async def get_metric_statistics(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the data points of one metric, in no order."""
        period_s = _period_s(arguments, "InvalidParameterValue")
        start_s, end_s = _span(arguments, "InvalidParameterCombination")
        if (end_s - start_s) / period_s > _MOST_STATISTICS_POINTS:
            raise ControlError(
                "InvalidParameterCombination",
                f"You have requested up to {(end_s - start_s) / period_s:.0f} datapoints, which exceeds the limit of "
                f"{_MOST_STATISTICS_POINTS}. You may reduce the datapoints requested by increasing Period, or "
                "decreasing the time range.",
            )
        series = _series(arguments)
        unit = self._metrics.unit(series)
        statistics = arguments.get("Statistics") or []
        extended = arguments.get("ExtendedStatistics") or []
        if not statistics and not extended:
            raise ControlError("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics.")
        found = []
        async for start_ms, samples in self._points(series, start_s, end_s, period_s, arguments.get("Unit")):
            point: dict[str, Any] = {"Timestamp": moment(start_ms / 1000), "Unit": unit}
            point |= {name: _statistic(name, samples) for name in statistics}
            if extended:
                point["ExtendedStatistics"] = {name: _statistic(name, samples) for name in extended}
            found.append(point)
        return {"Label": series.name, "Datapoints": found}

    async def _result(
        self, query: dict[str, Any], start_s: float, end_s: float, *, newest_first: bool
    ) -> dict[str, Any]:
        if "MetricStat" not in query:
            raise _invalid("The embedded endpoint knows MetricStat only, and no Expression.")
        wanted = query["MetricStat"]
        series = _series(wanted.get("Metric") or {})
        statistic = _needed(wanted, "Stat")
        if statistic not in STATISTICS and not _PERCENTILE.fullmatch(statistic):
            raise _invalid(f"The value {statistic} for parameter MetricStat.Stat is not supported.")
        points = []
        async for start_ms, samples in self._points(series, start_s, end_s, _period_s(wanted), wanted.get("Unit")):
            value = _statistic(statistic, samples)
            if value is not None:
                points.append((moment(start_ms / 1000), value))
        if newest_first:
            points.reverse()
        return {"Id": _needed(query, "Id"), "Label": query.get("Label") or series.name, "points": points}

    async def _points(
        self, series: Series, start_s: float, end_s: float, period_s: int, unit: str | None
    ) -> AsyncIterator[tuple[int, Samples]]:
        if unit not in (None, self._metrics.unit(series)):
            return
        # "The start time is rounded down to the nearest whole minute", or to a division of it by a shorter period.
        grain_s = min(period_s, 60)
        start_ms = int(start_s // grain_s * grain_s * 1000)
        for point in self._metrics.points(series, start_ms, int(end_s * 1000), period_s * 1000):
            yield point
            await asyncio.sleep(0)  # requests come first


def _page(results: list[dict[str, Any]], offset: int, most: int) -> dict[str, Any]:
    """Return the page from *offset* on, of at most *most* data points; a result goes on under the same id."""
    total = sum(len(result["points"]) for result in results)
    if offset and offset >= total:
        raise ControlError("InvalidNextToken", "The next token specified is invalid.")
    end, at, shown = offset + most, 0, []
    for result in results:
        points = result.pop("points")
        part = points[max(0, offset - at) : max(0, end - at)]
        goes_on = at + len(points) > end
        if part or (not points and not offset):
            status = "PartialData" if goes_on else "Complete"
            times, values = [time for time, _ in part], [value for _, value in part]
            shown.append({**result, "Timestamps": times, "Values": values, "StatusCode": status})
        at += len(points)
    found: dict[str, Any] = {"MetricDataResults": shown, "Messages": []}
    if end < total:
        found["NextToken"] = base64.urlsafe_b64encode(b"points:%d" % end).decode()
    return found


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        name, _, offset = base64.urlsafe_b64decode(token).partition(b":")
        if name == b"points":
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise ControlError("InvalidNextToken", "The next token specified is invalid.")


def _statistic(name: str, samples: Samples) -> float | None:
    if name in STATISTICS:
        return STATISTICS[name](samples)
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        raise ControlError("InvalidParameterValue", f"The value {name} for parameter Statistics is not supported.")
    return samples.percentile(float(match[1]) / 100)


def _series(metric: dict[str, Any]) -> Series:
    dimensions = {_needed(one, "Name"): _needed(one, "Value") for one in metric.get("Dimensions") or []}
    return Series(_needed(metric, "Namespace"), _needed(metric, "MetricName"), dimensions)


def _span(arguments: dict[str, Any], code: str = "ValidationError") -> tuple[float, float]:
    start_s, end_s = (_epoch_s(_needed(arguments, name)) for name in ("StartTime", "EndTime"))
    if start_s >= end_s:
        raise ControlError(code, "The parameter StartTime must be less than the parameter EndTime.")
    return start_s, end_s


def _period_s(arguments: dict[str, Any], code: str = "ValidationError") -> int:
    period_s = int(_needed(arguments, "Period"))
    if period_s < 1 or (period_s % 60 and period_s not in _SHORT_PERIODS_S):
        raise ControlError(code, "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    return period_s


def _epoch_s(value: float | str) -> float:
    try:
        return float(value) if isinstance(value, (int, float)) else datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise _invalid(f"timestamp {value} is not of ISO 8601") from None


def _needed(arguments: dict[str, Any], name: str) -> Any:
    if arguments.get(name) in (None, ""):
        raise _invalid(f"The parameter {name} is required.")
    return arguments[name]


def _is_false(value: object) -> bool:
    return value is False or value == "false"


def _invalid(message: str) -> ControlError:
    return ControlError("ValidationError", message)
