"""Slow spells that were seen, and how far more or fewer of them may move a percentile."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.statistics.bound import ALPHA, look_alpha
from pytest_smload.core.statistics.columns import Floats
from pytest_smload.core.statistics.intervals import bound_ranks, quantile_bound
from pytest_smload.core.statistics.percentiles import nearest_rank
from pytest_smload.core.statistics.spells import Reach, reach_of_spells

PERCENTILES = (500, 900, 950, 990, 999)


def independent(n: int, *, seed: int = 1) -> Floats:
    """*n* lognormal latencies of a median of 1."""
    return np.exp(0.5 * np.random.default_rng(seed).standard_normal(n))


def with_spells(n: int, *, begins: list[int], length: int, seed: int = 1) -> Floats:
    """The same, five times as long in spells of *length*."""
    values = independent(n, seed=seed)
    for begin in begins:
        values[begin : begin + length] *= 5
    return values


def reach(values: Floats, per_mille: int, *, effect: float = 1.0, alpha: float = ALPHA) -> Reach:
    """The reach of what is among *values*."""
    return reach_of_spells(values, np.sort(values[np.isfinite(values)]), per_mille, effect, alpha)


@pytest.mark.parametrize("per_mille", PERCENTILES)
@pytest.mark.parametrize("seed", range(5))
def test_independent_samples(seed: int, per_mille: int) -> None:
    """Where no samples come together nothing is moved."""
    rank = nearest_rank(2000, per_mille)

    assert reach(independent(2000, seed=seed), per_mille) == Reach(rank, rank, 0)


def test_one_spell() -> None:
    """One spell of 20 in 2,000 leaves open how slow the median is, and leaves p95 without an upper end."""
    values = with_spells(2000, begins=[1210], length=20)
    median, p95 = quantile_bound(values, 500), quantile_bound(values, 950)
    ranks = bound_ranks(2000, median.n_eff, 500)

    assert median.upper > 1.1 * np.sort(values)[ranks[1] - 1]
    assert median.needed == 0
    assert p95.upper == inf
    assert p95.needed > 2000


def test_the_more_spells_the_less_is_open() -> None:
    """As many slow requests in more spells move the median less; one spell in every block does not move it."""
    cases = [([1210], 80), ([210, 710, 1210, 1710], 20), (list(range(10, 2000, 100)), 4)]
    upper = [reach(with_spells(2000, begins=begins, length=length), 500).upper_rank for begins, length in cases]

    assert upper[0] > upper[1] > upper[2] == nearest_rank(2000, 500)


def test_rarer_spells_move_less() -> None:
    """A spell of 20 tells of a smaller share of more requests."""
    few, many = (reach(with_spells(n, begins=[n // 2], length=20), 500) for n in (2_000, 20_000))

    assert few.upper_rank / 2_000 > many.upper_rank / 20_000 + 0.05


def test_spells_at_every_level() -> None:
    """Where all above the percentile come together no less, as in a queue, its upper end is that of its own effect."""
    values = with_spells(2000, begins=[310, 1510], length=50)
    p95 = nearest_rank(2000, 950)

    assert reach(values, 950, effect=100).upper_rank == p95
    assert reach(values, 950, effect=1).upper_rank > p95


def test_lower_end_of_a_busy_window() -> None:
    """A p99 of one long spell may be that of the quick requests: one spell does not say how often it comes."""
    values = with_spells(2000, begins=[500], length=400)

    assert reach(values, 990, effect=100).lower_rank <= 1600
    assert reach(independent(2000), 990, effect=100).lower_rank == nearest_rank(2000, 990)


def test_lost_requests_are_a_spell() -> None:
    """Requests lost together come as any slow ones do."""
    values = independent(2000)
    values[1210:1230] = inf

    assert reach(values, 500).upper_rank > nearest_rank(2000, 500)
    assert quantile_bound(values, 950).upper == inf


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.sampled_from([1.0, 2.0, 3.0]), st.floats(0.1, 1e4), st.just(inf)), min_size=1),
    times=st.integers(1, 5),
    per_mille=st.sampled_from(PERCENTILES),
)
def test_reach_holds_the_estimate(values: list[float], times: int, per_mille: int) -> None:
    """The ranks lie on either side of the estimate's, among those there are, and farther apart at a stricter level."""
    series = np.repeat(np.array(values, dtype=float), times)
    one, three = (reach(series, per_mille, alpha=look_alpha(looks)) for looks in (1, 3))
    rank, n = nearest_rank(len(series), per_mille), len(series)

    assert 0 <= three.lower_rank <= one.lower_rank <= rank <= one.upper_rank <= three.upper_rank <= n + 1
    assert three.needed >= one.needed >= 0
