"""Draws what CloudWatch had of a load over its window: lanes of steps, each as wide as the period it is of."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from math import floor, isfinite, isnan, nan
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.core.server.resolution import MINUTE_S
from pytest_smload.core.units import format_duration, format_ms, format_share
from pytest_smload.reports.html.charts import COLOURS, LIMIT, Json, axis, count_axis, line, ms_axis, rounded
from pytest_smload.reports.html.lanes import Lane, limit_marks, limit_notes
from pytest_smload.reports.words.cells import format_count, plain_text

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.server.server_side import ServerSeries

_LONGEST_IN_LEGEND: Final = 20
_LONGEST_IN_TABLE: Final = 80
_LOG_FROM: Final = 20
"""How many times the smallest value the largest is where an axis of latencies becomes logarithmic."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of lane.

    Attributes:
        lines: What its lines are called, by the name of their metric.
        unit: What follows that in the heading of a column.
        factor: What values are multiplied by.
        by_second: Whether they are counts of a period, or by the minute, and are shown per second.
    """

    title: str
    height_px: int
    lines: Mapping[str, str]
    unit: str = ""
    factor: float = 1.0
    by_second: bool = False


_LATENCIES: Final = _Kind(
    "server ms",
    110,
    {
        "model_latency_mean": "model mean",
        "overhead_latency_mean": "overhead mean",
        "model_loading_wait_max": "loading wait max",
    },
    unit=" ms",
)
_SHARES: Final = _Kind(
    "server %",
    110,
    {
        "cpu_utilization_max": "CPU max",
        "cpu_utilization_mean": "CPU mean",
        "memory_utilization_max": "memory max",
        "gpu_utilization_max": "GPU max",
        "gpu_memory_utilization_max": "GPU memory max",
        "disk_utilization_max": "disk max",
        "model_cache_hit": "cache hits",
    },
    unit=" %",
    factor=100.0,
)
_COUNTS: Final = _Kind(
    "counted/s",
    90,
    {"invocations": "invocations", "invocations_per_instance": "per instance"},
    unit="/s",
    by_second=True,
)
_ERRORS: Final = _Kind("server errors", 80, {"server_5xx": "5xx", "server_4xx": "4xx"}, unit=" a period")
_CONCURRENT: Final = _Kind("concurrent", 80, {"concurrent_requests_max": "concurrent max"})
_MODELS: Final = _Kind("models", 80, {"loaded_models": "loaded models"})
_KINDS: Final = (_LATENCIES, _SHARES, _COUNTS, _ERRORS, _CONCURRENT, _MODELS)
"""In the order they are shown."""


def server_lanes(load: LoadResult, t_s: Sequence[float]) -> Iterator[Lane]:
    """Yield the lanes of what CloudWatch had of *load*, under one heading; none where it was not asked.

    Args:
        t_s: Where the bins of the other lanes begin: steps have a point at each, so that one cursor reads all.
    """
    heading = _heading(load)
    for kind in _KINDS:
        found = [*_of(kind, load)]
        if kind is _ERRORS:
            found = [(name, series) for name, series in found if any(value > 0 for value in series.values)]
        if not found:
            continue
        traces = []
        for place, (name, series) in zip(_places(), found, strict=False):
            x, y = _steps(series, _drawn(kind, series), t_s)
            trace = line(x, rounded(y), name, place, hovertemplate="%{y}")
            trace["line"]["shape"] = "hv"
            traces.append(trace)
        yield _lane(kind, load, traces, heading)
        heading = ""


def server_columns(load: LoadResult, t_s: Sequence[float]) -> dict[str, Sequence[Any]]:
    """Return the numbers of the lanes by their headings: at each of *t_s*, the value of the period it is in."""
    columns: dict[str, Sequence[Any]] = {}
    ends_s = [*t_s[1:], load.window_s]
    middles_s = [(begin_s + end_s) / 2 for begin_s, end_s in zip(t_s, ends_s, strict=True)]
    for kind in _KINDS:
        for name, series in _of(kind, load, longest=_LONGEST_IN_TABLE):
            values = _drawn(kind, series)
            columns[f"{name}{kind.unit}"] = rounded(_at(series, values, middle_s) for middle_s in middles_s)
    return columns


def server_summary(load: LoadResult) -> str:
    """Return a part of a sentence on the lanes' extremes, or ``""``."""
    parts = []
    for name, words, form in (
        ("model_latency_mean", "the model's mean time {} at most", format_ms),
        ("cpu_utilization_max", "CPU {} at most", lambda share: format_share(round(share, 3))),
        ("gpu_utilization_max", "GPU {} at most", lambda share: format_share(round(share, 3))),
    ):
        most = max((value for each in _named(load, name) for value in each.values if isfinite(value)), default=nan)
        if isfinite(most):
            parts.append(words.format(form(most)))
    counted = [value for each in _named(load, "invocations") for value in each.values if isfinite(value)]
    if counted:
        parts.append(f"{format_count(sum(counted))} invocations counted")
    return f"in CloudWatch's periods {', '.join(parts)}" if parts else ""


def _places() -> Iterator[int]:
    """Of lines, without those that look like a limit's."""
    return (place for place in count() if COLOURS[place % len(COLOURS)] != LIMIT["color"])


def _named(load: LoadResult, name: str) -> list[ServerSeries]:
    series = load.server.series if load.server is not None else ()
    return [each for each in series if each.name == name and each.period_s > 0 and isfinite(each.begin_s + each.end_s)]


def _of(kind: _Kind, load: LoadResult, longest: int = _LONGEST_IN_LEGEND) -> Iterator[tuple[str, ServerSeries]]:
    """The series of a lane, each with what it is called: by its variant too, where there are several."""
    several = load.server is not None and len({each.variant for each in load.server.series}) > 1
    for metric, name in kind.lines.items():
        for series in _named(load, metric):
            yield f"{name}, {_short(series.variant, longest)}" if several else name, series


def _short(variant: str, longest: int) -> str:
    """A variant's name, without its middle where it is long: names often differ at their ends."""
    name = plain_text(variant)
    if len(name) <= longest:
        return name
    return f"{name[: longest // 2]}…{name[-(longest // 2) :]}"


def _heading(load: LoadResult) -> str:
    periods = sorted({each.period_s for each in load.server.series}) if load.server is not None else []
    return f"CloudWatch, in periods of {' or '.join(map(format_duration, periods))}"


def _drawn(kind: _Kind, series: ServerSeries) -> list[float]:
    """The values of *series* as they are drawn."""
    if not kind.by_second:
        return [value * kind.factor for value in series.values]
    if series.unit == "requests/min":
        return [value / MINUTE_S for value in series.values]
    return [
        value / (end_s - begin_s) if end_s > begin_s else nan
        for value, (begin_s, end_s) in zip(series.values, _periods(series), strict=True)
    ]


def _periods(series: ServerSeries) -> list[tuple[float, float]]:
    """When each period begins and ends."""
    begins_s = [round(series.begin_s + place * series.period_s, 3) for place in range(len(series.values))]
    return [*pairwise([*begins_s, series.end_s])]


def _steps(series: ServerSeries, values: Sequence[float], t_s: Sequence[float]) -> tuple[list[float], list[float]]:
    """A point where each period begins and at each of *t_s* inside it; where data ends, one and a gap."""
    x: list[float] = []
    y: list[float] = []
    for value, (begin_s, end_s) in zip(values, _periods(series), strict=True):
        if not isnan(value):
            inside = t_s[bisect_right(t_s, begin_s) : bisect_left(t_s, end_s)]
            x += [begin_s, *inside]
            y += [value] * (1 + len(inside))
        elif y and not isnan(y[-1]):
            x += [begin_s, begin_s]
            y += [y[-1], nan]
    if y and not isnan(y[-1]):
        x.append(series.end_s)
        y.append(y[-1])
    return x, y


def _at(series: ServerSeries, values: Sequence[float], at_s: float) -> float:
    place = floor((at_s - series.begin_s) / series.period_s)
    return values[place] if 0 <= place < len(values) and at_s < series.end_s else nan


def _lane(kind: _Kind, load: LoadResult, traces: list[Json], heading: str) -> Lane:
    limits = [*_limits(kind, load.checks)]
    bounds = [bound for _, bound in limits]
    numbers = [value for trace in traces for value in trace["y"] if value is not None]
    if kind is _LATENCIES:
        log = max(numbers, default=0.0) > _LOG_FROM * min(numbers, default=0.0) > 0
        scale = ms_axis(kind.title, (*numbers, *bounds), log=log)
    else:
        log = False
        scale = count_axis(kind.title, (*numbers, *bounds)) if kind is _ERRORS else axis(kind.title, rangemode="tozero")
    return Lane(traces, kind.height_px, scale, limit_marks(bounds), limit_notes(limits, log=log), heading)


def _limits(kind: _Kind, checks: Sequence[Check]) -> Iterator[tuple[str, float]]:
    """Limits of the lane's own metrics, as text and as drawn: those on a count are of the whole window."""
    for check in checks if kind in (_LATENCIES, _SHARES) else ():
        if check.scope == "total" and check.metric in kind.lines:
            for bound in (check.at_least, check.at_most):
                if bound:
                    yield f"{kind.lines[check.metric]} {check.limit}", bound * kind.factor
