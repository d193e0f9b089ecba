"""Counts the requests an endpoint owes answers to, to tell a queue that grows from requests that take their time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_smload.core.measure.window import unsent_in_window
from pytest_smload.core.statistics.columns import view

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.statistics.columns import Floats

_FULL = 0.98
"""Share of the in-flight cap from which on arrivals that wait are taken to wait for the endpoint."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many requests an endpoint owed in the middle of the window, and at its end.

    Not at its begin: where a request takes longer than the warm-up, the number under way still rises to its own level.

    Attributes:
        arrivals: Requests due between the two.
        before, after: Requests owed at either.
        at_least_before, at_least_after: Had the client read each answer when it came.
    """

    arrivals: int
    before: int
    after: int
    at_least_before: int
    at_least_after: int


def backlog(recording: Recording, most_in_flight: int) -> Backlog:
    """Return what the endpoint owed in *recording*.

    Args:
        most_in_flight: The in-flight cap: arrivals that waited while as many were under way waited for the endpoint.
    """
    samples = recording.samples
    due, start, end = (view(column) for column in (samples.due, samples.start, samples.end))
    came = end.copy()
    np.minimum.at(came, view(samples.late_index), view(samples.late_from))
    unsent, _ = unsent_in_window(recording)
    closes = recording.window_end_s
    middle = (recording.window_start_s + closes) / 2

    def owed(over: Floats, at: float) -> int:
        under_way = int(np.count_nonzero((start < at) & (over >= at)))
        if under_way < _FULL * most_in_flight:
            return under_way
        return under_way + int(np.count_nonzero((due < at) & (start >= at)) + np.count_nonzero(unsent < at))

    arrivals = int(np.count_nonzero((due >= middle) & (due < closes)) + np.count_nonzero(unsent >= middle))
    return Backlog(arrivals, owed(end, middle), owed(end, closes), owed(came, middle), owed(came, closes))
