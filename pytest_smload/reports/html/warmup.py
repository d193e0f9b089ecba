"""Keeps a load's warm-up apart from its window in the timeline: where it begins, its shade, its failures, its words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_duration, format_ms
from pytest_smload.reports.html.charts import INK, Json, line
from pytest_smload.reports.html.course import most_before_s
from pytest_smload.reports.html.spans import warmup_s
from pytest_smload.reports.words.cells import format_count

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.reports.html.course import Course

_SHADE = "rgba(128,128,128,0.4)"
_MOST_UNTOLD = 0.1
"""Of the window's length: what is shown at most of a warm-up whose course is not known."""


def begin_s(load: LoadResult, before: Course) -> float:
    """Return where the chart of *load* begins, in seconds of the window: with the warm-up, or what is shown of it.

    Args:
        before: The warm-up's course, as far as it is shown.
    """
    asked_s = warmup_s(load)
    if not before.t_s:
        return -min(asked_s, _MOST_UNTOLD * load.window_s)
    first_s = before.t_s[0]
    return min(first_s, -min(asked_s, most_before_s(load))) if load.timeline else first_s


def shade(from_s: float) -> list[Json]:
    """Return what lies over all lanes from *from_s* to the window's begin: all that is drawn there is paler for it."""
    if from_s >= 0:
        return []
    over = {"x1": 0, "yref": "paper", "y0": 0, "y1": 1}
    return [
        {**over, "type": "rect", "x0": from_s, "fillcolor": _SHADE, "line": {"width": 0}, "layer": "above"},
        {**over, "type": "line", "x0": 0, "line": {"color": INK, "width": 1}},
    ]


def failures_before(course: Course, slice_s: float) -> list[Json]:
    """Return the failures of *course*'s warm-up, whatever their kind, in slices as long as those of the window's."""
    counts: dict[float, int] = {}
    for t_s, errors in zip(course.t_s, course.errors, strict=True):
        if t_s < 0:
            begin_s = max(course.t_s[0], math.floor(t_s / slice_s + 1e-9) * slice_s)
            counts[begin_s] = counts.get(begin_s, 0) + errors
    if not any(counts.values()):
        return []
    drawn = line([*counts], [*counts.values()], "failures", 6, fill="tozeroy", hovertemplate="%{y}")
    # A third name beside those of kinds finds no room on a phone.
    return [{**drawn, "showlegend": False}]


def before_words(load: LoadResult, before: Course) -> str:
    """Return what came before the window, in words."""
    asked_s, sent = warmup_s(load), load.warmup.sent
    words = f"{format_duration(asked_s)} of warm-up, " if asked_s and load.timeline else ""
    words += f"{format_count(sent)} request{'s' if sent != 1 else ''}"
    if not before.t_s:
        return words
    words += " (below 0 s, greyed, in none of the figures"
    if before.t_s[0] > load.warmup_timeline[0].t_s:
        words += f"; its last {format_duration(round(-before.t_s[0]))} are drawn"
    known = [value for value in before.p95_ms if math.isfinite(value)]
    if len(known) > 1:
        words += f"; p95 {format_ms(known[0])} in its first second, {format_ms(known[-1])} in its last"
    if load.warmup.errors:
        words += f"; {load.warmup.errors:,} failed"
    return f"{words})"
