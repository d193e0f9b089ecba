"""Lays a recording's window out second by second: offered and achieved rate, latency, errors, requests under way."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import compress, pairwise
from math import ceil, isfinite

from pytest_smload.core.measure.figures import TimelinePoint
from pytest_smload.core.samples.in_order import InOrder
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.percentiles import percentile


def timeline(recording: Recording, ordered: InOrder, outcome_ms: array[float]) -> list[TimelinePoint]:
    """Return one point per second of the window, the last one over what is left of it.

    Offered rate, latencies and errors are of the requests due (open model) or begun (closed model) in the second,
    unsent ones included; tps is of the successes that ended in it; in_flight is the number under way at its end.

    Args:
        outcome_ms: Latency per window sample of *ordered*, inf or NaN where it failed; whatever follows is not read.
    """
    count = ceil(recording.window_s)
    opens = recording.window_start_s
    edges = [opens + second for second in range(count)] + [recording.window_end_s]
    begun, ended = _before(ordered.start, edges), _before(ordered.end, edges)
    ended_ok = _before(compress(ordered.end, (not kind for kind in ordered.kind)), edges)
    dealt = [bisect_left(ordered.begin, edge) - ordered.first for edge in edges[:-1]]
    dealt.append(len(ordered.begin) - ordered.first)
    unsent = Counter(int(due - opens) for due, _ in recording.unsent_in_window())
    points = []
    for index, (first, last) in enumerate(pairwise(dealt)):
        length_s = min(1.0, recording.window_s - index)
        latencies = sorted(filter(isfinite, outcome_ms[first:last]))
        requests = last - first + unsent[index]
        points.append(
            TimelinePoint(
                t_s=float(index),
                offered=requests / length_s,
                tps=(ended_ok[index + 1] - ended_ok[index]) / length_s,
                p50_ms=percentile(latencies, 500),
                p95_ms=percentile(latencies, 950),
                errors=requests - len(latencies),
                in_flight=begun[index + 1] - ended[index + 1],
            )
        )
    return points


def _before(moments: Sequence[float] | compress[float], edges: Sequence[float]) -> list[int]:
    """How many of *moments* lie before each edge; nearly sorted as they are, sorting costs little."""
    ascending = sorted(moments)
    return [bisect_left(ascending, edge) for edge in edges]
