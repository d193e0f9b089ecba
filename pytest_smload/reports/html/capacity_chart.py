"""The curve of a capacity search: latency against rate, with its intervals, the limits and the knee."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_smload.reports.html.charts import COLOURS, INK, Chart, Json, axis, line, note, rounded
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
    for place, (name, intervals) in enumerate(
        (
            ("p50", [level.p50_ms for level in levels]),
            ("p95", [level.p95_ms for level in levels]),
            ("p99", [level.p99_ms for level in levels]),
        )
    ):
        trace = line(offered, rounded(each.value for each in intervals), name, place, mode="lines+markers")
        trace["error_y"] = _whiskers(intervals)
        trace["marker"] = {"symbol": [_SYMBOLS[level.verdict] for level in levels], "size": 9}
        data.append(trace)
    layout = _layout(capacity)
    return Chart(
        title="Latency by rate",
        summary=f"{capacity_sentence(capacity)}.",
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
    bounds = {
        (check.metric, check.at_most)
        for level in capacity.levels
        for check in level.checks
        if check.scope == "total" and check.unit == "ms" and check.at_most is not None
    }
    layout: Json = {
        "xaxis": axis("offered requests/s", rangemode="tozero"),
        "yaxis": axis("latency ms", type="log"),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": bound, "y1": bound,
             "line": {"color": COLOURS[1], "width": 1.5, "dash": "dash"}}
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
    for rate, text in ((capacity.tps, "capacity"), (capacity.not_kept_tps, "not kept")):
        if rate and math.isfinite(rate):
            layout["shapes"].append(
                {"type": "line", "x0": rate, "x1": rate, "yref": "paper", "y0": 0, "y1": 1,
                 "line": {"color": INK, "width": 1, "dash": "dot"}}
            )  # fmt: skip
            layout["annotations"].append(
                note(f"{text} {format_tps(rate)}", x=rate, yref="paper", y=1, yanchor="bottom")
            )
    return layout


def _whiskers(intervals: list[Interval]) -> Json:
    above = [each.upper - each.value for each in intervals]
    below = [each.value - each.lower for each in intervals]
    return {"type": "data", "symmetric": False, "array": rounded(above), "arrayminus": rounded(below), "thickness": 1}
