"""The curve of a capacity search: latency against rate, with its intervals, the limits and the knee."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_smload.reports.html.charts import (
    COLOURS,
    DASHES,
    INK,
    LIMIT,
    Chart,
    Json,
    axis,
    line,
    ms_axis,
    note,
    rounded,
)
from pytest_smload.reports.words.capacity_lines import capacity_sentence
from pytest_smload.reports.words.cells import format_tps

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.capacity.level import Interval

_SYMBOLS: Final = {"kept": "circle", "unproven": "diamond-open", "broken": "x", "invalid": "square-open"}


def capacity_chart(capacity: Capacity) -> Chart | None:
    """Return the chart of what *capacity* found, of one level as well; None without any."""
    levels = capacity.curve
    if not levels:
        return None
    offered = [level.offered_tps for level in levels]
    data: list[Json] = []
    for place, (name, intervals, colour, dash) in enumerate(
        (
            ("p50", [level.p50_ms for level in levels], 3, 2),
            ("p95", [level.p95_ms for level in levels], 0, 0),
            ("p99", [level.p99_ms for level in levels], 2, 3),
        )
    ):
        drawn = {"color": COLOURS[colour], "dash": DASHES[dash], "width": 2}
        trace = line(offered, rounded(each.value for each in intervals), name, place, mode="lines+markers", line=drawn)
        trace["error_y"] = _whiskers(intervals)
        symbols = [_SYMBOLS[level.verdict] for level in levels]
        trace["marker"] = {"symbol": symbols, "size": 9, "color": COLOURS[colour]}
        data.append(trace)
    layout = _layout(capacity)
    return Chart(
        title="Latency by rate",
        summary=f"{capacity_sentence(capacity)}. {_key(capacity)}",
        data=data,
        layout=layout,
        columns={
            "offered/s": rounded(offered),
            "answered/s": rounded(level.tps.value for level in levels),
            "p50 ms": rounded(level.p50_ms.value for level in levels),
            "p95 ms": rounded(level.p95_ms.value for level in levels),
            "p99 ms": rounded(level.p99_ms.value for level in levels),
            "error rate": rounded(level.error_rate.value for level in levels),
            "budget": [level.verdict for level in levels],
        },
        height_px=360,
    )


def _layout(capacity: Capacity) -> Json:
    bounds = sorted({
        (check.metric, check.at_most)
        for level in capacity.levels
        for check in level.checks
        if check.scope == "total" and check.unit == "ms" and check.at_most is not None
    })  # fmt: skip
    drawn_ms = [each.value for level in capacity.levels for each in (level.p50_ms, level.p99_ms)]
    layout: Json = {
        "xaxis": axis("offered requests/s", rangemode="tozero"),
        "yaxis": ms_axis("latency", [*drawn_ms, *(bound for _, bound in bounds)]),
        "legend": {"orientation": "h", "x": 0, "y": 1.08, "yanchor": "bottom", "traceorder": "normal"},
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": bound, "y1": bound,
             "line": LIMIT}
            for _, bound in bounds
        ],
        "annotations": [
            note(
                f"{metric} <= {bound:.4g} ms", xref="paper", x=0, xanchor="left", y=math.log10(bound), yanchor="bottom"
            )
            for metric, bound in bounds
            if bound > 0
        ],
    }  # fmt: skip
    for rate, text, side in ((capacity.tps, "kept", "right"), (capacity.not_kept_tps, "not kept", "left")):
        if rate and math.isfinite(rate):
            layout["shapes"].append(
                {"type": "line", "x0": rate, "x1": rate, "yref": "paper", "y0": 0, "y1": 1,
                 "line": {"color": INK, "width": 1, "dash": "dot"}}
            )  # fmt: skip
            layout["annotations"].append(
                note(f"{text} {format_tps(rate)}", x=rate, xanchor=side, yref="paper", y=1, yanchor="bottom")
            )
    return layout


def _key(capacity: Capacity) -> str:
    """What the marks of the levels there are stand for."""
    verdicts = {level.verdict for level in capacity.levels}
    named = {"kept": "filled", "unproven": "open diamonds", "broken": "crosses", "invalid": "open squares"}
    return f"Levels: {', '.join(f'{word} {verdict}' for verdict, word in named.items() if verdict in verdicts)}."


def _whiskers(intervals: list[Interval]) -> Json:
    above = [each.upper - each.value for each in intervals]
    below = [each.value - each.lower for each in intervals]
    return {"type": "data", "symmetric": False, "array": rounded(above), "arrayminus": rounded(below), "thickness": 1}
