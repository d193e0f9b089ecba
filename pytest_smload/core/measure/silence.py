"""Finds when every user of a closed load waited in vain: stuck users send nothing that would show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pytest_smload.core.load.stages import user_steps
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Flags, Floats, Integers, view

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


_CANDIDATES = 20
"""So many of the longest silences are looked at: each may be explained by what the one before is not."""
_LONGEST = 500
"""So many of the requests that took longest are looked at before all are."""
_RECURRING = 5
"""Silences of about the same length that come so often are the endpoint's way of answering,"""
_USUAL_SHARE = 0.05
"""and so are those that more than this share of the requests meet."""
_MANY_USERS = 3
_FEW_USERS_SHARE = 0.1
"""What fewer users wait for may be one slow request each: it is a silence from this share of the window on."""
_ALIKE = 0.5
"""About the same length is from this share of it on."""


def longest_silence(recording: Recording) -> Silence | None:
    """Return the longest silence in the window of a closed load that nothing else explains; None without one.

    What explains one is requests that took about as long: not those that met another such silence themselves, for two
    freezes are no excuse for one another, and not the first touches of models. One of those, inside the window,
    explains no more than the silence it was waited for in.
    """
    if recording.open_model or not len(recording.samples) or recording.window_s <= 0:
        return None
    since, until, users = _all_waiting(recording)
    lengths = until - since
    order = _largest(lengths, _CANDIDATES)
    others = _Others(recording)
    for place in order[lengths[order] > 0].tolist():
        many = users[place] >= _MANY_USERS
        if not many and lengths[place] < _FEW_USERS_SHARE * recording.window_s:
            continue
        alike = np.flatnonzero(lengths >= _ALIKE * lengths[place]) if many else order[:0]
        begin_s, end_s = float(since[place]), float(until[place])
        if others.begin_with(begin_s, end_s):
            continue
        other_ms = others.longest_ms(begin_s, end_s, since[alike], until[alike])
        if lengths[place] * 1000 > EXPLAINED_TIMES * other_ms:
            opens = recording.window_start_s
            return Silence(begin_s - opens, end_s - opens, other_ms)
    return None


def _all_waiting(recording: Recording) -> tuple[Floats, Floats, Floats]:
    """Before each answer: since when all users waited, until when (the same moment where they did not), how many."""
    start = np.sort(view(recording.samples.start))
    end = np.sort(view(recording.samples.end))
    begun = np.searchsorted(start, end)
    waiting = begun - np.arange(len(end))
    since = np.maximum(np.append(-np.inf, end[:-1]), start[np.maximum(begun - 1, 0)])
    since = np.clip(since, recording.window_start_s, recording.window_end_s)
    until = np.clip(end, recording.window_start_s, recording.window_end_s)
    users = _users(recording, since, waiting)
    return since, np.where(waiting >= users, until, since), users


class _Others:
    """The requests of a load, as far as they explain a silence."""

    def __init__(self, recording: Recording) -> None:
        samples = recording.samples
        self._start, self._end = view(samples.start), view(samples.end)
        self._opens_s = recording.window_start_s
        by_start = np.argsort(self._start, kind="stable")
        _, places = np.unique(view(samples.model)[by_start], return_index=True)
        self._first_touches = by_start[places]
        took_s = self._end - self._start
        took_s[self._first_touches] = 0.0
        self._took_s, self._longest = took_s, _largest(took_s, _LONGEST)

    def begin_with(self, begin_s: float, end_s: float) -> bool:
        """Whether a model's first touch, inside the window, took all of the silence."""
        first = self._first_touches[self._start[self._first_touches] >= self._opens_s]
        took_s = np.minimum(self._end[first], end_s) - np.maximum(self._start[first], begin_s)
        return bool(np.any(took_s >= 0.9 * (end_s - begin_s)))

    def longest_ms(self, begin_s: float, end_s: float, since: Floats, until: Floats) -> float:
        """Return the longest time a request took that did not reach into the silence.

        Nor into those alike, from *since* to *until*, where they are few and few requests meet them.
        """
        spans = [(begin_s, end_s)]
        if 0 < len(since) < _RECURRING:
            alike = list(zip(since.tolist(), until.tolist(), strict=True))
            if np.count_nonzero(~self._apart(alike, slice(None))) <= _USUAL_SHARE * len(self._end):
                spans = alike
        apart = self._longest[self._apart(spans, self._longest)]
        if len(apart):
            return float(self._took_s[apart[0]]) * 1000
        return float(np.max(self._took_s[self._apart(spans, slice(None))], initial=0.0)) * 1000

    def _apart(self, spans: Sequence[tuple[float, float]], places: Integers | slice) -> Flags:
        """Which requests at *places* reach into none of *spans*."""
        start, end = self._start[places], self._end[places]
        apart: Flags = np.logical_and.reduce([(end <= begin_s) | (start >= end_s) for begin_s, end_s in spans])
        return apart


def _largest(values: Floats, count: int) -> Integers:
    """Places of the *count* largest of *values*, the largest first."""
    places = np.argpartition(values, -min(count, len(values)))[-count:]
    largest: Integers = places[np.argsort(-values[places])]
    return largest


def _users(recording: Recording, moments: Floats, waiting: Integers) -> Floats:
    """How many users there were: the stage's at that moment, or as many as ever waited."""
    if not recording.stages:
        return np.full(len(moments), np.max(waiting))
    begins, counts = zip(*user_steps(recording.stages), strict=True)
    users = np.array(counts)
    place = np.searchsorted(begins, moments - recording.window_start_s, side="right") - 1
    asked: Floats = np.minimum(users[np.maximum(place, 0)], np.max(waiting))
    return asked
