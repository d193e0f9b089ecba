"""What the page shows of a capacity search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_smload.core.units import format_share
from pytest_smload.reports.html.capacity_chart import capacity_chart
from pytest_smload.reports.html.check_views import check_view
from pytest_smload.reports.words.capacity_lines import (
    LEVEL_HEADERS,
    LEVEL_NUMBERS,
    capacity_headline,
    capacity_remarks,
    capacity_sentence,
    level_cells,
)
from pytest_smload.reports.words.cells import format_latency, format_tps

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.reports.html.charts import Charts


def capacity_view(capacity: Capacity, charts: Charts, anchor: str) -> dict[str, Any]:
    check = check_view(capacity.check, trusted=True) if capacity.check is not None else None
    best = capacity.best
    return {
        "anchor": anchor,
        "verdict": capacity.verdict,
        "which": f"capacity {capacity.label}" if capacity.label else "capacity",
        "headline": capacity_headline(capacity),
        "sentence": capacity_sentence(capacity),
        "said": capacity_sentence(capacity),
        "remarks": [*capacity_remarks(capacity)],
        "worst": check,
        "figures": {
            "requests": "",
            "TPS": format_tps(capacity.tps),
            "p50": format_latency(best.p50_ms.value) if best is not None else "",
            "p95": format_latency(best.p95_ms.value) if best is not None else "",
            "p99": format_latency(best.p99_ms.value) if best is not None else "",
            "max": "",
            "errors": format_share(best.error_rate.value) if best is not None else "",
        },
        "chart": charts.add(capacity_chart(capacity)),
        "headers": LEVEL_HEADERS,
        "numbers": LEVEL_NUMBERS,
        "levels": [level_cells(level) for level in capacity.curve],
    }
