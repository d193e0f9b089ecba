"""Lays out for a terminal how the loads of several runs compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.text.tables import tabulated
from pytest_smload.reports.words.cells import printed, wrap
from pytest_smload.reports.words.comparison import COMPARISON_HEADERS, cheapest_sentence, comparison_rows
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.side_by_side import (
    LEGEND,
    LETTERS,
    cells,
    count_words,
    headers,
    held_lines,
    load_words,
    remarks,
    run_words,
)

if TYPE_CHECKING:
    from pytest_smload.core.capacity.comparison import Comparison
    from pytest_smload.core.results.result import RunResult
    from pytest_smload.core.results.side_by_side import ComparedLoad, Pair

_INDENT = "  "


def comparison_lines(
    reports: Sequence[tuple[str, RunResult]],
    loads: Sequence[ComparedLoad],
    width: int = 100,
    *,
    capacities: Comparison | None = None,
) -> Iterator[str]:
    """Yield the comparison of *loads*, as `compare_with_first` has them, for *width* columns.

    Args:
        reports: Name and run of each report, the first first.
        loads: Theirs.
        width: Columns of the terminal.
        capacities: What the runs' searches found, if they searched.
    """
    for letter, (name, run) in zip(LETTERS, reports, strict=False):
        yield from wrap(run_words(letter, name, run), width)
    for load in loads:
        yield ""
        yield from wrap(load_words(load), width)
        one = load.first or next((pair.after for pair in load.others if pair.after is not None), None)
        if one is not None:
            yield from wrap(load_headline(one), width, _INDENT)
        lettered = [entry for entry in zip(LETTERS[1:], load.others, strict=False) if entry[1].rows]
        yield from (_INDENT + printed(line) for line in _tables(lettered, width - len(_INDENT)))
        for line in [*remarks(load), *held_lines(load)]:
            yield from wrap(line, width, _INDENT)
    yield ""
    if capacities is not None:
        yield "capacities:"
        lines = tabulated(comparison_rows(capacities), list(COMPARISON_HEADERS), right=COMPARISON_HEADERS[1:])
        yield from (_INDENT + printed(line) for line in lines)
        yield from wrap(cheapest_sentence(capacities), width, _INDENT)
        yield ""
    yield from wrap(LEGEND, width)
    held = [each for load in loads for pair in load.others for each in pair.held]
    if held:
        yield f"demands: {count_words(held)}"


def _tables(lettered: Sequence[tuple[str, Pair]], width: int) -> list[str]:
    """One table of all runs where there is room, else one for each."""
    if not lettered:
        return []
    titles = headers([letter for letter, _ in lettered])
    lines = tabulated(cells([pair for _, pair in lettered]), titles, right=titles[1:])
    if max(map(len, lines)) <= width or len(lettered) == 1:
        return lines
    return [line for entry in lettered for line in _tables([entry], width)]
