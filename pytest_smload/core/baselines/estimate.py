"""A metric's value in one run with its interval, as baselines keep it."""

from __future__ import annotations

from math import inf, log
from typing import NamedTuple

from pytest_smload.core.statistics.bound import Bound

Z95 = 1.96
"""Half the width of an estimate's interval, in standard deviations."""


class Estimate(NamedTuple):
    """A metric's value in one run with its 95 % interval; *lower* 0 or *upper* inf where that side is unbounded."""

    value: float
    lower: float
    upper: float

    @classmethod
    def of(cls, bound: Bound) -> Estimate:
        """Return what a baseline keeps of *bound*, which must be one of 95 %."""
        return cls(bound.observed, bound.lower, bound.upper)

    def inverse(self) -> Estimate:
        """Return the estimate of 1 / value: where more is better, its inverse is a cost."""
        return Estimate(inverse(self.value), inverse(self.upper), inverse(self.lower))

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate of *factor* times the value."""
        return Estimate(self.value * factor, self.lower * factor, self.upper * factor)


def sampling_variance(run: Estimate) -> float:
    """Return the variance of ln(value) that a run's own interval tells of."""
    return ((log_of(run.upper) - log_of(run.lower)) / (2 * Z95)) ** 2 if run.lower < inf else inf


def log_of(value: float) -> float:
    """Return ln(value), -inf of 0."""
    return log(value) if value > 0 else -inf


def inverse(value: float) -> float:
    """Return 1 / value, inf of 0."""
    return 1 / value if value else inf
