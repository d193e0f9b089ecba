"""Reads and checks what the ``perf`` and ``perf_budget`` marks of a test ask for."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_smload.core.limits.budget import Level, merge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.sources import parse_marker_limits
from pytest_smload.core.load.fields import MARK_KEYS
from pytest_smload.core.load.profile import LOAD_FIELDS, check_load_fields, given_shapes
from pytest_smload.core.load.spread import spread_of
from pytest_smload.core.load.stage_list import names_of_stages
from pytest_smload.core.request.route_kinds import WEIGHT_FIELDS
from pytest_smload.core.scaling.wish import READERS, SCALING_KEYS
from pytest_smload.core.wording import unknown_field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pytest_smload.core.limits.budget import Budget, ScopedEntry
    from pytest_smload.core.scaling.wish import ScalingWish

PERF = "perf"
BUDGET = "perf_budget"
LOADING_FIXTURES = ("sm_endpoint", "load_result")
PARAMETER_SET = "the parameter set"
MOCKED_TOO_LATE = (
    "@mock_aws begins its mock when the fixtures are done, and load_result is one: the load would go to AWS itself. "
    "Run it in the body, sm_endpoint.load(load_profile), or have a fixture of yours start the mock first: "
    "`with mock_aws(): yield`, named before load_result"
)
FIXTURES = (*LOADING_FIXTURES, "load_profile")


class Mark(Protocol):
    """A mark as it is written."""

    @property
    def args(self) -> tuple[Any, ...]:
        """Its positional arguments."""

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """Its keyword arguments."""


@dataclass(frozen=True, slots=True)
class PlacedMarks:
    """The marks of one place: a module, a class, the function, or one of its parameter sets."""

    where: str
    perf: tuple[Mark, ...]
    budgets: tuple[Mark, ...]

    def load_fields(self) -> dict[str, Any]:
        """The place's ``perf`` keyword arguments together."""
        fields: dict[str, Any] = {}
        for mark in self.perf:
            fields.update(mark.kwargs)
        return fields


@dataclass(frozen=True, slots=True)
class MarkedTest:
    """What a test says of itself.

    Attributes:
        places: Its marks, weakest first.
        marked: Whether it has the ``perf`` mark at all.
        fixtures: Fixtures it uses, itself or through others.
        named: Those that its own signature and ``usefixtures`` name.
        function: What it runs, if that is known.
    """

    places: Sequence[PlacedMarks]
    marked: bool
    fixtures: Collection[str]
    named: Collection[str]
    function: Callable[..., Any] | None


@dataclass(frozen=True, slots=True)
class PerfTest:
    """What the marks of one test ask for.

    Attributes:
        loads: (where, ``perf`` keyword arguments), weakest first.
        limits: What each place's ``perf_budget`` marks say, weakest first.
        problems: One sentence per mistake.
        scaling: What it asks of the endpoint's instances, by its strongest mark that does; None without one.
    """

    loads: tuple[tuple[str, Mapping[str, Any]], ...]
    limits: tuple[tuple[ScopedEntry, ...], ...]
    problems: tuple[str, ...]
    scaling: ScalingWish | None = None


def read_marks(test: MarkedTest) -> PerfTest:
    """Read and check the marks of *test*; nothing is sent and no file is read."""
    places = test.places
    loads = [(f"{place.where}'s perf mark", place.load_fields()) for place in places if place.perf]
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
    problems += _misuse(test)
    budget, twice = merge(Level("mark", place) for place in limits)
    problems += twice
    if not problems:
        problems += _strangers(loads, budget)
    return PerfTest(tuple(loads), tuple(limits), tuple(problems), None if problems else _scaling(loads))


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
    allowed = (*LOAD_FIELDS, *MARK_KEYS, *SCALING_KEYS)
    problems += [f"{source}: {_unknown(name, allowed)}" for name in fields if name not in allowed]
    for name in MARK_KEYS:
        if name in fields and not isinstance(fields[name], str):
            problems.append(f"{source}: {name}: {fields[name]!r} is not the name of a table in smload.toml")
    asked = [name for name in SCALING_KEYS if fields.get(name) is not None]
    problems += [f"{source}: {name}: {problem}" for name in asked for problem in READERS[name](fields[name])[1]]
    if len(asked) > 1:
        problems.append(f"{source}: {' and '.join(asked)} are both given; a count that is held cannot scale")
    load_fields = {name: value for name, value in fields.items() if name in LOAD_FIELDS}
    return problems + [f"{source}: {problem}" for problem in check_load_fields(load_fields)]


def _scaling(loads: Sequence[tuple[str, Mapping[str, Any]]]) -> ScalingWish | None:
    for _, fields in reversed(loads):
        for name in SCALING_KEYS:
            if fields.get(name) is not None:
                return READERS[name](fields[name])[0]
    return None


def _unknown(name: str, allowed: Sequence[str]) -> str:
    if name in METRICS:
        return f"{name} is a limit; write it in a mark of its own, @pytest.mark.perf_budget({name}=...)"
    return unknown_field(name, allowed)


def _misuse(test: MarkedTest) -> list[str]:
    problems: list[str] = []
    if not test.marked:
        if any(place.budgets for place in test.places):
            problems.append("perf_budget without perf: limits need a load; add @pytest.mark.perf(...)")
        used = [name for name in FIXTURES if name in test.fixtures]
        if used:
            # load_result brings the other two along; behind a fixture of the user's it is the one to name.
            shown = [name for name in used if name in test.named]
            shown = shown or [name for name in used if name == "load_result"] or used
            problems.append(
                f"uses {' and '.join(shown)} without the perf mark: a plain pytest run must never send load; "
                "add @pytest.mark.perf"
            )
    loads_first = "load_result" in test.fixtures or not any(name in test.named for name in LOADING_FIXTURES)
    if loads_first and _mocks_by_decorator(test.function):
        problems.append(MOCKED_TOO_LATE)
    if inspect.iscoroutinefunction(test.function) or inspect.isasyncgenfunction(test.function):
        problems.append("is async: a load runs to its end inside the test, so write a plain function")
    return problems


def _mocks_by_decorator(function: Callable[..., Any] | None) -> bool:
    """Whether ``moto.mock_aws`` wraps the function: its mock begins when the fixtures are done."""
    wrapped: Any = function
    while wrapped is not None:
        module = getattr(wrapped, "__globals__", {}).get("__name__", "")
        if module.partition(".")[0] == "moto":
            return True
        wrapped = getattr(wrapped, "__wrapped__", None)
    return False


def _strangers(loads: list[tuple[str, dict[str, Any]]], budget: Budget) -> list[str]:
    """Budgets for models that the marks' own traffic does not have; traffic from the file is checked with the file."""
    weighted = (fields for _, fields in reversed(loads) if any(fields.get(each) is not None for each in WEIGHT_FIELDS))
    fields = next(weighted, None)
    if fields is None or any(isinstance(fields.get(each), str) for each in WEIGHT_FIELDS):
        return []
    spread = spread_of(fields)
    stages = next((fields.get("stages") for _, fields in reversed(loads) if given_shapes(fields)), None) or ()
    resolved = budget.resolve(
        routes=list(spread.shares), kind=spread.kind, stages=names_of_stages(stages), open_model=True
    )
    return [problem for problem in resolved.problems if "stage" not in problem or stages]
