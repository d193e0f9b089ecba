"""One side of a window held against the other."""

from __future__ import annotations

from math import inf, log
from typing import Any

import numpy as np
import pytest

from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.paired import (
    APART,
    Pairing,
    compare_sides,
    mean_pairing,
    quantile_pairing,
    rate_pairing,
)
from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.intervals import quantile_bound

WIDE = Estimate(100.0, 60.0, 170.0)


CLOSE = Pairing(0.01, 0.01, 0.97)


def queue(samples: int, busy: float, rng: np.random.Generator) -> Any:
    """Latencies of an M/G/1 queue that is so busy, in order."""
    settle = 3_000
    service = rng.lognormal(-0.125, 0.5, samples + settle)
    steps = np.concatenate([[0.0], np.cumsum(service[:-1] - rng.exponential(1 / busy, samples + settle - 1))])
    return (steps - np.minimum.accumulate(steps) + service)[settle:]


def test_noise_of_both_sides_cancels_where_blocks_agree() -> None:
    """Wide intervals of either side leave a narrow one of their ratio."""
    apart = compare_sides(WIDE.scaled(1.2), WIDE, budget=0.1)
    paired = compare_sides(WIDE.scaled(1.2), WIDE, CLOSE, budget=0.1)

    assert (apart.decision, paired.decision) == ("undecided", "fail")
    assert paired.lower > 1.1
    assert apart.shared == 0
    assert paired.shared is not None
    assert paired.shared > 0.9


def test_equal_sides_pass_and_tell_the_budget_that_can_be_held() -> None:
    """An A/A run: the smallest budget unchanged code keeps is told, and a budget of that size passes."""
    same = compare_sides(WIDE, WIDE, CLOSE, budget=0.03)

    assert same.decision == "pass"
    assert 0 < same.attainable_now < 0.03
    assert same.detectable > 0.03
    assert compare_sides(WIDE, WIDE, CLOSE, budget=0.000_1).decision == "undecided"


def test_blocks_that_scatter_more_than_the_sides_do_not_widen() -> None:
    """The narrower interval counts."""
    narrow = Estimate(100.0, 99.0, 101.0)

    assert compare_sides(narrow, narrow, Pairing(0.5, 0.5), budget=0.05).decision == "pass"


def test_less_tps_is_worse() -> None:
    """A rate is judged by its inverse, and its interval stays around the ratio of rates."""
    control = Estimate(100.0, 99.0, 101.0)
    lost = compare_sides(control.scaled(0.8), control, budget=0.1, higher_is_better=True)

    assert lost.decision == "fail"
    assert lost.ratio == pytest.approx(0.8)
    assert 0.78 < lost.lower < lost.ratio < lost.upper < 0.82
    assert compare_sides(control.scaled(1.2), control, budget=0.1, higher_is_better=True).decision == "pass"


def test_a_side_that_lost_its_percentile_fails() -> None:
    """Infinite at both ends of its interval is worse than any control; at the upper end alone it may be."""
    lost = compare_sides(Estimate(inf, inf, inf), WIDE, budget=0.1)
    unbounded = compare_sides(Estimate(inf, 50.0, inf), WIDE, budget=0.1)

    assert lost.decision == "fail"
    assert unbounded.decision == "undecided"


def test_the_floor_allows_small_changes_of_fast_answers() -> None:
    """5 ms more on 10 ms are allowed by a floor of 5 ms."""
    control = Estimate(10.0, 9.9, 10.1)

    assert compare_sides(control.scaled(1.4), control, budget=0.1, floor=5.0).decision == "pass"
    assert compare_sides(control.scaled(1.4), control, budget=0.1).decision == "fail"


def test_without_a_value_in_each_block_nothing_is_paired() -> None:
    """Fewer requests than blocks, requests that were lost, and a side without an answer leave the sides' own
    intervals."""
    few, many = np.ones(BLOCKS - 1), np.ones(10 * BLOCKS)
    lost = np.where(np.arange(10 * BLOCKS) < 20, inf, 1.0)

    for found in (
        quantile_pairing(few, few, 950),
        mean_pairing(few, few),
        quantile_pairing(lost, many, 950),
        mean_pairing(lost, many),
        rate_pairing([0] * 20, [1] * 20),
        rate_pairing([], [1] * 20),
    ):
        assert found == APART


def test_a_few_bursts_are_not_paired() -> None:
    """What a percentile is of lies in fewer than half of the blocks: their differences tell nothing."""
    rng = np.random.default_rng(5)
    burst = np.where(np.arange(2_000) % 1_000 < 60, 10.0, 1.0) * (1 + 0.01 * rng.random(2_000))

    assert quantile_pairing(burst, burst, 950)[:3] == APART[:3]


def test_differences_that_go_together_are_not_paired() -> None:
    """A ratio that drifts over the window is told by nothing in it."""
    rng = np.random.default_rng(6)
    drifting = np.exp(0.1 * rng.standard_normal(4_000) + np.linspace(-1, 1, 4_000))
    steady = np.exp(0.1 * rng.standard_normal(4_000))

    for found in (
        quantile_pairing(drifting, steady, 500),
        mean_pairing(drifting, steady),
        rate_pairing([100 + 10 * block for block in range(BLOCKS)], [200] * BLOCKS),
    ):
        assert (found.down, found.up, found.shared) == (inf, inf, 0.0)


def test_what_is_typical_leaves_slow_spells_of_one_side_out() -> None:
    """Of a percentile and a mean, and of a rate by what it costs."""
    worse, base = np.full(2_000, 1.3), np.ones(2_000)
    spell = np.where(np.arange(2_000) < 400, 5.0, base)
    rates = [50] * 4 + [100] * 16

    assert quantile_pairing(worse, spell, 950).typical == pytest.approx(log(1.3))
    assert mean_pairing(worse, spell).typical == pytest.approx(log(1.3))
    assert rate_pairing([80] * BLOCKS, rates).typical == pytest.approx(log(1 / 0.8))
    assert mean_pairing(spell, spell).typical == 0


@pytest.mark.parametrize("busy", [0.7, 0.9])
@pytest.mark.parametrize(("samples", "per_mille"), [(400, 500), (1_000, 950), (3_000, 950)])
def test_sides_with_queues_of_their_own_do_not_differ_by_chance(busy: float, samples: int, per_mille: int) -> None:
    """A few bursts make the percentile: 150 windows of unchanged code, and under one in 15 is called worse."""
    rng = np.random.default_rng([samples, per_mille])
    failed = beyond = 0
    for _ in range(150):
        new, control = queue(samples, busy, rng), queue(samples, busy, rng)
        sides = [Estimate.of(quantile_bound(side, per_mille)) for side in (new, control)]
        compared = compare_sides(*sides, quantile_pairing(new, control, per_mille), budget=0.02)
        failed += compared.decision == "fail"
        beyond += compared.beyond

    assert failed < 10
    assert beyond < 10


def test_most_of_the_window_tells_a_large_regression_that_no_interval_does() -> None:
    """Of queues that are 70 % busy, one of services twice as slow in all is known in nine windows of ten."""
    rng = np.random.default_rng(12)
    found = decided = 0
    for _ in range(60):
        new, control = 2 * queue(3_000, 0.7, rng), queue(3_000, 0.7, rng)
        sides = [Estimate.of(quantile_bound(side, 950)) for side in (new, control)]
        compared = compare_sides(*sides, quantile_pairing(new, control, 950), budget=0.05)
        found += compared.suspicious
        decided += compared.decision == "fail"

    assert decided < 54
    assert found >= 48


def test_half_of_the_rate_most_of_the_time_is_beyond() -> None:
    """Of a rate, twice the budget is its own inverse, and never all of it."""
    wide = Estimate(100.0, 30.0, 400.0)
    pairing = Pairing(typical=log(2), mostly=log(2))

    assert compare_sides(wide.scaled(0.5), wide, pairing, budget=0.2, higher_is_better=True).beyond
    assert not compare_sides(wide.scaled(0.7), wide, pairing, budget=0.2, higher_is_better=True).beyond
    assert not compare_sides(wide.scaled(0.5), wide, pairing, budget=0.6, higher_is_better=True).beyond


def test_two_sides_of_one_queue_tell_a_small_difference() -> None:
    """What is common cancels, and is said to; each side's own interval alone settles nothing."""
    both = queue(8_000, 0.8, np.random.default_rng(8))
    sides = both[::2], both[1::2]
    new, control = (Estimate.of(quantile_bound(side, 950)) for side in sides)
    pairing = quantile_pairing(*sides, 950)

    assert compare_sides(new, control, budget=0.1).decision == "undecided"
    assert compare_sides(new, control, pairing, budget=0.1).decision == "pass"
    assert pairing.shared > 0.9


def test_unchanged_sides_seldom_fail_and_small_regressions_are_caught() -> None:
    """300 windows with noise that both sides share: under 7 % fail once, and 15 % more is caught nine times in ten."""
    rng = np.random.default_rng(1)
    failed = caught = 0
    for _ in range(300):
        level = np.interp(np.arange(3000), np.linspace(0, 3000, 41), 0.12 * rng.standard_normal(41))
        new, control = (np.exp(0.5 * rng.standard_normal(3000) + level) for _ in range(2))
        pairing = quantile_pairing(new, control, 950)
        sides = [Estimate.of(quantile_bound(side, 950)) for side in (new, control)]
        failed += compare_sides(*sides, pairing, budget=0.001).decision == "fail"
        caught += compare_sides(sides[0].scaled(1.15), sides[1], pairing, budget=0.05).decision == "fail"

    assert failed < 21
    assert caught > 270


def test_a_ratio_is_the_same_whatever_unit() -> None:
    """Scaling both sides changes nothing but the base."""
    one = compare_sides(WIDE.scaled(1.3), WIDE, CLOSE, budget=0.1)
    other = compare_sides(WIDE.scaled(1300), WIDE.scaled(1000), CLOSE, budget=0.1)

    assert (one.decision, round(one.lower, 9)) == (other.decision, round(other.lower, 9))
    assert other.base == pytest.approx(1000 * one.base)
    assert one.ratio == pytest.approx(1.3)


def test_sides_that_share_nothing_are_said_to() -> None:
    """Independent sides seem to have little in common."""
    rng = np.random.default_rng(3)
    shared = [quantile_pairing(*rng.standard_exponential((2, 2_000)), 900).shared for _ in range(300)]

    assert 0.90 < np.mean(np.array(shared) < 0.38) < 0.99
