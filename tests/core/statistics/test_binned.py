"""Intervals from counts per slice and bin hold the truth as those from the samples do."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from pytest_smload.core.statistics.binned import binned_quantile_bound, sliced_rate_bound, sliced_share_bound
from pytest_smload.core.statistics.intervals import quantile_bound, share_bound, tps_bound

EDGES = 1.02 ** np.arange(-100, 900)
SLICES = 60


def _sliced(latencies: np.ndarray) -> list[np.ndarray]:
    return [np.histogram(part, EDGES)[0] for part in np.array_split(latencies, SLICES)]


@pytest.mark.parametrize("per_mille", [500, 950, 990])
def test_bins_widen_the_interval_and_nothing_else(per_mille: int) -> None:
    """Of independent samples: the samples' own interval within that of the bins, which is little wider."""
    random = np.random.default_rng(3)
    latencies = np.exp(random.normal(size=6000) * 0.5) * 20
    whole = quantile_bound(latencies, per_mille)
    binned = binned_quantile_bound(_sliced(latencies), EDGES.tolist(), [0] * SLICES, per_mille)
    assert binned is not None
    assert whole.observed == pytest.approx(binned.observed, rel=0.011)
    assert binned.lower <= whole.lower * 1.01
    assert whole.upper <= binned.upper * 1.01
    assert binned.upper / binned.lower < 1.05 * whole.upper / whole.lower


def test_dependence_is_seen_in_slices() -> None:
    """Slow spells, each a few slices long, leave fewer independent samples, as in the samples themselves."""
    random = np.random.default_rng(4)
    spells = np.repeat(random.random(120) < 0.15, 50)
    latencies = np.exp(random.normal(size=6000) * 0.3) * np.where(spells, 60, 20)
    binned = binned_quantile_bound(_sliced(latencies), EDGES.tolist(), [0] * SLICES, 950)
    assert binned is not None
    assert binned.n_eff < 0.5 * binned.n
    assert binned.n_eff == pytest.approx(quantile_bound(latencies, 950).n_eff, rel=0.3)


def test_lost_samples_are_the_slowest() -> None:
    """More than the percentile leaves, and it is infinite."""
    slices = [[10, 80] for _ in range(20)]
    bound = binned_quantile_bound(slices, [1.0, 2.0, 4.0], [10] * 20, 950)
    assert bound is not None
    assert (inf, inf, 2000) == (bound.observed, bound.upper, bound.n)


def test_a_histogram_of_the_whole_has_no_interval() -> None:
    """Nor has one of fewer slices than blocks, or of nothing."""
    assert None is binned_quantile_bound([[500, 500]], [1.0, 2.0, 4.0], [0], 500)
    assert None is binned_quantile_bound([[5, 5]] * 19, [1.0, 2.0, 4.0], [0] * 19, 500)
    assert None is binned_quantile_bound([[0, 0]] * 20, [1.0, 2.0, 4.0], [0] * 20, 500)


def test_shares_by_slice_are_shares_of_samples() -> None:
    """Independent failures have the interval they have one by one."""
    random = np.random.default_rng(5)
    flags = random.random(6000) < 0.02
    parts = np.array_split(flags, SLICES)
    bound = sliced_share_bound([int(part.sum()) for part in parts], [len(part) for part in parts])
    whole = share_bound(flags)
    assert bound is not None
    assert (whole.observed, whole.n) == (bound.observed, bound.n)
    assert (whole.lower, whole.upper) == pytest.approx((bound.lower, bound.upper), rel=0.2)


def test_rates_by_second_are_rates_by_block() -> None:
    """Of 60 seconds: 20 blocks of three; too few seconds have no interval."""
    random = np.random.default_rng(6)
    ended = random.poisson(50, size=60).tolist()
    assert tps_bound([sum(ended[first : first + 3]) for first in range(0, 60, 3)], 60.0) == sliced_rate_bound(
        ended, 1.0
    )
    assert None is sliced_rate_bound(ended[:19], 1.0)
    assert None is sliced_share_bound([0] * 19, [5] * 19)
    assert None is sliced_share_bound([0] * 20, [0] * 20)
