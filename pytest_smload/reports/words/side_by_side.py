"""Says how loads of several runs compare: figures and ratios in cells, settings that differ, what demands came to."""

from __future__ import annotations

from math import isinf, isnan
from typing import TYPE_CHECKING, Final

from pytest_smload.core.baselines.words import ratio_words
from pytest_smload.core.results.estimates import COST, ERROR_RATE, TPS
from pytest_smload.core.results.slower_routes import slower_routes
from pytest_smload.core.units import format_share
from pytest_smload.reports.words.cells import format_latency, format_tps, plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.results.result import LoadResult, RunResult
    from pytest_smload.core.results.side_by_side import ComparedLoad, Held, Pair, Row

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_SETTINGS = 12
MOST_SLOWER = 5
"""Models that are named one by one."""
LEGEND: Final = (
    "ratios with the interval they are judged on: both runs' sampling, and noise between runs, of which two runs show "
    "nothing: 2 % is assumed against a pass, 5 % against a failure"
)
_NAMES: Final = {TPS: "TPS", ERROR_RATE: "error rate", COST: "$/million"}
_WORDS: Final = {"pass": "PASS", "fail": "FAIL", "invalid": "INVALID", "interrupted": "INTERRUPTED"}


def metric_name(metric: str) -> str:
    """Return what tables call *metric*."""
    return _NAMES.get(metric, metric)


def figure_text(metric: str, value: float) -> str:
    """Return a figure with its unit, where the metric's name does not have it."""
    if metric == TPS:
        return format_tps(value)
    if metric == ERROR_RATE:
        return format_share(value)
    if metric == COST:
        return "-" if isnan(value) else "∞" if isinf(value) else f"{value:.3g}"
    return format_latency(value)


def change_text(row: Row) -> str:
    """Return a ratio, of error rates a difference in percentage points, with its interval: ``"1.13 [0.98, 1.31]"``."""
    if isnan(row.change):
        return "-"
    if row.metric == ERROR_RATE:
        text, ends = _points(row.change), (row.lower, row.upper)
        interval = [_points(end) for end in ends if end is not None]
    else:
        text = ratio_words(row.change)
        interval = [ratio_words(end) for end in (row.lower, row.upper) if end is not None]
    if row.metric == COST:
        return text
    if row.metric == ERROR_RATE:
        text += " pp"
    return f"{text} [{', '.join(interval)}]" if interval else f"{text} (no interval)"


def headers(letters: Sequence[str]) -> list[str]:
    """Return the columns' names of the table of one load in the first run and in those of *letters*."""
    return ["metric", LETTERS[0], *(cell for letter in letters for cell in (letter, f"{letter} / {LETTERS[0]}"))]


def cells(pairs: Sequence[Pair]) -> list[list[str]]:
    """Return a row for each metric of one load that *pairs*, each with figures, compare."""
    found: dict[str, dict[int, Row]] = {}
    for place, pair in enumerate(pairs):
        for row in pair.rows:
            found.setdefault(row.metric, {})[place] = row
    table = []
    for metric, rows in found.items():
        first = next(iter(rows.values()))
        line = [metric_name(metric), figure_text(metric, first.before)]
        for place in range(len(pairs)):
            line += [figure_text(metric, rows[place].after), change_text(rows[place])] if place in rows else ["", ""]
        table.append(line)
    return table


def run_words(letter: str, name: str, run: RunResult) -> str:
    """Return which report a letter stands for, from when, of what."""
    parts = [f"commit {run.commit}" if run.commit else "", f"branch {run.branch}" if run.branch else ""]
    about = ", ".join(filter(None, [run.started_at, *parts, _WORDS[run.verdict]]))
    return plain_text(f"{letter}  {name}  {about}")


def load_words(load: ComparedLoad) -> str:
    """Return which load it is, and its verdict in each run."""
    verdicts = [(LETTERS[0], load.first), *((LETTERS[place], pair.after) for place, pair in enumerate(load.others, 1))]
    return plain_text(f"{load.name}: {', '.join(f'{letter} {_verdict(each)}' for letter, each in verdicts)}")


def remarks(load: ComparedLoad) -> list[str]:
    """Return what a reader of a load's table must know: why it is not compared, and what else differs."""
    lines = []
    for letter, pair in zip(LETTERS[1:], load.others, strict=False):
        if pair.unfit:
            lines.append(f"{letter} is not compared: {pair.unfit}")
        if pair.settings:
            left_out = len(pair.settings) - MOST_SETTINGS
            more = f"; and {left_out:,} more" if left_out > 0 else ""
            lines.append(f"{letter} differs in {'; '.join(pair.settings[:MOST_SETTINGS])}{more}")
        lines += _slower(letter, pair)
    return [plain_text(line) for line in lines]


def _slower(letter: str, pair: Pair) -> list[str]:
    """That models are slower than before, which a demand on the whole load does not see."""
    if pair.unfit or pair.before is None or pair.after is None:
        return []
    found = slower_routes(pair.before, pair.after)
    if not found:
        return []
    named = [
        f"{each.name} {format_latency(each.before_ms)} -> {format_latency(each.after_ms)}"
        for each in found[:MOST_SLOWER]
    ]
    left_out = len(found) - MOST_SLOWER
    more = f" and {left_out:,} more" if left_out > 0 else ""
    which = f"{len(found):,} {pair.after.route_kind or 'route'}{'s' if len(found) > 1 else ''}"
    return [f"{letter} is slower at p95 for {which}, which no demand is on: {', '.join(named)}{more}"]


def held_lines(load: ComparedLoad) -> list[str]:
    """Return a line per demand on a load and run, broken ones first."""
    held = [(letter, each) for letter, pair in zip(LETTERS[1:], load.others, strict=False) for each in pair.held]
    ranked = sorted(held, key=lambda entry: ("broken", "undecided", "kept").index(entry[1].answer))
    return [plain_text(_held_words(letter, each)) for letter, each in ranked]


def count_words(held: Sequence[Held]) -> str:
    """Return how many demands came to what."""
    counts = {answer: sum(each.answer == answer for each in held) for answer in ("broken", "undecided", "kept")}
    return ", ".join(f"{count:,} {answer}" for answer, count in counts.items() if count)


def _held_words(letter: str, held: Held) -> str:
    words = {"broken": "BROKEN", "undecided": "UNDECIDED", "kept": "kept"}[held.answer]
    return f"{words} {letter} {held.demand.text}" + (f": {held.why}" if held.why else "")


def _verdict(load: LoadResult | None) -> str:
    return "has no such load" if load is None else _WORDS[load.verdict]


def _points(share: float) -> str:
    return f"{round(share * 100, 4):+.3g}" if share else "0"
