"""Reads the ``perf`` and ``perf_budget`` marks of a test, weakest first."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.core.limits.budget import Level, merge
from pytest_smload.core.limits.sources import parse_marker_limits
from pytest_smload.core.load.fields import MARK_KEYS
from pytest_smload.core.load.profile import LOAD_FIELDS, check_load_fields, given_shapes
from pytest_smload.core.load.weights import resolve_models
from pytest_smload.core.wording import unknown_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_smload.core.limits.budget import Budget, ScopedEntry

PERF = "perf"
BUDGET = "perf_budget"
LOADING_FIXTURES = ("sm_endpoint", "load_result")
PARAMETER_SET = "the parameter set"
FIXTURES = (*LOADING_FIXTURES, "load_profile")


@dataclass(frozen=True, slots=True)
class PlacedMarks:
    """The marks of one place: a module, a class, the function, or one of its parameter sets."""

    where: str
    perf: tuple[pytest.Mark, ...]
    budgets: tuple[pytest.Mark, ...]

    def load_fields(self) -> dict[str, Any]:
        """The place's ``perf`` keyword arguments together."""
        fields: dict[str, Any] = {}
        for mark in self.perf:
            fields.update(mark.kwargs)
        return fields


@dataclass(frozen=True, slots=True)
class PerfTest:
    """What the marks of one test ask for.

    Attributes:
        loads: (where, ``perf`` keyword arguments), weakest first.
        limits: What each place's ``perf_budget`` marks say, weakest first.
        problems: One sentence per mistake.
    """

    loads: tuple[tuple[str, Mapping[str, Any]], ...]
    limits: tuple[tuple[ScopedEntry, ...], ...]
    problems: tuple[str, ...]


def is_ours(item: pytest.Item) -> bool:
    """Whether the test is one of pytest-smload's.

    A bare ``perf`` mark on a test that has no budget and uses none of our fixtures is somebody else's.
    """
    if next(item.iter_markers(BUDGET), None) is not None or uses(item, FIXTURES):
        return True
    return any(mark.args or mark.kwargs for mark in item.iter_markers(PERF))


def uses(item: pytest.Item, names: Iterable[str]) -> bool:
    """Whether the test uses one of the fixtures, itself or through another fixture."""
    used = getattr(item, "fixturenames", ())
    return any(name in used for name in names)


def names_a_loading_fixture(item: pytest.Item) -> bool:
    """Whether the test's own signature or ``usefixtures`` names a fixture that runs loads."""
    named = _named_fixtures(item)
    return any(name in named for name in LOADING_FIXTURES)


def _named_fixtures(item: pytest.Item) -> list[str]:
    named = [name for mark in item.iter_markers("usefixtures") for name in mark.args]
    function = getattr(item, "obj", None)
    if callable(function):
        named += inspect.signature(function).parameters
    return named


def read_marks(item: pytest.Item) -> PerfTest:
    """Read and check the marks of *item*; nothing is sent and no file is read."""
    places = _places(item)
    loads = [(place.where, place.load_fields()) for place in places if place.perf]
    problems = [problem for place in places for problem in _load_problems(place)]
    limits: list[tuple[ScopedEntry, ...]] = []
    for place in places:
        found: list[ScopedEntry] = []
        for mark in place.budgets:
            source = f"{place.where}'s perf_budget mark"
            if mark.args:
                problems.append(f"{source}: takes keyword arguments only, not {mark.args!r}")
            parsed, mistakes = parse_marker_limits(mark.kwargs, source=source)
            found += parsed
            problems += mistakes
        if found:
            limits.append(tuple(found))
    problems += _misuse(item, places)
    budget, twice = merge(Level("mark", place) for place in limits)
    problems += twice
    if not problems:
        problems += _strangers(loads, budget)
    return PerfTest(tuple(loads), tuple(limits), tuple(problems))


def _places(item: pytest.Item) -> list[PlacedMarks]:
    """The places with marks, weakest first: package, module, classes after their bases, function, parameter set."""
    places: list[PlacedMarks] = []
    for node in item.listchain():
        for where, marks in _groups(node, is_test=node is item):
            perf = tuple(mark for mark in marks if mark.name == PERF)
            budgets = tuple(mark for mark in marks if mark.name == BUDGET)
            if perf or budgets:
                places.append(PlacedMarks(where, perf, budgets))
    return places


def _groups(node: Any, *, is_test: bool) -> list[tuple[str, list[pytest.Mark]]]:
    """(where, marks) of one node of the collection tree, weakest first."""
    kind = "class" if isinstance(node, pytest.Class) else type(node).__name__.lower()
    where = "the function" if is_test else f"the {kind} {node.name}"
    groups: list[tuple[str, list[pytest.Mark]]] = []
    if isinstance(node, pytest.Class):
        for base in reversed(node.obj.__mro__[1:]):
            marks = base.__dict__.get("pytestmark", [])
            groups.append((f"the class {base.__name__}", list(marks) if isinstance(marks, (list, tuple)) else [marks]))
    elif is_test:
        groups.append((PARAMETER_SET, _parameter_marks(node)))
    elsewhere = [getattr(mark, "mark", mark) for _, marks in groups for mark in marks]
    groups = [(place, [getattr(mark, "mark", mark) for mark in marks]) for place, marks in groups]
    own = [mark for mark in node.own_markers if not any(mark is other for other in elsewhere)]
    return [(where, own), *groups] if is_test else [*groups, (where, own)]


def _parameter_marks(node: Any) -> list[pytest.Mark]:
    callspec = getattr(node, "callspec", None)
    return list(callspec.marks) if callspec is not None else []


def _load_problems(place: PlacedMarks) -> list[str]:
    problems: list[str] = []
    source = f"{place.where}'s perf mark"
    seen: dict[str, object] = {}
    for mark in place.perf:
        if mark.args:
            problems.append(f"{source}: takes keyword arguments only, not {mark.args!r}")
        twice = [name for name in mark.kwargs if name in seen and seen[name] != mark.kwargs[name]]
        problems += [f"{source}: {name} is given twice, {seen[name]!r} and {mark.kwargs[name]!r}" for name in twice]
        seen.update(mark.kwargs)
    fields = place.load_fields()
    allowed = (*LOAD_FIELDS, *MARK_KEYS)
    problems += [f"{source}: {unknown_field(name, allowed)}" for name in fields if name not in allowed]
    for name in MARK_KEYS:
        if name in fields and not isinstance(fields[name], str):
            problems.append(f"{source}: {name}: {fields[name]!r} is not the name of a table in smload.toml")
    load_fields = {name: value for name, value in fields.items() if name in LOAD_FIELDS}
    return problems + [f"{source}: {problem}" for problem in check_load_fields(load_fields)]


def _misuse(item: pytest.Item, places: list[PlacedMarks]) -> list[str]:
    problems: list[str] = []
    if next(item.iter_markers(PERF), None) is None:
        if any(place.budgets for place in places):
            problems.append("perf_budget without perf: limits need a load; add @pytest.mark.perf(...)")
        used = [name for name in FIXTURES if uses(item, [name])]
        if used:
            named = _named_fixtures(item)
            # load_result brings the other two along; behind a fixture of the user's it is the one to name.
            shown = [name for name in used if name in named] or [name for name in used if name == "load_result"] or used
            problems.append(
                f"uses {' and '.join(shown)} without the perf mark: a plain pytest run must never send load; "
                "add @pytest.mark.perf"
            )
    function = getattr(item, "obj", None)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        problems.append("is async: a load runs to its end inside the test, so write a plain function")
    return problems


def _strangers(loads: list[tuple[str, dict[str, Any]]], budget: Budget) -> list[str]:
    """Budgets for models that the marks' own traffic does not have; traffic from the file is checked with the file."""
    models = next((fields["models"] for _, fields in reversed(loads) if fields.get("models") is not None), None)
    if models is None or isinstance(models, str):
        return []
    names = list(resolve_models(models))
    stages = next((fields.get("stages") for _, fields in reversed(loads) if given_shapes(fields)), None) or ()
    stage_names = [getattr(stage, "name", None) or str(number) for number, stage in enumerate(stages, start=1)]
    resolved = budget.resolve(models=names, stages=stage_names, open_model=True)
    return [problem for problem in resolved.problems if "stage" not in problem or stages]
