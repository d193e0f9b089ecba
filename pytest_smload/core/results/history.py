"""Follows each load over many runs: its figures in order of time, and where their level shifted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite, log
from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.core.results.estimates import COST, ERROR_RATE, TPS, unfit, usd_per_million
from pytest_smload.core.results.pairing import LoadId, loads_of_test
from pytest_smload.core.results.result import Verdict
from pytest_smload.core.statistics.shifts import shifts
from pytest_smload.errors import ReportError

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult, RunResult

LEAST_CHANGE = 0.05
"""Smaller shifts of a latency, rate or price are not named, however clear."""
LEAST_ERRORS = 0.002
"""The same of the share of errors, of requests."""
MOST_RUNS = 200
"""Changes are looked for among so many of the latest runs that count."""
FOLLOWED = ("p95", TPS, ERROR_RATE, COST)


@dataclass(frozen=True, slots=True)
class Point:
    """One load in one run.

    Attributes:
        at: When the load began.
        commit: What was checked out, or "".
        verdict: On the load.
        unfit: Why its figures are in no statistics, or "".
        figures: By the names of `FOLLOWED`; NaN for what is not known.
    """

    at: datetime
    commit: str
    verdict: Verdict
    unfit: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """A shift in the level of one figure.

    Attributes:
        metric: One of `FOLLOWED`.
        before, after: Medians.
        point: The first load after it.
        p: Share of histories without a shift in which one as clear appears.
    """

    metric: str
    before: float
    after: float
    point: Point
    p: float


class _Key(NamedTuple):
    load: LoadId
    endpoint: str
    asked: str


@dataclass(frozen=True, slots=True)
class Series:
    """One load over runs that asked the same of the same endpoint.

    Attributes:
        name: What it is known by.
        example: One of its runs, for what was asked of what.
        points: Oldest first.
        changes: Oldest first.
    """

    name: LoadId
    example: LoadResult
    points: tuple[Point, ...]
    changes: tuple[Change, ...]


def history_of(runs: Iterable[RunResult]) -> list[Series]:
    """Return every load of *runs*, in any order, by test, label, endpoint and profile.

    Every attempt counts, and a load that is in several reports once. What is INVALID, interrupted or ended early is
    among the points and in no statistics.

    Raises:
        ReportError: a load's time of beginning is none.
    """
    found: dict[_Key, dict[tuple[datetime, str], Point]] = {}
    headlines: dict[_Key, LoadResult] = {}
    for run in runs:
        for test in run.tests:
            for name, load in loads_of_test(test).items():
                key, point = _key(name, load), _point(run, load)
                headlines[key] = load
                # Legs of a matrix begin in the same second, and are two loads; a copy has the same figures.
                found.setdefault(key, {}).setdefault((point.at, repr(point.figures)), point)
    series = []
    for key, loads in found.items():
        points = tuple(loads[place] for place in sorted(loads))
        series.append(Series(key.load, headlines[key], points, tuple(changes_in(points))))
    return sorted(series, key=lambda each: (each.name, each.points[0].at))


def changes_in(points: Iterable[Point]) -> list[Change]:
    """Return the changes of all figures over the latest of *points*, in order of time."""
    sound = [point for point in points if not point.unfit]
    changes = []
    for metric in FOLLOWED:
        known = [point for point in sound if isfinite(point.figures[metric])][-MOST_RUNS:]
        found = shifts([point.figures[metric] for point in known])
        changes += [
            Change(metric, shift.before, shift.after, known[shift.place], shift.p)
            for shift in found
            if _matters(metric, shift.before, shift.after)
        ]
    return sorted(changes, key=lambda change: change.point.at)


def check_moments(run: RunResult, name: str) -> None:
    """Refuse a *run*, called *name*, that cannot be put in order of time.

    Raises:
        ReportError: one of its loads does not say when it began.
    """
    for test in run.tests:
        for load in test.loads:
            try:
                moment(load.started_at)
            except ReportError as error:
                raise ReportError(f"{name}: a load of {test.nodeid} began at {error}") from None


def moment(text: str) -> datetime:
    """Return the time that *text*, ISO 8601, says; in UTC where it has no zone.

    Raises:
        ReportError: it says none.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ReportError(f"{text!r} is no time in ISO 8601, such as 2026-01-31T12:00:00+00:00") from None


def _point(run: RunResult, load: LoadResult) -> Point:
    figures = {
        "p95": load.p95_ms,
        TPS: load.tps,
        ERROR_RATE: load.error_rate,
        COST: usd_per_million(load),
    }
    return Point(moment(load.started_at), run.commit or "", load.verdict, unfit(load), figures)


def _key(name: LoadId, load: LoadResult) -> _Key:
    where = load.endpoint
    asked = json.dumps([load.profile, load.transport], sort_keys=True)
    return _Key(name, f"{where.endpoint_name or where.name} {where.region} {where.account}", asked)


def _matters(metric: str, before: float, after: float) -> bool:
    if metric == ERROR_RATE:
        return abs(after - before) >= LEAST_ERRORS
    if before <= 0 or after <= 0:
        return before != after
    return abs(log(after / before)) >= log(1 + LEAST_CHANGE)
