"""How finely CloudWatch tells time: the periods an endpoint's figures come in, and the windows that fit them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, lcm
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE_S = 60
SHORT_PERIODS_S = (1, 5, 10, 20, 30)
"""Periods below a minute that GetMetricData takes; longer ones are whole minutes (API reference, MetricStat)."""
_LATE_SHARE, _LATE_S = 0.1, 1.0
"""A window may begin this share of a period beside it, or so much at most, and still be taken for that period's."""
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Resolution:
    """In which periods an endpoint's figures are published, in seconds.

    Attributes:
        requests_s: What happens with requests (namespace ``AWS/SageMaker``).
        hosts_s: The instances' utilization (``/aws/sagemaker/Endpoints``).
    """

    requests_s: int = MINUTE_S
    hosts_s: int = MINUTE_S

    @classmethod
    def published(cls, every_s: int | None, *, enhanced: bool) -> Resolution:
        """Return what a MetricsConfig says: requests are published by it only with EnableEnhancedMetrics."""
        hosts_s = every_s or MINUTE_S
        return cls(hosts_s if enhanced else MINUTE_S, hosts_s)

    @property
    def window_s(self) -> int:
        """What a window has to begin at a multiple of, and be a multiple of."""
        return lcm(self.requests_s, self.hosts_s)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole periods, in seconds since 1970."""

    begin_s: int
    end_s: int

    @property
    def length_s(self) -> int:
        """How long it is."""
        return self.end_s - self.begin_s


def aligned_begin_s(earliest_s: float, before_window_s: float, period_s: int) -> float:
    """Return when to begin, not before *earliest_s*, for a window *before_window_s* later to begin with a period.

    Args:
        earliest_s: Seconds since 1970, as is what is returned.
        before_window_s: The warm-up.
        period_s: Periods begin at its multiples.
    """
    return ceil((earliest_s + before_window_s - _ROUNDING_S) / period_s) * period_s - before_window_s


def begins_at_s(ends_s: Sequence[float], resolution: Resolution, *, percentiles: bool) -> int:
    """Return what a window of one of the lengths *ends_s* is to begin at a multiple of.

    A percentile's one period is as long as the window, and CloudWatch takes those below a minute only from their own
    division of the minute on: from :00, :05, :10 of it for 5 s (API reference, GetMetricData's StartTime).
    """
    short = [round(end_s) for end_s in ends_s if percentiles and end_s < MINUTE_S]
    return lcm(resolution.window_s, *short)


def duration_problem(ends_s: Sequence[float], resolution: Resolution, *, percentiles: bool) -> str:
    """Return why CloudWatch has no figures of a window of each of the lengths *ends_s*, with the remedy, or ``""``.

    Args:
        percentiles: Whether one is asked for: it takes one period as long as the window, as those of several cannot be
            put together.
    """
    period_s = resolution.window_s
    for end_s in ends_s:
        if not end_s or abs(end_s - round(end_s / period_s) * period_s) > _ROUNDING_S:
            longer = format_duration(max(1, ceil(end_s / period_s)) * period_s)
            return (
                f"CloudWatch has this endpoint's figures in periods of {format_duration(period_s)}, and a window of "
                f"{format_duration(end_s)} is not a multiple of it; let the load last {longer}"
            )
        if percentiles and not is_period(round(end_s)):
            short = (each for each in SHORT_PERIODS_S if each >= end_s and each % period_s == 0)
            longer = format_duration(next(short, ceil(end_s / MINUTE_S) * MINUTE_S))
            return (
                f"CloudWatch has no percentile of a window of {format_duration(end_s)}: one takes "
                f"{', '.join(map(str, SHORT_PERIODS_S))} s or whole minutes; let the load last {longer}"
            )
    return ""


def is_period(length_s: int) -> bool:
    """Return whether GetMetricData takes *length_s* as a period."""
    return length_s in SHORT_PERIODS_S or (length_s > 0 and length_s % MINUTE_S == 0)


def whole_periods(begin_s: float, end_s: float, period_s: int) -> Span | None:
    """Return the whole periods of a window, or None without one.

    A window that begins a hair late, as a busy client opens it, is taken for its period's.
    """
    late_s = min(_LATE_SHARE * period_s, _LATE_S)
    first = ceil((begin_s - late_s) / period_s) * period_s
    beside_s = first - begin_s if abs(first - begin_s) <= late_s else 0.0
    last = floor((end_s + beside_s + _ROUNDING_S) / period_s) * period_s
    return Span(first, last) if last > first else None


def covering(begin_s: float, end_s: float, period_s: int) -> Span:
    """Return the periods that hold all of the time from *begin_s* to *end_s*."""
    first = floor(begin_s / period_s) * period_s
    return Span(first, max(ceil(end_s / period_s) * period_s, first + period_s))
