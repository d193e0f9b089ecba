"""Computes when each request of an open load is due, ahead of the load."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import nextafter

import numpy as np

from pytest_smload.core.load.fields import UNIFORM
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.streams import stream
from pytest_smload.core.statistics.columns import Floats
from pytest_smload.errors import ConfigurationError

MAX_ARRIVALS = 50_000_000
"""Of one stretch; the samples of so many take 1.4 GB."""


def window_arrivals(tps: float, duration_s: float, arrivals: str, seed: int) -> Floats:
    """Return the sorted offsets in [0, *duration_s*), in seconds, at which requests of a steady window are due.

    There are exactly round(*tps* * *duration_s*) of them, at least 1. ``"poisson"`` places them as sorted seeded
    uniforms, which is a Poisson process conditioned on its count: gaps as irregular as real traffic's, the rate exact.
    ``"uniform"`` spaces them by 1/*tps*.

    Raises:
        ConfigurationError: more arrivals than fit in memory; of every function here.
    """
    return _steady(tps, duration_s, arrivals, seed, purpose="window")


def staged_arrivals(stages: Sequence[Stage], arrivals: str, seed: int) -> Floats:
    """Return the sorted offsets, in seconds from the window's start, of a window made of *stages* with a rate each.

    Every stage has its own exact count, as `window_arrivals` defines it for its mean rate, inside its own span. Where
    the rate changes, linearly, from a to b over T, r(t) = a + (b - a) t / T, the expected number of arrivals up to t is
    its integral, a t + (b - a) t^2 / 2T; arrivals are even (or uniformly random) in that number and mapped back to time
    by its inverse.
    """
    ends_s = list(accumulate(stage.duration_s for stage in stages))
    parts = []
    for number, (stage, start_s, end_s) in enumerate(zip(stages, [0.0, *ends_s], ends_s, strict=False)):
        if stage.tps is None:
            raise ValueError(f"stage {number + 1} has no tps; only an open load has arrivals")
        to_tps = stage.tps if stage.to is None else stage.to
        within = _linear(stage.tps, to_tps, stage.duration_s, arrivals, seed, purpose=f"stage {number}")
        parts.append(_below(end_s, start_s + within))
    return np.concatenate(parts)


def rampup_arrivals(tps: float, warmup_s: float, arrivals: str, seed: int) -> Floats:
    """Return the sorted offsets in [0, *warmup_s*), in seconds, of the unrecorded ramp; none for a warm-up of 0 s.

    The rate rises linearly from 0 to *tps* over the first half and stays there: r(t) = tps * min(1, 2t/warmup_s). The
    expected number of arrivals up to t is its integral, tps * t^2 / warmup_s at first; arrivals are even (or uniformly
    random) in that number and mapped back to time by its inverse. Independent of the window's arrivals.
    """
    if warmup_s <= 0:
        return np.empty(0)
    rising = tps * warmup_s / 4
    expected = 3 * rising
    ranks = _even_or_random(_whole(expected), 1.0, expected, arrivals, seed, purpose="ramp")
    in_rise = np.sqrt(np.minimum(ranks, rising) * (warmup_s / tps))
    return _below(warmup_s, np.where(ranks < rising, in_rise, warmup_s / 2 + (ranks - rising) / tps))


def _whole(expected: float) -> int:
    if expected > MAX_ARRIVALS:
        raise ConfigurationError(
            f"tps: {expected:,.0f} requests are more than the {MAX_ARRIVALS:,} one schedule can hold; "
            "lower tps or shorten the duration"
        )
    return max(1, round(expected))


def _steady(tps: float, duration_s: float, arrivals: str, seed: int, *, purpose: str) -> Floats:
    return _even_or_random(_whole(tps * duration_s), tps, duration_s, arrivals, seed, purpose=purpose)


def _linear(from_tps: float, to_tps: float, duration_s: float, arrivals: str, seed: int, *, purpose: str) -> Floats:
    if from_tps == to_tps:
        return _steady(from_tps, duration_s, arrivals, seed, purpose=purpose)
    expected = (from_tps + to_tps) / 2 * duration_s
    ranks = _even_or_random(_whole(expected), 1.0, expected, arrivals, seed, purpose=purpose)
    change = (to_tps - from_tps) / duration_s
    # The root of the quadratic that loses no digits where the change is small; never below 0 but for rounding.
    roots = np.sqrt(np.maximum(from_tps**2 + 2 * change * ranks, 0.0))
    offsets: Floats = 2 * ranks / (from_tps + roots)
    return offsets


def _even_or_random(count: int, rate: float, end: float, arrivals: str, seed: int, *, purpose: str) -> Floats:
    """Return *count* ascending numbers in [0, *end*): 1/*rate* apart, or uniformly random."""
    if arrivals == UNIFORM:
        return np.arange(count) / rate
    values = stream(f"arrivals {purpose}", seed).random(count)
    values *= end
    values.sort()
    return values


def _below(end_s: float, offsets: Floats) -> Floats:
    """Return *offsets*, kept off *end_s* where rounding lifted them onto it."""
    return np.minimum(offsets, nextafter(end_s, 0.0), out=offsets)
