"""Finds when every user of a closed load waited in vain: stuck users send nothing that would show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, Integers, view

EXPLAINED_TIMES = 5.0
"""A silence up to so many times the longest other answer may be one more such answer: of lognormal service times with
a wide spread (sigma 1.2), the longest of 6,000 is more than that beyond the second longest once in 250 loads."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The longest time in which every user waited for an answer and none came, that other answers do not explain.

    Attributes:
        begin_s, end_s: From the window's start.
        longest_other_ms: The longest time any request took that did not reach into it.
    """

    begin_s: float
    end_s: float
    longest_other_ms: float

    @property
    def length_ms(self) -> float:
        """How long it lasted."""
        return (self.end_s - self.begin_s) * 1000


def longest_silence(recording: Recording) -> Silence | None:
    """Return the longest silence of a closed load that other answers do not explain; None without one."""
    if recording.open_model or not len(recording.samples) or recording.window_s <= 0:
        return None
    start = np.sort(view(recording.samples.start))
    end = np.sort(view(recording.samples.end))
    begun = np.searchsorted(start, end)
    # Just before each answer: how many waited, and since when all of them did.
    waiting = begun - np.arange(len(end))
    since = np.maximum(np.append(-np.inf, end[:-1]), start[np.maximum(begun - 1, 0)])
    since = np.clip(since, recording.window_start_s, recording.window_end_s)
    until = np.clip(end, recording.window_start_s, recording.window_end_s)
    lengths = np.where(waiting >= _users(recording, since, waiting), until - since, 0.0)
    place = int(np.argmax(lengths))
    begin_s, end_s = float(since[place]), float(until[place])
    other_ms = _longest_other_ms(recording, begin_s, end_s)
    if not lengths[place] * 1000 > EXPLAINED_TIMES * other_ms:
        return None
    opens = recording.window_start_s
    return Silence(begin_s - opens, end_s - opens, other_ms)


def _users(recording: Recording, moments: Floats, waiting: Integers) -> Floats:
    """How many users there were: the stage's, or as many as ever waited."""
    if not recording.stages:
        return np.full(len(moments), np.max(waiting))
    begins = [stage.start_s for stage in recording.stages]
    users = np.array([stage.users or 1 for stage in recording.stages])
    place = np.searchsorted(begins, moments - recording.window_start_s, side="right") - 1
    asked: Floats = np.minimum(users[np.maximum(place, 0)], np.max(waiting))
    return asked


def _longest_other_ms(recording: Recording, begin_s: float, end_s: float) -> float:
    start, end = view(recording.samples.start), view(recording.samples.end)
    apart = (end <= begin_s) | (start >= end_s)
    return float(np.max((end - start)[apart], initial=0.0)) * 1000
