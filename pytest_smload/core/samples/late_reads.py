"""Fills in which responses were read later than they came, and since when they can have been there."""

from __future__ import annotations

import numpy as np

from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.samples.wakes import LateRead, Ticks, late_reads
from pytest_smload.core.statistics.columns import view


def note_late_reads(samples: Samples, stalls: Stalls, ticks: Ticks) -> None:
    """Fill the *late* columns of *samples*, whose ends are ascending; of several spans the earliest counts."""
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
    late = np.flatnonzero(np.isfinite(came_from))
    samples.late_index.frombytes(late.astype(np.uint32).tobytes())
    samples.late_from.frombytes(came_from[late].tobytes())
    samples.late_to.frombytes(came_to[late].tobytes())
