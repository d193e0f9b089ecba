"""Sets back when requests were due that the client's own absence kept from being sent."""

from __future__ import annotations

import numpy as np

from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.statistics.columns import view

LEAST_S = 0.005
"""A shorter absence delays nothing by much."""


def note_late_sends(samples: Samples, stalls: Stalls) -> None:
    """Set back *due* of samples begun late in a stall, or right after it, to the stall's beginning.

    Of users whose code sends by itself nobody knows since when they were ready: it may have been from then on.
    """
    began, ended = view(stalls.began), view(stalls.ended)
    long = ended - began > LEAST_S
    began, ended = began[long], ended[long]
    if not len(began):
        return
    start, due = view(samples.start), view(samples.due)
    place = np.searchsorted(began, start, side="right") - 1
    known = place >= 0
    since, until = began[np.maximum(place, 0)], ended[np.maximum(place, 0)]
    late = known & (start - since > LEAST_S) & (start <= until + LEAST_S)
    due[late] = np.minimum(due[late], since[late])
