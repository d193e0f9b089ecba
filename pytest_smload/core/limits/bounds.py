"""The bounds of an absolute limit: what is within them, and how they are said to people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.limits.quantities import exact_share

if TYPE_CHECKING:
    from pytest_smload.core.limits.quantities import Quantity

_RELATIVE_TOLERANCE = 1e-9
"""A share of a count is rounded in the 16th digit (0.29 * 100 < 29), which must not decide."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """One line of a budget.

    Attributes:
        metric: What it is about, a key of a table of metrics.
        at_least, at_most: The bounds, inclusive, or None, in the unit of the metric's quantity.
        relative: The bounds are shares 0..1 instead, of what the quantity's share is of.
        text: What the user wrote.
        source: Where.
    """

    metric: str
    at_least: float | None
    at_most: float | None
    relative: bool
    text: str
    source: str

    @property
    def quantity(self) -> Quantity:
        """What the metric's values are."""
        raise NotImplementedError

    def describe(self, base: float | None = None) -> str:
        """Return the limit for people: ``"<= 250 ms"``, ``">= 96% of 50 TPS offered"``, ``"40..60 TPS"``.

        Args:
            base: What a relative limit is a share of: the offered rate, the number of requests.
        """
        share = self.quantity.share if self.relative else None
        say = exact_share if share is not None else self.quantity.exact
        low, high = ("" if bound is None else say(bound) for bound in (self.at_least, self.at_most))
        text = f"{low}..{high}" if low and high else f">= {low}" if low else f"<= {high}"
        return text + (share.of(base) if share is not None else self.quantity.after)

    def bounds(self, base: float | None = None) -> tuple[float | None, float | None]:
        """Return the lower and the upper bound in the metric's unit; a share of an unknown *base* has none."""
        if self.relative and base is None:
            return None, None
        scale = base if self.relative and base is not None else 1.0
        return (
            None if self.at_least is None else self.at_least * scale,
            None if self.at_most is None else self.at_most * scale,
        )

    def allows(self, observed: float, base: float = 1.0) -> bool:
        """Return whether *observed*, in the metric's unit, is within the bounds; NaN never is.

        Args:
            observed: The value measured.
            base: What a relative limit is a share of.
        """
        low, high = self.bounds(base)
        if math.isnan(observed) or (self.relative and math.isnan(base)):
            return False
        return (low is None or reaches(observed, low)) and (high is None or reaches(high, observed))

    def looser_than(self, other: Bounds) -> bool | None:
        """Return whether this limit allows what *other* refuses; None where a share meets a number."""
        if self.relative != other.relative:
            return None
        lower = -math.inf if self.at_least is None else self.at_least
        upper = math.inf if self.at_most is None else self.at_most
        return (other.at_least is not None and lower < other.at_least) or (
            other.at_most is not None and upper > other.at_most
        )


def reaches(observed: float, bound: float) -> bool:
    """Return whether *observed* is at least *bound*, but for the rounding of floats."""
    return observed >= bound or math.isclose(observed, bound, rel_tol=_RELATIVE_TOLERANCE)
