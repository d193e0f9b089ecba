"""Yields the lines of the section "smload" at the end of a run: tests, their loads, tables and checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.text.tables import checks_table, models_table, stages_table
from pytest_smload.reports.words.baseline_lines import baseline_lines
from pytest_smload.reports.words.cells import observed_text, plain_text, wrap
from pytest_smload.reports.words.details import (
    SHORT_EXAMPLE,
    client_line,
    error_lines,
    finding_text,
    remark_lines,
)
from pytest_smload.reports.words.headline import load_headline

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult

MAX_CHECKS_IN_A_LINE = 4
_INDENT = "  "
_VERDICTS = {"pass": "PASS", "fail": "FAIL", "invalid": "INVALID"}


def run_lines(run: RunResult, width: int = 100) -> Iterator[str]:
    """Yield the whole section for a run, tables laid out for *width* columns."""
    for place, test in enumerate(run.tests):
        if place:
            yield ""
        yield from lines_of_test(test, width)
    if run.interrupted:
        yield "the run was interrupted; what was measured until then is above"


def lines_of_test(test: TestResult, width: int = 100) -> Iterator[str]:
    """Yield one test: brief where it passed, in full where it did not."""
    attempt = f" (attempt {test.attempt})" if test.attempt > 1 else ""
    yield f"{_outcome(test)} {plain_text(test.nodeid)}{attempt}"
    if not test.loads:
        yield _INDENT + "no load was run"
    elif test.verdict == "fail" and all(load.verdict == "pass" for load in test.loads):
        yield _INDENT + "the test's own body failed; every limit was kept"
    for place, load in enumerate(test.loads):
        if place:
            yield ""
        yield from _load_lines(load, width)


def _outcome(test: TestResult) -> str:
    if not test.loads:
        return "ERROR"
    if any(load.interrupted for load in test.loads):
        return "INTERRUPTED"
    return _VERDICTS[test.verdict]


def _load_lines(load: LoadResult, width: int) -> Iterator[str]:
    room = width - len(_INDENT)
    passed = load.verdict == "pass"
    headline = load_headline(load)
    yield from wrap(headline, width, _INDENT)
    yield from _indented(models_table(load, room))
    yield from _set_apart(stages_table(load, room))
    yield from _indented(error_lines(load, SHORT_EXAMPLE))
    yield from wrap(client_line(load), width, _INDENT)
    if load.verdict == "invalid":
        for reason in load.client.reasons:
            yield from wrap(f"INVALID: {finding_text(reason)}", width, _INDENT)
    for remark in [*remark_lines(load), *baseline_lines(load)]:
        yield from wrap(remark, width, _INDENT)
    if passed:
        yield from wrap(_checks_in_brief(load.checks), width, _INDENT)
    else:
        yield from _set_apart(checks_table(load.checks, room))


def _checks_in_brief(checks: Sequence[Check]) -> str:
    if not checks:
        return "checks: none, this load only measures"
    brief = [_check_in_brief(check) for check in checks[:MAX_CHECKS_IN_A_LINE]]
    left_out = len(checks) - MAX_CHECKS_IN_A_LINE
    more = f", and {left_out:,} more" if left_out > 0 else ""
    count = f"{len(checks):,} check{'s' if len(checks) != 1 else ''} passed"
    return f"{count}: {', '.join(brief)}{more}"


def _check_in_brief(check: Check) -> str:
    scope = "" if check.scope == "total" else f"{check.scope} "
    return plain_text(f"{scope}{check.metric} {observed_text(check)} ({check.limit})")


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (_INDENT + line for line in lines)


def _set_apart(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield from _indented(lines)
