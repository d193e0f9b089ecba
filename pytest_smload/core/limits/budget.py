"""Stacks levels of limits into one budget, and applies it to the models and stages of a load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_smload.core.limits.bounds import Bounds
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import CLOSED_METRIC, METRICS, metric_family
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
from pytest_smload.core.wording import did_you_mean, some

Origin = Literal["built-in", "default", "mark", "key", "override"]
"""Who set a limit: nobody, ``[budgets.default]``, a ``perf_budget`` mark, another budget key of the file, the call."""


Entry = Limit | ServerLimit | ScalingLimit | RegressionLimit | BaselineRequired
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


_NO_MODELS = "this load's traffic names no models; limit the total, or give the load models={...}"
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
        limits: Total, stages, models; within each in the order of `METRICS`. No scope is ``each`` any more.
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

    def resolve(self, *, models: Sequence[str], stages: Sequence[str] = (), open_model: bool) -> ResolvedBudget:
        """Apply the budget to a load.

        A limit of ``each`` goes to every model that has none of its own for that metric. What ``[budgets.default]``
        says about models, stages or shares that this load does not have is left out: it is written for all tests.

        Args:
            models: Names in the traffic, in order; empty where the endpoint is not multi-model.
            stages: Stage names, in order.
            open_model: Whether the load offers a rate.
        """
        problems: list[str] = []
        notes: list[str] = []
        found: dict[Key, Entry] = {}
        strangers: dict[tuple[str, str], list[str]] = {}
        known = {"model": frozenset(models), "stage": frozenset(stages)}
        for (scope, metric), limit in self.limits.items():
            by_default = self.origins[scope, metric] == "default"
            if isinstance(limit, Limit) and limit.needs_rate and not open_model:
                (notes if by_default else problems).append(_closed_share(limit, by_default=by_default))
            elif isinstance(limit, Limit) and metric == CLOSED_METRIC and (open_model or scope != TOTAL):
                if self.origins[scope, metric] not in ("default", "built-in"):
                    problems.append(_closed_only(limit, scope))
            elif scope.kind == "each" and not models and not by_default:
                problems.append(f"{limit.source}: {metric} of each model is limited, but {_NO_MODELS}")
            elif scope.kind in known and scope.name not in known[scope.kind]:
                if not by_default:
                    strangers.setdefault((limit.source, scope.kind), []).append(scope.name)
            elif scope.kind == "each":
                for model in models:
                    if (ScopeName("model", model), metric) not in self.limits:
                        found[ScopeName("model", model), metric] = limit
            else:
                found[scope, metric] = limit
        for (source, kind), names in strangers.items():
            problems.append(_stranger(source, kind, list(dict.fromkeys(names)), models if kind == "model" else stages))
        required = found.pop((TOTAL, BASELINE_REQUIRED), None)
        ordered = _in_order(found, models, stages)
        return ResolvedBudget(
            tuple((scope, limit) for scope, limit in ordered if isinstance(limit, Limit)),
            tuple(problems),
            tuple(dict.fromkeys(notes)),
            tuple((scope, limit) for scope, limit in ordered if isinstance(limit, RegressionLimit)),
            isinstance(required, BaselineRequired) and required.required,
            tuple((scope, limit) for scope, limit in ordered if isinstance(limit, ServerLimit)),
        )

    def scaling(self, *, autoscaled: bool) -> list[ScalingLimit]:
        """Return the limits on scaling; what ``[budgets.default]`` says of it is for loads that are *autoscaled*."""
        found = [
            limit
            for key, limit in self.limits.items()
            if isinstance(limit, ScalingLimit) and (autoscaled or self.origins[key] != "default")
        ]
        return sorted(found, key=lambda limit: _ORDER[limit.metric])


def merge(levels: Iterable[Level]) -> tuple[Budget, list[str]]:
    """Return the budget of *levels*, weakest first, and the problems of limits that one level gives twice."""
    limits: dict[Key, Entry] = {}
    origins: dict[Key, Origin] = {}
    problems: list[str] = []
    for level in levels:
        kept, mistakes = once_each(level.limits)
        problems.extend(mistakes)
        for scope, limit in kept:
            limits[scope, limit.metric] = limit
            origins[scope, limit.metric] = level.origin
    return Budget(limits, origins), problems


def once_each(limits: Iterable[ScopedEntry]) -> tuple[list[ScopedEntry], list[str]]:
    """Return the first limit of each (scope, metric), and a problem for every further one."""
    first: dict[Key, Entry] = {}
    problems: list[str] = []
    for scope, limit in limits:
        other = first.setdefault((scope, limit.metric), limit)
        if other is not limit:
            hint = ' (a range is written "40..60")' if isinstance(limit, Bounds) else ""
            problems.append(
                f"{limit.source}: {_named(scope, limit.metric)} is limited twice, to {other.text} and to {limit.text}; "
                f"keep one{hint}"
            )
    return [(scope, limit) for (scope, _), limit in first.items()], problems


def looser_notes(levels: Sequence[Level]) -> list[str]:
    """Return a note for each limit of the file that holds instead of a stricter one of a ``perf_budget`` mark."""
    budget = merge(levels)[0]
    marks = merge(level for level in levels if level.origin == "mark")[0].limits
    scopes: dict[tuple[str, str], list[ScopeName]] = {}
    for (scope, metric), limit in budget.limits.items():
        mark = marks.get((scope, metric))
        if mark is None and scope.kind == "model":
            mark = marks.get((EACH, metric))
        if mark is None or budget.origins[scope, metric] not in ("default", "key"):
            continue
        sentence = _looser_sentence(limit, mark)
        if sentence:
            scopes.setdefault((limit.source, sentence), []).append(scope)
    return [f"{source} {_places(places)}{sentence}" for (source, sentence), places in scopes.items()]


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


def _stranger(source: str, kind: str, names: list[str], known: Sequence[str]) -> str:
    """The sentence for limits on models or stages a load does not have."""
    subject, verb = (f"{kind}s {_some(names)}", "are") if len(names) > 1 else (f"{kind} {names[0]!r}", "is")
    if not known:
        remedy = _NO_MODELS if kind == "model" else _NO_STAGES
        return f"{source}: {subject} {verb} limited, but {remedy}"
    place = "in this load's traffic" if kind == "model" else "among this load's stages"
    return f"{source}: {subject} {verb} not {place}{did_you_mean(names[0], known)} ({kind}s: {_some(known)})"


def _some(names: Sequence[str]) -> str:
    return some([repr(name) for name in names])


_REGRESSIONS = [f"regression {of}" for of in REGRESSION_METRICS]
_ORDER = {metric: place for place, metric in enumerate([*METRICS, *SERVER_METRICS, *SCALING_METRICS, *_REGRESSIONS])}


def _in_order(limits: Mapping[Key, Entry], models: Sequence[str], stages: Sequence[str]) -> list[ScopedEntry]:
    scopes = [TOTAL, *(ScopeName("stage", name) for name in stages), *(ScopeName("model", name) for name in models)]
    place = {scope: position for position, scope in enumerate(scopes)}

    def position(key: Key) -> tuple[int, int, str]:
        scope, metric = key
        return place[scope], _ORDER[metric_family(metric)], metric

    return [(key[0], limits[key]) for key in sorted(limits, key=position)]
