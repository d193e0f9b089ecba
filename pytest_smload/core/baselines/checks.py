"""Compares a load with its baseline, a regression budget at a time: each becomes a check, confirmed by a rerun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_smload.core.baselines.comparison import (
    Comparison,
    compare,
    compare_with_anchor,
    confirmed,
)
from pytest_smload.core.baselines.disturbance import disturbed_by
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.outcome import MetricComparison
from pytest_smload.core.baselines.run_noise import run_noise
from pytest_smload.core.baselines.runs import BaselineRun, LoadBaseline, metric_key
from pytest_smload.core.baselines.words import base_words, comparison_note
from pytest_smload.core.limits.budget import ScopedRegression
from pytest_smload.core.limits.check import Cause, Check
from pytest_smload.core.limits.evidence import BaselineChange, RegressionEvidence, scope_of
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.statistics.bound import ALPHA, Bound


@dataclass(frozen=True, slots=True)
class ComparedBudget:
    """One regression budget, and how one run compares with the baseline on its metric.

    Attributes:
        scope: Whose metric it is.
        limit: The budget.
        bound: The run's estimate, None where the scope has no sample.
        refused: Why it does not pass whatever was observed, or ``""``.
        cause: Why it is undecided rather than failed then; None where it fails.
        latest: The comparison with the latest runs; None where none has this metric.
        anchor: The comparison with the first run; None too where there is no other.
        disturbed: Observed / lowest possible value: by how much the client may have made it worse.
    """

    scope: ScopeName
    limit: RegressionLimit
    bound: Bound | None
    refused: str
    latest: Comparison | None = None
    anchor: Comparison | None = None
    cause: Cause | None = None
    disturbed: float = 1.0

    @property
    def key(self) -> str:
        """The metric's key in a baseline, which is its name for people too."""
        return metric_key(self.scope, self.limit.of)

    @property
    def suspicious(self) -> bool:
        """Whether a rerun must confirm a failure."""
        return not self.refused and any(each is not None and each.suspicious for each in (self.latest, self.anchor))


def compare_budgets(
    regressions: Iterable[ScopedRegression],
    measurement: Measurement,
    baseline: LoadBaseline | None,
    slowness: ClientSlowness | None = None,
) -> list[ComparedBudget]:
    """Return each budget with the run's comparison with *baseline*, in the order given.

    A regression that the client's own slowness may explain is none, and no pass either.
    """
    return [_compare_budget(scope, limit, measurement, baseline, slowness) for scope, limit in regressions]


def _compare_budget(
    name: ScopeName,
    limit: RegressionLimit,
    measurement: Measurement,
    baseline: LoadBaseline | None,
    slowness: ClientSlowness | None,
) -> ComparedBudget:
    scope = scope_of(measurement, name)
    bound = limit.row.bound(scope, ALPHA) if scope is not None else None
    if scope is None or bound is None:
        return ComparedBudget(name, limit, None, "no sample")
    refusal = limit.row.refuse(scope)
    disturbed = disturbed_by(limit, scope, bound.observed, slowness)
    alone = ComparedBudget(name, limit, bound, "", disturbed=disturbed)
    if refusal is not None:
        alone = replace(alone, refused=refusal.reason, cause=refusal.cause)
    recorded = baseline.estimates(alone.key) if baseline is not None else []
    if baseline is None or alone.refused or not recorded:
        return alone
    found = _held_against(alone, recorded, baseline, Estimate.of(bound))
    if found.suspicious and disturbed > 1:
        share = disturbed if limit.higher_is_better else 1 / disturbed
        if not _held_against(alone, recorded, baseline, Estimate.of(bound).scaled(share)).suspicious:
            return replace(
                alone,
                refused=f"undecided: the client itself may have made it {disturbed:.3g} times as bad",
                cause="client",
            )
    return found


def _held_against(
    alone: ComparedBudget, recorded: Sequence[Estimate], baseline: LoadBaseline, new: Estimate
) -> ComparedBudget:
    limit = alone.limit
    floor, higher = limit.floor_ms, limit.higher_is_better
    noise = run_noise(recorded)
    latest = compare(new, recorded, budget=limit.budget, floor=floor, higher_is_better=higher, noise=noise)
    first = baseline.anchor_estimate(alone.key)
    anchor = None
    if first is not None and len(recorded) > 1:
        anchor = compare_with_anchor(new, first, budget=limit.budget, noise=noise, floor=floor, higher_is_better=higher)
    return replace(alone, latest=latest, anchor=anchor)


def compared(run: ComparedBudget, again: ComparedBudget | None) -> MetricComparison | None:
    """Return what a run and its rerun, if there was one, come to; None where nothing was compared.

    The latest runs decide, unless only the anchor is failed: many small steps add up.
    """
    if run.latest is None:
        return None
    rerun_latest = again.latest if again is not None else None
    rerun_anchor = again.anchor if again is not None else None
    latest = confirmed(run.latest, rerun_latest)
    by_anchor = run.anchor is not None and latest != "fail" and confirmed(run.anchor, rerun_anchor) == "fail"
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


def told_by_rerun(run: ComparedBudget, again: ComparedBudget | None) -> ComparedBudget:
    """Return *run*, undecided where the rerun that was to confirm it could not be compared itself."""
    if again is None or not (run.suspicious and again.refused and again.cause is not None):
        return run
    why = again.refused.removeprefix("undecided: ")
    refused = f"undecided: it is worse, and the rerun could not confirm it: {why}"
    return replace(run, refused=refused, cause=again.cause, latest=None, anchor=None)


def regression_check(
    run: ComparedBudget,
    comparison: MetricComparison | None,
    *,
    missing: str = "",
    on_unproven: str = "estimate",
    against: str = "a baseline",
) -> Check:
    """Return the check of one budget.

    Args:
        run: The budget and the run.
        comparison: What it came to, or None without a baseline.
        missing: Why there is none; then the check fails.
        on_unproven: ``"fail"`` where an undecided comparison is to fail.
        against: What it is compared with, for people, where it came to nothing.
    """
    change = _change(run.limit, comparison) if comparison is not None else None
    evidence = RegressionEvidence(run.scope, run.bound, change, run.refused or missing, on_unproven, run.cause, against)
    return run.limit.hold(evidence)


def _change(limit: RegressionLimit, comparison: MetricComparison) -> BaselineChange:
    deciding = comparison.deciding
    return BaselineChange(
        base=deciding.base,
        allowed=deciding.allowed,
        kept=comparison.decision != "fail",
        proven=comparison.decision != "undecided",
        of=base_words(limit, comparison),
        note=comparison_note(comparison),
    )


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
