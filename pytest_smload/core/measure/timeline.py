"""Lays a recording out second by second: offered and achieved rate, latency, errors, requests under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, nan

import numpy as np

from pytest_smload.core.measure.figures import TimelinePoint
from pytest_smload.core.measure.window import Window, unsent_in_window
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.in_order import InOrder
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Flags, Floats, view
from pytest_smload.core.statistics.percentiles import percentile

LONGEST_WARMUP_S = 86_400
"""Of what came before that no second is told: a clock that jumped may put a sample anywhere."""
_SHORTEST_S = 0.5
"""Rates of what lasted less are those of so long: one request in a millisecond is not a thousand a second."""


def timeline(recording: Recording, ordered: InOrder, window: Window) -> list[TimelinePoint]:
    """Return one point per second of the window, the last one over what is left of it.

    Offered rate, latencies and errors are of the requests due (open model) or begun (closed model) in the second,
    unsent ones included; tps is of the successes that ended in it; in_flight is the number under way at its end.

    Args:
        window: Of *recording*: the sent requests of *ordered* from its first on, then the unsent.
    """
    count, opens = ceil(recording.window_s), recording.window_start_s
    edges = np.append(opens + np.arange(count), recording.window_end_s)
    unsent_due, _ = unsent_in_window(recording)
    return _points(
        _Seconds(
            t_s=[float(index) for index in range(count)],
            lengths_s=[min(1.0, recording.window_s - index) for index in range(count)],
            edges=edges,
            dealt=[
                *(np.searchsorted(ordered.begin, edges[:-1]) - ordered.first).tolist(),
                len(ordered.begin) - ordered.first,
            ],
            unsent=np.bincount((unsent_due - opens).astype(np.int64), minlength=count).tolist(),
        ),
        start=ordered.start,
        end=view(recording.samples.end),
        ok=view(recording.samples.kind) == OK,
        took_ms=window.took_ms,
        answered=window.answered,
    )


def warmup_timeline(recording: Recording, ordered: InOrder) -> list[TimelinePoint]:
    """Return the same for what was sent before the window; none without.

    Seconds are counted back from the window's begin; the first one begins with the first request, and is half a second
    longer or shorter. Arrivals that were never sent are not kept, so that *offered* is what was sent.
    """
    first = ordered.first
    if not first:
        return []
    # A load that ended before its window opened has none, wherever it was to begin.
    opens = min(recording.window_start_s, recording.window_end_s)
    begin, start, end = ordered.begin[:first], ordered.start[:first], ordered.end[:first]
    begins_s = max(float(begin[0]), opens - LONGEST_WARMUP_S)
    span_s = max(0.0, opens - begins_s)
    count = max(1, round(span_s))
    whole = [float(-second) for second in range(count - 1, 0, -1)]
    edges = np.array([begins_s, *(opens + second for second in whole), opens])
    answered = ordered.kind[:first] == OK
    return _points(
        _Seconds(
            t_s=[-span_s, *whole],
            lengths_s=[max(span_s - len(whole), _SHORTEST_S), *([1.0] * len(whole))],
            edges=edges,
            dealt=[*np.searchsorted(begin, edges[:-1]).tolist(), first],
            unsent=[0] * count,
        ),
        start=start,
        end=end,
        ok=answered,
        took_ms=(end - begin) * 1000,
        answered=answered,
    )


@dataclass(frozen=True, slots=True)
class _Seconds:
    """Seconds that follow one another.

    Attributes:
        t_s: When each begins, from the window's begin.
        lengths_s: How long each lasts.
        edges: Where they begin, and where the last one ends, on the samples' clock.
        dealt: Positions of the first request of each, and of the one after the last.
        unsent: Arrivals of each that were never sent.
    """

    t_s: Sequence[float]
    lengths_s: Sequence[float]
    edges: Floats
    dealt: Sequence[int]
    unsent: Sequence[int]


def _points(
    seconds: _Seconds, *, start: Floats, end: Floats, ok: Flags, took_ms: Floats, answered: Flags
) -> list[TimelinePoint]:
    """A point for each of *seconds*.

    Args:
        start, end, ok: Of all that may be under way or end in them, in any order.
        took_ms, answered: Of the requests dealt to them, in their order.
    """
    begun, ended, ended_ok = (_before(moments, seconds.edges) for moments in (start, end, end[ok]))
    points = []
    for index, (first, last) in enumerate(pairwise(seconds.dealt)):
        length_s = seconds.lengths_s[index]
        latencies = np.sort(took_ms[first:last][answered[first:last]])
        requests = last - first + seconds.unsent[index]
        points.append(
            TimelinePoint(
                t_s=seconds.t_s[index],
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
