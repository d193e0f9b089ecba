"""Counts latencies in bins read off the bits of their floats, which is quick enough to do while a load runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_smload.core.statistics.percentiles import NAN

if TYPE_CHECKING:
    from pytest_smload.core.statistics.columns import Floats, Integers

FINE_BITS = 7
"""128 bins from each latency to its double: a bin is 0.8 % wide at most."""
COARSE_BITS = 5
"""32 bins, where very many routes have bins of their own: 3 % wide, and read between its ends."""
_LEAST, _DOUBLINGS = 2.0**-10, 30
"""From 1 us to 17 minutes, in ms; what is beyond is in the first or last bin."""
_MANTISSA_BITS = 52
_FIRST_BITS = int(np.float64(_LEAST).view(np.int64))
LOST = _DOUBLINGS << FINE_BITS
"""The bin behind all others: of what was never answered."""


def bins_of(took_ms: Floats) -> Integers:
    """Return the fine bin of each latency."""
    within = np.clip(took_ms, _LEAST, np.nextafter(_LEAST * 2.0**_DOUBLINGS, 0.0))
    return (within.view(np.int64) - _FIRST_BITS) >> (_MANTISSA_BITS - FINE_BITS)


def number_of_bins(bits: int) -> int:
    """Return how many bins there are, that of what was lost included."""
    return (_DOUBLINGS << bits) + 1


def middles_ms(bins: Integers) -> Floats:
    """Return the middle of each fine bin; inf of what was lost."""
    middles = (_edges_ms(bins, FINE_BITS) + _edges_ms(bins + 1, FINE_BITS)) / 2
    return np.where(bins >= LOST, np.inf, middles)


def quantile_ms(counts: Integers, per_mille: int, bits: int) -> float:
    """Return the nearest-rank percentile of *counts*, read between the ends of its bin; NaN of none."""
    sums = np.cumsum(counts)
    return float(quantiles_ms(sums[np.newaxis, :], per_mille, bits)[0])


def quantiles_ms(sums: Integers, per_mille: int, bits: int, first: int = 0) -> Floats:
    """Return the percentile of each row of *sums*: bins summed up from the left, the first being bin *first*."""
    totals = sums[:, -1]
    ranks = np.maximum(1, -(-totals * per_mille // 1000))
    places = np.minimum((sums < ranks[:, np.newaxis]).sum(axis=1), sums.shape[1] - 1)
    rows = np.arange(len(sums))
    before = np.where(places > 0, sums[rows, places - 1], 0)
    there = np.maximum(1, sums[rows, places] - before)
    bins = first + places
    low_ms, high_ms = _edges_ms(bins, bits), _edges_ms(bins + 1, bits)
    read_ms = low_ms + (high_ms - low_ms) * (ranks - before - 0.5) / there
    read_ms = np.where(bins >= number_of_bins(bits) - 1, np.inf, read_ms)
    return np.where(totals > 0, read_ms, NAN)


def _edges_ms(bins: Integers, bits: int) -> Floats:
    return ((bins.astype(np.int64) << (_MANTISSA_BITS - bits)) + _FIRST_BITS).view(np.float64)
