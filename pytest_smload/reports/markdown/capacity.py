"""Writes what capacity searches found as markdown: a row for each search, and a table of levels that unfolds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.capacity.comparison import compare_capacities
from pytest_smload.reports.markdown.gfm import code, escaped, table, unfolding
from pytest_smload.reports.words.capacity_lines import (
    LEVEL_HEADERS,
    LEVEL_NUMBERS,
    capacity_headline,
    capacity_remarks,
    capacity_sentence,
    level_cells,
)
from pytest_smload.reports.words.comparison import COMPARISON_HEADERS, cheapest_sentence, comparison_rows

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.results.result import RunResult


def capacities_markdown(run: RunResult) -> str:
    """Return all capacities of *run*: verdicts first, several compared in one table, then the levels of each."""
    found = [(test, capacity) for test in run.tests for capacity in test.capacities]
    rows = [
        [f"**{each.verdict.upper()}**", code(test.nodeid, in_table=True), escaped(each.label or ""), _said(each)]
        for test, each in found
    ]
    blocks = [table(["verdict", "test", "search", "capacity"], rows)]
    if len(found) > 1:
        comparison = compare_capacities([capacity for _, capacity in found])
        cells = [[escaped(cell) for cell in row] for row in comparison_rows(comparison)]
        blocks += [
            table(COMPARISON_HEADERS, cells, right=COMPARISON_HEADERS[1:]),
            escaped(cheapest_sentence(comparison)),
        ]
    for _, capacity in found:
        remarks = "\n".join(f"- {escaped(remark)}" for remark in capacity_remarks(capacity))
        cells = [[escaped(cell) for cell in level_cells(level)] for level in capacity.curve]
        levels = table(LEVEL_HEADERS, cells, right=LEVEL_NUMBERS) if cells else "no probe was run"
        body = (chr(10) * 2).join(filter(None, [levels, remarks]))
        blocks.append(unfolding(capacity_headline(capacity), body))
    return (chr(10) * 2).join(filter(None, blocks))


def _said(capacity: Capacity) -> str:
    return escaped(capacity_sentence(capacity))
