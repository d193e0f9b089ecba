"""How far the event loop's lag has moved the 95th percentile of the latencies reported."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pytest_smload.core.percentiles import nearest_rank

MOST_PAIRS = 20_000


def lag_bias_ms(latency_ms: Sequence[float], lag_ms: Sequence[float]) -> float:
    """Return p95(latency + lag) - p95(latency), latencies and lags paired at random.

    A response waits for the loop as the ticker does, so that a latency reported is the endpoint's plus such a lag. How
    much that moves a percentile depends on the spread of both: a lag of 6 ms at its own p95 moves the p95 of a constant
    latency by 6 ms, that of one spread over 80 ms by its mean, 2 ms. Adding the lag once more shows by how much, a
    little less for constant latencies, whose only spread is the lag they have.

    Args:
        latency_ms: Times from send to answer of the successes, ascending.
        lag_ms: The ticker's readings.
    """
    if not latency_ms or not lag_ms:
        return 0.0
    step = -(-len(latency_ms) // MOST_PAIRS)
    latencies = latency_ms[step // 2 :: step]
    lags = Random(0).choices(lag_ms, k=len(latencies))  # noqa: S311 - pairs readings, secures nothing
    rank = nearest_rank(len(latencies), 950) - 1
    return sorted(map(float.__add__, latencies, lags))[rank] - latencies[rank]
