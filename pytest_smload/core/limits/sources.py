"""Reads limits from marks, tables and calls, and gathers those that hold for one test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pytest_smload.core.limits.budget import (
    BUILT_IN,
    Budget,
    Entry,
    Level,
    Origin,
    ScopedEntry,
    looser_notes,
    merge,
    once_each,
)
from pytest_smload.core.limits.cost_limit import COST_METRICS, CostLimit
from pytest_smload.core.limits.grammar import parse_limits
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_grammar import parse_baseline_required, parse_regression
from pytest_smload.core.limits.regression_limit import BASELINE_REQUIRED, REGRESSION
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS, ScalingLimit
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.load.weights import expand_names, name_problem
from pytest_smload.core.measure.scope_name import EACH, TOTAL, ScopeName
from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.route_kinds import NAME, ROUTE_KINDS, ROUTE_TABLES, RouteKind
from pytest_smload.errors import ConfigurationError

DEFAULT_KEY = "default"
"""The budget table that holds for every test, weaker than its marks."""
_TABLES = ("each", *ROUTE_TABLES.values(), "stages")
_SCOPE_KEYS = (*ROUTE_KINDS, "stage")
"""Keys of a ``perf_budget`` mark that say what its limits are of."""
_ScopesOf = Callable[[object], tuple[list[ScopeName], list[str]]]
_LIMITS_TABLE = 'a table of limits such as { p95 = "250ms" }'


@dataclass(frozen=True, slots=True)
class FileBudget:
    """One budget table of the file.

    Attributes:
        limits: Hold whenever the table's key matches.
        profiles: Hold besides, and before them, when that named profile runs.
    """

    limits: Sequence[ScopedEntry] = ()
    profiles: Mapping[str, Sequence[ScopedEntry]] = field(default_factory=dict)

    def levels(self, origin: Origin, profile: str | None) -> list[Level]:
        """Return the table's levels when *profile* runs, weakest first."""
        named = self.profiles.get(profile, ()) if profile is not None else ()
        return [Level(origin, self.limits), Level(origin, named)]


def parse_marker_limits(kwargs: Mapping[str, object], *, source: str) -> tuple[list[ScopedEntry], list[str]]:
    """Return what one ``perf_budget(**kwargs)`` says, and one sentence per mistake.

    Args:
        kwargs: ``model``, ``variant``, ``container`` or ``component`` (a name, ``{0..9}`` expands; ``"each"``),
            ``name`` (of requests; ``"each"``) or ``stage``, and limits.
        source: Where the mark is, for messages and reports.
    """
    scopes, problems = _marker_scopes(kwargs)
    fields = {name: value for name, value in kwargs.items() if name not in _SCOPE_KEYS}
    if BASELINE_REQUIRED in fields and len(fields) < len(kwargs):
        problems.append(f"{BASELINE_REQUIRED} holds for the whole load; write it in a perf_budget of its own")
    limits, mistakes = _entries(fields, source, beside=_SCOPE_KEYS, whole=True)
    problems.extend(mistakes)
    limits, mistakes = _where_cloudwatch_looks(limits, scopes)
    problems.extend(mistakes)
    if not fields:
        allowed = ", ".join((*METRICS, *SERVER_METRICS, *SCALING_METRICS, *COST_METRICS, REGRESSION, BASELINE_REQUIRED))
        problems.append(f"perf_budget without a limit; write one such as p95='250ms' (allowed: {allowed})")
    return [(scope, limit) for scope in scopes for limit in limits], [f"{source}: {problem}" for problem in problems]


def parse_budget_table(table: object, *, source: str) -> tuple[FileBudget, list[str]]:
    """Return a ``[budgets."..."]`` table, and one sentence per mistake.

    Args:
        table: Limits, ``regression`` and ``baseline_required``; ``each``, ``models.NAME`` (``{0..9}`` expands; or
            ``variants``, ``containers``, ``components``), ``names.NAME`` and ``stages.NAME`` with limits of their own;
            ``profiles.NAME`` with all of these again.
        source: Where the table is, such as ``smload.toml [budgets."tests/perf"]``, for messages and reports.
    """
    if not isinstance(table, Mapping):
        return FileBudget(), [f"{source}: {quoted(table)} is not {_LIMITS_TABLE}"]
    problems: list[str] = []
    profiles: dict[str, Sequence[ScopedEntry]] = {}
    named = table.get("profiles", {})
    if not isinstance(named, Mapping):
        problems.append(f"{source} profiles: {quoted(named)} is not a table such as profiles.smoke = {{ tps = 20 }}")
        named = {}
    limits = _table_limits(table, source, (*_TABLES, "profiles"), problems)
    for name, inner in named.items():
        profiles[name] = _table_limits(inner, f"{source} profiles.{name}", _TABLES, problems)
    return FileBudget(limits, profiles), problems


def override_budget(value: object, *, source: str, profile: str | None = None) -> Budget | None:
    """Return the budget that ``load(budget=value)`` puts in place of the test's, the built-in limit kept.

    Args:
        value: A mapping in the grammar of a budget table, or None for a load that is only measured.
        source: What to call it in messages and reports.
        profile: The named profile that runs.

    Raises:
        ConfigurationError: with one sentence per mistake.
    """
    if value is None:
        return None
    table, problems = parse_budget_table(value, source=source)
    budget, mistakes = merge([BUILT_IN, *table.levels("override", profile)])
    if problems or mistakes:
        raise ConfigurationError([*problems, *mistakes])
    return budget


def budget_from_sources(
    nodeid: str,
    *,
    marks: Sequence[Sequence[ScopedEntry]],
    tables: Mapping[str, FileBudget],
    profile: str | None = None,
) -> tuple[Budget, list[str], list[str]]:
    """Return one test's budget, its problems, and notes for the report.

    Weakest first: built-in, the default table, marks, tables whose key matches by increasing length.

    Args:
        nodeid: The id pytest prints, relative to the file's folder.
        marks: What the module's, each enclosing class's and the function's own marks say: one sequence per place,
            outermost first.
        tables: The file's budget tables by key.
        profile: The named profile that runs.
    """
    levels = [BUILT_IN]
    if DEFAULT_KEY in tables:
        levels += tables[DEFAULT_KEY].levels("default", profile)
    levels += [Level("mark", place) for place in marks]
    for key in sorted(tables, key=len):
        if key != DEFAULT_KEY and key_matches(key, nodeid):
            levels += tables[key].levels("key", profile)
    budget, problems = merge(levels)
    return budget, problems, looser_notes(levels)


def key_matches(key: str, nodeid: str) -> bool:
    """Return whether the budget table *key* holds for the test *nodeid*.

    A key is a node id or the beginning of one, up to a ``/``, a ``::`` or the ``[`` of its parameters; ``"default"``
    holds for all.
    """
    if key in (DEFAULT_KEY, nodeid):
        return True
    stem = key.removesuffix("/")
    path, _, _ = nodeid.partition("::")
    parameters = nodeid.find("[", len(path))
    if not stem or not nodeid.startswith(stem) or 0 <= parameters < len(stem):
        return False
    return nodeid.startswith(("/", "::"), len(stem)) or len(stem) == parameters


def _marker_scopes(kwargs: Mapping[str, object]) -> tuple[list[ScopeName], list[str]]:
    given = [key for key in _SCOPE_KEYS if key in kwargs]
    if len(given) > 1:
        return [], [f"{' and '.join(given)} are both given; a limit is on one of them, so write a perf_budget for each"]
    if "stage" in kwargs:
        return _stage_scopes(kwargs["stage"])
    return next((_route_scopes(kwargs[kind], kind) for kind in ROUTE_KINDS if kind in kwargs), ([TOTAL], []))


def _route_scopes(name: object, kind: RouteKind) -> tuple[list[ScopeName], list[str]]:
    if name == "each":
        return [ScopeName("each", kind)], []
    if not isinstance(name, str):
        return [], [f'{kind}: {quoted(name)} is not a {kind}\'s name; write one, or "each" for every {kind}']
    if kind == NAME:
        # A path may have braces in it, and stands for itself.
        is_name = name.strip() == name != ""
        return ([ScopeName(NAME, name)], []) if is_name else ([], [f"{kind}: {quoted(name)} is no request's name"])
    try:
        names = expand_names(name)
    except ValueError as error:
        return [], [f"{kind}: {error}"]
    problem = next(filter(None, (name_problem(each, kind) for each in names)), None)
    return ([], [f"{kind}: {problem}"]) if problem else ([ScopeName(kind, each) for each in names], [])


def _stage_scopes(name: object) -> tuple[list[ScopeName], list[str]]:
    if not isinstance(name, str) or not name:
        return [], [f'stage: {quoted(name)} is not a stage\'s name; unnamed stages are "1", "2", ...']
    return [ScopeName("stage", name)], []


def _table_limits(table: object, source: str, tables: Sequence[str], problems: list[str]) -> list[ScopedEntry]:
    """The limits of a table that may have *tables* in it; mistakes are added to *problems*."""
    if not isinstance(table, Mapping):
        problems.append(f"{source}: {quoted(table)} is not {_LIMITS_TABLE}")
        return []
    own = {name: value for name, value in table.items() if name not in tables}
    found = _scope_limits(own, [TOTAL], source, problems, beside=tables, whole=True)
    if "each" in table:
        found += _scope_limits(table["each"], [EACH], source, problems, path=" each")
    named: dict[str, _ScopesOf] = {table: partial(_route_scopes, kind=kind) for kind, table in ROUTE_TABLES.items()}
    for group, scopes_of in (*named.items(), ("stages", _stage_scopes)):
        inner = table.get(group, {})
        if not isinstance(inner, Mapping):
            example = f'{group}."NAME" = {{ p95 = "250ms" }}'
            problems.append(f"{source} {group}: {quoted(inner)} is not a table such as {example}")
            continue
        for name, limits in inner.items():
            scopes, mistakes = scopes_of(name)
            problems.extend(f"{source} {group}: {mistake}" for mistake in mistakes)
            found += _scope_limits(limits, scopes, source, problems, path=f' {group}."{name}"')
    kept, mistakes = once_each(found)
    problems.extend(mistakes)
    return kept


def _scope_limits(
    table: object,
    scopes: Sequence[ScopeName],
    source: str,
    problems: list[str],
    *,
    path: str = "",
    beside: Sequence[str] = (),
    whole: bool = False,
) -> list[ScopedEntry]:
    """The limits of a table that has nothing else in it, for each of *scopes*; mistakes are added to *problems*."""
    if not isinstance(table, Mapping):
        problems.append(f"{source}{path}: {quoted(table)} is not {_LIMITS_TABLE}")
        return []
    limits, mistakes = _entries(table, source, beside=beside, whole=whole)
    limits, elsewhere = _where_cloudwatch_looks(limits, scopes)
    problems.extend(f"{source}{path}: {mistake}" for mistake in (*mistakes, *elsewhere))
    return [(scope, limit) for scope in scopes for limit in limits]


def _where_cloudwatch_looks(limits: list[Entry], scopes: Sequence[ScopeName]) -> tuple[list[Entry], list[str]]:
    """*limits* without those on the server's side, scaling and cost that *scopes* cannot have; a sentence per such."""
    if all(scope == TOTAL for scope in scopes):
        return limits, []
    problems = [
        f"{limit.metric}: CloudWatch is asked about the whole load only; limit it there"
        for limit in limits
        if isinstance(limit, ServerLimit)
    ]
    problems += [
        f"{limit.metric}: an endpoint scales as a whole; limit it for the whole load"
        for limit in limits
        if isinstance(limit, ScalingLimit)
    ]
    problems += [
        f"{limit.metric}: instances are paid for as a whole; limit it for the whole load"
        for limit in limits
        if isinstance(limit, CostLimit)
    ]
    return [limit for limit in limits if not isinstance(limit, (ServerLimit, ScalingLimit, CostLimit))], problems


def _entries(
    fields: Mapping[str, object], source: str, *, beside: Sequence[str], whole: bool
) -> tuple[list[Entry], list[str]]:
    """The limits and regression budgets among *fields*, and their mistakes; *whole* where the load is their scope."""
    own = (REGRESSION, BASELINE_REQUIRED) if whole else (REGRESSION,)
    rest = {name: value for name, value in fields.items() if name not in own}
    limits, problems = parse_limits(rest, source=source, beside=(*own, *beside), whole=whole)
    entries: list[Entry] = [*limits]
    if REGRESSION in fields:
        regressions, mistakes = parse_regression(fields[REGRESSION], source=source)
        entries += regressions
        problems += mistakes
    if whole and BASELINE_REQUIRED in fields:
        required, mistakes = parse_baseline_required(fields[BASELINE_REQUIRED], source=source)
        entries += required
        problems += mistakes
    return entries, problems
