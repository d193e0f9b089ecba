"""Holds a load's limits against what was measured: each becomes a check."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.evidence import Demand, ScopeEvidence, scope_of
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.samples.recording import Abort
from pytest_smload.core.statistics.bound import ALPHA
from pytest_smload.core.units import format_duration, format_share


def judge(
    limits: Iterable[tuple[ScopeName, Demand[ScopeEvidence]]],
    measurement: Measurement,
    *,
    alpha: float = ALPHA,
    on_unproven: str = "estimate",
) -> list[Check]:
    """Return one check per limit, in the order given.

    Args:
        limits: `pytest_smload.core.limits.budget.ResolvedBudget.limits` of this load.
        measurement: What was measured.
        alpha: What an interval may miss; less where a load is looked at more than once.
        on_unproven: ``"fail"`` where a check that its interval does not settle is to fail.
    """
    return [limit.hold(ScopeEvidence(name, scope_of(measurement, name), alpha, on_unproven)) for name, limit in limits]


def abort_check(abort: Abort) -> Check:
    """Return the failing check of a load that ``abort_on`` ended."""
    span, metric = format_duration(abort.span_s), METRICS["error_rate"]
    return Check(
        scope=str(TOTAL),
        metric=metric.name,
        limit=f"< {format_share(abort.limit)} for {span}",
        source="abort_on",
        observed=abort.error_rate,
        n=abort.requests,
        outcome="fail",
        note=f"abort_on ended the load: that many of the requests of {span} had failed",
        at_most=abort.limit,
        unit=metric.unit,
    )
