"""Latencies in bins read off the bits of their floats."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_smload.core.statistics.octaves import FINE_BITS, LOST, bins_of, middles_ms, number_of_bins, quantile_ms
from pytest_smload.core.statistics.percentiles import percentile


def test_a_bin_is_less_than_a_percent_wide():
    """Its middle is within 0.4 % of what is in it, from microseconds to a quarter of an hour."""
    took_ms = np.geomspace(0.002, 1e6, 10_000)
    assert np.max(np.abs(middles_ms(bins_of(took_ms)) / took_ms - 1)) < 0.004


def test_what_is_beyond_all_bins_is_in_the_first_or_the_last():
    """A clock that went back, or forward by a year, breaks nothing."""
    assert list(bins_of(np.array([-5.0, 0.0, 1e300]))) == [0, 0, LOST - 1]


@pytest.mark.parametrize("per_mille", [500, 950, 999])
def test_a_percentile_is_read_as_the_samples_have_it(per_mille):
    """Within 0.3 %, and infinite where it is of the lost."""
    took_ms = np.sort(np.random.default_rng(1).lognormal(4, 0.5, 20_000))
    counts = np.bincount(bins_of(took_ms), minlength=number_of_bins(FINE_BITS))
    assert quantile_ms(counts, per_mille, FINE_BITS) == pytest.approx(percentile(took_ms, per_mille), rel=3e-3)
    counts[LOST] = 10 * len(took_ms)
    assert quantile_ms(counts, per_mille, FINE_BITS) == float("inf")


def test_of_nothing_there_is_no_percentile():
    """NaN, as everywhere."""
    assert np.isnan(quantile_ms(np.zeros(number_of_bins(FINE_BITS), dtype=int), 950, FINE_BITS))
