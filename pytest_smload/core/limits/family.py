"""Holds one limit against many models at once, so that chance alone does not make one of them fail.

Of 200 models each of which has a fifth of its samples' noise to lose by, some are over any limit in every run. A model
therefore fails only where its breach is proven at the level of the whole family (Holm 1979): the most certain breach at
alpha / m, the next at alpha / (m - 1), and so on until one is not proven. The others are unproven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, exp, log
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_smload.core.limits.evidence import ScopeEvidence
from pytest_smload.core.limits.observed import lost_are_slowest
from pytest_smload.core.statistics.bound import ALPHA
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.limits.limit import Limit

_SMALLEST, _STEPS = 1e-9, 24
"""Levels are told apart down to this one, in so many halvings of their logarithm."""


def hold_family(limit: Limit, members: Sequence[ScopeEvidence]) -> list[Check]:
    """Return the check of *limit* on each of *members*, in their order."""
    checks = [limit.hold(member) for member in members]
    if len(members) < 2:
        return checks
    doubtful = {
        place: breach_level(limit, members[place])
        for place, check in enumerate(checks)
        if check.lower is not None and members[place].scope is not None and _depends_on_chance(check)
    }
    proven = True
    for rank, place in enumerate(sorted(doubtful, key=lambda each: doubtful[each])):
        allowed = ALPHA / (len(members) - rank)
        proven = proven and doubtful[place] <= allowed
        checks[place] = (
            _proven(checks[place], members[place], len(members))
            if proven
            else _unproven(checks[place], members[place], doubtful[place], allowed, len(members))
        )
    return checks


def _depends_on_chance(check: Check) -> bool:
    """Whether more samples could turn it: over the limit by its estimate, or of too few samples to say."""
    return check.n > 0 and (check.outcome == "fail" or check.cause == "few requests")


def breach_level(limit: Limit, member: ScopeEvidence) -> float:
    """Return the smallest level, of a two-sided interval, at which *member* is shown to break *limit*; 1 at none."""
    scope = member.scope
    assert scope is not None  # noqa: S101 - hold_family looked
    low, high = log(_SMALLEST), 0.0
    if not limit.breaks_at(scope, exp(low)) and not limit.breaks_at(scope, 0.999):
        return 1.0
    if limit.breaks_at(scope, exp(low)):
        return _SMALLEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if limit.breaks_at(scope, exp(middle)):
            high = middle
        else:
            low = middle
    return exp(high)


def _proven(check: Check, member: ScopeEvidence, members: int) -> Check:
    note = check.note
    if check.cause == "few requests":
        slowest = lost_are_slowest(member.scope) if member.scope is not None else ""
        few = f"proven among {members:,} {member.name.kind}s, few as its requests are"
        note = "; ".join(filter(None, (few, slowest)))
    return replace(check, outcome="fail", cause=None, proven=True, note=note)


def _unproven(check: Check, member: ScopeEvidence, level: float, allowed: float, members: int) -> Check:
    text = f"not proven among {members:,} {member.name.kind}s"
    outcome = check.outcome
    if member.on_unproven == "fail":
        outcome, text = "fail", f"{text}, which on_unproven counts as a failure"
    else:
        outcome = "pass"
    tps = member.scope.stats.tps if member.scope is not None else 0.0
    if level < ALPHA * 2 and tps > 0:
        reach = NormalDist().inv_cdf
        samples = ceil(check.n * (reach(allowed / 2) / reach(level / 2)) ** 2)
        text += f": {samples:,} samples of it would; at {tps:.3g} TPS that is {format_duration(ceil(samples / tps))}"
    said = [part for part in check.note.split("; ") if part and part != "not proven"]
    return replace(check, outcome=outcome, cause=None, proven=False, note="; ".join([*said, text]))
