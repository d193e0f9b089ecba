"""Stacks levels of limits into one budget, and applies it to the models (or variants, ...) and stages of a load."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_smload.core.limits.bounds import Bounds
from pytest_smload.core.limits.cost_limit import COST_METRICS, CostLimit
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import CLOSED_METRIC, COLD_METRIC, METRICS, metric_family
from pytest_smload.core.limits.regression_limit import (
    BASELINE_REQUIRED,
    REGRESSION_METRICS,
    BaselineRequired,
    RegressionLimit,
)
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS, ScalingLimit
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.measure.scope_name import EACH, TOTAL, ScopeName
from pytest_smload.core.request.route_kinds import NAME, ROUTE_KINDS, ROUTE_TABLES, WEIGHTED, RouteKind
from pytest_smload.core.wording import did_you_mean, some

Origin = Literal["built-in", "default", "mark", "key", "override"]
"""Who set a limit: nobody, ``[budgets.default]``, a ``perf_budget`` mark, another budget key of the file, the call."""


Entry = Limit | ServerLimit | ScalingLimit | CostLimit | RegressionLimit | BaselineRequired
"""One line of a budget."""
ScopedLimit = tuple[ScopeName, Limit]
ScopedRegression = tuple[ScopeName, RegressionLimit]
ScopedServerLimit = tuple[ScopeName, ServerLimit]
ScopedEntry = tuple[ScopeName, Entry]
Key = tuple[ScopeName, str]
"""ScopeName and metric: a budget has at most one limit for each."""


@dataclass(frozen=True, slots=True)
class Level:
    """Limits of equal strength."""

    origin: Origin
    limits: Sequence[ScopedEntry]


_NO_STAGES = "this load has no stages; limit the total, or give the load stages=[...]"

BUILT_IN_SOURCE = "built-in"
BUILT_IN_LIMITS = {"error_rate": "1%", "stalled": "1s"}
"""What every load is held to unless a budget says otherwise."""
BUILT_IN = Level(
    "built-in",
    tuple((TOTAL, parse_limit(metric, limit, source=BUILT_IN_SOURCE)) for metric, limit in BUILT_IN_LIMITS.items()),
)


@dataclass(frozen=True, slots=True)
class ResolvedBudget:
    """A budget applied to one load.

    Attributes:
        limits: Total, stages, routes; within each in the order of `METRICS`. No scope is ``each`` any more.
        problems: Mistakes: a limit for something this load does not have.
        notes: For the report.
        regressions: In the same order as the limits.
        baseline_required: Whether a regression budget without a comparable baseline fails.
        server: Limits CloudWatch is asked about, in the order of `SERVER_METRICS`.
    """

    limits: tuple[ScopedLimit, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    regressions: tuple[ScopedRegression, ...] = ()
    baseline_required: bool = False
    server: tuple[ScopedServerLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """The strongest limit per scope and metric, and who set it."""

    limits: Mapping[Key, Entry]
    origins: Mapping[Key, Origin]

    def resolve(
        self,
        *,
        routes: Sequence[str],
        kind: RouteKind | None = "model",
        stages: Sequence[str] = (),
        open_model: bool,
    ) -> ResolvedBudget:
        """Apply the budget to a load.

        A limit of ``each`` goes to every route that has none of its own for that metric. What ``[budgets.default]``
        says about routes, stages or shares that this load does not have is left out: it is written for all tests.

        Args:
            routes: Names in the traffic, in order; empty without weights.
            kind: What they are; of no importance without any, but for the names of requests, which are known later.
            stages: Stage names, in order.
            open_model: Whether the load offers a rate.
        """
        problems: list[str] = []
        notes: list[str] = []
        found: dict[Key, Entry] = {}
        strangers: dict[tuple[str, str], list[str]] = {}
        own = {name: ScopeName(kind, name) for name in routes} if kind is not None else {}
        known: dict[str, Collection[str]] = dict.fromkeys(ROUTE_KINDS, ())
        known |= {str(kind): own, "stage": frozenset(stages)}
        kind = kind if own or kind == NAME else None
        for (scope, metric), limit in self._meaningful(kind, problems):
            by_default = self.origins[scope, metric] == "default"
            if isinstance(limit, Limit) and limit.needs_rate and not open_model:
                (notes if by_default else problems).append(_closed_share(limit, by_default=by_default))
            elif isinstance(limit, Limit) and metric == CLOSED_METRIC and (open_model or scope != TOTAL):
                if self.origins[scope, metric] not in ("default", "built-in"):
                    problems.append(_closed_only(limit, scope))
            elif scope.kind == "each" and (not own or scope.name not in ("", kind)):
                waits = kind == NAME and scope.name in ("", NAME)
                problems += [] if by_default or waits else [_each_of_none(limit, scope, kind)]
            elif scope.kind in known and scope.name not in known[scope.kind]:
                if not by_default:
                    strangers.setdefault((limit.source, scope.kind), []).append(scope.name)
            elif scope.kind == "each":
                for route in own.values():
                    if (route, metric) not in self.limits:
                        found[route, metric] = limit
            else:
                found[scope, metric] = limit
        for (source, strange), names in strangers.items():
            there = stages if strange == "stage" else routes if strange == kind else ()
            problems.append(_stranger(source, strange, list(dict.fromkeys(names)), there, kind))
        required = found.pop((TOTAL, BASELINE_REQUIRED), None)
        ordered = _in_order(found, list(own.values()), stages)
        return ResolvedBudget(
            tuple((scope, limit) for scope, limit in ordered if isinstance(limit, Limit)),
            tuple(problems),
            tuple(dict.fromkeys(notes)),
            tuple((scope, limit) for scope, limit in ordered if isinstance(limit, RegressionLimit)),
            isinstance(required, BaselineRequired) and required.required,
            tuple((scope, limit) for scope, limit in ordered if isinstance(limit, ServerLimit)),
        )

    @property
    def request_names(self) -> list[str]:
        """The names of requests that have limits of their own."""
        return list(dict.fromkeys(scope.name for scope, _ in self.limits if scope.kind == NAME))

    def scaling(self, *, autoscaled: bool) -> list[ScalingLimit]:
        """Return the limits on scaling; what ``[budgets.default]`` says of it is for loads that are *autoscaled*."""
        found = [
            limit
            for key, limit in self.limits.items()
            if isinstance(limit, ScalingLimit) and (autoscaled or self.origins[key] != "default")
        ]
        return sorted(found, key=lambda limit: _ORDER[limit.metric])

    def _meaningful(self, kind: RouteKind | None, problems: list[str]) -> Iterator[tuple[Key, Entry]]:
        """The limits, but for cold starts where nothing has to be loaded: those are mistakes, added to *problems*."""
        for key, limit in self.limits.items():
            if key[1] != COLD_METRIC or kind in ("model", None):
                yield key, limit
            elif self.origins[key] != "default":
                problems.append(
                    f"{limit.source}: {COLD_METRIC} is of TargetModels, which are loaded, and this load's weights are "
                    f"over {ROUTE_TABLES[kind]}; leave it out"
                )


def merge(levels: Iterable[Level]) -> tuple[Budget, list[str]]:
    """Return the budget of *levels*, weakest first, and the problems of limits that one level gives twice."""
    limits: dict[Key, Entry] = {}
    origins: dict[Key, Origin] = {}
    problems: list[str] = []
    for level in levels:
        kept, mistakes = once_each(level.limits)
        problems.extend(mistakes)
        for scope, limit in kept:
            if scope.kind == "each":
                for weaker in [key for key in limits if key[0].kind == "each" and key[1] == limit.metric]:
                    del limits[weaker], origins[weaker]
            limits[scope, limit.metric] = limit
            origins[scope, limit.metric] = level.origin
    return Budget(limits, origins), problems


def once_each(limits: Iterable[ScopedEntry]) -> tuple[list[ScopedEntry], list[str]]:
    """Return the first limit of each (scope, metric), and a problem for every further one; ``each`` is one scope."""
    first: dict[Key, ScopedEntry] = {}
    problems: list[str] = []
    for scope, limit in limits:
        _, other = first.setdefault((EACH if scope.kind == "each" else scope, limit.metric), (scope, limit))
        if other is not limit:
            hint = ' (a range is written "40..60")' if isinstance(limit, Bounds) else ""
            problems.append(
                f"{limit.source}: {_named(scope, limit.metric)} is limited twice, to {other.text} and to {limit.text}; "
                f"keep one{hint}"
            )
    return list(first.values()), problems


def looser_notes(levels: Sequence[Level]) -> list[str]:
    """Return a note for each limit of the file that holds instead of a stricter one of a ``perf_budget`` mark."""
    budget = merge(levels)[0]
    marks = merge(level for level in levels if level.origin == "mark")[0].limits
    scopes: dict[tuple[str, str], list[ScopeName]] = {}
    for (scope, metric), limit in budget.limits.items():
        mark = marks.get((scope, metric))
        if mark is None:
            mark = next((marks[each, metric] for each in _each_that_holds(scope) if (each, metric) in marks), None)
        if mark is None or budget.origins[scope, metric] not in ("default", "key"):
            continue
        sentence = _looser_sentence(limit, mark)
        if sentence:
            scopes.setdefault((limit.source, sentence), []).append(scope)
    return [f"{source} {_places(places)}{sentence}" for (source, sentence), places in scopes.items()]


def _each_that_holds(scope: ScopeName) -> list[ScopeName]:
    """The scopes of ``each`` that a limit on *scope* stands in for."""
    if scope.kind != "each":
        return [] if scope.route_kind is None else [ScopeName("each", scope.route_kind), EACH]
    return [ScopeName("each", kind) for kind in ("", *ROUTE_KINDS)]


def _looser_sentence(limit: Entry, mark: Entry) -> str:
    """What a reader of the mark must know of *limit*, which holds instead, or ``""``."""
    if isinstance(limit, BaselineRequired) or isinstance(mark, BaselineRequired):
        lost = isinstance(mark, BaselineRequired) and mark.required and limit.text != mark.text
        return f"{limit.metric} {limit.text} is looser than the mark's {mark.text}" if lost else ""
    looser: bool | None
    if isinstance(limit, RegressionLimit):
        looser = isinstance(mark, RegressionLimit) and limit.looser_than(mark)
    else:
        looser = limit.looser_than(mark) if isinstance(mark, Bounds) else False
    if looser is False:
        return ""
    relation = "is looser than" if looser else "replaces, in another unit,"
    return f"{limit.metric} {limit.describe()} {relation} the mark's {mark.describe()}"


def _places(scopes: Sequence[ScopeName]) -> str:
    more = f" and {len(scopes) - 1} more" if len(scopes) > 1 else ""
    return "" if scopes[0] == TOTAL else f"{scopes[0]}{more}: "


def _named(scope: ScopeName, metric: str) -> str:
    return metric if scope == TOTAL else f"{metric} of {scope}"


def _closed_share(limit: Limit, *, by_default: bool) -> str:
    if by_default:
        return f"{limit.source} {limit.metric} {limit.describe()} is not checked: a closed load (users) offers no rate"
    return (
        f"{limit.source}: {limit.metric} {limit.text!r} is a share of the offered rate, and a closed load (users) "
        "offers none; write requests/s, such as tps=40, or give the load tps"
    )


def _closed_only(limit: Limit, scope: ScopeName) -> str:
    why = "only the whole load can stand still" if scope != TOTAL else "a schedule (tps) sends on whatever is answered"
    return f"{limit.source}: {limit.metric} is for closed loads (users): {why}; leave it out"


def _each_of_none(limit: Entry, scope: ScopeName, own: RouteKind | None) -> str:
    named = f"each {scope.name or 'model'}"
    return f"{limit.source}: {limit.metric} of {named} is limited, but {_none_of(scope.name, own)}"


def _none_of(kind: str, own: RouteKind | None) -> str:
    """Why a load whose weights are over *own* has no *kind*, and what to do."""
    if own == NAME and kind != NAME:
        return "a locustfile's requests are told apart by their names; limit one by name=, or the total"
    if kind == NAME:
        return "only a locustfile's requests have names; limit the total, or give the load locustfile=..."
    wanted = WEIGHTED[next((each for each in ROUTE_KINDS if each == kind), "model")]
    if own is not None and own != wanted.kind:
        return f"this load's weights are over {ROUTE_TABLES[own]}; limit one of these, or the total"
    return f"this load's traffic names no {wanted.field}; limit the total, or give the load {wanted.field}={{...}}"


def _stranger(source: str, kind: str, names: list[str], known: Sequence[str], own: RouteKind | None) -> str:
    """The sentence for limits on routes or stages a load does not have; its weights are over *own*."""
    subject, verb = (f"{kind}s {_some(names)}", "are") if len(names) > 1 else (f"{kind} {names[0]!r}", "is")
    if not known:
        remedy = _NO_STAGES if kind == "stage" else _none_of(kind, own)
        return f"{source}: {subject} {verb} limited, but {remedy}"
    place = "among this load's stages" if kind == "stage" else "in this load's traffic"
    return f"{source}: {subject} {verb} not {place}{did_you_mean(names[0], known)} ({kind}s: {_some(known)})"


def _some(names: Sequence[str]) -> str:
    return some([repr(name) for name in names])


_REGRESSIONS = [f"regression {of}" for of in REGRESSION_METRICS]
_ORDER = {
    metric: place
    for place, metric in enumerate([*METRICS, *SERVER_METRICS, *SCALING_METRICS, *COST_METRICS, *_REGRESSIONS])
}


def _in_order(limits: Mapping[Key, Entry], routes: Sequence[ScopeName], stages: Sequence[str]) -> list[ScopedEntry]:
    scopes = [TOTAL, *(ScopeName("stage", name) for name in stages), *routes]
    place = {scope: position for position, scope in enumerate(scopes)}

    def position(key: Key) -> tuple[int, int, str]:
        scope, metric = key
        return place[scope], _ORDER[metric_family(metric)], metric

    return [(key[0], limits[key]) for key in sorted(limits, key=position)]
