"""Splits a load's window at its scaling: latency before, during and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.in_order import in_order
from pytest_smload.core.scaling.record import PhaseName, ScalingActivity, ScalingPhase
from pytest_smload.core.statistics.percentiles import percentile

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording

_NAMES: tuple[PhaseName, ...] = ("before", "during", "after")


def phases_of(recording: Recording, activities: Sequence[ScalingActivity]) -> tuple[ScalingPhase, ...]:
    """Return the phases of *recording*'s window: up to the first activity in it, to the end of the last, and the rest.

    A phase is that of the requests due (open model) or begun (closed model) in it; a phase of no length is left out.
    Requests that were never sent are in none.
    """
    window_s = recording.window_s
    inside = [each for each in activities if each.t_s < window_s and (each.end_s is None or each.end_s > 0)]
    if not inside:
        return ()
    begin_s = max(0.0, min(each.t_s for each in inside))
    end_s = min(window_s, max(window_s if each.end_s is None else each.end_s for each in inside))
    ordered = in_order(recording)
    begun = ordered.begin[ordered.first :] - recording.window_start_s
    took_ms = (ordered.end[ordered.first :] - ordered.begin[ordered.first :]) * 1000
    answered = ordered.kind[ordered.first :] == OK
    edges = (0.0, begin_s, end_s, window_s)
    places = [0, *np.searchsorted(begun, edges[1:3]).tolist(), len(begun)]
    found = []
    for name, first, last, since_s, until_s in zip(_NAMES, places, places[1:], edges, edges[1:], strict=False):
        if until_s > since_s:
            latencies = np.sort(took_ms[first:last][answered[first:last]])
            figures = percentile(latencies, 500), percentile(latencies, 950)
            found.append(ScalingPhase(name, since_s, until_s, last - first, len(latencies), *figures))
    return tuple(found)


def first_request_s(recording: Recording) -> float:
    """Return when the first request was sent, warm-up included, in seconds from the window's begin: at most 0."""
    starts = recording.samples.start
    return min(0.0, min(starts) - recording.window_start_s) if len(starts) else 0.0
