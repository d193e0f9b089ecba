"""Compares a load with its control, a regression budget at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf, log

import numpy as np

from pytest_smload.core.baselines.checks import ComparedBudget, compare_budgets
from pytest_smload.core.baselines.comparison import Comparison, Decision
from pytest_smload.core.baselines.disturbance import MOST_DISTURBED, disturbed_by
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.paired import Pairing, compare_sides, mean_pairing, quantile_pairing, rate_pairing
from pytest_smload.core.limits.budget import ScopedRegression
from pytest_smload.core.limits.check import Cause
from pytest_smload.core.limits.evidence import scope_of
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.scope import Scope
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.bound import ALPHA
from pytest_smload.core.units import format_share

_PER_MILLE = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}
_ALL_FAILURES = -1.0
"""Every failure took longer than this."""
_ALIKE = 0.01
"""Shares of failures of both sides that differ by no more are about the same."""


def compare_with_control(
    regressions: Iterable[ScopedRegression],
    sides: tuple[Measurement, Measurement],
    slowness: tuple[ClientSlowness | None, ClientSlowness | None] = (None, None),
) -> list[ComparedBudget]:
    """Return each budget with the comparison of the load, the first of the *sides*, with its control, in the order
    given.

    Where the control has no finite estimate there is no comparison. There is no verdict either way where another may
    hold: that of a regression, or of none, that the client's own slowness at that side may be all there is to; of
    latencies of what was answered, where those not answered would turn it round; of a load that is worse most of the
    time, but for slow spells of its control.
    """
    budgets = compare_budgets(regressions, sides[0], None, slowness[0])
    return [
        _compared(each, scope_of(sides[0], each.scope), scope_of(sides[1], each.scope), slowness[1]) for each in budgets
    ]


@dataclass(frozen=True, slots=True)
class _Held:
    """One comparison of two scopes; None where either has nothing to compare."""

    limit: RegressionLimit
    new: Estimate
    base: Estimate
    pairing: Pairing

    @classmethod
    def of(cls, limit: RegressionLimit, scope: Scope, other: Scope) -> _Held | None:
        bounds = [limit.row.bound(each, ALPHA) for each in (scope, other)]
        new, base = (Estimate.of(bound) if bound is not None else None for bound in bounds)
        if new is None or base is None or not (new.value > 0 and base.value > 0):
            return None
        return cls(limit, new, base, _pairing(limit, scope, other))

    @property
    def comparison(self) -> Comparison:
        return self.scaled()

    def scaled(self, new: float = 1.0, base: float = 1.0) -> Comparison:
        """The comparison, had the sides been so many times as much."""
        limit = self.limit
        return compare_sides(
            self.new.scaled(new),
            self.base.scaled(base),
            self.pairing,
            budget=limit.budget,
            floor=limit.floor_ms,
            higher_is_better=limit.higher_is_better,
        )


def _compared(
    alone: ComparedBudget, scope: Scope | None, other: Scope | None, control: ClientSlowness | None
) -> ComparedBudget:
    if alone.refused or alone.bound is None or scope is None or other is None:
        return alone
    held = _Held.of(alone.limit, scope, other) if alone.limit.row.refuse(other) is None else None
    if held is None or held.base.value == inf:
        return alone
    limit, found = alone.limit, held.comparison
    if alone.bound.n < BLOCKS and found.lower == 0 and found.upper == inf:
        few = f"too few requests to compare: {limit.of} takes {BLOCKS}, and {alone.bound.n} are there"
        return replace(alone, refused=few, cause="few requests")
    slowed = disturbed_by(limit, other, held.base.value, control)
    had_been_slow = _with_failures_slow(limit, scope, other)
    why: tuple[str, Cause] | None = (
        _explained_by_client(alone, held, slowed)
        or _explained_by_failures(found, had_been_slow, scope, other)
        or _hidden_by_control(limit, found, held.pairing)
    )
    if why is not None:
        return replace(alone, refused=f"undecided: {why[0]}", cause=why[1])
    others = [had_been_slow] if had_been_slow is not None else []
    others += [_without_client(alone, held, slowed).decision] if alone.disturbed < inf else []
    if found.decision == "pass" and any(decision != "pass" for decision in others):
        found = replace(found, decision="undecided")
    return replace(alone, latest=found)


def _explained_by_client(alone: ComparedBudget, held: _Held, slowed: float) -> tuple[str, Cause] | None:
    """Why the client may be all there is to it, which made the load and its control so many times as bad at most.

    What it added to one side it has added to the other: by itself that makes their ratio nothing but smaller.
    """
    regressed, most = held.comparison.suspicious, max(alone.disturbed, slowed)
    if most == 1 or (alone.disturbed == inf > slowed and not regressed):
        return None
    why = f"the client itself may have made it {_times(alone.disturbed)} as bad, and its control {_times(slowed)}"
    if most == inf:
        return why, "client"
    best = _without_client(alone, held, slowed).suspicious
    return (why, "client") if regressed != best and (regressed or most > MOST_DISTURBED) else None


def _without_client(alone: ComparedBudget, held: _Held, slowed: float) -> Comparison:
    return held.scaled(*(times if alone.limit.higher_is_better else 1 / times for times in (alone.disturbed, slowed)))


def _times(slowed: float) -> str:
    return f"{slowed:.3g} times" if slowed < inf else "any number of times"


def _with_failures_slow(limit: RegressionLimit, scope: Scope, other: Scope) -> Decision | None:
    """What comes of latencies where those that failed fast, and have none, had been slow; None where that tells
    nothing."""
    ours, theirs = _failed(scope), _failed(other)
    if limit.higher_is_better or not (ours or theirs):
        return None
    slowest_ms = max((float(each.latency_ms[-1]) for each in (scope, other) if len(each.latency_ms)), default=0.0)
    more: Decision | None = None if abs(ours - theirs) <= _ALIKE else "fail" if ours > theirs else "pass"
    # No mean is too large for what nobody waited for.
    held = _Held.of(
        limit,
        _as_slow(scope, inf if more == "fail" else slowest_ms),
        _as_slow(other, inf if more == "pass" else slowest_ms),
    )
    if held is None or held.new.value == held.base.value == inf:
        return more
    if inf in (held.new.value, held.base.value):
        return "fail" if held.new.value == inf else "pass"
    found = held.comparison
    return "fail" if found.suspicious else found.decision


def _explained_by_failures(
    found: Comparison, had_been_slow: Decision | None, scope: Scope, other: Scope
) -> tuple[str, Cause] | None:
    """Why what was not answered may turn round what comes of what was."""
    if had_been_slow is None or found.suspicious == (had_been_slow == "fail"):
        return None
    ours, theirs = (format_share(_failed(each)) for each in (scope, other))
    kept = "over" if found.suspicious else "within"
    return f"{kept} the budget of what was answered alone: {ours} failed, and {theirs} of the control's", "failures"


def _failed(scope: Scope) -> float:
    return float(np.mean(scope.requests.kind != OK))


def _as_slow(scope: Scope, slowest_ms: float) -> Scope:
    """*scope* had all that failed taken as long as the slowest answer, and no percentile seen the end of it."""
    requests = scope.requests
    took_ms = np.where(requests.kind == OK, requests.took_ms, np.maximum(requests.took_ms, slowest_ms))
    return replace(scope, requests=replace(requests, took_ms=took_ms)).limited_to(_ALL_FAILURES)


def _hidden_by_control(limit: RegressionLimit, found: Comparison, pairing: Pairing) -> tuple[str, Cause] | None:
    """Why a load that keeps its budget over the whole window may be worse all the same."""
    kept = found.ratio >= found.allowed if limit.higher_is_better else found.ratio <= found.allowed
    allowed = -log(found.allowed) if limit.higher_is_better else log(found.allowed)
    if not kept or pairing.typical <= allowed:
        return None
    return "its control had slow spells, and in the rest of the window it is over the budget", "control"


def _pairing(limit: RegressionLimit, scope: Scope, other: Scope) -> Pairing:
    if limit.of in _PER_MILLE:
        return quantile_pairing(scope.checked_ms(), other.checked_ms(), _PER_MILLE[limit.of])
    if limit.of == "mean":
        return mean_pairing(scope.averaged_ms(), other.averaged_ms())
    return rate_pairing(scope.ended_ok, other.ended_ok)
