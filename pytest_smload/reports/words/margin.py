"""Says how far what was observed is from its limit, so that the worst comes first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check

_EXACT = 1e-6
"""Less than this is the rounding of floats, and no reason to say a percent less."""


def excess(check: Check) -> float:
    """Return how many times its limit the value is, of a range the worse side: above 1 it is broken.

    inf where it is unbounded, or failed without a value; 0 where the limit has no number.
    """
    if math.isnan(check.observed):
        return math.inf if check.outcome == "fail" else 0.0
    sides = [0.0]
    if check.at_most is not None:
        sides.append(_times(check.observed, check.at_most))
    if check.at_least is not None:
        sides.append(_times(check.at_least, check.observed))
    return max(sides)


def is_undecided(check: Check) -> bool:
    """Whether *check* passes for want of proof: a comparison that settles nothing, or a value beyond its limit that
    chance may have brought there, as among many models."""
    return check.outcome == "pass" and (check.undecided or (not check.proven and excess(check) > 1 + _EXACT))


def worst_first(checks: Iterable[Check]) -> list[Check]:
    """Return *checks* by `excess`, those alike in their own order."""
    return sorted(checks, key=lambda check: -excess(check))


def margin_words(check: Check) -> str:
    """Return ``"42% to spare"``, ``"103% over"`` of a broken limit, or ``"not kept"``."""
    times = excess(check)
    if check.outcome == "fail" and times <= 1:
        return "not kept"
    if check.outcome != "fail" and times <= 1:
        return f"{math.floor((1 - times) * 100 + _EXACT)}% to spare"
    return "over" if math.isinf(times) else f"{math.ceil((times - 1) * 100 - _EXACT)}% over"


def _times(value: float, limit: float) -> float:
    if limit > 0:
        return value / limit
    return math.inf if value > 0 else 1.0
