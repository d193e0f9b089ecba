"""Stacks the lanes of a timeline: each with an axis and a legend of its own, all over one axis of time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pytest_smload.reports.html.charts import LIMIT, Json, note

_GAP_PX, _ROW_PX = 26, 19
"""Between lanes, with room for one row of a legend; and for each row more."""
_NARROW_PX = 250
"""Width of the lanes on a phone, where a legend has its most rows."""
_KEY_PX, _LETTER_PX = 47, 6.2
"""Width of a legend's entry without its name, about, and of a letter of that."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What one lane shows.

    Attributes:
        heading: What it and those below it are of, above it.
    """

    traces: list[Json]
    height_px: int
    axis: Json
    marks: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    heading: str = ""

    @property
    def above_px(self) -> int:
        """What it takes for heading and legend between it and the lane above, on the narrowest screen."""
        rows, free_px = 1, float(_NARROW_PX)
        for trace in self.traces:
            if trace.get("showlegend", True):
                entry_px = _KEY_PX + _LETTER_PX * len(trace["name"])
                if entry_px > free_px and free_px < _NARROW_PX:
                    rows, free_px = rows + 1, float(_NARROW_PX)
                free_px -= entry_px
        return _GAP_PX + _ROW_PX * (rows - 1 + bool(self.heading))


@dataclass(frozen=True, slots=True)
class Stack:
    """Lanes, one above the other, as Plotly reads them.

    Attributes:
        layout: Their axes and legends.
        height_px: How tall they are together.
    """

    data: list[Json]
    layout: Json
    marks: list[Json]
    notes: list[Json]
    height_px: int


def stacked(lanes: Sequence[Lane]) -> Stack:
    """Return *lanes*, the first of them at the top."""
    height_px = sum(lane.height_px for lane in lanes) + sum(lane.above_px for lane in lanes[1:])
    found = Stack([], {}, [], [], height_px)
    top_px = float(height_px)
    for place, lane in enumerate(lanes, start=1):
        number = "" if place == 1 else f"{place}"
        top_px -= lane.above_px if place > 1 else 0
        top, bottom = top_px / height_px, max(0.0, (top_px - lane.height_px) / height_px)
        found.layout[f"yaxis{number}"] = {**lane.axis, "domain": [bottom, top]}
        found.layout[f"legend{number}"] = _legend(top)
        found.data.extend(
            {**trace, "xaxis": "x", "yaxis": f"y{number}", "legend": f"legend{number}"} for trace in lane.traces
        )
        found.marks.extend({**mark, "yref": f"y{number}"} for mark in lane.marks)
        found.notes.extend({**each, "yref": f"y{number}"} for each in lane.notes)
        if lane.heading:
            above_px = lane.above_px - _ROW_PX
            found.notes.append(
                note(lane.heading, xref="paper", x=0, xanchor="left", yref="paper", y=top, yanchor="bottom",
                     yshift=above_px - 4)
            )  # fmt: skip
        top_px -= lane.height_px
    return found


def _legend(top: float) -> Json:
    """Above a lane, at its right."""
    return {
        "orientation": "h", "x": 1, "xanchor": "right", "y": top, "yanchor": "bottom", "traceorder": "normal",
        "bgcolor": "rgba(0,0,0,0)", "font": {"size": 11},
    }  # fmt: skip


def limit_marks(bounds: Iterable[float]) -> list[Json]:
    """Return a line across a lane at each of *bounds*."""
    return [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": LIMIT} for y in bounds]


def limit_notes(limits: Iterable[tuple[str, float]], *, log: bool = False) -> list[Json]:
    """Return the words beside the lines of *limits*, each with where its line is.

    Beside one another from the right: limits may be close together.
    """
    return [
        note(text, xref="paper", x=max(0.0, 1 - 0.3 * place), xanchor="right", yanchor="bottom",
             y=math.log10(bound) if log else bound)
        for place, (text, bound) in enumerate(limits)
    ]  # fmt: skip
