"""Holds a load's regression budgets against its baseline: each becomes a check, confirmed by a rerun where it fails."""

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
from pytest_smload.core.limits.observed import metric_bound, refusal
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.statistics.intervals import Bound
from pytest_smload.core.statistics.percentiles import NAN
from pytest_smload.core.units import format_ms, format_share


@dataclass(frozen=True, slots=True)
class Held:
    """One regression budget held against the baseline by one run.

    Attributes:
        scope: Whose metric it is.
        limit: The budget.
        bound: The run's estimate, None where the scope has no sample.
        refused: Why it fails whatever was observed, or ``""``.
        latest: The comparison with the latest runs; None where none has this metric.
        anchor: The comparison with the first run; None too where there is no other.
    """

    scope: str
    limit: RegressionLimit
    bound: Bound | None
    refused: str
    latest: Comparison | None = None
    anchor: Comparison | None = None

    @property
    def suspicious(self) -> bool:
        """Whether a rerun must confirm a failure."""
        return not self.refused and any(
            each is not None and each.decision == "fail" for each in (self.latest, self.anchor)
        )


def hold(
    regressions: Iterable[ScopedRegression], measurement: Measurement, baseline: LoadBaseline | None
) -> list[Held]:
    """Return each budget held against *baseline*, in the order given."""
    return [_held(str(scope), limit, measurement, baseline) for scope, limit in regressions]


def _held(name: str, limit: RegressionLimit, measurement: Measurement, baseline: LoadBaseline | None) -> Held:
    scope = measurement.scopes.get(name)
    bound = metric_bound(scope, limit.of) if scope is not None else None
    if scope is None or bound is None:
        return Held(name, limit, None, "no sample")
    refused = refusal(limit.of, scope)
    key = metric_key(name, limit.of)
    recorded = baseline.estimates(key) if baseline is not None else []
    if baseline is None or refused or not recorded:
        return Held(name, limit, bound, refused)
    new = Estimate.of(bound)
    floor, higher = limit.floor_ms, limit.higher_is_better
    latest = compare(new, recorded, budget=limit.budget, floor=floor, higher_is_better=higher)
    first = baseline.anchor_estimate(key)
    anchor = None
    if first is not None and len(recorded) > 1:
        anchor = compare_with_anchor(
            new, first, budget=limit.budget, noise=latest.noise, floor=floor, higher_is_better=higher
        )
    return Held(name, limit, bound, "", latest, anchor)


def compared(held: Held, again: Held | None) -> MetricComparison | None:
    """Return what a run and its rerun, if there was one, come to; None where nothing was compared.

    The latest runs decide, unless only the anchor is failed: many small steps add up.
    """
    if held.latest is None:
        return None
    rerun_latest = again.latest if again is not None else None
    rerun_anchor = again.anchor if again is not None else None
    latest = _confirmed(held.latest, rerun_latest)
    by_anchor = held.anchor is not None and latest != "fail" and _confirmed(held.anchor, rerun_anchor) == "fail"
    return MetricComparison(
        scope=held.scope,
        metric=held.limit.of,
        budget=held.limit.text,
        decision="fail" if by_anchor else latest,
        against="anchor" if by_anchor else "latest",
        latest=held.latest,
        anchor=held.anchor,
        rerun=(rerun_anchor if by_anchor else rerun_latest) if held.suspicious else None,
    )


def _confirmed(first: Comparison, rerun: Comparison | None) -> Decision:
    return confirmed(first.decision, rerun.decision if rerun is not None else "undecided")


def regression_check(
    held: Held, comparison: MetricComparison | None, *, missing: str = "", on_unproven: str = "estimate"
) -> Check:
    """Return the check of one budget.

    Args:
        held: The budget, held by the run.
        comparison: What it came to, or None without a baseline.
        missing: Why there is none; then the check fails.
        on_unproven: ``"fail"`` where an undecided comparison is to fail.
    """
    bound, decision = held.bound, comparison.decision if comparison is not None else "fail"
    unproven = decision == "undecided" and not held.refused
    counts = unproven and on_unproven == "fail"
    if held.refused or comparison is None:
        note = held.refused or missing
    else:
        note = comparison_note(comparison)
        note += "; not proven, which on_unproven counts as a failure" if counts else "; not proven" if unproven else ""
    allowed = comparison.deciding.allowed * comparison.deciding.base if comparison is not None else None
    return Check(
        scope=held.scope,
        metric=held.limit.of,
        limit=limit_text(held.limit, comparison),
        source=held.limit.source,
        observed=bound.observed if bound is not None else NAN,
        n=bound.n if bound is not None else 0,
        outcome="fail" if held.refused or decision == "fail" or counts else "pass",
        note=note,
        lower=bound.lower if bound is not None else None,
        upper=bound.upper if bound is not None else None,
        n_eff=bound.n_eff if bound is not None else None,
        proven=not unproven,
        at_least=allowed if held.limit.higher_is_better else None,
        at_most=None if held.limit.higher_is_better else allowed,
        unit="requests/s" if held.limit.higher_is_better else "ms",
        base=comparison.deciding.base if comparison is not None else None,
    )


def limit_text(limit: RegressionLimit, comparison: MetricComparison | None) -> str:
    """Return ``"<= 110% of baseline 182 ms (5 runs)"``."""
    sign = ">=" if limit.higher_is_better else "<="
    if comparison is None:
        share = 1 - limit.budget if limit.higher_is_better else 1 + limit.budget
        return f"{sign} {share * 100:.4g}% of a baseline"
    deciding = comparison.deciding
    base = f"{deciding.base:.3g} TPS" if limit.higher_is_better else format_ms(deciding.base)
    anchored = comparison.against == "anchor"
    budget = limit.budget * (CUMULATIVE if anchored else 1)
    floor = f", the floor of {format_ms(limit.floor_ms)}" if limit.floor_ms > budget * deciding.base else ""
    of = f"the first baseline run {base}" if anchored else f"baseline {base}"
    runs = "" if anchored else f" ({deciding.runs} run{'s' if deciding.runs != 1 else ''})"
    return f"{sign} {deciding.allowed * 100:.4g}% of {of}{floor}{runs}"


def comparison_note(comparison: MetricComparison) -> str:
    """Return ratio and interval, the noise between runs, what budget is attainable, and what a rerun said."""
    deciding = comparison.deciding
    runs = f"{deciding.runs} run{'s' if deciding.runs != 1 else ''}"
    parts = [
        f"ratio {ratio_text(deciding)}",
        f"noise between runs {format_share(deciding.noise)}",
        f"smallest budget attainable {_budget_text(deciding.attainable)} with {runs}",
    ]
    parts[-1] += f", {_budget_text(deciding.attainable_now)} with these requests"
    if comparison.rerun is not None:
        verb = "confirmed by a rerun" if comparison.decision == "fail" else "not confirmed by a rerun"
        parts.append(f"{verb}: ratio {ratio_text(comparison.rerun)}")
    return "; ".join(parts)


def ratio_text(comparison: Comparison) -> str:
    """Return ``"1.21 [1.15, 1.27]"``: the ratio and its 90 % interval."""
    return f"{_number(comparison.ratio)} [{_number(comparison.lower)}, {_number(comparison.upper)}]"


def as_baseline_run(held: Sequence[Held], measurement: Measurement, *, started_at: str) -> BaselineRun:
    """Return the run as a baseline keeps it: every metric under a regression budget that could be estimated."""
    bounds: Mapping[str, Bound] = {
        metric_key(each.scope, each.limit.of): each.bound
        for each in held
        if each.bound is not None and not each.refused and 0 < each.bound.observed < float("inf")
    }
    return BaselineRun(
        at=started_at,
        n=measurement.total.requests,
        n_eff=min((bound.n_eff for bound in bounds.values()), default=0),
        errors=measurement.total.errors,
        metrics={key: Estimate.of(bound) for key, bound in bounds.items()},
    )


def _budget_text(share: float) -> str:
    return "∞" if isinf(share) else f"{share * 100:.2g}%" if share < 1 else f"{share * 100:.0f}%"


def _number(ratio: float) -> str:
    return "∞" if isinf(ratio) else f"{ratio:.3g}"
