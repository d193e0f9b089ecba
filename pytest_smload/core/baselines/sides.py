"""Compares a load with its control, a regression budget at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytest_smload.core.baselines.checks import ComparedBudget, compare_budgets
from pytest_smload.core.baselines.comparison import Comparison
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.paired import Blocks, compare_sides, mean_blocks, quantile_blocks, rate_blocks
from pytest_smload.core.limits.budget import ScopedRegression
from pytest_smload.core.limits.evidence import scope_of
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.scope import Scope
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.statistics.bound import ALPHA, Bound

_PER_MILLE = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}


def compare_with_control(
    regressions: Iterable[ScopedRegression],
    measurement: Measurement,
    control: Measurement,
    slowness: ClientSlowness | None = None,
) -> list[ComparedBudget]:
    """Return each budget with the load's comparison with *control*, in the order given.

    Where the control has no finite estimate there is no comparison. A regression that the client's own slowness may
    explain is none, and no pass either.
    """
    budgets = compare_budgets(regressions, measurement, None, slowness)
    return [_compared(each, scope_of(measurement, each.scope), scope_of(control, each.scope)) for each in budgets]


def _compared(alone: ComparedBudget, scope: Scope | None, other: Scope | None) -> ComparedBudget:
    limit, bound = alone.limit, alone.bound
    base = limit.row.bound(other, ALPHA) if other is not None and limit.row.refuse(other) is None else None
    if alone.refused or bound is None or scope is None or other is None or base is None:
        return alone
    if not 0 < base.observed < float("inf"):
        return alone
    blocks = _blocks(limit, scope, other)
    found = _held(limit, bound, base, blocks, 1.0)
    if found.suspicious and alone.disturbed > 1:
        share = alone.disturbed if limit.higher_is_better else 1 / alone.disturbed
        if not _held(limit, bound, base, blocks, share).suspicious:
            return replace(
                alone,
                refused=f"undecided: the client itself may have made it {alone.disturbed:.3g} times as bad",
                cause="client",
            )
    return replace(alone, latest=found)


def _held(limit: RegressionLimit, bound: Bound, base: Bound, blocks: Blocks, share: float) -> Comparison:
    return compare_sides(
        Estimate.of(bound).scaled(share),
        Estimate.of(base),
        blocks,
        budget=limit.budget,
        floor=limit.floor_ms,
        higher_is_better=limit.higher_is_better,
    )


def _blocks(limit: RegressionLimit, scope: Scope, other: Scope) -> Blocks:
    if limit.of in _PER_MILLE:
        return quantile_blocks(scope.checked_ms(), other.checked_ms(), _PER_MILLE[limit.of])
    if limit.of == "mean":
        return mean_blocks(scope.averaged_ms(), other.averaged_ms())
    return rate_blocks(scope.ended_ok, other.ended_ok)
