"""``smload compare``: holds runs against an earlier one, and fails where one is worse than allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_smload.cli.page import write_page
from pytest_smload.cli.reading import read_run, short_names
from pytest_smload.cli.said import Said, screen_width
from pytest_smload.core.capacity.comparison import compare_capacities
from pytest_smload.core.results.demands import parse_demand
from pytest_smload.core.results.side_by_side import compare_with_first
from pytest_smload.core.wording import some
from pytest_smload.errors import ConfigurationError, ReportError, SmloadError
from pytest_smload.reports.words.side_by_side import LETTERS

if TYPE_CHECKING:
    import argparse

    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.capacity.comparison import Comparison
    from pytest_smload.core.results.demands import Demand
    from pytest_smload.core.results.result import RunResult
    from pytest_smload.core.results.side_by_side import ComparedLoad

UNKEPT = 1
"""The exit code where a demand is broken or undecided: a gate never passes for want of proof."""


def compare(asked: argparse.Namespace) -> Said:
    """Answer ``smload compare A B [C ...]``."""
    demands = _demands(asked.fail_on)
    places = [asked.first, *asked.others]
    if len(places) > len(LETTERS):
        raise ConfigurationError(f"compare takes {len(LETTERS)} reports at most, not {len(places)}")
    reports = list(zip(short_names(places), map(read_run, places), strict=True))
    loads = compare_with_first([run for _, run in reports], demands)
    capacities = _capacities([run for _, run in reports])
    paired = any(pair.before and pair.after for load in loads for pair in load.others)
    if not paired and (demands or not capacities):
        raise ReportError(_nothing_common(reports))
    found = compare_capacities(capacities) if capacities else None
    if asked.html is not None:
        write_page(asked.html, "compare.html", lambda: _page(reports, loads, found))
    held = [each for load in loads for pair in load.others for each in pair.held]
    kept = all(each.answer == "kept" or (each.vague and asked.allow_undecided) for each in held)
    return Said(
        _drawn(reports, loads, found, markdown=asked.markdown),
        exit_code=0 if kept else UNKEPT,
        as_is=asked.markdown,
    )


def _drawn(
    reports: Sequence[tuple[str, RunResult]],
    loads: Sequence[ComparedLoad],
    capacities: Comparison | None,
    *,
    markdown: bool,
) -> list[str]:
    if markdown:
        from pytest_smload.reports.markdown.side_by_side import comparison_markdown

        return [comparison_markdown(reports, loads, capacities).rstrip("\n")]
    from pytest_smload.reports.text.side_by_side import comparison_lines

    return list(comparison_lines(reports, loads, screen_width(), capacities=capacities))


def _page(
    reports: Sequence[tuple[str, RunResult]], loads: Sequence[ComparedLoad], capacities: Comparison | None
) -> str:
    from pytest_smload.reports.html.side_by_side import comparison_html

    return comparison_html(reports, loads, capacities)


def _demands(texts: Sequence[str]) -> list[Demand]:
    found, problems = [], []
    for text in texts:
        try:
            found.append(parse_demand(text))
        except SmloadError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError(problems)
    return found


def _capacities(runs: Sequence[RunResult]) -> list[Capacity]:
    """Of the last attempt of each test in each run, their labels after the run's letter."""
    found = []
    for letter, run in zip(LETTERS, runs, strict=False):
        last = {test.nodeid: test for test in run.tests}
        for test in last.values():
            found += [replace(each, label=f"{letter} {each.label or each.endpoint.name}") for each in test.capacities]
    return found


def _nothing_common(reports: Sequence[tuple[str, RunResult]]) -> str:
    held = []
    for name, run in reports:
        tests = list(dict.fromkeys(test.nodeid for test in run.tests if test.loads))
        held.append(f"{name} has {some(tests) or 'no load'}")
    return f"nothing to compare: no load has the same test and label in the first report and another; {'; '.join(held)}"
