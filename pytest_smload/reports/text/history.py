"""Lays out for a terminal how loads went over many runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.text.tables import tabulated
from pytest_smload.reports.words.cells import printed, wrap
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.history import (
    HISTORY_HEADERS,
    HISTORY_NUMBERS,
    LEGEND,
    change_line,
    point_cells,
    series_words,
)

if TYPE_CHECKING:
    from pytest_smload.core.results.history import Series

_INDENT = "  "
_EXPENDABLE = ("$/million", "commit", "change")
"""Columns a narrow terminal does without, first to go first; changes have lines of their own."""


def history_lines(history: Sequence[Series], width: int = 100, *, last: int = 20) -> Iterator[str]:
    """Yield each series of *history* for *width* columns, of its runs the *last*."""
    for series in history:
        yield from wrap(series_words(series), width)
        yield from wrap(load_headline(series.example), width, _INDENT)
        left_out = len(series.points) - last
        if left_out > 0:
            yield f"{_INDENT}{left_out:,} earlier not shown (--last {len(series.points)} shows all)"
        yield from (_INDENT + printed(line) for line in _table(series, width - len(_INDENT), last))
        for change in series.changes:
            yield from wrap(change_line(change), width, _INDENT)
        yield ""
    yield from wrap(LEGEND, width)


def _table(series: Series, width: int, last: int) -> list[str]:
    shown = [point_cells(point, series.changes) for point in series.points[-last:]]
    used = [place for place in range(len(HISTORY_HEADERS)) if any(row[place] for row in shown)]
    lines: list[str] = []
    for column in ("", *_EXPENDABLE):
        used = [place for place in used if HISTORY_HEADERS[place] != column]
        headers = [HISTORY_HEADERS[place] for place in used]
        lines = tabulated([[row[place] for place in used] for row in shown], headers, right=HISTORY_NUMBERS)
        if max(map(len, lines)) <= width:
            break
    return lines
