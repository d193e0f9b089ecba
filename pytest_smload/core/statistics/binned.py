"""Says how far a figure may be from the truth where only counts are left of the samples: per slice of time, per bin.

A histogram of the whole window has no interval: how much its samples depend on one another cannot be seen in it, and
the interval of so many independent ones would cover the truth a third of the time. From slices in order it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np

from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.bound import ALPHA, Bound
from pytest_smload.core.statistics.intervals import quantile_bound, share_bound, tps_bound

_SEED = 20_260_102


def binned_quantile_bound(
    slices: Sequence[Sequence[int]],
    edges: Sequence[float],
    lost: Sequence[int],
    per_mille: int,
    *,
    alpha: float = ALPHA,
) -> Bound | None:
    """Return a percentile of binned samples with its interval, as wide as the bins leave it; None of too few slices.

    Args:
        slices: For each slice of the window, in order, how many samples each bin has.
        edges: Of the bins, ascending from above 0: one more than there are bins.
        lost: For each slice, samples slower than any bin.
        per_mille: The percentile in thousandths.
        alpha: What the interval may miss, half of it on either side.
    """
    if len(slices) < BLOCKS:
        return None
    random = np.random.default_rng(_SEED)
    limits = np.asarray(edges, dtype=float)
    middles = np.append(np.sqrt(limits[:-1] * limits[1:]), inf)
    # In random order within a slice: where blocks of equal count cut one, either part has what the other has.
    in_order = [random.permutation(np.repeat(middles, [*bins, gone])) for bins, gone in zip(slices, lost, strict=True)]
    bound = quantile_bound(np.concatenate(in_order), per_mille, alpha=alpha)
    if not bound.n or bound.withheld:
        return None
    widest = float(np.sqrt(limits[1:] / limits[:-1]).max())
    return replace(bound, lower=bound.lower / widest, upper=bound.upper * widest)


def sliced_share_bound(failed: Sequence[int], requests: Sequence[int], *, alpha: float = ALPHA) -> Bound | None:
    """Return the share of requests that failed with its interval, from both by slice of the window, in order.

    None of too few slices, or where failures come and go too slowly for these to tell how often they come.
    """
    if len(requests) < BLOCKS or not sum(requests):
        return None
    random = np.random.default_rng(_SEED)
    flags = [random.permutation(np.arange(count) < bad) for bad, count in zip(failed, requests, strict=True)]
    bound = share_bound(np.concatenate(flags), alpha=alpha)
    return None if bound.withheld else bound


def sliced_rate_bound(ended: Sequence[int], slice_s: float, *, alpha: float = ALPHA) -> Bound | None:
    """Return successes per second with their interval, from the successes of slices of equal length, in order.

    What is left over of as many equal blocks as there are is not looked at; None of too few slices.
    """
    size = len(ended) // BLOCKS
    if not size:
        return None
    blocks = len(ended) // size
    counts = [sum(ended[first : first + size]) for first in range(0, blocks * size, size)]
    bound = tps_bound(counts, blocks * size * slice_s, alpha=alpha)
    return None if bound.withheld else bound
