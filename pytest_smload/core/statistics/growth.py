"""Tells whether values grow from the beginning of a series to its end, as the waits of a diverging queue do.

The increments between the means of consecutive blocks are taken for independent, as those of a random walk with a drift
are, and their mean is held against its standard error by Student's t. A queue close to saturation is such a walk, and
nothing less tells its drift from chance. Values that keep returning to a mean have increments that undo one another:
the test is the more cautious then, and calls almost none of them growing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from pytest_smload.core.statistics.binomial import student_t
from pytest_smload.core.statistics.blocks import BLOCKS, in_blocks
from pytest_smload.core.statistics.columns import Floats


@dataclass(frozen=True, slots=True)
class Growth:
    """How much values grow over the length of their series.

    Attributes:
        estimate: Mean increment, for the whole length.
        error: Its standard error.
    """

    estimate: float
    error: float

    def least(self, alpha: float) -> float:
        """Return what it is at least, but for *alpha* of the cases."""
        return self.estimate - student_t(1 - 2 * alpha, BLOCKS - 2) * self.error if self.error < inf else -inf


def growth(in_order: Floats) -> Growth:
    """Return the growth of *in_order*; inf and NaN among them, what has no value, are passed over."""
    values = in_order[np.isfinite(in_order)]
    if len(values) < BLOCKS:
        return Growth(0.0, inf)
    increments = np.diff(in_blocks(values).mean(axis=1))
    error = float(np.std(increments, ddof=1)) / sqrt(len(increments))
    return Growth(float(np.mean(increments)) * BLOCKS, error * BLOCKS)
