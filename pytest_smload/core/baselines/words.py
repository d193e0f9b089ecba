"""Says what a comparison with a baseline came to."""

from __future__ import annotations

from math import isfinite, isinf, isnan

from pytest_smload.core.baselines.comparison import CUMULATIVE, Comparison
from pytest_smload.core.baselines.outcome import MetricComparison
from pytest_smload.core.baselines.paired import BY_CHANCE
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.units import format_ms, format_share

_DECISIONS = {"pass": "within the budget", "undecided": "undecided", "fail": "confirmed"}


def change_words(comparison: MetricComparison) -> str:
    """Return what changed and what came of it: ``"p50 +49 % (20.2 → 30.2 ms, allowed +10 %), confirmed"``."""
    deciding = comparison.deciding
    rounded = METRICS[comparison.metric].quantity.rounded
    before, after = rounded(deciding.base), rounded(deciding.base * deciding.ratio)
    if before.partition(" ")[2] == after.partition(" ")[2]:
        before = before.partition(" ")[0]
    scope = "" if comparison.scope == "total" else f"{comparison.scope} "
    allowed = f"allowed {_percent(deciding.allowed)}"
    came_to = _DECISIONS[comparison.decision]
    if comparison.rerun is not None and comparison.decision != "fail":
        came_to += ", not confirmed by a rerun"
    return f"{scope}{comparison.metric} {_percent(deciding.ratio)} ({before} → {after}, {allowed}), {came_to}"


def base_words(limit: RegressionLimit, comparison: MetricComparison) -> str:
    """Return what the bound is a share of: ``"baseline 182 ms (5 runs)"``."""
    deciding, anchored = comparison.deciding, comparison.against == "anchor"
    base = limit.row.quantity.rounded(deciding.base)
    budget = limit.budget * (CUMULATIVE if anchored else 1)
    floor = f", the floor of {format_ms(limit.floor_ms)}" if limit.floor_ms > budget * deciding.base else ""
    if comparison.against == "control":
        return f"control {base}{floor}"
    if anchored:
        return f"the first baseline run {base}{floor}"
    return f"baseline {base}{floor} ({runs_words(deciding.runs)})"


def comparison_note(comparison: MetricComparison) -> str:
    """Return the change, its ratio and interval, what a rerun said, and short of a failure how much would be one."""
    parts = [change_words(comparison), f"ratio {ratio_text(comparison.deciding)}"]
    if comparison.against == "control" or comparison.decision != "fail":
        parts += sensitivity(comparison.deciding)
    if comparison.rerun is not None:
        verb = "confirmed by a rerun" if comparison.decision == "fail" else "the rerun"
        parts.append(f"{verb}: ratio {ratio_text(comparison.rerun)}")
    return "; ".join(parts)


def sensitivity(comparison: Comparison) -> list[str]:
    """Return what noise there is, what budgets unchanged code keeps, and what regressions are caught."""
    if comparison.shared is not None:
        return [
            _shared_words(comparison.shared),
            f"smallest budget attainable {_share(comparison.attainable_now)} with these requests",
            f"caught 9 times in 10: {_share(comparison.detectable)} worse",
        ]
    attainable = f"{_share(comparison.attainable)} with {runs_words(comparison.runs)}"
    return [
        f"noise between runs {format_share(comparison.noise)}",
        f"smallest budget attainable {attainable}, {_share(comparison.attainable_now)} with these requests",
        f"caught 9 times in 10: {_share(comparison.detectable)} worse",
    ]


def _shared_words(shared: float) -> str:
    """Whether a control gains anything here."""
    if shared < BY_CHANCE:
        return "the noise is each side's own (its queue, its sampling), and only more requests narrow the interval"
    return f"{shared:.0%} of the noise is common to both sides, and cancels"


def ratio_text(comparison: Comparison) -> str:
    """Return ``"1.21 [1.15, 1.27]"``: the ratio and the interval it is decided on."""
    ends = f"{ratio_words(comparison.lower)}, {ratio_words(comparison.upper)}"
    return f"{ratio_words(comparison.ratio)} [{ends}]"


def ratio_words(ratio: float) -> str:
    """Return ``"1.21"``, ``"∞"``."""
    return "∞" if isinf(ratio) else f"{ratio:.3g}"


def runs_words(count: int) -> str:
    """Return ``"1 run"``, ``"5 runs"``."""
    return f"{count} run{'s' if count != 1 else ''}"


def _percent(ratio: float) -> str:
    """A ratio as the change it is: ``"+49 %"``."""
    if not isfinite(ratio):
        return "-" if isnan(ratio) else "+∞ %"
    change = 100 * (ratio - 1)
    return f"{change:+.0f} %" if abs(change) >= 10 or round(change, 1) == round(change) else f"{change:+.1f} %"


def _share(share: float) -> str:
    return "∞" if isinf(share) else f"{share * 100:.2g}%" if share < 1 else f"{share * 100:.0f}%"
