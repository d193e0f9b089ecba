"""Finds our tests among those collected: reports their mistakes, skips them without opt-in, gives them their load."""

from __future__ import annotations

import pytest

from pytest_smload.gate.keys import PERF_TEST
from pytest_smload.gate.marks import PARAMETER_SET, is_ours, names_a_loading_fixture, read_marks
from pytest_smload.gate.optin import SKIP_REASON


def prepare_items(session: pytest.Session, items: list[pytest.Item], *, opted_in: bool) -> None:
    """Check and prepare our tests among *items*, in place.

    Mistakes in marks become one collection error per file, which names all of them; that file's tests are dropped, as
    with any file that cannot be collected.
    """
    problems: dict[str, list[str]] = {}
    for item in items:
        if not is_ours(item):
            continue
        perf_test = read_marks(item)
        if perf_test.problems:
            problems.setdefault(_file_id(item), []).extend(_named(item, problem) for problem in perf_test.problems)
            continue
        item.stash[PERF_TEST] = perf_test
        if not opted_in:
            item.add_marker(pytest.mark.skip(reason=SKIP_REASON))
        elif not names_a_loading_fixture(item):
            names: list[str] = getattr(item, "fixturenames", [])
            # Parametrized tests of one function share this list.
            if "load_result" not in names:
                names.append("load_result")
    if problems:
        items[:] = [item for item in items if _file_id(item) not in problems]
        for file_id, sentences in problems.items():
            _report_collection_error(session, file_id, sentences)


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
