"""The comparison of several runs as one page: figures, ratios with intervals, demands, spectra of all runs."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from pytest_smload.reports.html import svg
from pytest_smload.reports.html.charts import Chart, Charts, axis, line, rounded
from pytest_smload.reports.html.page import page_of
from pytest_smload.reports.html.spectrum import percentile_axis, spectrum
from pytest_smload.reports.words.comparison import COMPARISON_HEADERS, cheapest_sentence, comparison_rows
from pytest_smload.reports.words.side_by_side import (
    LEGEND,
    LETTERS,
    cells,
    change_text,
    count_words,
    headers,
    held_lines,
    load_words,
    metric_name,
    remarks,
    run_words,
)

if TYPE_CHECKING:
    from pytest_smload.core.capacity.comparison import Comparison
    from pytest_smload.core.results.result import LoadResult, RunResult
    from pytest_smload.core.results.side_by_side import ComparedLoad, Row


def comparison_html(
    reports: Sequence[tuple[str, RunResult]], loads: Sequence[ComparedLoad], capacities: Comparison | None = None
) -> str:
    """Return the page; arguments as `pytest_smload.reports.text.side_by_side.comparison_lines` takes them."""
    charts = Charts()
    held = [each for load in loads for pair in load.others for each in pair.held]
    view = {
        "said": count_words(held),
        "runs": [run_words(letter, *report) for letter, report in zip(LETTERS, reports, strict=False)],
        "loads": [_load_view(load, charts) for load in loads],
        "legend": LEGEND,
        "capacities": None
        if capacities is None
        else {
            "headers": COMPARISON_HEADERS,
            "rows": comparison_rows(capacities),
            "said": cheapest_sentence(capacities),
        },
    }
    return page_of("compare.html", charts, record=None, compared=view)


def _load_view(load: ComparedLoad, charts: Charts) -> dict[str, Any]:
    lettered = [(letter, pair) for letter, pair in zip(LETTERS[1:], load.others, strict=False) if pair.rows]
    found = [(LETTERS[0], load.first), *((letter, pair.after) for letter, pair in lettered)]
    return {
        "words": load_words(load),
        "headers": headers([letter for letter, _ in lettered]),
        "rows": cells([pair for _, pair in lettered]) if lettered else [],
        "ratios": [
            (letter, metric_name(row.metric), change_text(row), _picture(row))
            for letter, pair in lettered
            for row in pair.rows
            if row.lower is not None and row.upper is not None and row.change > 0
        ],
        "held": held_lines(load),
        "remarks": remarks(load),
        "chart": charts.add(_spectra([(letter, each) for letter, each in found if each is not None])),
    }


def _picture(row: Row) -> Any:
    lower, upper = (nan if end is None else end for end in (row.lower, row.upper))
    return svg.ratio(row.change, lower, upper, label=f"{metric_name(row.metric)} {change_text(row)}")


def _spectra(loads: Sequence[tuple[str, LoadResult]]) -> Chart | None:
    """The latencies of several runs by percentile, one line each; None where fewer than two have any."""
    spreads = [(letter, load.distribution.total) for letter, load in loads if load.distribution is not None]
    spreads = [(letter, histogram) for letter, histogram in spreads if histogram.total]
    if len(spreads) < 2:
        return None
    data, columns = [], {}
    for place, (letter, histogram) in enumerate(spreads):
        x, latency_ms = spectrum(histogram)
        data.append(line(rounded(x, 6), rounded(latency_ms), letter, place))
        percentiles = [histogram.percentile_ms(per_mille) for per_mille in (500, 900, 950, 990, 999)]
        columns[f"{letter} ms"] = rounded(percentiles)
    said = "; ".join(
        f"{letter} p50 {columns[f'{letter} ms'][0]} ms, p95 {columns[f'{letter} ms'][2]} ms" for letter, _ in spreads
    )
    return Chart(
        title="Latency by percentile",
        summary=f"{said}.",
        data=data,
        layout={
            "xaxis": percentile_axis(max(float(histogram.total) for _, histogram in spreads)),
            "yaxis": axis("latency ms", type="log"),
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "hovermode": "x",
        },
        columns={"percentile": ["p50", "p90", "p95", "p99", "p99.9"], **columns},
    )
