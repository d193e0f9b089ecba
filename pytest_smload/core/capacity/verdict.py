"""Decides what a probe says of its rate: kept, broken, neither proven, or nothing that can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.core.capacity.level import is_kept
from pytest_smload.core.limits.check import Check

if TYPE_CHECKING:
    from pytest_smload.core.capacity.backlog import Backlog
    from pytest_smload.core.capacity.level import LevelVerdict

KEPT_ALPHA = 0.8
"""Level of the intervals that a rate must keep the budget with: one-sided 40 %.

The answer passes twice, in its own probe and in the confirming run, which a rate at the very limit does in one search
of six and one 5 % above it hardly ever; at the 95 % of loads that must pass, searches end a tenth below the capacity
(``benchmarks/capacity.py``).
"""
LEFT_BEHIND = 0.02
"""Share of the arrivals of half a window that may be unanswered at its end, beside what chance leaves."""
_CHANCE = 4.0
"""Standard deviations of the requests under way, whose number is Poisson's where nothing queues."""


def judge_level(checks: Sequence[Check], *, valid: bool) -> LevelVerdict:
    """Return what *checks* of one probe say of its rate.

    A limit that is broken beyond doubt is broken whatever else is undecided; a failure or a pass that its interval does
    not settle is unproven.

    Args:
        checks: One per limit of the budget.
        valid: Whether the measurement as a whole can be trusted.
    """
    if not valid:
        return "invalid"
    if any(check.outcome == "fail" and check.proven for check in checks):
        return "broken"
    if any(check.outcome == "invalid" for check in checks):
        return "invalid"
    return "kept" if all(map(is_kept, checks)) else "unproven"


def falls_behind(owed: Backlog) -> Check | None:
    """Return the broken check of an endpoint whose queue grows; None where it does not.

    Without it a budget that limits nothing but errors would be kept at any rate that a queue has room for. It is
    undecided where the queue may be of answers that the client had not read.
    """
    most = _most(owed.before, owed.arrivals)
    if owed.after <= most:
        return None
    sound = owed.at_least_after > _most(owed.at_least_before, owed.arrivals)
    what = "the endpoint does not keep up" if sound else "undecided: the client was too slow to tell"
    return Check(
        scope="total",
        metric="requests",
        limit=f"<= {most:,.0f} under way at the end",
        source="capacity search",
        observed=float(owed.after),
        n=owed.arrivals,
        outcome="fail" if sound else "invalid",
        note=f"{what}: {owed.before:,} requests were under way in the middle of the window, and {owed.after:,} when it "
        "ended",
        at_most=most,
        unit="requests",
        cause=None if sound else "client",
    )


def _most(before: int, arrivals: int) -> float:
    return before + LEFT_BEHIND * arrivals + _CHANCE * math.sqrt(max(before, 1)) + 1
