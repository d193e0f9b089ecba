"""Where a load's latencies lie, and those of what it is compared with: the percentile spectrum."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_smload.core.statistics.percentiles import needed_samples
from pytest_smload.core.units import format_ms
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
    rounded,
    safe_text,
)
from pytest_smload.reports.words.cells import plain_text

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import Figures
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
_NEEDED_OF_ONE = needed_samples(999) / 1000
"""How many samples beyond a percentile bound it."""


def spectrum_chart(load: LoadResult) -> Chart | None:
    """Return latency by percentile on an axis of 1/(1-p), which gives the tail as much room as the bulk.

    None where nothing succeeded.
    """
    spread = load.distribution
    if spread is None or not spread.total.total:
        return None
    own = spread.total
    x, latency_ms = spectrum(own)
    columns = {"1/(1-p)": rounded(x, 6), "latency ms": rounded(latency_ms)}
    trusted, end = max(1.0, own.total / _NEEDED_OF_ONE), max(2.0, float(own.total))
    data = [_stepped(own, "latency", 0), _hatched(trusted, end, latency_ms[0], latency_ms[-1])]
    said = _words(load, own)
    control = load.control
    if control is not None and control.distribution is not None and control.distribution.total.counts:
        other, name = control.distribution.total, f"control {control.name}"
        data.append(_stepped(other, name, 4))
        columns[plain_text(f"{name} ms")] = rounded(other.percentile_ms(1000 * (1 - 1 / each)) for each in x)
        latency_ms += spectrum(other)[1]
        end = max(end, float(other.total))
        said += f" {name}: {_words(control.total, other)}"
    else:
        data += _compared(load)
    data += _limits(load)
    said += " The hatched percentiles have too few samples to be bounded."
    layout: Json = {
        "xaxis": percentile_axis(end),
        "yaxis": ms_axis("latency", latency_ms, log=max(latency_ms) > 20 * min(latency_ms)),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "hovermode": "x",
    }
    return Chart("Latency by percentile", said, data, layout, columns)


def _stepped(histogram: Histogram, name: str, place: int) -> Json:
    x, latency_ms = spectrum(histogram)
    drawn = {"color": COLOURS[place], "dash": DASHES[place], "width": 2, "shape": "hv"}
    return line(rounded(x, 6), rounded(latency_ms), name, place, line=drawn)


def _words(figures: Figures, histogram: Histogram) -> str:
    known = {
        "p50": figures.p50_ms,
        "p90": figures.p90_ms,
        "p95": figures.p95_ms,
        "p99": figures.p99_ms,
        "p99.9": figures.p99_9_ms,
    }
    said = ", ".join(f"{name} {format_ms(value)}" for name, value in known.items())
    return f"{said}, longest {format_ms(figures.max_ms)}, of {histogram.total:,} answers."


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
