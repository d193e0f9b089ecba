"""Finds our tests among those collected: reports their mistakes, skips them without opt-in, gives them their load."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.gate.keys import PERF_TEST
from pytest_smload.gate.mark_names import meant
from pytest_smload.gate.marks import (
    BUDGET,
    FIXTURES,
    LOADING_FIXTURES,
    PARAMETER_SET,
    PERF,
    MarkedTest,
    PlacedMarks,
    read_marks,
)
from pytest_smload.gate.optin import SKIP_REASON

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_MARKS = pytest.StashKey[list[pytest.Mark]]()
"""Item: the marks of ours that its load is made of."""


def prepare_items(session: pytest.Session, items: list[pytest.Item], *, opted_in: bool) -> None:
    """Check and prepare our tests among *items*, in place.

    Mistakes in marks become one collection error per file, which names all of them; that file's tests are dropped, as
    with any file that cannot be collected. Called again, it takes in the marks that were added since.
    """
    problems: dict[str, list[str]] = {}
    concerned = _concerned_tests(session.config, items) if opted_in else ()
    registered = _registered_marks(session.config)
    for item in items:
        misspelt = _misspelt_marks(item, registered)
        if misspelt:
            problems.setdefault(_file_id(item), []).extend(_named(item, problem) for problem in misspelt)
            continue
        if not is_ours(item) and item not in concerned:
            continue
        test = _marked_test(item)
        perf_test = read_marks(test)
        if perf_test.problems:
            problems.setdefault(_file_id(item), []).extend(_named(item, problem) for problem in perf_test.problems)
            continue
        known = PERF_TEST in item.stash
        item.stash[PERF_TEST] = perf_test
        item.stash[_MARKS] = _our_marks(item)
        if not opted_in:
            if not known:
                item.add_marker(pytest.mark.skip(reason=SKIP_REASON))
        elif not any(name in test.named for name in LOADING_FIXTURES):
            names: list[str] = getattr(item, "fixturenames", [])
            # Parametrized tests of one function share this list.
            if "load_result" not in names:
                names.append("load_result")
    if problems:
        items[:] = [item for item in items if _file_id(item) not in problems]
        for file_id, sentences in problems.items():
            _report_collection_error(session, file_id, sentences)


def late_marks(item: pytest.Item) -> list[str]:
    """Return a sentence per mark of ours that *item* got when its load was settled already."""
    known = item.stash.get(_MARKS, [])
    return [
        f"mark {mark.name} was added while the test ran, too late for its load: write it on the test, or add it in "
        "pytest_collection_modifyitems"
        for mark in _our_marks(item)
        if not any(mark is other for other in known)
    ]


def _our_marks(item: pytest.Item) -> list[pytest.Mark]:
    return [mark for mark in item.iter_markers() if mark.name in (PERF, BUDGET)]


def is_ours(item: pytest.Item) -> bool:
    """Whether the test is one of pytest-smload's.

    A bare ``perf`` mark on a test that has no budget and uses none of our fixtures is somebody else's, unless an
    option or a budget key concerns it (`pytest_smload.gate.concerned`).
    """
    if next(item.iter_markers(BUDGET), None) is not None or uses(item, FIXTURES):
        return True
    return any(mark.args or mark.kwargs for mark in item.iter_markers(PERF))


def is_bare(item: pytest.Item) -> bool:
    """Whether the test has the ``perf`` mark and nothing else that says whose it is."""
    return next(item.iter_markers(PERF), None) is not None and not is_ours(item)


def _concerned_tests(config: pytest.Config, items: Iterable[pytest.Item]) -> set[pytest.Item]:
    bare = [item for item in items if is_bare(item)]
    if not bare:
        return set()
    # It reads settings files, which a run without such a test does not pay for.
    from pytest_smload.gate.concerned import Concerned

    concerned = Concerned(config)
    return {item for item in bare if concerned.concerns(item)}


def _registered_marks(config: pytest.Config) -> set[str]:
    lines: list[str] = config.getini("markers")
    return {line.partition(":")[0].partition("(")[0].strip() for line in lines}


def _misspelt_marks(item: pytest.Item, registered: Collection[str]) -> list[str]:
    names = dict.fromkeys(mark.name for mark in item.iter_markers())
    return [
        f"mark {name!r}: did you mean {wanted!r}? A mark of your own by that name is to be registered (markers in "
        "pytest.ini)"
        for name in names
        if (wanted := meant(name)) is not None and name not in registered
    ]


def uses(item: pytest.Item, names: Iterable[str]) -> bool:
    """Whether the test uses one of the fixtures, itself or through another fixture."""
    used = getattr(item, "fixturenames", ())
    return any(name in used for name in names)


def _file_id(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _named(item: pytest.Item, problem: str) -> str:
    """The mistake with its test's name; a parameter's id belongs to it only where the parameter's own mark is wrong."""
    name = item.nodeid.partition("::")[2]
    return f"{name if problem.startswith(PARAMETER_SET) else name.partition('[')[0]}: {problem}"


def _report_collection_error(session: pytest.Session, file_id: str, sentences: list[str]) -> None:
    # Parametrized tests repeat their function's mistakes; once is enough.
    mistakes = list(dict.fromkeys(sentences))
    lines = [f"{file_id}: {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''} in perf marks:"]
    lines += [f"  {mistake}" for mistake in mistakes]
    report = pytest.CollectReport(nodeid=file_id, outcome="failed", longrepr="\n".join(lines), result=[])
    session.config.hook.pytest_collectreport(report=report)


def _marked_test(item: pytest.Item) -> MarkedTest:
    return MarkedTest(
        places=_places(item),
        marked=next(item.iter_markers(PERF), None) is not None,
        fixtures=getattr(item, "fixturenames", ()),
        named=_named_fixtures(item),
        function=getattr(item, "obj", None),
    )


def _named_fixtures(item: pytest.Item) -> list[str]:
    named = [name for mark in item.iter_markers("usefixtures") for name in mark.args]
    function = getattr(item, "obj", None)
    if callable(function):
        named += inspect.signature(function).parameters
    return named


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
