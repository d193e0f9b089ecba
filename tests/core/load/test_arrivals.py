"""Schedules of open loads: exact counts, the law they follow, independence of their seeds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.load.arrivals import rampup_arrivals, staged_arrivals, window_arrivals
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.statistics.columns import Floats
from pytest_smload.errors import ConfigurationError

KINDS = st.sampled_from(["poisson", "uniform"])
RATES = st.floats(0.01, 200)
SPANS_S = st.floats(0.01, 20)


@settings(max_examples=60, deadline=None)
@given(tps=RATES, duration_s=SPANS_S, kind=KINDS, seed=st.integers(0, 2**32))
def test_window_has_its_exact_count_sorted_inside(tps: float, duration_s: float, kind: str, seed: int) -> None:
    """A window holds round(tps * duration) arrivals, at least one, in order, inside [0, duration)."""
    offsets = window_arrivals(tps, duration_s, kind, seed)

    assert max(1, round(tps * duration_s)) == len(offsets)
    assert sorted(offsets) == list(offsets)
    assert 0 <= offsets[0] <= offsets[-1] < duration_s


@settings(max_examples=60, deadline=None)
@given(tps=RATES, warmup_s=SPANS_S, kind=KINDS, seed=st.integers(0, 2**32))
def test_ramp_has_its_exact_count_sorted_inside(tps: float, warmup_s: float, kind: str, seed: int) -> None:
    """A ramp holds three quarters of what its full rate would, in order, inside [0, warm-up)."""
    offsets = rampup_arrivals(tps, warmup_s, kind, seed)

    assert max(1, round(3 * (tps * warmup_s / 4))) == len(offsets)
    assert sorted(offsets) == list(offsets)
    assert 0 <= offsets[0] <= offsets[-1] < warmup_s


def test_uniform_is_evenly_spaced() -> None:
    """Uniform arrivals are 1/tps apart, from 0 on."""
    assert list(window_arrivals(4, 1.25, "uniform", 0)) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_uniform_ramp_follows_the_integral_of_its_rate() -> None:
    """The k-th arrival of a ramp comes when the integral of the rate reaches k: first tps*t^2/warmup, then linear."""
    offsets = rampup_arrivals(10, 4, "uniform", 0)

    reached = [10 * t * t / 4 if t < 2 else 10 + 10 * (t - 2) for t in offsets]
    assert [pytest.approx(rank) for rank in range(30)] == reached


def test_poisson_ramp_has_a_third_of_its_arrivals_in_the_rising_half() -> None:
    """The rising half expects tps*warmup/4 of 3*tps*warmup/4 arrivals; seeded, within five standard deviations."""
    offsets = rampup_arrivals(1_000, 40, "poisson", 1)

    rising = sum(offset < 20 for offset in offsets)
    assert len(offsets) == 30_000
    assert abs(rising - 10_000) < 5 * math.sqrt(30_000 / 3 * 2 / 3)


def test_poisson_gaps_are_exponential() -> None:
    """Gaps of a Poisson process exceed x/tps with probability exp(-x); seeded, within five standard deviations."""
    offsets = window_arrivals(100, 300, "poisson", 3)
    gaps = [later - earlier for earlier, later in pairwise(offsets)]

    for multiple in (0.1, 0.5, 1.0, 2.0, 4.0):
        expected = math.exp(-multiple)
        observed = sum(gap > multiple / 100 for gap in gaps) / len(gaps)
        assert abs(observed - expected) < 5 * math.sqrt(expected * (1 - expected) / len(gaps))


def test_same_seed_same_schedule() -> None:
    """A schedule depends on nothing but its arguments."""
    assert list(window_arrivals(50, 10, "poisson", 7)) == list(window_arrivals(50, 10, "poisson", 7))
    assert list(window_arrivals(50, 10, "poisson", 7)) != list(window_arrivals(50, 10, "poisson", 8))


def test_schedule_is_pinned() -> None:
    """Seed 0 means the same schedule on every Python and NumPy version; a change here changes every user's load."""
    pinned = [0.08499882301510642, 1.2720107233728646, 2.226468340356496, 2.6592301799427007]

    assert pinned == list(window_arrivals(1, 4, "poisson", 0))


def window(seed: int) -> Floats:
    return window_arrivals(100, 10, "poisson", seed)


def ramp(seed: int) -> Floats:
    return rampup_arrivals(100, 10, "poisson", seed)


def stages(seed: int) -> Floats:
    return staged_arrivals([Stage("1s", tps=50), Stage("2s", tps=150)], "poisson", seed)


@pytest.mark.parametrize(
    ("column", "seed", "first_s", "sha256"),
    [
        (window, 0, 0.0029292738105957117, "6057287fcbfa7339ad565a11f3d186d3b3de3e746157bf669e3cdc1e7c21ac3d"),
        (window, 1, 0.026370840772043103, "eff5f6b60dc2d3251eeeb7f19da8fb29d603c054e503432bd7476d271226321c"),
        (window, 2**40, 0.0021801566887902357, "8d7eed5df2edc8d8b094f5e4441be4a3f2759a46d800e54070a874866cda57df"),
        (ramp, 0, 0.3972261695048445, "cc8738e5762511a87b708e4c3fcbca9770716bfb5528941aad79dc6f73e7117f"),
        (ramp, 1, 0.3782479229324932, "c0ba9ccb8a0a5efec08b7ae82578810fc7f745f59854f39e90ed30807e329ffc"),
        (stages, 0, 0.008183408630879296, "ab78247bc77299c782d80a07d66d2239a3071d5fd358c1bf767a24a98098c799"),
        (stages, 1, 0.005834426703288154, "31cee1929a3a73570012f8edcc3b306fb4e85ef376f9fef5d73ac48f1c0218f3"),
    ],
)
def test_columns_are_pinned(column: Callable[[int], Floats], seed: int, first_s: float, sha256: str) -> None:
    """Not one bit of a schedule changes with NumPy or the machine."""
    offsets = column(seed)

    assert first_s == offsets[0]
    assert sha256 == hashlib.sha256(offsets.astype("<f8").tobytes()).hexdigest()


def test_no_warmup_sends_nothing() -> None:
    """A warm-up of 0 s has no arrivals."""
    assert [] == list(rampup_arrivals(100, 0, "poisson", 0))


@pytest.mark.parametrize("kind", ["poisson", "uniform"])
def test_offsets_are_doubles(kind: str) -> None:
    """Columns of float64, an empty one too."""
    of_stages = staged_arrivals([Stage("1s", tps=2)], kind, 0)
    columns = (
        window_arrivals(2, 3, kind, 0),
        rampup_arrivals(2, 3, kind, 0),
        rampup_arrivals(2, 0, kind, 0),
        of_stages,
    )

    assert [np.dtype(np.float64)] * 4 == [column.dtype for column in columns]


def test_warmup_and_window_are_independent() -> None:
    """With one seed, the ramp's full-rate half does not repeat the window's gaps."""
    ramp = [offset - 5 for offset in rampup_arrivals(100, 10, "poisson", 0) if offset >= 5]
    window = window_arrivals(100, 5, "poisson", 0)

    assert not set(ramp) & set(window)


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(st.tuples(st.integers(1, 3_000), st.floats(0.5, 80)), min_size=1, max_size=5),
    kind=KINDS,
    seed=st.integers(0, 1_000),
)
def test_each_stage_has_its_exact_count(parts: list[tuple[int, float]], kind: str, seed: int) -> None:
    """Stages follow each other, each with its own count inside its own span."""
    stages = [Stage(duration=f"{duration_ms}ms", tps=tps) for duration_ms, tps in parts]

    offsets = staged_arrivals(stages, kind, seed)

    assert sorted(offsets) == list(offsets)
    end_s = 0.0
    for stage in stages:
        start_s, end_s = end_s, end_s + stage.duration_s
        assert max(1, round(stage.tps * stage.duration_s)) == sum(start_s <= offset < end_s for offset in offsets)


def test_equal_stages_do_not_repeat_each_other() -> None:
    """Two stages alike have arrivals of their own."""
    offsets = staged_arrivals([Stage("1s", tps=50), Stage("1s", tps=50)], "poisson", 0)

    assert list(offsets[:50]) != [pytest.approx(offset - 1) for offset in offsets[50:]]


def test_stage_of_users_has_no_arrivals() -> None:
    """Only stages with tps have a schedule."""
    with pytest.raises(ValueError, match="stage 1 has no tps"):
        staged_arrivals([Stage("1s", users=5)], "uniform", 0)


def test_schedules_that_would_not_fit_are_refused() -> None:
    """A slip in tps or duration is told, not computed until memory is gone."""
    with pytest.raises(ConfigurationError, match=r"tps: 3,600,000,000 requests are more than the 50,000,000"):
        window_arrivals(1e6, 3600, "poisson", 0)
    with pytest.raises(ConfigurationError, match="lower tps or shorten the duration"):
        rampup_arrivals(1e6, 3600, "uniform", 0)
