"""Tells how far samples depend on one another, by what varies from one block of them to the next.

Independent samples make counts over consecutive blocks vary as a binomial does; samples that come together, as the slow
ones of a queue, make them vary more. Where dependence reaches over several blocks, fewer and longer ones show more of
it, so that the largest effect of 20, 10 and 5 counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, sqrt
from typing import TypeVar

from pytest_smload.core.statistics.binomial import normal_quantile, student_t
from pytest_smload.core.statistics.bound import ALPHA

_Number = TypeVar("_Number", int, float)

POOLED = (1, 2, 4)
"""Blocks taken together: 20, 10 and 5 of them are looked at."""
LEAST_DISPERSION = 1.5
"""Below, blocks that go together differ by too little to matter."""
CLEAR_DISPERSION = 2.5
"""What 20 blocks of independent samples show less than once in a thousand times, of counts of ten or more."""
_MOST_CORRELATION = 0.25
"""Of neighbouring blocks, beyond which counting tells nothing: of 20 independent ones it is less nine times in ten."""


def dispersion(counts: Sequence[int], size: int) -> float:
    """Return how many times as much *counts* vary as those of independent samples; 1 where they tell nothing.

    Args:
        counts: How many of the samples of each block, consecutive ones of a schedule, are of the kind counted.
        size: Samples in each block.
    """
    blocks, total = len(counts), sum(counts)
    if not 1 < total < blocks * size - 1:
        # One event alone, or none, says nothing of whether events come together.
        return 1.0
    share = total / (blocks * size)
    spread = sum((count - size * share) ** 2 for count in counts)
    return spread / ((blocks - 1) * size * share * (1 - share))


def design_effect(counts: Sequence[int], size: int, alpha: float = ALPHA) -> float:
    """Return by what factor dependence shrinks the sample that an exact binomial interval may count on, 1 or more.

    Args:
        counts, size: As in `dispersion`.
        alpha: The interval's level; the dispersion is itself an estimate, from so many blocks, hence Student's t.
    """
    dispersed = dispersion(counts, size)
    if dispersed <= 1:
        return 1.0
    return dispersed * (student_t(1 - alpha, len(counts) - 1) / normal_quantile(1 - alpha)) ** 2


def largest_effect(counts: Sequence[int], size: int, alpha: float) -> float:
    """Return the largest design effect of *counts* and of longer blocks; of *counts* alone if they vary little."""
    lengths = POOLED if dispersion(counts, size) > LEAST_DISPERSION else POOLED[:1]
    return max(design_effect(pooled(counts, blocks), size * blocks, alpha) for blocks in lengths)


def pooled(values: Sequence[_Number], blocks: int) -> list[_Number]:
    """Return the sums of so many consecutive ones at a time."""
    return [sum(values[first : first + blocks]) for first in range(0, len(values), blocks)]


def go_together(values: Sequence[float], dispersed: float) -> bool:
    """Return whether the values of neighbouring blocks, so many times as varied as independent ones', are alike."""
    if dispersed <= LEAST_DISPERSION:
        return False
    centre = fsum(values) / len(values)
    off = [value - centre for value in values]
    neighbours = fsum(one * other for one, other in pairwise(off))
    return neighbours > _MOST_CORRELATION * fsum(value * value for value in off)


def skewness(values: Sequence[float]) -> float:
    """Return the skewness of *values*: 4.1 where one of 20 stands out, 0 where as many do above as below."""
    centre = fsum(values) / len(values)
    spread = sqrt(fsum((value - centre) ** 2 for value in values) / len(values))
    return fsum((value - centre) ** 3 for value in values) / len(values) / spread**3 if spread > 0 else 0.0


def variance(values: Sequence[float]) -> float:
    """Return the variance of *values*, at least two, as an estimate for all they are drawn from."""
    mean = fsum(values) / len(values)
    return fsum([(value - mean) ** 2 for value in values]) / (len(values) - 1)
