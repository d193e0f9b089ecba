"""What a load went through, as bars beside its timeline: warm-up, stages, scaling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_smload.core.units import parse_duration_s
from pytest_smload.reports.html.charts import INK, Json, safe_text
from pytest_smload.reports.words.headline import listed_stages, stage_names

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult

_LEAST_PRIMING_S = 0.5
"""Less is not seen, and may be what a machine took to begin."""
_FILLS = ("rgba(128,128,128,0.22)", "rgba(128,128,128,0.38)")


class Span(NamedTuple):
    """Something that lasted: seconds from the window's begin, negative before it."""

    row: Literal["stage", "scaling"]
    name: str
    begin_s: float
    end_s: float


def warmup_s(load: LoadResult) -> float:
    """Return how long the warm-up before the window was to be."""
    return parse_duration_s(load.profile.get("warmup") or "0s")


def spans_of(load: LoadResult, from_s: float) -> list[Span]:
    """Return priming, warm-up and stages of *load*, and its scaling; nothing where there is only the window.

    Args:
        from_s: What lies before it is left out.
    """
    cut = (span._replace(begin_s=max(from_s, span.begin_s)) for span in _before(load) if span.end_s > from_s)
    return [*cut, *_stages(load), *_scaling(load)]


def span_bars(spans: Sequence[Span]) -> list[Json]:
    """Return *spans* as bars, a row each of stages and scaling; a name that finds no room in its bar is left out."""
    rows = [[span for span in spans if span.row == row] for row in ("scaling", "stage")]
    return [_bars(row) for row in rows if row]


def _bars(spans: Sequence[Span]) -> Json:
    return {
        "type": "bar",
        "orientation": "h",
        "y": [spans[0].row] * len(spans),
        "base": [span.begin_s for span in spans],
        "x": [span.end_s - span.begin_s for span in spans],
        "text": [safe_text(span.name, 40) for span in spans],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": INK, "size": 11},
        "marker": {"color": [_FILLS[place % 2] for place in range(len(spans))], "line": {"width": 0}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _before(load: LoadResult) -> Iterator[Span]:
    asked_s = warmup_s(load)
    first_s = -load.warmup_timeline[0].t_s if load.warmup_timeline else asked_s
    if not load.timeline:
        # It ended in its warm-up, or in priming already: what it sent cannot be told apart.
        asked_s = first_s
    elif load.profile.get("prime") and asked_s and first_s > asked_s + _LEAST_PRIMING_S:
        yield Span("stage", "priming", -first_s, -asked_s)
    if asked_s:
        yield Span("stage", "warm-up", -asked_s, 0.0)


def _stages(load: LoadResult) -> Iterator[Span]:
    stages, begin_s = listed_stages(load.profile), 0.0
    for stage, name in zip(stages, stage_names(stages), strict=True):
        end_s = begin_s + parse_duration_s(stage["duration"])
        if begin_s < load.window_s:
            yield Span("stage", str(name), begin_s, min(end_s, load.window_s))
        begin_s = end_s


def _scaling(load: LoadResult) -> Iterator[Span]:
    for activity in load.scaling.activities if load.scaling is not None else ():
        end_s = load.window_s if activity.end_s is None else min(load.window_s, activity.end_s)
        if end_s > activity.t_s:
            yield Span(
                "scaling", f"{activity.from_instances} to {activity.to_instances} instances", activity.t_s, end_s
            )
