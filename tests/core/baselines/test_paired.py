"""One side of a window held against the other."""

from __future__ import annotations

from math import inf, log, sin

import numpy as np
import pytest

from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.paired import (
    NO_BLOCKS,
    Blocks,
    compare_sides,
    mean_blocks,
    paired_reach,
    quantile_blocks,
    rate_blocks,
)
from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.intervals import quantile_bound

WIDE = Estimate(100.0, 60.0, 170.0)


def blocks(deviation: float = 0.01, ratio: float = 1.0, noise: float = 0.3) -> Blocks:
    """Sides that vary by *noise* alike, their log-ratios by *deviation* around ln(*ratio*)."""
    control = [noise * sin(block) for block in range(BLOCKS)]
    return Blocks([each + log(ratio) + deviation * (-1) ** place for place, each in enumerate(control)], control)


def test_noise_of_both_sides_cancels_where_blocks_agree() -> None:
    """Wide intervals of either side, the same in both, leave a narrow one of their ratio."""
    apart = compare_sides(WIDE.scaled(1.2), WIDE, budget=0.1)
    paired = compare_sides(WIDE.scaled(1.2), WIDE, blocks(ratio=1.2), budget=0.1)

    assert (apart.decision, paired.decision) == ("undecided", "fail")
    assert paired.lower > 1.1
    assert apart.shared == 0
    assert paired.shared is not None
    assert paired.shared > 0.9


def test_equal_sides_pass_and_tell_the_budget_that_can_be_held() -> None:
    """An A/A run: the smallest budget unchanged code keeps is told, and a budget of that size passes."""
    same = compare_sides(WIDE, WIDE, blocks(), budget=0.02)

    assert same.decision == "pass"
    assert 0 < same.attainable_now < 0.02
    assert same.detectable > 0.02
    assert compare_sides(WIDE, WIDE, blocks(), budget=0.000_1).decision == "undecided"


def test_blocks_that_scatter_more_than_the_sides_do_not_widen() -> None:
    """The narrower interval counts."""
    narrow = Estimate(100.0, 99.0, 101.0)

    assert compare_sides(narrow, narrow, blocks(0.5), budget=0.05).decision == "pass"


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
    """Fewer requests than blocks, a block of lost requests, and a slice without an answer leave the sides' own
    intervals."""
    few, many = np.ones(BLOCKS - 1), np.ones(10 * BLOCKS)
    lost = np.where(np.arange(10 * BLOCKS) < 10, inf, 1.0)

    assert quantile_blocks(few, few, 950) == mean_blocks(few, few) == NO_BLOCKS
    for found in (
        NO_BLOCKS,
        quantile_blocks(lost, many, 950),
        mean_blocks(lost, many),
        rate_blocks([0] * 20, [1] * 20),
    ):
        assert found.ratios == []
        assert found.shared == 0
        assert paired_reach(found.ratios) == inf


def test_blocks_that_go_together_count_as_fewer() -> None:
    """A ratio that drifts over the window is told less exactly than one that scatters as much."""
    drifting = [0.01 * block for block in range(BLOCKS)]
    mixed = [drifting[(7 * block) % BLOCKS] for block in range(BLOCKS)]

    assert paired_reach(drifting) > 1.2 * paired_reach(mixed)


def test_unchanged_sides_seldom_fail_and_small_regressions_are_caught() -> None:
    """300 windows with noise that both sides share: under 7 % fail once, and 15 % more is caught nine times in ten."""
    rng = np.random.default_rng(1)
    failed = caught = 0
    for _ in range(300):
        level = np.interp(np.arange(3000), np.linspace(0, 3000, 41), 0.12 * rng.standard_normal(41))
        new, control = (np.exp(0.5 * rng.standard_normal(3000) + level) for _ in range(2))
        pairs = quantile_blocks(new, control, 950)
        sides = [Estimate.of(quantile_bound(side, 950)) for side in (new, control)]
        failed += compare_sides(*sides, pairs, budget=0.001).decision == "fail"
        slower, moved = sides[0].scaled(1.15), Blocks([each + log(1.15) for each in pairs.new], pairs.control)
        caught += compare_sides(slower, sides[1], moved, budget=0.05).decision == "fail"

    assert failed < 21
    assert caught > 270


def test_a_ratio_is_the_same_whatever_unit() -> None:
    """Scaling both sides changes nothing but the base."""
    one = compare_sides(WIDE.scaled(1.3), WIDE, blocks(ratio=1.3), budget=0.1)
    other = compare_sides(WIDE.scaled(1300), WIDE.scaled(1000), blocks(ratio=1.3), budget=0.1)

    assert (one.decision, round(one.lower, 9)) == (other.decision, round(other.lower, 9))
    assert other.base == pytest.approx(1000 * one.base)
    assert one.ratio == pytest.approx(1.3)


def test_sides_that_share_nothing_are_said_to() -> None:
    """Independent sides seem to have little in common, sides of one noise nearly all."""
    rng = np.random.default_rng(3)
    shared = [Blocks(rng.standard_normal(BLOCKS), rng.standard_normal(BLOCKS)).shared for _ in range(500)]

    assert 0.90 < np.mean(np.array(shared) < 0.38) < 0.99
    assert blocks().shared > 0.95
