"""Fills in which responses were read later than they came, and since when they can have been there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.samples.wakes import LateRead, Ticks, late_reads
from pytest_smload.core.statistics.columns import Floats, view
from pytest_smload.core.statistics.spans import merged


def note_late_reads(samples: Samples, stalls: Stalls, ticks: Ticks, sendings: Sendings) -> None:
    """Fill the *late* columns of *samples*, whose ends are ascending; of several spans the earliest counts.

    The response to a request that the client sent piece by piece, or after a connect, each noticed late, may have
    come earlier by as much as the client was away meanwhile.
    """
    spans = [*(LateRead(*span) for span in stalls.spans()), *late_reads(ticks, stalls)]
    if not spans or not len(samples):
        return
    end, start = view(samples.end), view(samples.start)
    firsts = np.searchsorted(end, [span.read_from_s for span in spans], side="left")
    lasts = np.searchsorted(end, [span.read_to_s for span in spans], side="right")
    came_from, came_to = np.full(len(end), np.inf), end.copy()
    for span, first, last in zip(spans, firsts.tolist(), lasts.tolist(), strict=True):
        if first >= last:
            continue
        read_s, sent_s = end[first:last], start[first:last]
        earliest_s = np.maximum(np.maximum(span.earliest_s, read_s - span.most_s), sent_s)
        # Of equals the later: where one poll's return ends a stall and begins the next, it is what it found.
        earlier = earliest_s <= came_from[first:last]
        came_from[first:last][earlier] = earliest_s[earlier]
        came_to[first:last][earlier] = np.minimum(read_s, np.maximum(span.latest_s, sent_s))[earlier]
    delayed_s = _delayed_s(start, sendings, spans)
    delayed = delayed_s > 0
    came_s = np.minimum(came_from[delayed], end[delayed]) - delayed_s[delayed]
    came_from[delayed] = np.maximum(came_s, start[delayed])
    late = np.flatnonzero(np.isfinite(came_from))
    samples.late_index.frombytes(late.astype(np.uint32).tobytes())
    samples.late_from.frombytes(came_from[late].tobytes())
    samples.late_to.frombytes(came_to[late].tobytes())


def _delayed_s(start: Floats, sendings: Sendings, spans: Sequence[LateRead]) -> Floats:
    """How long the client was away while each of the requests begun at *start* was being sent."""
    if not len(sendings.began):
        return np.zeros(len(start))
    order = np.argsort(view(sendings.began), kind="stable")
    began, ended = view(sendings.began)[order], view(sendings.ended)[order]
    since = np.array([max(span.earliest_s, span.read_from_s - span.most_s) for span in spans])
    until = np.array([span.read_from_s for span in spans])
    away = (since < until) & np.isfinite(since) & np.isfinite(until)
    since, until = merged(since[away], until[away])
    if not len(since):
        return np.zeros(len(start))
    away_s = _before(since, until, ended) - _before(since, until, began)
    place = np.minimum(np.searchsorted(began, start), len(began) - 1)
    return np.where(began[place] == start, away_s[place], 0.0)


def _before(since: Floats, until: Floats, moments: Floats) -> Floats:
    """How much of the spans, in order and apart, lies before each of *moments*."""
    whole = np.concatenate(([0.0], np.cumsum(until - since)))
    place = np.searchsorted(since, moments, side="right")
    last = np.maximum(place - 1, 0)
    beyond = np.where(place > 0, np.maximum(until[last] - moments, 0.0), 0.0)
    before: Floats = whole[place] - beyond
    return before
