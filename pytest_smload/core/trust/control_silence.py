"""Notices that a control stopped answering for a while, in which the load it was sent beside went on."""

from __future__ import annotations

import numpy as np

from pytest_smload.core.measure.window import LOST_KINDS
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, view

LEAST_S = 1.0
"""Shorter silences are slow answers, which every endpoint may have."""
_FEWEST_ANSWERS = 20
"""Of the load's endpoint meanwhile: the schedule is the same for both."""
_RECURRING, _ALIKE = 2, 0.2
"""Where so many more are not shorter than this share of the longest, that is how the control answers: in batches."""


def silence_of(control: Recording, beside: Recording) -> tuple[float, int] | None:
    """Return how long *control* answered nothing at a stretch of its window, from its first answer there on, and how
    many answers there were *beside* it meanwhile; None where that is as usual."""
    answers = _answers(control)
    if len(answers) == 0:
        return None
    edges = np.append(answers, control.window_end_s)
    lengths = np.diff(edges)
    order = np.argsort(-lengths)
    longest = order[0]
    if lengths[longest] < LEAST_S:
        return None
    if len(order) > _RECURRING and lengths[order[_RECURRING]] > _ALIKE * lengths[longest]:
        return None
    began, ended = np.searchsorted(_answers(beside), [edges[longest], edges[longest + 1]])
    return (float(lengths[longest]), int(ended - began)) if ended - began >= _FEWEST_ANSWERS else None


def _answers(recording: Recording) -> Floats:
    """When answers came within the window, ascending."""
    ends = view(recording.samples.end)[~np.isin(view(recording.samples.kind), LOST_KINDS)]
    ends = np.sort(ends)
    first, last = np.searchsorted(ends, [recording.window_start_s, recording.window_end_s])
    within: Floats = ends[first:last]
    return within
