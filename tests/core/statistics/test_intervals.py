"""Intervals of percentiles, error rates, means and rates, and when they prove a check."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import comb, exp, inf, isclose, isnan, lgamma, log, nan, pi, sqrt, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.statistics.binomial import (
    binomial_quantile,
    normal_quantile,
    quantile_ranks,
    samples_to_bound,
    share_bounds,
    student_t,
    variance_factor,
)
from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.bound import ALPHA, Bound, look_alpha
from pytest_smload.core.statistics.columns import Flags, Floats
from pytest_smload.core.statistics.dependence import design_effect
from pytest_smload.core.statistics.intervals import (
    bound_ranks,
    mean_bound,
    quantile_bound,
    share_bound,
    tps_bound,
)


def limit(metric: str, value: object) -> Limit:
    """The limit *value* on *metric*."""
    return parse_limit(metric, value, source="test")


def exact_cdf(n: int, p: Fraction) -> list[Fraction]:
    """P(K <= k) of Bin(*n*, *p*) for each k, in whole numbers."""
    return list(accumulate(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)))


def ones(n: int, *, failed: Sequence[int], how: float) -> Floats:
    """*n* latencies of 1 ms, those at *failed* replaced by *how*."""
    outcome = np.array([1.0] * n)
    for index in failed:
        outcome[index] = how
    return outcome


def failures(n: int, *, failed: Sequence[int]) -> Flags:
    """Which of *n* requests failed."""
    return np.isnan(ones(n, failed=failed, how=nan))


class TestBinomial:
    @settings(max_examples=60, deadline=None)
    @given(n=st.integers(1, 150), mille=st.integers(1, 999), u=st.floats(0.0001, 0.9999))
    def test_quantile(self, n: int, mille: int, u: float) -> None:
        """The quantile is the first k whose distribution function reaches the probability."""
        exact = exact_cdf(n, Fraction(mille, 1000))
        k = binomial_quantile(u, n, mille / 1000)

        assert float(exact[k]) >= u - 1e-9
        assert k == 0 or float(exact[k - 1]) < u + 1e-9

    @pytest.mark.parametrize("u", [0.00833, 0.025, 0.5, 0.975, 0.99167])
    @pytest.mark.parametrize(("n", "p"), [(30_000, 0.95), (1_000_000, 0.999), (1_000_000, 0.5)])
    def test_large_quantile(self, n: int, p: float, u: float) -> None:
        """Among a million samples the quantile is that of adding up the mass from the far end of the tail."""
        k = binomial_quantile(u, n, p)
        reach = int(12 * sqrt(n * p * (1 - p))) + 30
        below = sum(
            exp(lgamma(n + 1) - lgamma(j + 1) - lgamma(n - j + 1) + j * log(p) + (n - j) * log(1 - p))
            for j in range(max(0, k - reach), k)
        )
        at = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))

        assert below < u + 1e-7
        assert below + at >= u - 1e-7

    @pytest.mark.parametrize(
        ("per_mille", "n", "ranks"),
        [
            (950, 500, (465, 485)),
            (950, 2000, (1880, 1920)),
            (950, 10000, (9457, 9543)),
            (990, 500, (490, 500)),
            (990, 2000, (1971, 1989)),
            (990, 10000, (9880, 9920)),
        ],
    )
    def test_ranks(self, per_mille: int, n: int, ranks: tuple[int, int]) -> None:
        """The ranks around p95 and p99 are those of the tables."""
        assert ranks == quantile_ranks(n, per_mille, 0.05)

    @settings(max_examples=60, deadline=None)
    @given(n=st.integers(1, 120), per_mille=st.sampled_from([500, 900, 950, 990, 999]), alpha=st.floats(0.01, 0.2))
    def test_ranks_miss_no_more_than_asked(self, n: int, per_mille: int, alpha: float) -> None:
        """Either rank misses the quantile with alpha / 2 at most, and the next one inwards with more."""
        exact = [float(each) for each in exact_cdf(n, Fraction(per_mille, 1000))]
        r, s = quantile_ranks(n, per_mille, alpha)

        assert r == 0 or exact[r - 1] <= alpha / 2 + 1e-9
        assert exact[r] > alpha / 2 - 1e-9
        assert s == n + 1 or exact[s - 1] >= 1 - alpha / 2 - 1e-9
        assert s == 1 or exact[s - 2] < 1 - alpha / 2 + 1e-9

    @pytest.mark.parametrize(("per_mille", "needed"), [(500, 6), (950, 72), (990, 368), (999, 3688)])
    def test_samples_to_bound(self, per_mille: int, needed: int) -> None:
        """So many independent samples bound a percentile on both sides, and one fewer does not."""
        assert needed == samples_to_bound(per_mille, 0.05)
        assert quantile_ranks(needed, per_mille, 0.05)[1] <= needed
        assert quantile_ranks(needed - 1, per_mille, 0.05)[1] == needed

    @pytest.mark.parametrize(
        ("count", "n", "expected"),
        [
            (0, 299, (0.0, 0.012262)),
            (5, 100, (0.016432, 0.112835)),
            (50, 100, (0.398321, 0.601679)),
            (100, 100, (0.963783, 1.0)),
            (12, 2000, (0.003104, 0.010456)),
        ],
    )
    def test_clopper_pearson(self, count: int, n: int, expected: tuple[float, float]) -> None:
        """The bounds of a share are Clopper and Pearson's."""
        assert pytest.approx(expected, abs=2e-6) == share_bounds(count, n, 0.05)

    def test_share_of_fractional_counts(self) -> None:
        """A count of an effective sample size may be a fraction, and lies between its neighbours."""
        lower, upper = share_bounds(2.5, 100, 0.05)

        assert share_bounds(2, 100, 0.05)[0] < lower < share_bounds(3, 100, 0.05)[0]
        assert share_bounds(2, 100, 0.05)[1] < upper < share_bounds(3, 100, 0.05)[1]
        assert share_bounds(0, 0, 0.05) == (0.0, 1.0)

    def test_student_and_normal(self) -> None:
        """t of 19 degrees is 2.093, of one degree Cauchy's; z is 1.96."""
        assert student_t(0.95, 19) == pytest.approx(2.0930241, abs=1e-6)
        assert student_t(0.95, 1) == pytest.approx(tan(pi * 0.475), rel=1e-9)
        assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)

    def test_variance(self) -> None:
        """Variances of 20, 10 and 5 values are up to 1.39, 1.67 and 2.43 times too small, one case in five left out."""
        factors = [variance_factor(freedom, 0.2) for freedom in (19, 9, 4)]

        assert factors == pytest.approx([19 / 13.71579, 9 / 5.38005, 4 / 1.64878], rel=1e-5)


class TestDesignEffect:
    def test_independent(self) -> None:
        """Counts that vary no more than independent samples' leave the sample as it is."""
        assert design_effect([25] * BLOCKS, 500) == 1.0

    def test_formula(self) -> None:
        """Dispersion of the counts, times the squared ratio of Student's t to z."""
        counts = [0, 50] * 10
        spread = sum((count - 25) ** 2 for count in counts)
        phi = spread / (19 * 500 * 0.05 * 0.95)

        assert pytest.approx(phi * (2.0930241 / 1.9599640) ** 2, rel=1e-6) == design_effect(counts, 500)

    def test_nothing_to_tell_from(self) -> None:
        """Without a sample per block, or with none, one or all of them counted, there is no dispersion."""
        assert [design_effect(counts, size) for counts, size in [([0] * 20, 0), ([0] * 20, 5), ([5] * 20, 5)]] == [
            1.0
        ] * 3
        assert design_effect([1] + [0] * 19, 5) == 1.0


class TestQuantile:
    def test_independent_samples(self) -> None:
        """Shuffled samples are bounded by the order statistics of the binomial ranks."""
        values = [float(value) for value in range(1, 2001)]
        # Every block gets every 20th value: counts are even, as the design effect wants them.
        spread = np.array([value for first in range(BLOCKS) for value in values[first::BLOCKS]])

        assert Bound(1900.0, 1880.0, 1920.0, 2000, 2000) == quantile_bound(spread, 950)

    def test_sorted_by_the_caller(self) -> None:
        """Samples the caller has sorted give the same as those sorted here, lost ones at the end or left out."""
        draw = random.Random(1)
        values = np.array([draw.expovariate(1) for _ in range(1000)] + [inf] * 3)
        finite = np.sort(values)[:-3]

        assert quantile_bound(values, 950) == quantile_bound(values, 950, ordered=finite)

    def test_dependent_samples(self) -> None:
        """Slow requests that come together count for less: the interval is wider."""
        values = 1.0 + np.arange(2000) / 1e6
        values[300:400] += 10
        values[1500:1600] += 10
        bound = quantile_bound(values, 900)

        # 200 exceedances in two of twenty blocks of 100: those of the largest effect, of 20, 10 and 5 blocks, count.
        twenty, ten, five = [0] * 20, [0] * 10, [0] * 5
        twenty[3] = twenty[15] = ten[1] = ten[7] = five[0] = five[3] = 100
        effects = [design_effect(twenty, 100), design_effect(ten, 200), design_effect(five, 400)]
        assert bound.n_eff == int(2000 / max(effects))
        assert bound.lower < bound.observed < bound.upper

    @pytest.mark.parametrize(("per_mille", "needed"), [(950, 72), (990, 368), (999, 3688)])
    def test_too_few(self, per_mille: int, needed: int) -> None:
        """Too few samples leave the upper side open, and say how many it takes."""
        values = np.array([60.0, *range(1, 20), 59, *range(20, 39), 58, *range(39, 58)])
        bound = quantile_bound(values, per_mille)

        assert (bound.upper, bound.needed) == (inf, needed)
        assert bound.lower > 0

    def test_too_few_of_dependent_samples(self) -> None:
        """Where samples depend on one another it takes more of them."""
        values = np.array([1.0] * 190 + [2.0] * 10)
        bound = quantile_bound(values, 900)
        effect = 200 / bound.n_eff

        assert bound.upper == inf
        assert bound.needed == pytest.approx(samples_to_bound(900, ALPHA) * effect, abs=1)

    def test_lower_side_open(self) -> None:
        """A low percentile of few samples is not bounded below."""
        bound = quantile_bound(np.array([1.0, 2.0, 3.0]), 500)

        assert (0.0, inf, 6) == (bound.lower, bound.upper, bound.needed)

    def test_lost_requests(self) -> None:
        """Lost requests are the slowest samples: they may reach into the interval, or be the estimate itself."""
        few = quantile_bound(ones(1000, failed=range(0, 1000, 50), how=inf), 950)
        many = quantile_bound(ones(1000, failed=range(0, 1000, 10), how=inf), 950)
        between = quantile_bound(ones(1000, failed=range(0, 1000, 20), how=inf), 950)

        assert (1.0, 1.0, 1.0) == (few.observed, few.lower, few.upper)
        assert (inf, inf, inf) == (many.observed, many.lower, many.upper)
        assert (1.0, 1.0, inf, 0) == (between.observed, between.lower, between.upper, between.needed)

    def test_lost_together(self) -> None:
        """Lost requests in one block count for less than as many spread out."""
        together = quantile_bound(ones(1000, failed=[*range(300, 350), *range(700, 750)], how=inf), 950)

        assert together.observed == inf
        assert together.lower == 1.0
        assert together.n_eff < 100

    def test_slow_together(self) -> None:
        """Where even neighbouring blocks are slow together, the interval reaches as far again as they are apart."""
        bound = quantile_bound(ones(2000, failed=range(800, 1300), how=9.0), 900)

        assert not bound.withheld
        assert (9.0, pytest.approx(1 / 9), pytest.approx(81)) == (bound.observed, bound.lower, bound.upper)

    def test_withheld(self) -> None:
        """Where a whole block was lost, nothing says how much longer the others may take."""
        bound = quantile_bound(ones(2000, failed=range(800, 1300), how=inf), 700)

        assert bound.withheld
        assert (1.0, 0.0, inf) == (bound.observed, bound.lower, bound.upper)

    def test_empty(self) -> None:
        """Without samples nothing is known."""
        bound = quantile_bound(np.empty(0), 950)

        assert isnan(bound.observed)
        assert (0.0, inf, 0, 0, 72) == (bound.lower, bound.upper, bound.n, bound.n_eff, bound.needed)

    def test_constant(self) -> None:
        """An endpoint that always takes the same time is known exactly."""
        assert Bound(20.0, 20.0, 20.0, 1000, 1000) == quantile_bound(np.array([20.0] * 1000), 990)

    @settings(max_examples=60, deadline=None)
    @given(
        values=st.lists(st.one_of(st.floats(0.1, 1e4), st.just(inf)), min_size=1, max_size=300),
        per_mille=st.sampled_from([500, 900, 950, 990, 999]),
        alpha=st.sampled_from([ALPHA, ALPHA / 3]),
    )
    def test_encloses_the_estimate(self, values: list[float], per_mille: int, alpha: float) -> None:
        """The interval holds its estimate; where its binomial ranks or spells leave it open, samples are missing."""
        bound = quantile_bound(np.array(values, dtype=float), per_mille, alpha=alpha)
        lower_rank, upper_rank = bound_ranks(bound.n, bound.n_eff, per_mille, alpha)

        assert bound.lower <= bound.observed <= bound.upper
        assert 1 <= bound.n_eff <= bound.n == len(values)
        assert bound.needed > 0 or (lower_rank >= 1 and upper_rank <= bound.n)
        assert bound.needed == 0 or (bound.needed > bound.n and (bound.lower == 0 or bound.upper == inf))

    def test_corrected_level(self) -> None:
        """Three looks share the level: each interval is wider, by less than half."""
        draw = random.Random(7)
        values = np.array([draw.lognormvariate(3, 0.5) for _ in range(5000)])
        one, three = (quantile_bound(values, 950, alpha=look_alpha(looks)) for looks in (1, 3))

        assert three.lower < one.lower < one.upper < three.upper
        assert three.upper - three.lower < 1.5 * (one.upper - one.lower)


class TestOthers:
    def test_error_rate(self) -> None:
        """Failures of either kind count, between Clopper and Pearson's bounds."""
        outcome = ones(2000, failed=range(0, 2000, 200), how=nan)
        outcome[100] = outcome[1100] = inf
        bound = share_bound(~np.isfinite(outcome))

        assert (0.006, 2000, 2000) == (bound.observed, bound.n, bound.n_eff)
        assert pytest.approx(share_bounds(12, 2000, 0.05)) == (bound.lower, bound.upper)

    def test_errors_together(self) -> None:
        """A burst of errors says less about the rate than as many spread out."""
        burst = share_bound(failures(2000, failed=range(500, 520)))
        spread = share_bound(failures(2000, failed=range(0, 2000, 100)))

        assert (0.01, 0.01) == (burst.observed, spread.observed)
        assert burst.n_eff < spread.n_eff == 2000
        assert burst.lower < spread.lower < spread.upper < burst.upper

    def test_remainder_counts(self) -> None:
        """Errors after the last full block are in the rate."""
        assert share_bound(failures(39, failed=[38])).observed == pytest.approx(1 / 39)

    def test_no_error(self) -> None:
        """598 requests without error prove a rate of 0.5 % one-sided 95 %, in the table's way of counting."""
        bound = share_bound(np.zeros(598, dtype=bool), alpha=0.1)

        assert bound.lower == 0
        assert bound.upper == pytest.approx(0.005, abs=1e-5)
        assert isnan(share_bound(np.empty(0, dtype=bool)).observed)

    def test_mean(self) -> None:
        """The mean is bounded by Student's t over 20 batch means; by 20 consecutive batches."""
        values = np.array([value for batch in range(BLOCKS) for value in [batch % 2 * 2.0 + 9.0] * 10])
        reach = 2.0930241 * sqrt(20 / 19) / sqrt(20)
        bound = mean_bound(values)

        assert pytest.approx((10.0, 10 - reach, 10 + reach), rel=1e-6) == (bound.observed, bound.lower, bound.upper)
        assert bound.n == 200
        assert bound.n_eff == pytest.approx(20, abs=2)

    @pytest.mark.parametrize("towards", [1, -1])
    def test_mean_of_one_spell(self, towards: int) -> None:
        """One batch that stands out makes the interval reach farther, to its side alone."""
        draw = np.random.default_rng(1)
        values = 10 + 0.1 * draw.standard_normal(2000)
        values[1210:1230] += 5 * towards
        bound = mean_bound(values)
        to_spell, from_spell = bound.upper - bound.observed, bound.observed - bound.lower

        assert (to_spell / from_spell) ** towards > 5

    def test_mean_of_few_or_equal(self) -> None:
        """Fewer than 20 successes have no batches; equal ones no spread."""
        assert Bound(2.0, 0.0, inf, 3, 3, 20) == mean_bound(np.array([1.0, 2.0, 3.0]))
        assert Bound(0.1, 0.1, 0.1, 999, 999) == mean_bound(np.array([0.1] * 999))
        assert isnan(mean_bound(np.empty(0)).observed)
        assert inf == mean_bound(np.array([1.0, inf])).observed

    def test_tps(self) -> None:
        """The rate is bounded by Student's t over the rates of 20 slices."""
        bound = tps_bound([9, 11] * 10, 10.0)
        reach = 2.0930241 * 2 * sqrt(20 / 19) / sqrt(20)

        assert pytest.approx((20.0, 20 - reach, 20 + reach), rel=1e-6) == (bound.observed, bound.lower, bound.upper)
        assert (200, 200) == (bound.n, bound.n_eff)

    def test_tps_of_an_even_schedule(self) -> None:
        """A rate that never varies is known exactly; without a span nothing is."""
        assert Bound(20.0, 20.0, 20.0, 200, 200) == tps_bound([10] * 20, 10.0)
        assert isnan(tps_bound([0] * 20, 0.0).observed)

    def test_tps_that_swings(self) -> None:
        """Stalls make neighbouring responses depend on one another."""
        bound = tps_bound([0, 100] * 10, 10.0)

        assert bound.n_eff < 30
        assert bound.lower == pytest.approx(100 - 2.0930241 * 100 * sqrt(20 / 19) / sqrt(20))


class TestLooks:
    def test_level(self) -> None:
        """The looks share 5 %."""
        assert isclose(0.05 / 3, look_alpha(3))
        assert look_alpha(1) == ALPHA


def test_blocks_alike_are_known() -> None:
    """An endpoint that takes the same time but for microseconds is known, however these come together."""
    drifting = np.linspace(5.0, 5.1, 2_000)
    for bound in (quantile_bound(drifting, 500), mean_bound(drifting)):
        assert not bound.withheld
        assert 4.9 < bound.lower <= bound.observed <= bound.upper < 5.2
