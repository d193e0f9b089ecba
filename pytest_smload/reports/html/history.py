"""How loads went over many runs as one page: each figure run by run, its level, and where that shifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.core.results.estimates import COST, ERROR_RATE, TPS
from pytest_smload.core.results.history import MOST_RUNS
from pytest_smload.reports.html.charts import (
    COLOURS,
    DASHES,
    INK,
    Chart,
    Charts,
    Json,
    axis,
    line,
    note,
    rounded,
    safe_text,
)
from pytest_smload.reports.html.lanes import Lane, stacked_chart
from pytest_smload.reports.html.page import page_of
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.history import (
    HISTORY_HEADERS,
    HISTORY_NUMBERS,
    LEGEND,
    change_line,
    change_words,
    point_cells,
    series_words,
)

if TYPE_CHECKING:
    from pytest_smload.core.results.history import Change, Point, Series

MOST_POINTS: Final = 500
"""Of the latest runs in a picture."""
_LANES: Final = (("p95", "p95 ms", 150), (TPS, "TPS", 90), (ERROR_RATE, "errors %", 80), (COST, "$/million", 80))
_MOST_TICKS: Final = 6


def history_html(history: Sequence[Series], *, last: int = 20) -> str:
    """Return the page of *history*: pictures of all runs, tables of the *last*."""
    charts = Charts()
    view = {
        "loads": [_view(series, charts, last) for series in history],
        "headers": [(head, head in HISTORY_NUMBERS) for head in HISTORY_HEADERS],
        "legend": LEGEND,
    }
    return page_of("history.html", charts, record=None, history=view)


def _view(series: Series, charts: Charts, last: int) -> dict[str, Any]:
    return {
        "words": series_words(series),
        "headline": load_headline(series.example),
        "changes": [change_line(change) for change in series.changes],
        "chart": charts.add(_chart(series)),
        "rows": [point_cells(point, series.changes) for point in reversed(series.points[-last:])],
        "left_out": max(0, len(series.points) - last),
    }


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs of a picture, oldest first; a run's place is its number among them, from 1 on."""

    points: Sequence[Point]
    changes: Sequence[Change]

    def values(self, metric: str) -> list[float]:
        scale = 100 if metric == ERROR_RATE else 1
        return [point.figures[metric] * scale for point in self.points]


def _chart(series: Series) -> Chart | None:
    """The figures of *series* run by run; None of a single run."""
    runs = _Runs(series.points[-MOST_POINTS:], series.changes)
    if len(runs.points) < 2:
        return None
    known = [lane for lane in _LANES if any(map(isfinite, runs.values(lane[0])))]
    lanes = [_lane(runs, *lane, words=place == 0) for place, lane in enumerate(known)]
    return stacked_chart(
        "Run by run",
        " ".join(_summary(runs)),
        lanes,
        axis("runs, the latest at the right", range=[0.5, len(runs.points) + 0.5], **_ticks(runs)),
        {
            "began (UTC)": [f"{point.at:%Y-%m-%d %H:%M:%S}" for point in runs.points],
            **{title: rounded(runs.values(metric)) for metric, title, _ in known},
        },
    )


def _lane(runs: _Runs, metric: str, title: str, height_px: int, *, words: bool) -> Lane:
    """One figure; *words* says which runs these are where one is pointed at."""
    values, places = runs.values(metric), range(1, len(runs.points) + 1)
    counted = [value if not point.unfit else float("nan") for value, point in zip(values, runs.points, strict=True)]
    said = [safe_text(" ".join(point_cells(point, ())[:3])) for point in runs.points]
    shown = line(places, rounded(counted), title, 0, mode="lines+markers", connectgaps=True)
    shown |= {
        "text": said,
        "hovertemplate": "%{y} (%{text})" if words else "%{y}",
        "showlegend": False,
        "marker": {"size": 5},
    }
    traces = [shown]
    aside = [place for place, point in zip(places, runs.points, strict=True) if point.unfit]
    if aside:
        traces.append(
            line(aside, rounded(values[place - 1] for place in aside), "not counted", 1, mode="markers",
                 marker={"symbol": "x-thin-open", "size": 8, "color": COLOURS[1]}, showlegend=words)
        )  # fmt: skip
    level = _levels(runs, metric, counted)
    if level:
        x, y = zip(*level, strict=True)
        drawn = {"color": COLOURS[2], "dash": DASHES[2], "width": 2}
        traces.append(line(x, rounded(y), "level (median)", 2, line=drawn, hoverinfo="skip", showlegend=words))
    changes = [(_place(runs, change.point), change) for change in runs.changes if change.metric == metric]
    shifts = [(place, change) for place, change in changes if place]
    return Lane(
        traces,
        height_px,
        axis(title, rangemode="tozero"),
        marks=[
            {"type": "line", "x0": place - 0.5, "x1": place - 0.5, "y0": 0, "y1": max(filter(isfinite, values)),
             "line": {"color": INK, "width": 1, "dash": "dot"}}
            for place, _ in shifts
        ],
        notes=[
            note(change_words(change), x=place, y=0, xanchor="left", yanchor="bottom")
            for place, change in shifts
        ],
    )  # fmt: skip


def _levels(runs: _Runs, metric: str, counted: Sequence[float]) -> list[tuple[float, float]]:
    """The medians between shifts, as steps: of the runs in which these were looked for."""
    known = [place for place, value in enumerate(counted, start=1) if isfinite(value)][-MOST_RUNS:]
    if len(known) < 2:
        return []
    shifted = {_place(runs, change.point) for change in runs.changes if change.metric == metric}
    begins = [at for at, place in enumerate(known) if place in shifted or at == 0]
    steps: list[tuple[float, float]] = []
    for begin, end in zip(begins, [*begins[1:], len(known)], strict=True):
        level = median(counted[place - 1] for place in known[begin:end])
        steps += [(known[begin] - 0.5, level), (known[end - 1] + 0.5, level)]
    return steps


def _place(runs: _Runs, wanted: Point) -> int:
    """Its place among *runs*; 0 where it is older."""
    return next((place for place, point in enumerate(runs.points, start=1) if point is wanted), 0)


def _ticks(runs: _Runs) -> Json:
    count = len(runs.points)
    apart = max(1, -(-count // _MOST_TICKS))
    places = range(1, count + 1, apart)
    return {"tickvals": [*places], "ticktext": [f"{runs.points[place - 1].at:%Y-%m-%d}" for place in places]}


def _summary(runs: _Runs) -> Iterator[str]:
    first, final = runs.points[0], runs.points[-1]
    yield f"{len(runs.points)} runs from {first.at:%Y-%m-%d} to {final.at:%Y-%m-%d}."
    if not runs.changes:
        yield "No level shifted."
    for change in runs.changes:
        yield f"{change_words(change)} from {change.point.at:%Y-%m-%d} on."
    if any(point.unfit for point in runs.points):
        yield "Crosses are runs that count in no statistics."
