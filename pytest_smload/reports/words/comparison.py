"""Says how capacities compare, in cells and in a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_smload.reports.words.cells import format_latency, format_tps, plain_text

if TYPE_CHECKING:
    from pytest_smload.core.capacity.comparison import CapacityRow, Comparison

COMPARISON_HEADERS: Final = ("endpoint", "TPS", "p95", "$/hour", "$/million", "$/million * p95 s")


def comparison_rows(comparison: Comparison) -> list[list[str]]:
    """Return a row of cells under `COMPARISON_HEADERS` for each capacity."""
    return [
        [
            plain_text(row.name) + _remark(row),
            format_tps(row.tps),
            format_latency(row.p95_ms),
            *(_amount(each) for each in (row.hourly_usd, row.usd_per_million, row.price_latency)),
        ]
        for row in comparison.rows
    ]


def cheapest_sentence(comparison: Comparison) -> str:
    """Return which is cheapest, or why that cannot be told."""
    if comparison.cheapest is None:
        if not any(row.kept and row.confirmed for row in comparison.rows):
            return "none is confirmed to keep its budget, so none is named the cheapest"
        return "no price is known ([prices] in smload.toml), so none is named the cheapest"
    budget = "the budget" if comparison.one_budget else "its budget (they are held to different ones)"
    return plain_text(f"cheapest that keeps {budget}: {comparison.cheapest}")


def _remark(row: CapacityRow) -> str:
    return " (budget not kept)" if not row.kept else "" if row.confirmed else " (not confirmed)"


def _amount(value: float) -> str:
    return "-" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.3g}"
