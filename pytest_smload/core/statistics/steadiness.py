"""Tells whether a window was steady from its first request on, or began while the endpoint was still warming up.

MSER-5 (White, Cobb and Spratt 2000): of all beginnings that might be cut off, that one is which leaves the rest with
the smallest standard error of its mean. Here of ln(latency) in means of 5, so that a few slow requests do not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np

from pytest_smload.core.statistics.columns import Floats

SHARE = 0.10
"""A beginning longer than this share of the window is worth a warning,"""
RATIO = 1.10
"""if it is slower than the rest by this factor,"""
FEWEST = 1_000
"""and there are this many samples: queues alone look like a warm-up in short series."""

_BATCH = 5
_SHORTEST_MS = 1e-6


@dataclass(frozen=True, slots=True)
class Steadiness:
    """The beginning of a window that differs from the rest.

    Attributes:
        cut_share: Its share of the samples, 0 up to 0.5.
        ratio: Its geometric mean latency / that of the rest; 1 where nothing is cut.
        n: Samples looked at.
    """

    cut_share: float
    ratio: float
    n: int

    @property
    def steady(self) -> bool:
        """Whether there is no reason to warn of a short warm-up."""
        return self.n < FEWEST or self.cut_share <= SHARE or self.ratio <= RATIO


def steadiness(in_order_ms: Floats) -> Steadiness:
    """Return what MSER-5 would cut off the beginning of *in_order_ms*.

    Steady windows that are called unsteady, in simulations: with 2,400 samples none of AR(0.9), 1 to 2 % of a queue at
    50 to 70 % utilisation, 6 % at 90 %; with 10,000 samples none but 2 % at 90 %. A beginning four times as slow that
    decays over an eighth of the window is always found, one twice as slow eight times in ten or more.

    Args:
        in_order_ms: Latencies in schedule order; inf and NaN, what had no latency, are passed over.
    """
    logs = np.log(np.maximum(in_order_ms[np.isfinite(in_order_ms)], _SHORTEST_MS))
    means = logs[: len(logs) // _BATCH * _BATCH].reshape(-1, _BATCH).mean(axis=1)
    cut = _cut(means)
    if cut == 0:
        return Steadiness(0.0, 1.0, len(logs))
    ratio = exp(float(np.mean(means[:cut]) - np.mean(means[cut:])))
    return Steadiness(cut / len(means), ratio, len(logs))


def _cut(means: Floats) -> int:
    """How many of *means*, at most half of them, to leave out for the smallest sum of squares / (count left)^2."""
    count = len(means)
    if count < 2:
        return 0
    from_end = (means - np.mean(means))[::-1]
    left = np.arange(1, count + 1, dtype=np.float64)
    squares = np.cumsum(from_end * from_end) - np.cumsum(from_end) ** 2 / left
    errors2 = np.maximum(0.0, squares) / left**2
    # Of beginnings equally good the shortest is cut.
    return int(np.argmin(errors2[::-1][: count // 2 + 1]))
