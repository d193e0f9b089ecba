"""Finds the figures of a load that two runs are compared by, each with the interval its record can carry, or none."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING, Final

from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.limits.aborted import SOURCES as EARLY_SOURCES
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.statistics.binned import binned_quantile_bound, sliced_rate_bound, sliced_share_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import TimelinePoint
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.statistics.bound import Bound

TPS: Final = "tps"
ERROR_RATE: Final = "error_rate"
COST: Final = "cost_per_million"
FIGURES: Final = ("p50", "p95", "p99", TPS, ERROR_RATE)
"""What is compared where nothing else is asked for."""
_WHOLE_SECOND_S = 1.0
_PER_MILLE: Final = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}
_MOST_ANSWERS = 20_000_000
"""Of one load: their order is laid out anew."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a load.

    Attributes:
        value: In the metric's unit; NaN where there is none, inf where so many requests were lost.
        interval: The value with its 95 % interval; None where the record carries none.
        why_not: Why there is none.
        projected: What it would be in a window twice as long, of a latency that grows beyond its limit; else None.
        limit_ms: The limit that requests failed beyond, and so count as slow in it; None where none do.
    """

    value: float
    interval: Estimate | None
    why_not: str = ""
    projected: float | None = None
    limit_ms: float | None = None


def figure_of(load: LoadResult, metric: str) -> Figure:
    """Return the figure *metric* of the whole of *load*: a percentile, ``mean``, ``tps`` or ``error_rate``.

    The interval is that of the check on it, where it has a limit. Else it is what the histograms of the window's slices
    show of a percentile, wider by their bins, and what the timeline shows of a rate and of the share of errors. What a
    check leaves undecided has none at all.
    """
    if (checked := _checked(load, metric)) is not None:
        return checked
    value = _value(load, metric)
    if metric in _PER_MILLE:
        bound = _percentile(load, _PER_MILLE[metric])
        if bound is None:
            return Figure(value, None, f"without a limit on {metric} it takes 20 s of load, and enough requests")
        return Figure(value, _estimate(value, bound.lower, bound.upper))
    if metric not in (TPS, ERROR_RATE):
        return Figure(value, None, f"a report has the interval of {metric} where {metric} has a limit")
    bound = _rate(load.timeline) if metric == TPS else _share(load.timeline)
    if bound is None:
        return Figure(value, None, "it takes 20 s of timeline, and slow spells that come and go within it")
    # The timeline leaves out what is less than a block at its end: its interval is moved to the value of the whole.
    shift = value - bound.observed
    return Figure(value, _estimate(value, max(bound.lower + shift, 0.0), bound.upper + shift))


def _checked(load: LoadResult, metric: str) -> Figure | None:
    """The figure as a check on it has it; None where there is none with an interval."""
    checks = [each for each in load.checks if _is_of(each, metric) and None not in (each.lower, each.upper)]
    check = next((each for each in checks if each.valid), None)
    if check is None:
        return Figure(_value(load, metric), None, f"the limit of {metric} is INVALID") if checks else None
    interval = _estimate(check.observed, check.lower or 0.0, check.upper or 0.0)
    limit_ms = check.at_most if check.unit == "ms" else None
    return Figure(check.observed, interval, projected=check.projected, limit_ms=limit_ms)


def unfit(load: LoadResult) -> str:
    """Return why *load* cannot be compared with another, or ``""``: nothing is as good as what was not measured."""
    if load.verdict == "interrupted":
        return "INTERRUPTED"
    if load.verdict == "invalid":
        return "INVALID"
    if not load.client.judged:
        return "simulated"
    if any(check.source in EARLY_SOURCES and check.outcome != "pass" for check in load.checks):
        return "ended early"
    return "" if load.ok else "without a success"


def times_by_client(load: LoadResult, metric: str) -> float:
    """Return by how much the client's own slowness may have made *metric* of *load* worse, by what it added to p95.

    1 by nothing, 1.1 by a tenth. TPS of an open load is the schedule's; that of a closed one falls as latency rises.
    """
    added_ms = sum(max(each, 0.0) for each in (load.client.bias_p95_ms, load.client.lag_bias_p95_ms) if isfinite(each))
    if not added_ms or not isfinite(load.p95_ms) or (metric == TPS and load.offered_tps is not None):
        return 1.0
    return load.p95_ms / (load.p95_ms - added_ms) if load.p95_ms > added_ms else inf


def usd_per_million(load: LoadResult) -> float:
    """Return what a million requests cost at the load's TPS; NaN where that is not known."""
    return load.cost.usd_per_million if load.cost is not None else nan


def _is_of(check: Check, metric: str) -> bool:
    return check.metric == metric and check.scope == str(TOTAL) and check.source not in EARLY_SOURCES


def _estimate(value: float, lower: float, upper: float) -> Estimate | None:
    if isnan(value) or isnan(lower) or isnan(upper):
        return None
    return Estimate(value, min(lower, value), max(upper, value))


def _value(load: LoadResult, metric: str) -> float:
    name = metric if metric in (TPS, ERROR_RATE) else f"{metric}_ms"
    value: float = getattr(load.total, name)
    return value


def _percentile(load: LoadResult, per_mille: int) -> Bound | None:
    """The interval that the slices of the window leave; None where they are too few, or not of this load's answers."""
    slices = load.distribution.over_time if load.distribution is not None else ()
    filled = [each for each in slices if each.counts]
    total = sum(each.total for each in filled)
    if total != load.ok or not 0 < total <= _MOST_ANSWERS or len({each.ratio for each in filled}) > 1:
        return None
    first = min(each.first for each in filled)
    last = max(each.first + len(each.counts) for each in filled)
    rows = [each.counts_over(first, last) for each in slices]
    edges_ms = [filled[0].ratio ** place for place in range(first, last + 1)]
    return binned_quantile_bound(rows, edges_ms, [0] * len(rows), per_mille)


def _rate(timeline: Sequence[TimelinePoint]) -> Bound | None:
    whole = _whole_seconds(timeline)
    return sliced_rate_bound([round(point.tps) for point in whole], _WHOLE_SECOND_S)


def _share(timeline: Sequence[TimelinePoint]) -> Bound | None:
    whole = _whole_seconds(timeline)
    return sliced_share_bound([point.errors for point in whole], [round(point.offered) for point in whole])


def _whole_seconds(timeline: Sequence[TimelinePoint]) -> Sequence[TimelinePoint]:
    """All but the last, which may be of less than a second."""
    return [point for point in timeline[:-1] if isfinite(point.tps) and 0 <= point.offered < inf]
