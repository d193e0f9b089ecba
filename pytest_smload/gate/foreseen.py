"""Says what is wrong with a test's limits before its load is sent: misspelt, out of reach, too few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_smload.conduct.control_problems import control_problems
from pytest_smload.conduct.scaling_limits import unfit_limits
from pytest_smload.core.limits.reach import kept_by_all, offers, too_short, unreachable
from pytest_smload.core.limits.sources import DEFAULT_KEY
from pytest_smload.core.load.spread import names_of, spread_of
from pytest_smload.core.load.stage_list import names_of_stages
from pytest_smload.core.request.route_kinds import WEIGHTED, RouteKind
from pytest_smload.core.safety.limits import load_refusals
from pytest_smload.core.wording import nearest, some
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.gate.perf_run import PerfRun
    from pytest_smload.settings.tables import FileSettings


def foresee(run: PerfRun, profile: LoadProfile) -> tuple[list[str], str]:
    """Return the mistakes in the limits of *run*'s one load of *profile*, and what to know of it beforehand or ``""``.

    Args:
        run: The test.
        profile: Its load, the endpoint's own fields filled in.
    """
    spread = spread_of(vars(profile))
    stages = names_of_stages(profile.stages or ())
    resolved = run.budget.resolve(
        routes=list(spread.shares), kind=spread.kind, stages=stages, open_model=profile.open_model
    )
    offered = offers(profile, spread.shares, spread.kind)
    mistakes = (
        *load_refusals(run.safety, profile, models=len(spread.shares), sides=1 if run.control is None else 2),
        *unreachable(resolved.limits, offered),
        *kept_by_all(resolved.server),
        *unfit_limits(run.budget, run.scaling),
        *_control_problems(run, profile),
    )
    problems = [f"{run.nodeid}: {problem}" for problem in mistakes]
    warning = too_short(resolved, offered)
    return problems, f"{run.nodeid}: {warning}" if warning else ""


def _control_problems(run: PerfRun, profile: LoadProfile) -> list[str]:
    if run.control is None:
        return []
    return control_problems(run.control, endpoint=run.endpoint, profile=profile, budget=run.budget, scaling=run.scaling)


def strangers_by_default(file: FileSettings, marked: Iterable[Mapping[str, Any]], *, all_known: bool) -> list[str]:
    """Return a sentence per model, variant, container, component and stage of ``[budgets.default]`` that no load has.

    Args:
        file: Whose default table it is.
        marked: Load fields of the tests collected.
        all_known: Whether no other load can have it: everything was collected, and no test describes loads in its body.
            Else only what is a misspelling of a known name is one.
    """
    table = file.budgets.get(DEFAULT_KEY)
    if table is None:
        return []
    tables = [*(endpoint.traffic for endpoint in file.endpoints.values()), *file.profiles.values(), *marked]
    known: dict[str, list[str]] = {kind: _routes(tables, kind) for kind in WEIGHTED}
    known["stage"] = _stages(tables)
    entries = [*table.limits, *(entry for named in table.profiles.values() for entry in named)]
    problems = []
    for scope, limit in dict.fromkeys((scope, limit.source) for scope, limit in entries):
        names = known.get(scope.kind, [])
        near = nearest(scope.name, names)
        if scope.kind not in known or scope.name in names or not (near is not None or all_known):
            continue
        hint = f"; did you mean {near!r}?" if near is not None else ""
        loads = f"({scope.kind}s: {some([repr(name) for name in names]) or 'none'})"
        problems.append(f"{limit}: no load has a {scope.kind} {scope.name!r}{hint} {loads}")
    return problems


def _routes(tables: Sequence[Mapping[str, Any]], kind: RouteKind) -> list[str]:
    found: dict[str, None] = {}
    for fields in tables:
        try:
            found |= dict.fromkeys(names_of(fields, kind))
        except ConfigurationError:
            continue  # said elsewhere
    return list(found)


def _stages(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for fields in tables for name in names_of_stages(fields.get("stages") or ())))
