"""Computes the schedule of an open load ahead of it: when each request is due."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import nextafter, sqrt

from pytest_smload.core.load.fields import UNIFORM
from pytest_smload.core.load.stages import Stage
from pytest_smload.errors import ConfigurationError

MAX_ARRIVALS = 50_000_000
"""Of one stretch; the samples of so many take 1.4 GB."""


def window_arrivals(tps: float, duration_s: float, arrivals: str, seed: int) -> array[float]:
    """Return the sorted offsets in [0, *duration_s*), in seconds, at which requests of a steady window are due.

    There are exactly round(*tps* * *duration_s*) of them, at least 1. ``"poisson"`` places them as sorted seeded
    uniforms, which is a Poisson process conditioned on its count: gaps as irregular as real traffic's, the rate exact.
    ``"uniform"`` spaces them by 1/*tps*.

    Raises:
        ConfigurationError: more arrivals than fit in memory; of every function here.
    """
    return _steady(tps, duration_s, arrivals, _generator(seed, "window"))


def staged_arrivals(stages: Sequence[Stage], arrivals: str, seed: int) -> array[float]:
    """Return the sorted offsets, in seconds from the window's start, of a window made of *stages* with a rate each.

    Every stage has its own exact count, as `window_arrivals` defines it, inside its own span.
    """
    offsets: array[float] = array("d")
    ends_s = list(accumulate(stage.duration_s for stage in stages))
    for number, (stage, end_s) in enumerate(zip(stages, ends_s, strict=True)):
        if stage.tps is None:
            raise ValueError(f"stage {number + 1} has no tps; only an open load has arrivals")
        start_s = ends_s[number - 1] if number else 0.0
        within = _steady(stage.tps, stage.duration_s, arrivals, _generator(seed, f"stage {number}"))
        offsets.extend(_below(end_s, [start_s + offset for offset in within]))
    return offsets


def rampup_arrivals(tps: float, warmup_s: float, arrivals: str, seed: int) -> array[float]:
    """Return the sorted offsets in [0, *warmup_s*), in seconds, of the unrecorded ramp; none for a warm-up of 0 s.

    The rate rises linearly from 0 to *tps* over the first half and stays there: r(t) = tps * min(1, 2t/warmup_s). The
    expected number of arrivals up to t is its integral, tps * t^2 / warmup_s at first; arrivals are even (or uniformly
    random) in that number and mapped back to time by its inverse. Independent of the window's arrivals.
    """
    if warmup_s <= 0:
        return array("d")
    rising = tps * warmup_s / 4
    half_s = warmup_s / 2
    expected = 3 * rising
    count = _whole(expected)
    if arrivals == UNIFORM:
        ranks: Iterable[float] = range(count)
    else:
        draw = _generator(seed, "ramp").random
        ranks = sorted([draw() * expected for _ in range(count)])
    stretch = warmup_s / tps
    times = [sqrt(rank * stretch) if rank < rising else half_s + (rank - rising) / tps for rank in ranks]
    return _below(warmup_s, times)


def _whole(expected: float) -> int:
    if expected > MAX_ARRIVALS:
        raise ConfigurationError(
            f"tps: {expected:,.0f} requests are more than the {MAX_ARRIVALS:,} one schedule can hold; "
            "lower tps or shorten the duration"
        )
    return max(1, round(expected))


def _generator(seed: int, purpose: str) -> random.Random:
    # Text seeds are hashed, so that streams of one user seed are independent of each other.
    return random.Random(f"arrivals {purpose} {seed}")  # noqa: S311 - a reproducible schedule, nothing secret


def _steady(tps: float, duration_s: float, arrivals: str, generator: random.Random) -> array[float]:
    count = _whole(tps * duration_s)
    if arrivals == UNIFORM:
        return array("d", [rank / tps for rank in range(count)])
    draw = generator.random
    return array("d", sorted([draw() * duration_s for _ in range(count)]))


def _below(end_s: float, offsets: list[float]) -> array[float]:
    """Return the sorted *offsets*, the last ones kept off *end_s* where rounding lifted them onto it."""
    late = len(offsets) - 1
    while late >= 0 and offsets[late] >= end_s:
        offsets[late] = nextafter(end_s, 0.0)
        late -= 1
    return array("d", offsets)
