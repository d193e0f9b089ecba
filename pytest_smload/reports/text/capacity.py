"""Lays out what a capacity search found for a terminal: its sentence, a row for each level, its remarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_smload.reports.text.overview import VERDICTS
from pytest_smload.reports.text.tables import tabulated
from pytest_smload.reports.words.capacity_lines import (
    LEVEL_HEADERS,
    LEVEL_NUMBERS,
    capacity_headline,
    capacity_remarks,
    capacity_sentence,
    level_cells,
)
from pytest_smload.reports.words.cells import wrap

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.results.result import TestResult

_INDENT = "  "
_EXPENDABLE = ("why not", "p95 interval", "p50")
"""Columns a narrow terminal does without, first to go first."""


def capacity_line(test: TestResult, capacity: Capacity) -> str:
    """Return the one line of the overview."""
    label = f" {capacity.label!r}" if capacity.label else ""
    return f"{VERDICTS[capacity.verdict]}  {test.nodeid}{label}  {capacity_sentence(capacity)}"


def capacity_lines(capacity: Capacity, width: int) -> Iterator[str]:
    """Yield all of it, laid out for *width* columns."""
    yield from wrap(capacity_headline(capacity), width)
    yield from wrap(capacity_sentence(capacity), width)
    yield from _table(capacity, width)
    for remark in capacity_remarks(capacity):
        yield from wrap(remark, width)


def indented_capacity(capacity: Capacity, width: int) -> Iterator[str]:
    """Yield it as one of the loads of a test."""
    return (_INDENT + line for line in capacity_lines(capacity, width - len(_INDENT)))


def _table(capacity: Capacity, width: int) -> list[str]:
    rows = [dict(zip(LEVEL_HEADERS, level_cells(level), strict=True)) for level in capacity.curve]
    headers = list(LEVEL_HEADERS)
    for column in ("", *_EXPENDABLE):
        headers = [header for header in headers if header != column]
        lines = tabulated([[row[header] for header in headers] for row in rows], headers, right=LEVEL_NUMBERS)
        if max(map(len, lines)) <= width:
            break
    return lines if rows else []
