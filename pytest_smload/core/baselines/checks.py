"""Compares a load with its baseline, a regression budget at a time: each becomes a check, confirmed by a rerun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isinf

from pytest_smload.core.baselines.comparison import (
    CUMULATIVE,
    Comparison,
    Decision,
    Estimate,
    compare,
    compare_with_anchor,
    confirmed,
)
from pytest_smload.core.baselines.outcome import MetricComparison
from pytest_smload.core.baselines.runs import BaselineRun, LoadBaseline, metric_key
from pytest_smload.core.limits.budget import ScopedRegression
from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.evidence import BaselineChange, RegressionEvidence, scope_of
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.statistics.bound import ALPHA, Bound
from pytest_smload.core.units import format_ms, format_share


@dataclass(frozen=True, slots=True)
class ComparedBudget:
    """One regression budget, and how one run compares with the baseline on its metric.

    Attributes:
        scope: Whose metric it is.
        limit: The budget.
        bound: The run's estimate, None where the scope has no sample.
        refused: Why it fails whatever was observed, or ``""``.
        latest: The comparison with the latest runs; None where none has this metric.
        anchor: The comparison with the first run; None too where there is no other.
    """

    scope: ScopeName
    limit: RegressionLimit
    bound: Bound | None
    refused: str
    latest: Comparison | None = None
    anchor: Comparison | None = None

    @property
    def key(self) -> str:
        """The metric's key in a baseline, which is its name for people too."""
        return metric_key(self.scope, self.limit.of)

    @property
    def suspicious(self) -> bool:
        """Whether a rerun must confirm a failure."""
        return not self.refused and any(
            each is not None and each.decision == "fail" for each in (self.latest, self.anchor)
        )


def compare_budgets(
    regressions: Iterable[ScopedRegression], measurement: Measurement, baseline: LoadBaseline | None
) -> list[ComparedBudget]:
    """Return each budget with the run's comparison with *baseline*, in the order given."""
    return [_compare_budget(scope, limit, measurement, baseline) for scope, limit in regressions]


def _compare_budget(
    name: ScopeName, limit: RegressionLimit, measurement: Measurement, baseline: LoadBaseline | None
) -> ComparedBudget:
    scope = scope_of(measurement, name)
    bound = limit.row.bound(scope, ALPHA) if scope is not None else None
    if scope is None or bound is None:
        return ComparedBudget(name, limit, None, "no sample")
    refusal = limit.row.refuse(scope)
    alone = ComparedBudget(name, limit, bound, refusal.reason if refusal is not None else "")
    recorded = baseline.estimates(alone.key) if baseline is not None else []
    if baseline is None or alone.refused or not recorded:
        return alone
    new = Estimate.of(bound)
    floor, higher = limit.floor_ms, limit.higher_is_better
    latest = compare(new, recorded, budget=limit.budget, floor=floor, higher_is_better=higher)
    first = baseline.anchor_estimate(alone.key)
    anchor = None
    if first is not None and len(recorded) > 1:
        anchor = compare_with_anchor(
            new, first, budget=limit.budget, noise=latest.noise, floor=floor, higher_is_better=higher
        )
    return ComparedBudget(name, limit, bound, "", latest, anchor)


def compared(run: ComparedBudget, again: ComparedBudget | None) -> MetricComparison | None:
    """Return what a run and its rerun, if there was one, come to; None where nothing was compared.

    The latest runs decide, unless only the anchor is failed: many small steps add up.
    """
    if run.latest is None:
        return None
    rerun_latest = again.latest if again is not None else None
    rerun_anchor = again.anchor if again is not None else None
    latest = _confirmed(run.latest, rerun_latest)
    by_anchor = run.anchor is not None and latest != "fail" and _confirmed(run.anchor, rerun_anchor) == "fail"
    return MetricComparison(
        scope=str(run.scope),
        metric=run.limit.of,
        budget=run.limit.text,
        decision="fail" if by_anchor else latest,
        against="anchor" if by_anchor else "latest",
        latest=run.latest,
        anchor=run.anchor,
        rerun=(rerun_anchor if by_anchor else rerun_latest) if run.suspicious else None,
    )


def _confirmed(first: Comparison, rerun: Comparison | None) -> Decision:
    return confirmed(first.decision, rerun.decision if rerun is not None else "undecided")


def regression_check(
    run: ComparedBudget, comparison: MetricComparison | None, *, missing: str = "", on_unproven: str = "estimate"
) -> Check:
    """Return the check of one budget.

    Args:
        run: The budget and the run.
        comparison: What it came to, or None without a baseline.
        missing: Why there is none; then the check fails.
        on_unproven: ``"fail"`` where an undecided comparison is to fail.
    """
    change = _change(run.limit, comparison) if comparison is not None else None
    return run.limit.hold(RegressionEvidence(run.scope, run.bound, change, run.refused or missing, on_unproven))


def _change(limit: RegressionLimit, comparison: MetricComparison) -> BaselineChange:
    deciding = comparison.deciding
    return BaselineChange(
        base=deciding.base,
        allowed=deciding.allowed,
        kept=comparison.decision != "fail",
        proven=comparison.decision != "undecided",
        of=_base_words(limit, comparison),
        note=comparison_note(comparison),
    )


def _base_words(limit: RegressionLimit, comparison: MetricComparison) -> str:
    """What the bound is a share of: ``"baseline 182 ms (5 runs)"``."""
    deciding, anchored = comparison.deciding, comparison.against == "anchor"
    base = limit.row.quantity.rounded(deciding.base)
    budget = limit.budget * (CUMULATIVE if anchored else 1)
    floor = f", the floor of {format_ms(limit.floor_ms)}" if limit.floor_ms > budget * deciding.base else ""
    if anchored:
        return f"the first baseline run {base}{floor}"
    return f"baseline {base}{floor} ({_runs(deciding.runs)})"


def comparison_note(comparison: MetricComparison) -> str:
    """Return ratio and interval, the noise between runs, what budget is attainable, and what a rerun said."""
    deciding = comparison.deciding
    parts = [
        f"ratio {ratio_text(deciding)}",
        f"noise between runs {format_share(deciding.noise)}",
        f"smallest budget attainable {_budget_text(deciding.attainable)} with {_runs(deciding.runs)}",
    ]
    parts[-1] += f", {_budget_text(deciding.attainable_now)} with these requests"
    if comparison.rerun is not None:
        verb = "confirmed by a rerun" if comparison.decision == "fail" else "not confirmed by a rerun"
        parts.append(f"{verb}: ratio {ratio_text(comparison.rerun)}")
    return "; ".join(parts)


def ratio_text(comparison: Comparison) -> str:
    """Return ``"1.21 [1.15, 1.27]"``: the ratio and its 90 % interval."""
    return f"{_number(comparison.ratio)} [{_number(comparison.lower)}, {_number(comparison.upper)}]"


def as_baseline_run(budgets: Sequence[ComparedBudget], measurement: Measurement, *, started_at: str) -> BaselineRun:
    """Return the run as a baseline keeps it: every metric under a regression budget that could be estimated."""
    bounds: Mapping[str, Bound] = {
        each.key: each.bound
        for each in budgets
        if each.bound is not None and not each.refused and 0 < each.bound.observed < float("inf")
    }
    return BaselineRun(
        at=started_at,
        n=measurement.total.requests,
        n_eff=min((bound.n_eff for bound in bounds.values()), default=0),
        errors=measurement.total.errors,
        metrics={key: Estimate.of(bound) for key, bound in bounds.items()},
    )


def _runs(count: int) -> str:
    return f"{count} run{'s' if count != 1 else ''}"


def _budget_text(share: float) -> str:
    return "∞" if isinf(share) else f"{share * 100:.2g}%" if share < 1 else f"{share * 100:.0f}%"


def _number(ratio: float) -> str:
    return "∞" if isinf(ratio) else f"{ratio:.3g}"
