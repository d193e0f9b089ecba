"""How a running load stands: its limits held against the window so far, the worst named, and its worst routes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pytest_smload.core.limits.metrics import CLOSED_METRIC, COLD_METRIC, METRICS
from pytest_smload.core.live.tally import MOST_ROUTES
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.request.error_kinds import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_smload.core.limits.budget import ScopedLimit
    from pytest_smload.core.limits.limit import Limit
    from pytest_smload.core.live.tally import Tally
    from pytest_smload.core.statistics.columns import Floats, Integers

_PERCENTILES = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}
_OF_ROUTES = frozenset({*_PERCENTILES, "tps", "error_rate"})
_AT_THE_END = frozenset({"requests", COLD_METRIC, CLOSED_METRIC})
"""Not told while the load runs: there are ever more requests, first touches are over, a silence may yet come."""
_ROUNDING = 1e-9
MOST_ROWS = 8
"""More rows are more than a glance takes in."""


class LiveCheck(NamedTuple):
    """One limit as it stands.

    Attributes:
        scope: Whose.
        words: What it is about: ``"p95"``.
        observed: In the unit of the limit.
        observed_text, limit: As people read them.
        holds: Whether it keeps to the limit.
        excess: How many times the limit the value is, of a range the worse side.
    """

    scope: ScopeName
    words: str
    observed: float
    observed_text: str
    limit: str
    holds: bool
    excess: float


class RouteRow(NamedTuple):
    """One route of the window so far.

    Attributes:
        p95_ms: NaN where none of its requests succeeded.
        excess: How many times its limit the worst of its values is; None where none of its limits can be told.
    """

    name: str
    requests: int
    p95_ms: float
    errors: int
    excess: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a load stands.

    Attributes:
        worst: The limit nearest to being broken, or furthest beyond; None where none is told yet.
        hold: How many keep to their limit.
        told: How many can be told by now.
        untold: How many cannot: for want of requests, or because only the end tells.
        rows: The worst routes, worst first.
        routes: How many routes have ended a request.
    """

    worst: LiveCheck | None = None
    hold: int = 0
    told: int = 0
    untold: int = 0
    rows: Sequence[RouteRow] = ()
    routes: int = 0


class HeldLimits:
    """The limits of a load whose routes are *names*, arranged to be held once a second at little cost.

    Args:
        at_the_end: How many more there are that only the end of the load tells.
    """

    def __init__(self, limits: Sequence[ScopedLimit], names: Sequence[str], *, at_the_end: int = 0) -> None:
        self._names = names
        self._total = [limit for scope, limit in limits if scope == TOTAL and limit.metric not in _AT_THE_END]
        places = {name: place for place, name in enumerate(names)} if 1 < len(names) <= MOST_ROUTES else {}
        groups: dict[str, list[tuple[ScopeName, Limit, int]]] = {}
        for scope, limit in limits:
            if scope.route_kind is not None and scope.name in places and not limit.relative:
                groups.setdefault(limit.metric, []).append((scope, limit, places[scope.name]))
        self._routes = [_RouteLimits(metric, group) for metric, group in groups.items() if metric in _OF_ROUTES]
        held = len(self._total) + sum(len(group.places) for group in self._routes)
        silence = sum(limit.metric == CLOSED_METRIC for _, limit in limits)
        self._untold = len(limits) - silence - held + at_the_end
        asked = {_PERCENTILES[group.metric] for group in self._routes if group.metric in _PERCENTILES}
        self._per_milles = sorted(asked | {950})
        self._follows = bool(places)

    def standing(
        self, tally: Tally, *, window_s: float, offered_tps: float | None, most_rows: int = MOST_ROWS
    ) -> Standing:
        """Return how they stand against *tally*.

        Args:
            window_s: How much of the window is over.
            offered_tps: What is offered all through it; None where that changes, or no rate is offered.
            most_rows: So many of the worst routes are told of.
        """
        checks = [_total_check(limit, tally, window_s, offered_tps) for limit in self._total]
        told = [check for check in checks if check is not None]
        untold = self._untold + len(checks) - len(told)
        hold, count = sum(check.holds for check in told), len(told)
        if not self._follows:
            return Standing(worst=_worst_of(told), hold=hold, told=count, untold=untold)
        samples, columns = tally.per_route(*self._per_milles)
        percentiles = dict(zip(self._per_milles, columns, strict=True))
        excess = np.zeros(len(self._names))
        for group in self._routes:
            held = group.hold(tally, percentiles, samples, window_s)
            told += [held.worst] if held.worst is not None else []
            hold, count, untold = hold + held.hold, count + held.told, untold + held.untold
            np.maximum.at(excess, group.places, held.excess)
        rows = _rows(tally, percentiles[950], excess, most_rows)
        ended = int(np.count_nonzero(tally.ok + tally.errors))
        return Standing(worst=_worst_of(told), hold=hold, told=count, untold=untold, rows=rows, routes=ended)


class _Held(NamedTuple):
    """What became of the limits of one metric: of each its excess, 0 where it cannot be told."""

    worst: LiveCheck | None
    hold: int
    told: int
    untold: int
    excess: Floats


class _RouteLimits:
    """Limits of one metric on many routes, as columns."""

    def __init__(self, metric: str, limits: Sequence[tuple[ScopeName, Limit, int]]) -> None:
        self.metric = metric
        self._limits = limits
        self.places = np.array([place for _, _, place in limits])
        bounds = [limit.bounds() for _, limit, _ in limits]
        self._low = np.array([-np.inf if low is None else low for low, _ in bounds])
        self._high = np.array([np.inf if high is None else high for _, high in bounds])

    def hold(self, tally: Tally, percentiles: Mapping[int, Floats], samples: Integers, window_s: float) -> _Held:
        """Return what becomes of them."""
        ok, errors = tally.ok[self.places], tally.errors[self.places]
        if self.metric in _PERCENTILES:
            values = percentiles[_PERCENTILES[self.metric]][self.places]
            is_told = samples[self.places] >= METRICS[self.metric].needed
        elif self.metric == "tps":
            values, is_told = ok / max(window_s, 1.0), np.full(len(ok), window_s >= 1)
        else:
            values, is_told = errors / np.maximum(ok + errors, 1), ok + errors > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            above = np.where(self._high > 0, values / self._high, np.where(values > 0, np.inf, 1.0))
            below = np.where(self._low > 0, self._low / values, 0.0)
        excess = np.where(is_told, np.nan_to_num(np.maximum(above, below), nan=0.0, posinf=np.inf), 0.0)
        holds = is_told & (excess <= 1 + _ROUNDING)
        worst = None
        if np.any(is_told):
            place = int(np.argmax(np.where(is_told, excess, -1.0)))
            scope, limit, _ = self._limits[place]
            worst = _check(scope, limit, float(values[place]), None)
        told = int(is_told.sum())
        return _Held(worst, int(holds.sum()), told, len(is_told) - told, excess)


def _total_check(limit: Limit, tally: Tally, window_s: float, offered_tps: float | None) -> LiveCheck | None:
    """How a limit on the whole load stands; None where that cannot be told."""
    value = _of_total(limit.metric, tally, window_s)
    base: float | None = None
    if limit.relative:
        base = offered_tps if limit.metric == "tps" else float(tally.requests)
    if value is None or (limit.relative and not base):
        return None
    return _check(TOTAL, limit, value, base)


def _of_total(metric: str, tally: Tally, window_s: float) -> float | None:
    """The whole load's value, or None where it cannot be told."""
    value: float | None = None
    if metric in _PERCENTILES:
        value = tally.quantile_ms(_PERCENTILES[metric]) if tally.samples >= METRICS[metric].needed else None
    elif metric in {"mean", "max"}:
        value = (tally.mean_ms() if metric == "mean" else tally.slowest_ms()) if tally.total_ok else None
    elif metric == "tps":
        value = tally.total_ok / window_s if window_s >= 1 else None
    elif metric == "error_rate":
        value = tally.total_errors / tally.requests if tally.requests else None
    elif metric == "errors":
        value = float(tally.total_errors)
    elif metric.startswith("errors.") and not metric.removeprefix("errors.")[:1].isdigit():
        # Of a status, or of a class of them, nobody knows before the end.
        value = float(sum(tally.by_kind.get(kind, 0) for kind in {metric.removeprefix("errors."), OTHER}))
    return value


def _check(scope: ScopeName, limit: Limit, value: float, base: float | None) -> LiveCheck:
    low, high = limit.bounds(base)
    sides = [0.0]
    if high is not None:
        sides.append(_times(value, high))
    if low is not None:
        sides.append(_times(low, value))
    row, holds = limit.row, limit.allows(value, 1.0 if base is None else base)
    text, described = row.quantity.rounded(value), limit.describe(base)
    if not holds and text in described:
        # A broken one is never rounded onto its limit.
        text = row.quantity.exact(float(f"{value:.5g}"))
    return LiveCheck(scope, row.words, value, text, described, holds=holds, excess=max(sides))


def _worst_of(checks: Sequence[LiveCheck]) -> LiveCheck | None:
    return max(checks, key=lambda check: (not check.holds, check.excess), default=None)


def _rows(tally: Tally, p95_ms: Floats, excess: Floats, most: int) -> list[RouteRow]:
    """The routes furthest beyond a limit of theirs, else those that are slowest."""
    requests = tally.ok + tally.errors
    slowness = np.nan_to_num(p95_ms, nan=math.inf, posinf=math.inf)
    # What stands for no request, exceptions of tasks, is no row.
    worst_first = (int(place) for place in np.lexsort((-slowness, -excess, requests == 0)))
    routes = [route for route in worst_first if requests[route] and tally.is_request(route)] if most else []
    return [
        RouteRow(
            tally.names[route],
            int(requests[route]),
            float(p95_ms[route]),
            int(tally.errors[route]),
            float(excess[route]) or None,
        )
        for route in routes[:most]
    ]


def _times(value: float, limit: float) -> float:
    if limit > 0:
        return value / limit
    return math.inf if value > 0 else 1.0
