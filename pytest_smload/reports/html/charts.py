"""Charts as Plotly reads them: traces and layout, with a title, a summary in words and the numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_smload.core.units import format_ms
from pytest_smload.reports.words.cells import plain_text

Json = dict[str, Any]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
"""Okabe and Ito's, told apart by the colour-blind (https://jfly.uni-koeln.de/color/), without yellow and black, which
one of the two backgrounds swallows."""
DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS: Final = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star")
INK, GRID = "\x01ink", "\x01grid"
"""Colours that the page puts in for its theme; no text of a user's or endpoint's begins so, see `plain_text`."""
LIMIT: Final = {"color": COLOURS[1], "width": 1.5, "dash": "dash"}
"""How the line of a limit is drawn, in every chart."""
_MOST_TICKS: Final = 9
_FEW: Final = 4
"""Up to how many there is a tick for each of what is counted."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What differs where a chart is narrow: parts of its layout, and how tall it is."""

    layout: Json
    height_px: int


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes:
        title: What it shows.
        summary: The same in a sentence or two, with figures: who cannot see it reads that.
        data: Plotly's traces.
        layout: Plotly's layout.
        columns: Its numbers by the heading of their column.
        height_px: How tall it is.
        narrow: What differs on a phone; None where nothing does.
    """

    title: str
    summary: str
    data: list[Json]
    layout: Json
    columns: Mapping[str, Sequence[Any]]
    height_px: int = 320
    cursor: bool = field(default=False)
    narrow: Narrow | None = None

    def json(self) -> Json:
        """Return what the page's script reads."""
        return {
            "title": plain_text(self.title),
            "data": self.data,
            "layout": self.layout,
            "columns": {name: [*column] for name, column in self.columns.items()},
            "height": self.height_px,
            "cursor": self.cursor,
            "narrow": self.narrow and {"layout": self.narrow.layout, "height": self.narrow.height_px},
        }


@dataclass
class Charts:
    """The charts of a page, by the number the page knows them by; filled as the views are made."""

    charts: list[Chart] = field(default_factory=list)

    def add(self, chart: Chart | None) -> dict[str, Any] | None:
        """Keep *chart* and return what its place on the page shows without a script."""
        if chart is None:
            return None
        self.charts.append(chart)
        number = len(self.charts) - 1
        return {
            "number": number,
            "title": chart.title,
            "summary": chart.summary,
            "height": chart.height_px,
            "cursor": chart.cursor,
        }


def line(x: Sequence[Any], y: Sequence[Any], name: str, place: int, **more: Any) -> Json:
    """Return a trace of points joined by a line, the *place*-th of its chart by colour and dashes."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*x],
        "y": [*y],
        "name": safe_text(name),
        "line": {"color": COLOURS[place % len(COLOURS)], "dash": DASHES[place % len(DASHES)], "width": 2},
        **more,
    }


def rounded(values: Iterable[float], digits: int = 4) -> list[float | None]:
    """Return *values* to so many significant digits; None where a value is not finite, which is a gap."""
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values]


def safe_text(text: object, longest: int = 80) -> str:
    """Return *text* so that Plotly, which takes some tags in labels for markup, shows it as it is."""
    return plain_text(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis(title: str, **more: Any) -> Json:
    """Return an axis with a title."""
    return {
        "title": {"text": title, "standoff": 8},
        "automargin": True,
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        **more,
    }


def count_axis(title: str, values: Iterable[float]) -> Json:
    """Return an axis of counts over the range of *values*: of few, each whole number is a tick."""
    # Plotly would put halves between them.
    return axis(title, rangemode="tozero", **({"tick0": 0, "dtick": 1} if max(values, default=0) <= _FEW else {}))


def ms_axis(title: str, values_ms: Iterable[float], *, log: bool = True) -> Json:
    """Return an axis of latencies over the range of *values_ms*, its ticks with their units."""
    known = [value for value in values_ms if math.isfinite(value) and value > 0]
    if not log or not known:
        return axis(title, rangemode="tozero")
    low, high = min(known), max(known)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**power for power in powers for step in steps]
        ticks = [tick for tick in ticks if low / 1.3 <= tick <= high * 1.3]
        if 2 <= len(ticks) <= _MOST_TICKS:
            break
    return axis(title, type="log", tickvals=ticks, ticktext=[format_ms(tick) for tick in ticks])


def note(text: str, **place: Any) -> Json:
    """Return a small text beside a mark."""
    return {"text": safe_text(text), "showarrow": False, "font": {"size": 11}, **place}
