"""Where a load's latencies lie over time, as a heat map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_ms
from pytest_smload.reports.html.charts import Chart, Json, axis, ms_axis, rounded

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult

_FEW_TO_MANY = ((0, "#4565a8"), (0.5, "#9a9384"), (1, "#fee838"))
"""As Cividis, told apart by the colour-blind, but that few answers are seen on a dark ground as well."""


def heat_chart(load: LoadResult) -> Chart | None:
    """Return how many answers took how long when: two modes and stalls that lines of percentiles hide.

    None where nothing succeeded, or there is one slice only.
    """
    spread = load.distribution
    filled = [each for each in spread.over_time if each.counts] if spread is not None else []
    if spread is None or len(spread.over_time) < 2 or not filled:
        return None
    first = min(each.first for each in filled)
    last = max(each.first + len(each.counts) for each in filled)
    ratio = filled[0].ratio
    rows = [*zip(*(each.counts_over(first, last) for each in spread.over_time), strict=True)]
    z = [[round(math.log10(count), 3) if count else None for count in row] for row in rows]
    edges_ms = rounded(ratio**place for place in range(first, last + 1))
    edges_s = [index * spread.slice_s for index in range(len(spread.over_time) + 1)]
    most = max(max(row) for row in rows)
    powers = range(int(math.log10(most)) + 1)
    data: list[Json] = [
        {
            "type": "heatmap",
            "x": rounded(edges_s),
            "y": edges_ms,
            "z": z,
            "customdata": [[*row] for row in rows],
            "hovertemplate": "%{x:.4g} s, up to %{y:.4g} ms: %{customdata:,} answers<extra></extra>",
            "colorscale": _FEW_TO_MANY,
            "colorbar": {
                "title": {"text": "answers"},
                "tickvals": [*powers],
                "ticktext": [f"{10**power:,}" for power in powers],
                "thickness": 12,
            },
        }
    ]
    layout: Json = {"xaxis": axis("seconds of the window"), "yaxis": ms_axis("latency", (ratio**first, ratio**last))}
    busiest = max(range(len(rows)), key=lambda place: sum(rows[place]))
    summary = (
        f"All answers took {format_ms(ratio**first)} to {format_ms(ratio**last)}, the most common "
        f"{format_ms(ratio ** (first + busiest))} to {format_ms(ratio ** (first + busiest + 1))}; in slices of "
        f"{spread.slice_s:.3g} s."
    )
    return Chart(
        title="Latencies over time",
        summary=summary,
        data=data,
        layout=layout,
        columns={"up to ms": edges_ms[1:], "answers": [sum(row) for row in rows]},
    )
