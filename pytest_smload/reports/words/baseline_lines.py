"""Says how a load compares with its baseline, a line per metric."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_ms, format_share
from pytest_smload.reports.words.cells import format_tps, plain_text

if TYPE_CHECKING:
    from pytest_smload.core.baselines.comparison import Comparison
    from pytest_smload.core.baselines.outcome import MetricComparison
    from pytest_smload.core.results.result import LoadResult

MAX_LINES = 12
_DECISIONS = {"undecided": "undecided", "pass": "within the budget"}


def baseline_lines(load: LoadResult) -> list[str]:
    """Return the lines of a load that was compared with recorded runs, undecided ones first.

    A confirmed regression is a failed check, which says the same beside its limit.
    """
    baseline = load.baseline
    if baseline is None:
        return []
    comparisons = [each for word in _DECISIONS for each in baseline.comparisons if each.decision == word]
    lines = [_line(each) for each in comparisons[:MAX_LINES]]
    left_out = len(comparisons) - MAX_LINES
    return [*lines, f"{left_out:,} more comparisons are in report.json"] if left_out > 0 else lines


def _line(each: MetricComparison) -> str:
    deciding = each.deciding
    scope = "" if each.scope == "total" else f"{plain_text(each.scope)} "
    base = f"{format_tps(deciding.base)} TPS" if each.metric == "tps" else format_ms(deciding.base)
    runs = f"{deciding.runs} run{'s' if deciding.runs != 1 else ''}"
    what = f"the first run's {base}" if each.against == "anchor" else f"{base} over {runs}"
    outcome = f"{_DECISIONS[each.decision]} ({each.budget})"
    attainable = f"{_share(deciding.attainable)}, {_share(deciding.attainable_now)} with these requests"
    parts = [
        f"baseline: {scope}{each.metric} {_change(deciding)} of {what}: {outcome}",
        f"noise between runs {format_share(deciding.noise)}",
        f"smallest budget attainable {attainable}",
    ]
    if each.rerun is not None:
        parts.append(f"rerun {_change(each.rerun)}")
    return "; ".join(parts)


def _change(comparison: Comparison) -> str:
    """``"x1.21 [1.15, 1.27]"``: the ratio and its 90 % interval."""
    interval = f"[{_ratio(comparison.lower)}, {_ratio(comparison.upper)}]"
    return f"x{_ratio(comparison.ratio)} {interval}"


def _ratio(value: float) -> str:
    return f"{value:.3g}" if isfinite(value) else "∞"


def _share(value: float) -> str:
    return "∞" if not isfinite(value) else f"{value * 100:.2g}%" if value < 1 else f"{value * 100:.0f}%"
