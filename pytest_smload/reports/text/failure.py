"""Writes the text of a test that failed, could not be trusted, or measured nothing; it also goes into JUnit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.core.request.error_kinds import OWN_NAMES, UNSENT
from pytest_smload.reports.text.capacity import capacity_lines
from pytest_smload.reports.text.tables import checks_table
from pytest_smload.reports.words.capacity_lines import capacity_sentence
from pytest_smload.reports.words.cells import format_count, metric_words, observed_text, plain_text, printed, wrap
from pytest_smload.reports.words.details import (
    LONG_EXAMPLE,
    client_line,
    error_lines,
    remark_lines,
)
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.margin import worst_first
from pytest_smload.reports.words.next_step import next_steps, rerun_command
from pytest_smload.reports.words.server_lines import diagnosis_lines, server_lines

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.results.result import LoadResult, TestResult

DEFAULT_WIDTH = 100
MAX_UNJUDGED = 8
MOST = 0.5
"""Share of failed requests from which on their error, rather than a limit, is what a failure is about."""
HEADLINE_EXAMPLE = 200
_PLURAL = ("errors", "requests", "loaded_models", "invocations_per_instance", "server_5xx", "server_4xx", "scaled_to")


def one_line(check: Check) -> str:
    """Return a check in one sentence: what it is about, the value, the limit, and where the limit comes from."""
    family = check.metric.partition(".")[0]
    verb = "were" if family in _PLURAL else "was"
    observed = observed_text(check)
    outcome = f"{verb} not measured" if math.isnan(check.observed) else f"{verb} {observed}"
    note = f"; {check.note}" if check.note else ""
    return plain_text(f"{metric_words(check)} {outcome}, limit {check.limit} ({check.source}){note}")


def failure_text(
    test: TestResult, *, width: int = DEFAULT_WIDTH, report_dir: str | None = None, options: Sequence[str] = ()
) -> str:
    """Return the text of a test that breached its budget.

    The first line says it in one sentence; the checks of each failed load, its errors and the next command follow.

    Args:
        test: A test at least one load of which has a failed check.
        width: Columns to lay it out for.
        report_dir: The folder this run's ``report.json`` goes to, or None.
        options: This run's ``--smload-…`` arguments, for the next command.
    """
    failed_loads = [load for load in test.loads if load.verdict == "fail"]
    failed_searches = [each for each in test.capacities if each.verdict == "fail"]
    lines = [_failure_sentence(test, failed_loads) if failed_loads else _searches_sentence(failed_searches)]
    for load in failed_loads:
        lines += ["", *wrap(load_headline(load), width), *checks_table(load.checks, width)]
        lines += [*error_lines(load, LONG_EXAMPLE), *_wrapped(_beside(load), width)]
    for search in failed_searches:
        lines += ["", *capacity_lines(search, width)]
    return _text([*lines, "", *_next(next_steps(test, report_dir, options))])


def invalid_text(test: TestResult, *, width: int = DEFAULT_WIDTH, options: Sequence[str] = ()) -> str:
    """Return the text of a test whose measurement cannot be trusted: causes, remedies, and what was not judged."""
    invalid = [load for load in test.loads if load.verdict == "invalid"]
    causes = [cause for load in invalid for cause in _causes(load)]
    searches = [each for each in test.capacities if each.verdict == "invalid"]
    causes += [_undecided_search(each) for each in searches]
    cause = causes[0] if causes else "no reason was recorded"
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    whole = not invalid or any(not load.client.valid for load in invalid)
    what = "the measurement cannot be trusted" if whole else "undecided"
    lines = [f"INVALID: {_prefix(test, invalid[:1])}{what}: {cause}{more}"]
    for load in invalid:
        lines += ["", *wrap(load_headline(load), width)]
        for finding in load.client.reasons:
            lines += _wrapped([f"cause: {plain_text(finding.cause)}", f"remedy: {plain_text(finding.remedy)}"], width)
        if load.client.valid:
            lines += checks_table(load.checks, width)
        lines += wrap(client_line(load), width)
        lines += [*error_lines(load, LONG_EXAMPLE), *_wrapped(_beside(load), width)]
    for search in searches:
        lines += ["", *capacity_lines(search, width)]
    lines += _not_judged(test)
    for load in test.loads:
        if load.verdict == "fail":
            lines += ["", *wrap(load_headline(load), width), *checks_table(load.checks, width)]
    return _text([*lines, "", *_next(["once that is put right:", f"  {rerun_command(test.nodeid, options)}"])])


def _beside(load: LoadResult) -> list[str]:
    return [*remark_lines(load), *server_lines(load), *diagnosis_lines(load)]


def _causes(load: LoadResult) -> list[str]:
    """Why it is INVALID: the run as a whole, or each check that is undecided."""
    if load.client.reasons:
        return [plain_text(finding.cause) for finding in load.client.reasons]
    return [one_line(check) for check in load.checks if not check.valid]


def no_load_text(nodeid: str, *, options: Sequence[str] = ()) -> str:
    """Return the text of a perf test that ran no load."""
    return _text(
        [
            "this perf test ran no load, so nothing was measured and nothing was judged",
            "",
            "A perf test takes load_result, or calls sm_endpoint.load(load_profile) on every path through its body;",
            "a test that is not about performance does without the perf mark.",
            "",
            *_next(["once it does:", f"  {rerun_command(nodeid, options)}"]),
        ]
    )


def unused_budget_text(nodeid: str, source: str, *, options: Sequence[str] = ()) -> str:
    """Return the text of a test whose own limits, written at *source*, were held against none of its loads."""
    why = "each had a budget of its own, or None"
    return _text(
        [
            f"no load of this test was held against its limits ({plain_text(source)}): {why}",
            "",
            "load(budget=None) only measures, and load(budget={...}) replaces the test's limits. Run the load that is",
            "to keep them without budget=..., or take the limits away.",
            "",
            *_next(["once it does:", f"  {rerun_command(nodeid, options)}"]),
        ]
    )


def _text(lines: Sequence[str]) -> str:
    return "\n".join(map(printed, lines))


def _wrapped(lines: Sequence[str], width: int) -> list[str]:
    return [part for line in lines for part in wrap(line, width)]


def _failed(load: LoadResult) -> list[Check]:
    return worst_first(check for check in load.checks if check.outcome == "fail")


def _failure_sentence(test: TestResult, failed_loads: Sequence[LoadResult]) -> str:
    failed = [check for load in failed_loads for check in _failed(load)]
    checks = sum(len(load.checks) for load in test.loads)
    more = f"; {len(failed) - 1} more of {checks} checks failed" if len(failed) > 1 else ""
    return f"{_prefix(test, failed_loads[:1])}{_cause(failed_loads[0])}{one_line(failed[0])}{more}"


def _searches_sentence(searches: Sequence[Capacity]) -> str:
    more = f"; {len(searches) - 1} more searches failed" if len(searches) > 1 else ""
    return "".join(capacity_sentence(each) for each in searches[:1]) + more


def _undecided_search(capacity: Capacity) -> str:
    why = capacity.reasons[0].cause if capacity.reasons else capacity.ended
    return plain_text(f"{why}; {capacity_sentence(capacity)} until then")


def _cause(load: LoadResult) -> str:
    """What explains all the checks of a load most of whose requests failed, or whose endpoint did not keep up."""
    errors = load.requests - load.ok
    kind, count = max(load.errors.items(), key=lambda item: item[1], default=("", 0))
    if errors > MOST * load.requests and kind not in {"", OWN_NAMES[UNSENT]}:
        example = plain_text(load.examples.get(kind, ""), HEADLINE_EXAMPLE)
        said = f": {example}" if example and example != kind else ""
        how_many = "all" if count == load.requests else f"{format_count(count)} of"
        return f"{how_many} {format_count(load.requests)} requests failed with {plain_text(kind)}{said}; "
    if not load.unsent:
        return ""
    missed, scheduled = format_count(load.unsent), format_count(load.scheduled)
    return f"the endpoint did not keep up ({missed} of {scheduled} scheduled requests were never sent): "


def _prefix(test: TestResult, loads: Sequence[LoadResult]) -> str:
    """Name the load the first line speaks of, where a test has several."""
    if len(test.loads) < 2 or not loads:
        return ""
    label = loads[0].label
    place = next(place for place, load in enumerate(test.loads, start=1) if load is loads[0])
    return f"load {plain_text(label)!r}: " if label else f"load {place}: "


def _not_judged(test: TestResult) -> list[str]:
    breached = [
        f"{_prefix(test, [load])}{one_line(check)}"
        for load in test.loads
        if load.verdict == "invalid"
        for check in _failed(load)
    ]
    if not breached:
        return []
    left_out = len(breached) - MAX_UNJUDGED
    more = [f"  and {left_out:,} more, in report.json"] if left_out > 0 else []
    return ["", "not judged: also breached", *(f"  {line}" for line in breached[:MAX_UNJUDGED]), *more]


def _next(steps: Sequence[str]) -> list[str]:
    return [f"next: {steps[0]}", *(f"      {step}" for step in steps[1:])]
