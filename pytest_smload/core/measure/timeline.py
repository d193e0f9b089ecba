"""Lays a recording's window out second by second: offered and achieved rate, latency, errors, requests under way."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, nan

import numpy as np

from pytest_smload.core.measure.figures import TimelinePoint
from pytest_smload.core.measure.window import Window, unsent_in_window
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.in_order import InOrder
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, view
from pytest_smload.core.statistics.percentiles import percentile


def timeline(recording: Recording, ordered: InOrder, window: Window) -> list[TimelinePoint]:
    """Return one point per second of the window, the last one over what is left of it.

    Offered rate, latencies and errors are of the requests due (open model) or begun (closed model) in the second,
    unsent ones included; tps is of the successes that ended in it; in_flight is the number under way at its end.

    Args:
        window: Of *recording*: the sent requests of *ordered* from its first on, then the unsent.
    """
    count, opens = ceil(recording.window_s), recording.window_start_s
    edges = np.append(opens + np.arange(count), recording.window_end_s)
    end, kind = view(recording.samples.end), view(recording.samples.kind)
    begun, ended, ended_ok = _before(ordered.start, edges), _before(end, edges), _before(end[kind == OK], edges)
    dealt = [*(np.searchsorted(ordered.begin, edges[:-1]) - ordered.first).tolist(), len(ordered.begin) - ordered.first]
    unsent_due, _ = unsent_in_window(recording)
    unsent = np.bincount((unsent_due - opens).astype(np.int64), minlength=count).tolist()
    answered = window.answered
    points = []
    for index, (first, last) in enumerate(pairwise(dealt)):
        length_s = min(1.0, recording.window_s - index)
        latencies = np.sort(window.took_ms[first:last][answered[first:last]])
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
                p99_ms=percentile(latencies, 990),
                min_ms=float(latencies[0]) if len(latencies) else nan,
                max_ms=float(latencies[-1]) if len(latencies) else nan,
            )
        )
    return points


def _before(moments: Floats, edges: Floats) -> list[int]:
    """How many of *moments* lie before each edge."""
    # Samples are in the order they ended: to see that of ten million takes a tenth of sorting them.
    ascending = moments if bool(np.all(moments[:-1] <= moments[1:])) else np.sort(moments)
    counts: list[int] = np.searchsorted(ascending, edges).tolist()
    return counts
