"""Holds a load's limits against what was measured: each becomes a check."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_smload.core.limits.budget import BUILT_IN_SOURCE, ScopedLimit
from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.evidence import ScopeEvidence, scope_of
from pytest_smload.core.limits.family import hold_family
from pytest_smload.core.limits.metrics import CLOSED_METRIC
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.statistics.bound import ALPHA


def judge(
    limits: Iterable[ScopedLimit],
    measurement: Measurement,
    *,
    alpha: float = ALPHA,
    on_unproven: str = "estimate",
    slowness: ClientSlowness | None = None,
) -> list[Check]:
    """Return one check per limit, in the order given.

    Args:
        limits: `pytest_smload.core.limits.budget.ResolvedBudget.limits` of this load.
        measurement: What was measured.
        alpha: What an interval may miss; less where a load is looked at more than once.
        on_unproven: ``"fail"`` where a check that its interval does not settle is to fail.
        slowness: What the client itself may have added; None where that means nothing.
    """
    families: dict[int, list[int]] = {}
    limits = list(limits)
    evidence = [ScopeEvidence(name, scope_of(measurement, name), alpha, on_unproven, slowness) for name, _ in limits]
    for place, (name, limit) in enumerate(limits):
        # One limit written for many models is one object.
        families.setdefault(id(limit) if name.route_kind is not None else -1 - place, []).append(place)
    checks: dict[int, Check] = {}
    for places in families.values():
        members = [evidence[place] for place in places]
        checks |= zip(places, hold_family(limits[places[0]][1], members), strict=True)
    return [checks[place] for place in range(len(limits)) if _is_told(checks[place])]


def _is_told(check: Check) -> bool:
    """Whether a reader must know of it: of a silence that nobody limited and that was not, nobody must."""
    return check.metric != CLOSED_METRIC or check.source != BUILT_IN_SOURCE or check.outcome != "pass"
