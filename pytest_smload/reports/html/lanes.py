"""Stacks the lanes of a timeline: each with an axis and a legend of its own, all over one axis of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log10
from typing import Any, Final

from pytest_smload.reports.html.charts import LIMIT, Chart, Json, Narrow, note

_GAP_PX, _ROW_PX = 26, 19
"""Between lanes, with room for one row of a legend; and for each row more."""
WIDE_PX, NARROW_PX = 520, 250
"""Width of the lanes at least, and on a phone, where legends have more rows."""
_KEY_PX, _LETTER_PX = 47, 6.2
"""Width of a legend's entry without its name, about, and of a letter of that."""
_BESIDE: Final = 0.35
"""Of a lane's width: what the words of a limit take."""
_MARGINS_PX: Final = 28 + 44
"""Above and below, as the page gives every chart."""


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

    def above_px(self, width_px: float) -> int:
        """Return what heading and legend take between it and the lane above, where lanes are so wide."""
        entries_px = [
            _KEY_PX + _LETTER_PX * len(trace["name"]) for trace in self.traces if trace.get("showlegend", True)
        ]
        rows = 1
        if sum(entries_px) > width_px:
            # What does not fit in one row is laid out in columns of one width.
            rows = ceil(len(entries_px) / max(1, width_px // max(entries_px)))
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


def stacked(lanes: Sequence[Lane], width_px: float) -> Stack:
    """Return *lanes*, the first of them at the top, where they are *width_px* wide."""
    height_px = sum(lane.height_px for lane in lanes) + sum(lane.above_px(width_px) for lane in lanes[1:])
    found = Stack([], {}, [], [], height_px)
    top_px = float(height_px)
    for place, lane in enumerate(lanes, start=1):
        number = "" if place == 1 else f"{place}"
        top_px -= lane.above_px(width_px) if place > 1 else 0
        top, bottom = top_px / height_px, max(0.0, (top_px - lane.height_px) / height_px)
        found.layout[f"yaxis{number}"] = {**lane.axis, "domain": [bottom, top]}
        found.layout[f"legend{number}"] = _legend(top)
        found.data.extend(
            {**trace, "xaxis": "x", "yaxis": f"y{number}", "legend": f"legend{number}"} for trace in lane.traces
        )
        found.marks.extend({**mark, "yref": f"y{number}"} for mark in lane.marks)
        found.notes.extend({**each, "yref": f"y{number}"} for each in lane.notes)
        if lane.heading:
            above_px = lane.above_px(width_px) - _ROW_PX
            found.notes.append(
                note(lane.heading, xref="paper", x=0, xanchor="left", yref="paper", y=top, yanchor="bottom",
                     yshift=above_px - 4)
            )  # fmt: skip
        top_px -= lane.height_px
    return found


def stacked_chart(
    title: str,
    summary: str,
    lanes: Sequence[Lane],
    xaxis: Json,
    columns: Mapping[str, Sequence[Any]],
    *,
    bands: Sequence[Json] = (),
    **layout: Any,
) -> Chart:
    """Return *lanes* over one axis as a chart with a cursor.

    Args:
        xaxis: The axis below the last of them.
        bands: What lies over all of them.
        layout: What Plotly is told besides.
    """
    stack, on_a_phone = stacked(lanes, WIDE_PX), stacked(lanes, NARROW_PX)
    return Chart(
        title=title,
        summary=summary,
        data=stack.data,
        layout={
            "xaxis": {**xaxis, "domain": [0, 1], "anchor": f"y{len(lanes)}", "zeroline": False},
            "hovermode": "x unified",
            "hoversubplots": "axis",
            "shapes": [*bands, *stack.marks],
            "annotations": stack.notes,
            **layout,
            **stack.layout,
        },
        columns=columns,
        height_px=stack.height_px + _MARGINS_PX,
        cursor=True,
        narrow=Narrow({**on_a_phone.layout, "annotations": on_a_phone.notes}, on_a_phone.height_px + _MARGINS_PX),
    )


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
        note(text, xref="paper", x=max(0.0, 1 - _BESIDE * place), xanchor="right", yanchor="bottom",
             y=log10(bound) if log else bound)
        for place, (text, bound) in enumerate(limits)
    ]  # fmt: skip
