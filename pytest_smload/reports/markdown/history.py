"""Writes how loads went over many runs as markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.markdown.gfm import escaped, table
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


def history_markdown(history: Sequence[Series], *, last: int = 20) -> str:
    """Return each series of *history*, of its runs the *last*."""
    blocks = ["## smload history"]
    for series in history:
        rows = [[escaped(cell) for cell in point_cells(point, series.changes)] for point in series.points[-last:]]
        blocks += [
            f"### {escaped(series_words(series))}",
            escaped(load_headline(series.example)),
            "\n".join(f"- {escaped(change_line(change))}" for change in series.changes),
            table(HISTORY_HEADERS, rows, right=HISTORY_NUMBERS),
        ]
    return "\n\n".join(filter(None, [*blocks, escaped(LEGEND)])) + "\n"
