"""Where a load's latencies lie: the percentile spectrum, and the heat map over time."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_smload.core.statistics.percentiles import needed_samples
from pytest_smload.core.units import format_ms
from pytest_smload.reports.html.charts import COLOURS, INK, LIMIT, Chart, Json, axis, line, ms_axis, rounded, safe_text

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.histogram import Histogram
    from pytest_smload.core.results.result import LoadResult

_TICKS = (
    (2, "p50"),
    (10, "p90"),
    (20, "p95"),
    (100, "p99"),
    (1_000, "p99.9"),
    (10_000, "p99.99"),
    (100_000, "p99.999"),
)
_FEW_TO_MANY = ((0, "#4565a8"), (0.5, "#9a9384"), (1, "#fee838"))
"""As Cividis, told apart by the colour-blind, but that few answers are seen on a dark ground as well."""
_NEEDED_OF_ONE = needed_samples(999) / 1000
"""How many samples beyond a percentile bound it."""


def spectrum_chart(load: LoadResult) -> Chart | None:
    """Return latency by percentile on an axis of 1/(1-p), which gives the tail as much room as the bulk.

    None where nothing succeeded.
    """
    spread = load.distribution
    if spread is None or not spread.total.total:
        return None
    x, latency_ms = spectrum(spread.total)
    trusted = spread.total.total / _NEEDED_OF_ONE
    end = max(2.0, float(spread.total.total))
    data: list[Json] = [
        line(rounded(x, 6), rounded(latency_ms), "latency", 0, line={"color": COLOURS[0], "width": 2, "shape": "hv"})
    ]
    top = max(latency_ms)
    if trusted < end:
        data.append(_hatched(max(1.0, trusted), end, min(latency_ms), top))
    data += [*_limits(load), *_compared(load)]
    layout: Json = {
        "xaxis": percentile_axis(end),
        "yaxis": ms_axis("latency", latency_ms, log=top > 20 * min(latency_ms)),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "hovermode": "x",
    }  # fmt: skip
    figures = (
        (load.p50_ms, "p50"),
        (load.p90_ms, "p90"),
        (load.p95_ms, "p95"),
        (load.p99_ms, "p99"),
        (load.p99_9_ms, "p99.9"),
    )
    said = ", ".join(f"{name} {format_ms(value)}" for value, name in figures)
    few = " The hatched percentiles have too few samples to be bounded." if trusted < end else ""
    return Chart(
        title="Latency by percentile",
        summary=f"{said}, longest {format_ms(load.max_ms)}, of {spread.total.total:,} answers.{few}",
        data=data,
        layout=layout,
        columns={"1/(1-p)": rounded(x, 6), "latency ms": rounded(latency_ms)},
    )


_PER_MILLE = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}


def percentile_axis(end: float) -> Json:
    """Return the axis of 1/(1-p) up to *end*."""
    shown = [tick for tick in _TICKS if tick[0] <= end]
    ticks = {"tickvals": [at for at, _ in shown], "ticktext": [text for _, text in shown]}
    return axis("percentile", type="log", range=[0, math.log10(end)], **ticks)


def spectrum(histogram: Histogram) -> tuple[list[float], list[float]]:
    """Return 1/(1-p), ascending up to the number of latencies, and the latency up to which the part p of them lies."""
    total = histogram.total
    ranks = list(accumulate(histogram.counts))
    x, latency_ms = [1.0], [histogram.edge_ms(0)]
    for place, rank in enumerate(ranks):
        if histogram.counts[place]:
            x.append(total / max(total - rank, 1))
            latency_ms.append(histogram.edge_ms(place + 1))
    return x, latency_ms


def _limits(load: LoadResult) -> list[Json]:
    # A limit that is kept is above the curve, one that is broken below it: its text has room on that side.
    limits = [
        (
            1000 / (1000 - per_mille),
            check.at_most,
            f"<= {format_ms(check.at_most)}",
            "top left" if _is_below(check) else "bottom right",
        )
        for check in load.checks
        if check.scope == "total"
        and (per_mille := _PER_MILLE.get(check.metric)) is not None
        and check.at_most is not None
    ]
    if not limits:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [x for x, _, _, _ in limits],
            "y": [bound for _, bound, _, _ in limits],
            "text": [safe_text(text, 30) for _, _, text, _ in limits],
            "textposition": [side for _, _, _, side in limits],
            "textfont": {"size": 11, "color": INK},
            "cliponaxis": False,
            "name": "limits",
            "marker": {"symbol": "line-ew-open", "size": 22, "color": LIMIT["color"], "line": {"width": 3}},
        }
    ]


def _is_below(check: Check) -> bool:
    return check.at_most is not None and check.observed <= check.at_most


def _compared(load: LoadResult) -> list[Json]:
    """What it is compared with, at the percentiles that are known of it."""
    name, known = "", {}
    if load.control is not None:
        name = f"control {load.control.name}"
        known = {metric: getattr(load.control.total, f"{metric}_ms") for metric in (*_PER_MILLE,)}
    elif load.baseline is not None:
        name = "baseline"
        known = {
            each.metric: each.deciding.base
            for each in load.baseline.comparisons
            if each.scope == "total" and each.metric in _PER_MILLE
        }
    points = [(1000 / (1000 - _PER_MILLE[metric]), value) for metric, value in known.items() if math.isfinite(value)]
    if not points:
        return []
    drawn = {"color": COLOURS[2], "dash": "dot", "width": 1.5}
    trace = line(
        [x for x, _ in points], rounded(value for _, value in points), name, 2, mode="lines+markers", line=drawn
    )
    return [{**trace, "marker": {"symbol": "diamond-open", "size": 9, "color": COLOURS[2]}}]


def _hatched(begin: float, end: float, low: float, high: float) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [begin, begin, end, end],
        "y": [low, high, high, low],
        "fill": "toself",
        "fillcolor": "rgba(0,0,0,0)",
        "fillpattern": {"shape": "/", "fgcolor": INK, "fgopacity": 0.35, "size": 8},
        "line": {"width": 0},
        "hoverinfo": "skip",
        "name": "too few samples",
    }


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
    columns: list[list[int]] = []
    for each in spread.over_time:
        column = [0] * (last - first)
        for place, count in enumerate(each.counts, start=each.first - first):
            column[place] = count
        columns.append(column)
    rows = [*zip(*columns, strict=True)]
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
