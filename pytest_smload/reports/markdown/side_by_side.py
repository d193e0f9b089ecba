"""Writes how the loads of several runs compare as markdown, for the comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.markdown.fitting import HEAD, LONGEST_COMMENT_BYTES, Part, fitted
from pytest_smload.reports.markdown.gfm import escaped, table
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
    from pytest_smload.core.results.side_by_side import ComparedLoad

# What a part is, after the head: the first to be kept first.
_UNKEPT, _KEPT = HEAD + 1, HEAD + 2


def comparison_markdown(
    reports: Sequence[tuple[str, RunResult]], loads: Sequence[ComparedLoad], capacities: Comparison | None = None
) -> str:
    """Return the comparison of *loads*, short enough for a comment; arguments as `comparison_lines` takes them.

    Where there are too many loads, those with demands that are not kept stay longest.
    """
    held = [each for load in loads for pair in load.others for each in pair.held]
    title = f"## smload compare{f': {count_words(held)}' if held else ''}"
    named = [f"- {escaped(run_words(letter, *report))}" for letter, report in zip(LETTERS, reports, strict=False)]
    parts = [Part(HEAD, _blocks(title, "\n".join(named)))]
    parts += [Part(_KEPT if _is_kept(load) else _UNKEPT, "\n" + _load_blocks(load)) for load in loads]
    if capacities is not None:
        rows = [[escaped(cell) for cell in row] for row in comparison_rows(capacities)]
        text = table(COMPARISON_HEADERS, rows, right=COMPARISON_HEADERS[1:])
        parts.append(Part(_UNKEPT, "\n" + _blocks("### capacities", text, escaped(cheapest_sentence(capacities)))))
    return fitted([*parts, Part(HEAD, "\n" + _blocks(escaped(LEGEND)))], LONGEST_COMMENT_BYTES)


def _load_blocks(load: ComparedLoad) -> str:
    one = load.first or next((pair.after for pair in load.others if pair.after is not None), None)
    lettered = [(letter, pair) for letter, pair in zip(LETTERS[1:], load.others, strict=False) if pair.rows]
    blocks = [f"### {escaped(load_words(load))}", escaped(load_headline(one)) if one is not None else ""]
    if lettered:
        titles = headers([letter for letter, _ in lettered])
        rows = [[escaped(cell) for cell in row] for row in cells([pair for _, pair in lettered])]
        blocks.append(table(titles, rows, right=titles[1:]))
    return _blocks(*blocks, "\n".join(f"- {escaped(line)}" for line in [*held_lines(load), *remarks(load)]))


def _is_kept(load: ComparedLoad) -> bool:
    return all(each.answer == "kept" for pair in load.others for each in pair.held)


def _blocks(*texts: str) -> str:
    return "\n\n".join(filter(None, texts)) + "\n"
