"""Says how a load went over many runs: a row of cells for each, a line for each change of level."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from pytest_smload.core.results.estimates import COST, ERROR_RATE, TPS
from pytest_smload.core.results.history import LEAST_CHANGE, LEAST_ERRORS
from pytest_smload.core.statistics.shifts import FEWEST, LEVEL
from pytest_smload.core.units import format_share
from pytest_smload.reports.words.cells import plain_text
from pytest_smload.reports.words.side_by_side import figure_text, metric_name

if TYPE_CHECKING:
    from pytest_smload.core.results.history import Change, Point, Series

HISTORY_HEADERS: Final = ("began (UTC)", "commit", "verdict", "p95", "TPS", "errors", "$/million", "change")
HISTORY_NUMBERS: Final = ("p95", "TPS", "errors", "$/million")
LEGEND: Final = (
    f"a change is a shift of level of {LEAST_CHANGE:.0%} or more (errors {format_share(LEAST_ERRORS)} of requests), "
    f"{FEWEST} runs or more on either side; independent runs of unchanged code show one in {format_share(LEVEL)} of "
    "histories, per figure. What is INVALID, interrupted or ended early is shown and counted nowhere"
)
_COMMIT_DIGITS = 12
_WORDS: Final = {"pass": "PASS", "fail": "FAIL", "invalid": "INVALID", "interrupted": "INTERRUPTED"}


def series_words(series: Series) -> str:
    """Return which load it is, and in how many runs."""
    count, aside = len(series.points), sum(bool(point.unfit) for point in series.points)
    apart = f", {aside:,} of them not counted" if aside else ""
    return plain_text(f"{series.name}: {count:,} load{'s' if count != 1 else ''}{apart}")


def point_cells(point: Point, changes: tuple[Change, ...]) -> list[str]:
    """Return the cells of one run under `HISTORY_HEADERS`."""
    begun = [change for change in changes if change.point is point]
    verdict = _WORDS[point.verdict]
    figures = [figure_text(metric, point.figures[metric]) for metric in ("p95", TPS, ERROR_RATE)]
    usd = point.figures[COST]
    return [
        f"{point.at:%Y-%m-%d %H:%M:%S}",
        plain_text(point.commit[:_COMMIT_DIGITS]),
        f"{verdict} ({point.unfit})" if point.unfit and point.unfit != verdict else verdict,
        *figures,
        figure_text(COST, usd) if usd == usd else "",  # noqa: PLR0124 - NaN is the one value unequal to itself
        ", ".join(change_words(change) for change in begun),
    ]


def change_line(change: Change) -> str:
    """Return one change: ``"p95 +18 % (212 ms -> 251 ms) from 2026-01-05 03:04:05 on, commit abc (p = 0.002)"``."""
    ends = " -> ".join(figure_text(change.metric, value) for value in (change.before, change.after))
    commit = f", commit {change.point.commit[:_COMMIT_DIGITS]}" if change.point.commit else ""
    return plain_text(
        f"change: {change_words(change)} ({ends}) from {change.point.at:%Y-%m-%d %H:%M:%S} on"
        f"{commit} (p = {change.p:.2g})"
    )


def change_words(change: Change) -> str:
    """Return which figure changed by how much: ``"p95 +18 %"``."""
    return f"{metric_name(change.metric)} {_change(change)}"


def _change(change: Change) -> str:
    if change.metric == ERROR_RATE:
        return f"{(change.after - change.before) * 100:+.2g} pp"
    ratio = change.after / change.before if change.before > 0 else inf
    return f"{(ratio - 1) * 100:+.3g} %" if ratio < inf else "+∞ %"
