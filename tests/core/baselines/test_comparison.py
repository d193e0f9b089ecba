"""Runs held against baseline runs."""

from __future__ import annotations

from math import exp, inf, isnan, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.baselines.comparison import (
    Comparison,
    Decision,
    attainable_budget,
    compare,
    compare_with_anchor,
    confirmed,
)
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.run_noise import NOISE_FLOOR, UNKNOWN_NOISE, run_noise
from pytest_smload.core.statistics.intervals import quantile_bound


def around(value: float, half: float = 0.02) -> Estimate:
    """*value* with an interval of *half* its size to either side."""
    return Estimate(value, value * (1 - half), value * (1 + half))


FIVE = [around(value) for value in (98.0, 99.0, 100.0, 101.0, 102.0)]


class TestCompare:
    def test_formula(self) -> None:
        """MOVER's interval: towards a failure, 2.576 times what run and rerun share; else 1.645 times everything."""
        new = Estimate(115.0, 110.0, 125.0)
        base = [Estimate(90.0, 85.0, 97.0), Estimate(110.0, 104.0, 112.0)]
        result = compare(new, base, budget=0.1)

        noise = run_noise(base)
        middle = (log(90) + log(110)) / 2
        weight, distance = 1 / 2, log(115) - middle
        up2 = sum((log(run.upper) - log(run.value)) ** 2 for run in base) / 2
        down2 = sum((log(run.value) - log(run.lower)) ** 2 for run in base) / 2
        shared = 2.576**2 * (noise.feared**2 * (1 + weight) + weight * up2 / 1.96**2)
        other = 1.645**2 * (noise.likely**2 * (1 + weight) + (weight * down2 + log(125 / 115) ** 2) / 1.96**2)
        own = (1.645 / 1.96 * log(115 / 110)) ** 2
        assert pytest.approx(exp(distance)) == result.ratio
        assert pytest.approx(exp(distance - sqrt(own + shared))) == result.lower
        assert pytest.approx(exp(distance + sqrt(other))) == result.upper
        assert pytest.approx((noise.likely, exp(middle), 1.1)) == (result.noise, result.base, result.allowed)
        assert result.runs == 2

    @pytest.mark.parametrize(
        ("value", "decision"),
        [
            (80.0, "pass"),
            (100.0, "pass"),
            (107.0, "undecided"),
            (109.0, "undecided"),
            (112.0, "undecided"),
            (120.0, "fail"),
            (150.0, "fail"),
        ],
    )
    def test_decisions(self, value: float, decision: Decision) -> None:
        """Better or equal passes, a little worse is undecided, significantly worse beyond the budget fails."""
        assert decision == compare(around(value), FIVE, budget=0.10).decision

    def test_over_budget_without_significance(self) -> None:
        """A large change known only vaguely is undecided."""
        assert compare(Estimate(115.0, 70.0, 180.0), FIVE, budget=0.10).decision == "undecided"

    def test_significant_within_budget(self) -> None:
        """A change beyond doubt within the budget does not fail."""
        result = compare(around(117.0, 0.001), FIVE, budget=0.20)

        assert result.lower > 1
        assert result.decision == "undecided"

    def test_floor(self) -> None:
        """Changes below the floor pass, however large a share they are; above it they fail."""
        fast = [around(value / 100) for value in (98, 99, 100, 101, 102)]

        assert [compare(around(new), fast, budget=0.10, floor=5.0).decision for new in (1.5, 4.0, 7.0)] == [
            "pass",
            "pass",
            "fail",
        ]
        assert compare(around(1.5), fast, budget=0.10).decision == "fail"
        assert compare(around(115.0), FIVE, budget=0.10, floor=5.0).allowed == pytest.approx(1.1)
        assert compare(around(115.0), FIVE, budget=0.10, floor=20.0).allowed == pytest.approx(1.2, abs=1e-3)

    def test_unbounded_above(self) -> None:
        """An estimate unbounded above never passes, and still fails when its lower end is worse."""
        assert compare(Estimate(90.0, 88.0, inf), FIVE, budget=0.10).decision == "undecided"
        assert compare(Estimate(150.0, 140.0, inf), FIVE, budget=0.10).decision == "fail"

    def test_unbounded_baseline(self) -> None:
        """A baseline unbounded above decides no failure, one unbounded below no pass."""
        above, below = [Estimate(100.0, 98.0, inf)] * 2, [Estimate(100.0, 0.0, 102.0)] * 2

        assert compare(around(300.0), above, budget=0.10).decision == "undecided"
        assert compare(around(90.0), above, budget=0.10).decision == "pass"
        assert compare(around(300.0), below, budget=0.10).decision == "fail"
        assert compare(around(90.0), below, budget=0.10).decision == "undecided"
        assert compare(around(90.0), above, budget=0.10).noise == NOISE_FLOOR

    def test_lost(self) -> None:
        """A percentile among the lost requests fails if its lower end is far enough off."""
        assert compare(Estimate(inf, inf, inf), FIVE, budget=0.10).decision == "fail"
        assert compare(Estimate(inf, 200.0, inf), FIVE, budget=0.10).decision == "fail"
        assert compare(Estimate(inf, 90.0, inf), FIVE, budget=0.10).decision == "undecided"
        assert compare(Estimate(inf, 90.0, inf), FIVE, budget=0.10).ratio == inf

    def test_nothing_measured(self) -> None:
        """Without a value nothing is decided."""
        result = compare(Estimate(nan, 0.0, inf), FIVE, budget=0.10)

        assert result.decision == "undecided"
        assert isnan(result.ratio)

    def test_no_baseline(self) -> None:
        """A comparison needs something to compare with."""
        with pytest.raises(ValueError, match="needs a baseline run"):
            compare(around(100.0), [], budget=0.1)

    @settings(max_examples=100, deadline=None)
    @given(
        new=st.floats(1, 1e4),
        half=st.floats(0.001, 0.5),
        base=st.lists(st.floats(1, 1e4), min_size=1, max_size=5),
        budget=st.floats(0.01, 1),
        scale=st.floats(0.01, 100),
    )
    def test_scale_free(self, new: float, half: float, base: list[float], budget: float, scale: float) -> None:
        """The unit does not matter, the ratio lies inside its interval, and a failure is both large and significant."""
        result = compare(around(new, half), [around(each, half) for each in base], budget=budget)
        scaled = compare(around(new * scale, half), [around(each * scale, half) for each in base], budget=budget)

        assert result.lower < result.ratio < result.upper
        assert pytest.approx(result.ratio) == scaled.ratio
        assert pytest.approx(result.lower) == scaled.lower
        if result.decision == "fail":
            assert result.lower > 1
            assert result.ratio > result.allowed
        if result.decision == "pass":
            assert result.upper <= result.allowed * (1 + 1e-12)


class TestTps:
    def test_reversed(self) -> None:
        """Less throughput is worse: the ratio keeps its direction, the interval its order."""
        result = compare(around(80.0), FIVE, budget=0.05, higher_is_better=True)

        assert result.decision == "fail"
        assert result.lower < result.ratio < result.upper < 1
        assert pytest.approx((0.95, 80 / result.base)) == (result.allowed, result.ratio)

    @pytest.mark.parametrize(
        ("value", "decision"),
        [(150.0, "pass"), (103.0, "pass"), (96.0, "undecided"), (94.0, "undecided"), (85.0, "fail"), (0.0, "fail")],
    )
    def test_decisions(self, value: float, decision: Decision) -> None:
        """More passes, a little less is undecided, less than the budget allows fails."""
        assert decision == compare(around(value), FIVE, budget=0.05, higher_is_better=True).decision

    def test_mirror(self) -> None:
        """Throughput compares as its inverse does."""
        down = compare(around(90.0), FIVE, budget=1 - 1 / 1.1, higher_is_better=True)
        up = compare(around(90.0).inverse(), [run.inverse() for run in FIVE], budget=0.1)

        assert pytest.approx((1 / up.ratio, 1 / up.upper, 1 / up.lower)) == (down.ratio, down.lower, down.upper)
        assert up.decision == down.decision
        assert pytest.approx(1 / (1 + up.attainable)) == 1 - down.attainable


class TestNoise:
    def test_floor(self) -> None:
        """Runs that agree, and a single one, still have the floor; of one run nothing is known."""
        five, one = run_noise([around(100.0)] * 5), run_noise([around(100.0)])

        assert [NOISE_FLOOR] * 2 == [five.likely, one.likely]
        assert UNKNOWN_NOISE <= one.feared
        assert five.feared < one.feared

    def test_sampling_is_taken_off(self) -> None:
        """What the runs' own intervals explain is no noise between runs, but scatter all the same."""
        values = (80.0, 90.0, 100.0, 110.0, 125.0)
        sharp, vague = (run_noise([around(value, half) for value in values]) for half in (0.001, 0.3))

        assert vague.likely < sharp.likely
        assert vague.scatter == pytest.approx(sharp.scatter)

    @pytest.mark.parametrize("count", [3, 4, 5])
    def test_one_odd_run_does_not_blind(self, count: int) -> None:
        """100, 100, 100, 100, 200 fail 180, and as a share of 100."""
        baseline = [around(100.0)] * (count - 1) + [Estimate(200.0, 20.0, inf)]
        result = compare(around(180.0), baseline, budget=0.10)

        assert (result.decision, pytest.approx(100.0)) == ("fail", result.base)

    @pytest.mark.parametrize("count", [2, 3, 4, 5])
    def test_unbiased(self, count: int) -> None:
        """On normal values the spread estimates their standard deviation, in the square mean."""
        logs = np.random.default_rng(1).normal(0, 0.2, (4000, count))
        spreads = [run_noise([Estimate(value, value, value) for value in row]).likely ** 2 for row in np.exp(logs)]

        assert sqrt(sum(spreads) / len(spreads)) == pytest.approx(0.2, rel=0.05)

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
    @pytest.mark.parametrize("noise", [0.02, 0.05])
    def test_false_alarms_of_noise_that_a_rerun_shares(self, count: int, noise: float) -> None:
        """At most half a per cent of unchanged runs, whatever the budget."""
        values = np.exp(np.random.default_rng(count).normal(0, noise, (6000, count + 1)))
        runs = [[Estimate(value, value, value) for value in row] for row in values.tolist()]
        failed = sum(compare(run, baseline, budget=0.01).decision == "fail" for run, *baseline in runs)

        assert failed / len(runs) <= 0.006

    @pytest.mark.parametrize(("noise", "budget"), [(0.02, 0.067), (0.03, 0.102), (0.05, 0.176)])
    def test_attainable(self, noise: float, budget: float) -> None:
        """With five runs a noise of 2, 3, 5 % allows budgets of 6.7, 10, 18 % at the least."""
        assert pytest.approx(budget, abs=1e-3) == attainable_budget(noise, 5)

    def test_attainable_now(self) -> None:
        """With the requests there are the attainable budget is larger, and more baseline runs make both smaller."""
        five, one = compare(around(100.0), FIVE, budget=0.1), compare(around(100.0), FIVE[:1], budget=0.1)

        assert attainable_budget(five.noise, 5) == five.attainable < five.attainable_now < one.attainable_now
        assert five.attainable < one.attainable
        assert compare(Estimate(100.0, 90.0, inf), FIVE, budget=0.1).attainable_now == inf


class TestAnchor:
    def test_cumulative(self) -> None:
        """Small steps add up: the anchor allows twice the budget, and what is beyond that fails."""
        drifted = [around(value) for value in (114.0, 115.0, 116.0, 117.0, 118.0)]
        latest = compare(around(124.0), drifted, budget=0.10)
        anchor = compare_with_anchor(around(124.0), around(98.0), budget=0.10, noise=run_noise(drifted))

        assert latest.decision != "fail"
        assert (anchor.decision, anchor.runs) == ("fail", 1)
        assert anchor.allowed == pytest.approx(1.2)

    def test_tps(self) -> None:
        """Of a throughput twice the budget may be missing too, but never all of it."""
        result = compare_with_anchor(
            around(80.0), around(100.0), budget=0.05, noise=run_noise(FIVE), higher_is_better=True
        )

        assert (result.decision, pytest.approx(0.9)) == ("fail", result.allowed)
        assert compare_with_anchor(
            around(85.0), around(100.0), budget=0.6, noise=run_noise(FIVE), higher_is_better=True
        ).allowed == pytest.approx(0.1)


def came_to(decision: Decision, *, beyond: bool = False) -> Comparison:
    """A comparison of which only the outcome matters."""
    return Comparison(decision, 1.5, 1.2, 1.8, 1.1, 100.0, 5, 0.02, 0.07, 0.08, 0.2, beyond)


class TestConfirmed:
    @pytest.mark.parametrize(
        ("first", "rerun", "decision"),
        [
            (came_to("fail"), came_to("fail"), "fail"),
            (came_to("fail"), came_to("undecided"), "undecided"),
            (came_to("fail"), came_to("pass"), "undecided"),
            (came_to("fail"), None, "undecided"),
            (came_to("pass"), came_to("fail"), "pass"),
            (came_to("undecided"), came_to("fail"), "undecided"),
            (came_to("undecided", beyond=True), came_to("undecided", beyond=True), "fail"),
            (came_to("undecided", beyond=True), came_to("fail"), "undecided"),
            (came_to("fail", beyond=True), came_to("undecided", beyond=True), "fail"),
            (came_to("undecided", beyond=True), None, "undecided"),
        ],
    )
    def test_both(self, first: Comparison, rerun: Comparison | None, decision: Decision) -> None:
        """Only what is suspicious is repeated, and only two that say the same are a failure."""
        assert decision == confirmed(first, rerun)


class TestBeyond:
    """An estimate so vague that its interval settles nothing."""

    @pytest.mark.parametrize(("value", "beyond"), [(115.0, False), (160.0, True), (inf, True)])
    def test_of_five_runs(self, value: float, beyond: bool) -> None:
        """Beyond twice what is allowed, and what the recorded runs' own scatter explains."""
        result = compare(Estimate(value, 60.0, inf), FIVE, budget=0.10)

        assert ("undecided", beyond) == (result.decision, result.beyond)

    def test_not_where_the_runs_scatter_as_much(self) -> None:
        """Queues make runs of the same code differ by half."""
        scattered = [Estimate(value, value / 3, inf) for value in (70.0, 90.0, 100.0, 130.0, 190.0)]

        assert not compare(Estimate(160.0, 60.0, inf), scattered, budget=0.10).beyond
        assert compare(Estimate(900.0, 60.0, inf), scattered, budget=0.10).beyond

    def test_not_where_noise_explains_it(self) -> None:
        """Of one run nothing is known, and twice a small budget is soon exceeded."""
        one = [around(100.0)]

        assert not compare(Estimate(125.0, 90.0, 160.0), one, budget=0.02).beyond
        assert compare(Estimate(220.0, 90.0, inf), one, budget=0.02).beyond


def test_estimate_of_a_bound() -> None:
    """An estimate keeps a bound's value and interval."""
    bound = quantile_bound(np.arange(1.0, 1001.0), 500)

    assert Estimate(bound.observed, bound.lower, bound.upper) == Estimate.of(bound)
