"""An estimate with its interval, and the level intervals are made at."""

from __future__ import annotations

from dataclasses import dataclass

ALPHA = 0.05
"""What an interval may miss: 95 %, two-sided."""
LOOKS = 3
"""How often at most an unproven load is judged anew, each time at twice the length."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An estimate and the interval that holds the truth with the confidence asked for.

    Attributes:
        observed: The estimate, in the metric's unit; NaN without a sample, inf among requests that were lost.
        lower, upper: The interval, both included; 0 and inf where the samples do not bound it on that side.
        n: Samples behind it.
        n_eff: How many independent samples would tell as much.
        needed: How many samples it takes to bound it on both sides, or 0 where they do.
        withheld: Whether there is no interval because slow spells last too long for these samples to tell how often
            they come; nothing is proven on it.
    """

    observed: float
    lower: float
    upper: float
    n: int
    n_eff: int
    needed: int = 0
    withheld: bool = False


def look_alpha(looks: int) -> float:
    """Return the level of each of *looks* looks at a load that goes on where it is unproven, ALPHA in all."""
    return ALPHA / looks
