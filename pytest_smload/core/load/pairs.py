"""Lays out one schedule for two sides that are sent the same: each arrival is a pair, one a moment after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pytest_smload.core.load.schedule import Schedule

APART_S = 100e-6
"""From the first of a pair to the second: two requests due at once would be sent one after the other by one client
anyway, always in the same order."""
SIDES = (0, 1)
"""The endpoint under test, and its control."""
_SEED = 2 << 32
"""Added to a load's seed for the order within its pairs."""


def side_of(schedule: Schedule, side: int, seed: int) -> Schedule:
    """Return what *side* of a pair of loads is sent of *schedule*: all of it, the second of a pair `APART_S` later.

    Which is second is drawn for each pair. Both sides have the same arrivals before each end of the window.
    """
    if side not in SIDES:
        raise ValueError(f"side {side}: a pair has the sides 0 and 1")
    first_is_control = np.random.default_rng(seed + _SEED).random(len(schedule)) < 0.5
    later = first_is_control if side == 0 else ~first_is_control
    offsets_s = schedule.offsets_s + APART_S * later
    begin, begin_s = 0, 0.0
    ends = [(schedule.warmup_count, schedule.warmup_s)]
    ends += [(end.arrivals, schedule.warmup_s + end.offset_s) for end in schedule.ends]
    for count, end_s in ends:
        # Arrivals closer than that change places, and none leaves its part of the load.
        part = np.sort(offsets_s[begin:count])
        offsets_s[begin:count] = np.clip(part, begin_s, np.nextafter(end_s, 0.0))
        begin, begin_s = count, end_s
    return replace(schedule, offsets_s=offsets_s)
