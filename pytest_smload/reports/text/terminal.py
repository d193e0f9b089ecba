"""Yields the lines of the section "smload" at the end of a run: a line per load, or all there is to say of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_smload.core.wording import some
from pytest_smload.reports.text.capacity import capacity_line, indented_capacity
from pytest_smload.reports.text.overview import VERDICTS, overview
from pytest_smload.reports.text.tables import checks_table, models_table, stages_table
from pytest_smload.reports.words.baseline_lines import baseline_lines, undecided_lines
from pytest_smload.reports.words.cells import observed_text, plain_text, printed, wrap
from pytest_smload.reports.words.control_lines import control_lines
from pytest_smload.reports.words.details import (
    SHORT_EXAMPLE,
    client_line,
    error_lines,
    finding_text,
    growth_lines,
    note_lines,
    remark_lines,
    unproven_breach_lines,
    urgent_lines,
)
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.margin import is_undecided
from pytest_smload.reports.words.scaling_lines import scaling_lines
from pytest_smload.reports.words.server_lines import diagnosis_lines, server_lines
from pytest_smload.reports.words.worker_lines import worker_lines

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult

MAX_CHECKS_IN_A_LINE = 4
_INDENT = "  "
_UNDECIDED = frozenset({"invalid", "interrupted"})
FAILED_BESIDES = "every limit it was held against was kept; the test failed for something else"
Attempt = tuple[str, int]
"""Node id and number of an attempt."""


def run_lines(run: RunResult, width: int = 100, *, verbosity: int = 0, told: Collection[Attempt] = ()) -> Iterator[str]:
    """Yield the section for a run, laid out for *width* columns.

    Args:
        run: The run.
        width: Columns of the terminal.
        verbosity: 0 for a line per load and what must be known besides; above, each test with its tables; below, only
            loads of which more must be known than that they passed.
        told: Attempts whose failure was printed, with checks and errors: neither is printed twice.
    """
    lines = _in_full(run, width, told) if verbosity > 0 else _in_brief(run, width, told, quiet=verbosity < 0)
    yield from map(printed, lines)
    if run.interrupted and run.tests:
        yield "the run was interrupted; what was measured until then is above"


def _in_full(run: RunResult, width: int, told: Collection[Attempt]) -> Iterator[str]:
    for place, test in enumerate(run.tests):
        if place:
            yield ""
        yield from lines_of_test(test, width, told=_attempt(test) in told)


def _in_brief(run: RunResult, width: int, told: Collection[Attempt], *, quiet: bool) -> Iterator[str]:
    loads = [(test, load) for test in run.tests for load in test.loads]
    remarks = [
        [] if load.verdict != "pass" and _attempt(test) in told else _remarks(test, load, quiet=quiet)
        for test, load in loads
    ]
    if quiet:
        kept = [place for place, (_, load) in enumerate(loads) if remarks[place] or load.verdict in _UNDECIDED]
        loads, remarks = [loads[place] for place in kept], [remarks[place] for place in kept]
    common = {line: count for line, count in Counter(line for lines in remarks for line in lines).items() if count > 1}
    if loads:
        header, *rows = overview(loads, width)
        yield header
        for row, lines in zip(rows, remarks, strict=True):
            yield row
            for line in lines:
                if line not in common:
                    yield from wrap(line, width, _INDENT)
    for line, count in common.items():
        yield from wrap(f"{line} ({count:,} loads)", width)
    for test in run.tests:
        for capacity in test.capacities:
            if not quiet or capacity.verdict in _UNDECIDED:
                yield from wrap(capacity_line(test, capacity), width)
    empty = [plain_text(test.nodeid) for test in run.tests if not test.loads and not test.capacities]
    if empty:
        yield from wrap(f"ERROR: no load was run by {some(empty)}", width)
    for test in run.tests:
        verdicts = {each.verdict for each in test.loads} | {each.verdict for each in test.capacities}
        if _attempt(test) not in told and verdicts & {"fail", "invalid"}:
            yield ""
            yield from lines_of_test(test, width)


def _remarks(test: TestResult, load: LoadResult, *, quiet: bool) -> list[str]:
    if quiet:
        return [*growth_lines(load), *note_lines(load), *unproven_breach_lines(load), *undecided_lines(load)]
    compared = undecided_lines(load) if load.control is None else [*control_lines(load), *baseline_lines(load)]
    lines = [*urgent_lines(load), *unproven_breach_lines(load), *compared]
    if load.client.warnings:
        lines.append(client_line(load))
    return [FAILED_BESIDES, *lines] if test.failed_besides and load is test.loads[0] else lines


def _attempt(test: TestResult) -> Attempt:
    return test.nodeid, test.attempt


def lines_of_test(test: TestResult, width: int = 100, *, told: bool = False) -> Iterator[str]:
    """Yield one test with its tables; *told* leaves out the checks and errors of loads that were not a pass."""
    attempt = f" (attempt {test.attempt})" if test.attempt > 1 else ""
    yield f"{_outcome(test)} {plain_text(test.nodeid)}{attempt}"
    if not test.loads and not test.capacities:
        yield _INDENT + "no load was run"
    elif test.failed_besides:
        yield _INDENT + FAILED_BESIDES
    for place, load in enumerate(test.loads):
        if place:
            yield ""
        yield from _load_lines(load, width, told=told and load.verdict != "pass")
    for capacity in test.capacities:
        if not told or capacity.verdict == "pass":
            yield from indented_capacity(capacity, width)


def _outcome(test: TestResult) -> str:
    if not test.loads and not test.capacities:
        return "ERROR"
    return VERDICTS[test.verdict]


def _load_lines(load: LoadResult, width: int, *, told: bool) -> Iterator[str]:
    room = width - len(_INDENT)
    yield from wrap(load_headline(load), width, _INDENT)
    yield from _indented(models_table(load, room))
    yield from _set_apart(stages_table(load, room))
    for line in [*scaling_lines(load), *worker_lines(load)]:
        yield from wrap(line, width, _INDENT)
    if told:
        yield from wrap(client_line(load), width, _INDENT)
        yield from wrap("errors and checks: see the failure above", width, _INDENT)
        return
    yield from _indented(error_lines(load, SHORT_EXAMPLE))
    yield from wrap(client_line(load), width, _INDENT)
    if load.verdict == "invalid":
        for reason in load.client.reasons:
            yield from wrap(f"INVALID: {finding_text(reason)}", width, _INDENT)
    remarks = [*remark_lines(load), *unproven_breach_lines(load), *baseline_lines(load)]
    for remark in [*remarks, *server_lines(load), *diagnosis_lines(load)]:
        yield from wrap(remark, width, _INDENT)
    if load.verdict == "pass":
        yield from wrap(_checks_in_brief(load.checks), width, _INDENT)
    elif not load.interrupted:
        yield from _set_apart(checks_table(load.checks, room))


def _checks_in_brief(checks: Sequence[Check]) -> str:
    if not checks:
        return "checks: none, this load only measures"
    passed = [check for check in checks if not is_undecided(check)]
    brief = [_check_in_brief(check) for check in passed[:MAX_CHECKS_IN_A_LINE]]
    left_out = len(passed) - MAX_CHECKS_IN_A_LINE
    more = f", and {left_out:,} more" if left_out > 0 else ""
    counted = f"{len(passed):,} check{'s' if len(passed) != 1 else ''} passed"
    undecided = len(checks) - len(passed)
    apart = f"; {undecided:,} undecided" if undecided else ""
    return counted + (f": {', '.join(brief)}{more}" if passed else "") + apart


def _check_in_brief(check: Check) -> str:
    scope = "" if check.scope == "total" else f"{check.scope} "
    return plain_text(f"{scope}{check.metric} {observed_text(check)} ({check.limit})")


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (_INDENT + line for line in lines)


def _set_apart(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield from _indented(lines)
