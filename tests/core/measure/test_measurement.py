"""What samples amount to, held against straightforward reference implementations."""

from __future__ import annotations

import math
from array import array
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import KINDS, MODELS, TIMEOUT, UNSENT, Row, recording

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.measure.timeline import LONGEST_WARMUP_S
from pytest_smload.core.statistics.binomial import samples_to_bound
from pytest_smload.core.statistics.percentiles import nearest_rank, needed_samples, percentile, percentile_of

OPENS, CLOSES = 100.0, 104.5


@st.composite
def rows(draw: st.DrawFn, open_model: bool) -> list[Row]:
    found = []
    for _ in range(draw(st.integers(0, 40))):
        due = draw(st.floats(98, CLOSES, exclude_max=True))
        start = due + draw(st.floats(0, 1)) if open_model else due
        end = start + draw(st.floats(1e-4, 3))
        kind = draw(st.sampled_from([0, 0, 0, TIMEOUT, 6]))
        found.append(Row(due, start, end, kind, draw(st.integers(0, len(MODELS) - 1))))
    return found


def same(left: float, right: float) -> bool:
    return (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


@given(count=st.integers(1, 5000), per_mille=st.sampled_from([500, 900, 950, 990, 999]))
def test_nearest_rank_is_the_ceiling_of_n_times_p(count: int, per_mille: int) -> None:
    """The rank is ceil(n * p) in exact arithmetic."""
    assert math.ceil(Fraction(count * per_mille, 1000)) == nearest_rank(count, per_mille)


def test_percentiles_of_a_hundred() -> None:
    """p95 of 1..100 is 95 and p99.9 is 100; of nothing it is NaN."""
    ordered = list(range(1, 101))

    assert tuple(percentile(ordered, p) for p in (500, 950, 990, 999)) == (50, 95, 99, 100)
    assert math.isnan(percentile([], 950))


@given(values=st.lists(st.floats(0, 100), max_size=300), per_mille=st.sampled_from([500, 950, 990]))
def test_a_percentile_needs_no_order(values: list[float], per_mille: int) -> None:
    """It is that of the sorted values."""
    assert same(percentile(sorted(values), per_mille), percentile_of(np.array(values, dtype=float), per_mille))


def test_needed_samples() -> None:
    """A percentile needs as many samples as bound it on both sides."""
    assert [needed_samples(p) for p in (500, 900, 950, 990, 999)] == [6, 36, 72, 368, 3688]
    assert all(needed_samples(p) == samples_to_bound(p, 0.05) for p in range(500, 1000))


@given(data=st.data(), open_model=st.booleans())
@settings(max_examples=60, deadline=None)
def test_figures_equal_a_naive_reference(data: st.DataObject, open_model: bool) -> None:
    """Counts, latencies and rates of total, models and stages are those of a naive implementation."""
    samples = data.draw(rows(open_model))
    unsent = data.draw(st.lists(st.tuples(st.floats(99, 105), st.integers(0, 2)), max_size=6)) if open_model else []
    stages = (StageSpan("a", 0.0, 1.5, tps=10), StageSpan("b", 1.5, 4.5, tps=20))

    measured = measure(recording(samples, OPENS, CLOSES, open_model=open_model, unsent=unsent, stages=stages))

    scopes = {"total": (OPENS, CLOSES, None), "stage a": (100.0, 101.5, None), "stage b": (101.5, 104.5, None)}
    scopes |= {name: (OPENS, CLOSES, index) for index, name in enumerate(MODELS)}
    assert set(scopes) == {str(name) for name in measured.scopes}
    for name, (begin, end, model) in scopes.items():
        mine = [row for row in samples if model is None or row.model == model]
        inside = [row for row in mine if begin <= (row.due if open_model else row.start) < end]
        left = [due for due, index in unsent if begin <= due < end and model in {None, index}]
        good = sorted((row.end - (row.due if open_model else row.start)) * 1000 for row in inside if not row.kind)
        ended = sum(1 for row in mine if not row.kind and begin <= row.end < end)
        scope = measured.scopes[ScopeName.parse(name)]
        stats = scope.stats
        assert (len(inside) + len(left), len(good)) == (stats.requests, stats.ok)
        assert stats.errors == stats.requests - stats.ok == sum(scope.kinds.values())
        assert same(ended / (end - begin), stats.tps)
        assert same(sum(good) / len(good) if good else math.nan, stats.mean_ms)
        assert same(good[-1] if good else math.nan, stats.max_ms)
        assert same(good[math.ceil(len(good) * 0.9) - 1] if good else math.nan, stats.p90_ms)
        assert same(stats.errors / stats.requests if stats.requests else math.nan, stats.error_rate)
        lost = len(left) + sum(row.kind == TIMEOUT for row in inside)
        pessimistic = [*good, *[math.inf] * lost]
        expected = pessimistic[math.ceil(len(pessimistic) / 2) - 1] if pessimistic else math.nan
        assert same(expected, scope.check_quantile_ms(500))
        assert lost == scope.lost


@given(data=st.data(), open_model=st.booleans())
@settings(max_examples=40, deadline=None)
def test_nothing_is_counted_twice_or_lost(data: st.DataObject, open_model: bool) -> None:
    """Warm-up + window is every sample, per model; models, stages and timeline add up to the total."""
    samples = data.draw(rows(open_model))
    stages = (StageSpan("a", 0.0, 2.0, users=1), StageSpan("b", 2.0, 4.5, users=2))

    measured = measure(recording(samples, OPENS, CLOSES, open_model=open_model, stages=stages))

    by_model = [sum(row.model == index for row in samples) for index in range(len(MODELS))]
    assert by_model == [measured.warmup.models[name] + measured.routes[name].requests for name in MODELS]
    assert len(samples) == measured.warmup.sent + measured.sent
    assert measured.total.requests == sum(stats.requests for stats in measured.stages.values())
    assert measured.total.errors == sum(measured.errors.values()) == sum(point.errors for point in measured.timeline)
    lengths = [1, 1, 1, 1, 0.5]
    timeline = list(zip(measured.timeline, lengths, strict=True))
    assert same(measured.total.requests, sum(point.offered * length for point, length in timeline))
    assert same(measured.total.tps * 4.5, sum(point.tps * length for point, length in timeline))
    for point, length in timeline:
        moment = OPENS + point.t_s + length
        assert point.in_flight == sum(row.start < moment <= row.end for row in samples)
    assert measured.in_flight_at_end == measured.timeline[-1].in_flight


@given(data=st.data(), open_model=st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_warm_up_second_by_second_is_all_that_was_sent_before(data: st.DataObject, open_model: bool) -> None:
    """Each request of it is in one of its seconds, and none of the window's."""
    samples = data.draw(rows(open_model))

    measured = measure(recording(samples, OPENS, CLOSES, open_model=open_model))

    points, warmup = measured.warmup_timeline, measured.warmup
    before = [row for row in samples if (row.due if open_model else row.start) < OPENS]
    assert bool(points) == bool(before)
    assert warmup.errors == sum(point.errors for point in points)
    edges = [*(OPENS + point.t_s for point in points), OPENS]
    lengths = [max(0.5, end - begin) for begin, end in pairwise(edges)]
    assert same(warmup.sent, sum(point.offered * length for point, length in zip(points, lengths, strict=True)))
    for point, end, length in zip(points, edges[1:], lengths, strict=True):
        assert point.in_flight == sum(row.start < end <= row.end for row in before)
        ended = sum(not row.kind and end - length <= row.end < end for row in before)
        assert same(point.tps * length, ended) or length == 0.5


def test_seconds_of_the_warm_up_are_counted_back_from_the_window() -> None:
    """What is left at its begin belongs to the first one; before the first request there is none."""
    begins = [97.75, 98.0, 98.5, 99.25, 99.75]
    samples = [Row(at, at, at + 0.125 * number) for number, at in enumerate(begins, start=1)]

    points = measure(recording([*samples, Row(100.0, 100.0, 103.0)], 100.0, 104.0)).warmup_timeline

    assert [-2.25, -1.0] == [point.t_s for point in points]
    assert [3 / 1.25, 2.0] == [point.offered for point in points]
    assert [3 / 1.25, 1.0] == [point.tps for point in points]
    assert [250.0, 500.0] == [point.p50_ms for point in points]
    assert [(125.0, 375.0), (500.0, 625.0)] == [(point.min_ms, point.max_ms) for point in points]
    assert [0, 1] == [point.in_flight for point in points]


def test_a_moment_of_warm_up_is_no_high_rate() -> None:
    """One request a millisecond before the window is not a thousand a second."""
    (point,) = measure(recording([Row(99.999, 99.999, 99.9995)], 100.0, 104.0)).warmup_timeline

    assert (pytest.approx(-0.001), 2.0, 2.0) == (point.t_s, point.offered, point.tps)


def test_what_priming_sent_is_before_the_window_too() -> None:
    """With what it was waited for: nothing was sent then."""
    points = measure(recording([Row(90.0, 90.0, 91.0), Row(99.0, 99.0, 99.5)], 100.0, 104.0)).warmup_timeline

    assert [-float(second) for second in range(10, 0, -1)] == [point.t_s for point in points]
    assert [1, *[0] * 8, 1] == [point.offered for point in points]
    assert all(math.isnan(point.p95_ms) for point in points[1:-1])


@pytest.mark.parametrize("begin", [-math.inf, -1e12])
def test_a_clock_that_jumped_makes_no_endless_warm_up(begin: float) -> None:
    """A day of it is told; the rest is in no second, and is counted."""
    measured = measure(recording([Row(begin, begin, 98.0), Row(99.0, 99.0, 99.5)], 100.0, 104.0))

    assert (2, LONGEST_WARMUP_S) == (measured.warmup.sent, len(measured.warmup_timeline))
    assert 1 == sum(point.offered for point in measured.warmup_timeline)


def test_tps_counts_what_ended_in_the_window() -> None:
    """A success carried in from the warm-up counts for tps, one drained after the end only for latency."""
    carried_in = Row(99.0, 99.0, 100.5)
    inside = Row(101.0, 101.0, 101.2)
    drained = Row(103.0, 103.0, 110.0)

    total = measure(recording([carried_in, inside, drained], 100.0, 104.0)).total

    assert total.tps == 2 / 4.0
    assert total.ok == 2
    assert pytest.approx(total.max_ms) == 7000


def test_latency_of_the_open_model_counts_from_the_due_time() -> None:
    """Waiting for a free user is inside latency, and outside service time; the closed model knows only the start."""
    row = Row(100.0, 101.0, 101.25)

    opened, closed = (measure(recording([row], 100.0, 104.0, open_model=model)).total for model in (True, False))

    assert pytest.approx((opened.p50_ms, opened.service_p50_ms)) == (1250.0, 250.0)
    assert pytest.approx((closed.p50_ms, closed.service_p50_ms)) == (250.0, 250.0)


def test_lost_requests_stand_as_infinite_in_checks_only() -> None:
    """With 10 % timed out or unsent the checked p95 is infinite; p90 and the reported p95 are finite."""
    good = [Row(100.0, 100.0, 100.0 + (index + 1) / 100) for index in range(18)]
    lost = Row(100.0, 100.0, 103.0, TIMEOUT)
    scope = measure(recording([*good, lost], 100.0, 104.0, unsent=[(103.9, 0)])).scopes[TOTAL]

    assert math.inf == scope.check_quantile_ms(950)
    assert pytest.approx(scope.check_quantile_ms(900)) == 180
    assert pytest.approx(scope.stats.p95_ms) == 180
    assert math.inf == scope.check_max_ms()
    assert scope.kinds == {"Timeout": 1, "Unsent": 1}


def test_refused_requests_do_not_stand_as_infinite() -> None:
    """A fast failure is an error, never an infinite latency."""
    rows = [Row(100.0, 100.0, 100.1), *[Row(101.0, 101.0, 101.001, 6)] * 5]

    scope = measure(recording(rows, 100.0, 104.0)).scopes[TOTAL]

    assert (pytest.approx(scope.check_max_ms()), scope.lost) == (100.0, 0)


def test_models_without_a_sample_are_there() -> None:
    """Every model has its statistics and share, also one no request went to."""
    measured = measure(recording([Row(100.0, 100.0, 100.1, 0, 1)], 100.0, 104.0))

    assert tuple(measured.routes) == MODELS
    assert measured.routes[MODELS[0]].requests == 0
    assert math.isnan(measured.routes[MODELS[0]].p95_ms)
    assert measured.mix[MODELS[1]].achieved_share == 1.0


def test_an_endpoint_that_is_not_multi_model_has_no_models() -> None:
    """Only the total is reported."""
    measured = measure(recording([Row(100.0, 100.0, 100.1)], 100.0, 104.0, multi_model=False))

    assert ({}, {}, {TOTAL}) == (measured.routes, measured.mix, set(measured.scopes))


def test_a_request_begun_a_moment_after_the_end_still_counts() -> None:
    """A start stamped just after the end it was checked against is in the window: the endpoint's log has it too."""
    measured = measure(recording([Row(103.9999, 104.0001, 104.1)], 100.0, 104.0, open_model=False))

    assert (measured.total.requests, measured.total.tps) == (1, 0)
    assert measured.timeline[-1].offered == 1


def test_a_window_that_never_opened_measures_nothing() -> None:
    """Interrupted in its warm-up, a load has warm-up samples and NaN figures."""
    measured = measure(recording([Row(10.0, 10.0, 10.1)], math.inf, 11.0, open_model=False))

    assert (measured.warmup.sent, measured.sent, measured.timeline) == (1, 0, [])
    assert [(-1.0, 1)] == [(point.t_s, point.offered) for point in measured.warmup_timeline]
    assert math.isnan(measured.total.tps)


def test_stages_beyond_an_early_end() -> None:
    """A stage cut short has its rate over the part that ran; one that never ran has none."""
    stages = (StageSpan("a", 0.0, 2.0, tps=1), StageSpan("b", 2.0, 4.0, tps=2), StageSpan("c", 4.0, 6.0, tps=3))

    measured = measure(recording([Row(102.5, 102.5, 102.6)], 100.0, 103.0, stages=stages))

    assert [measured.stages[name].tps for name in "ab"] == [0.0, 1.0]
    assert math.isnan(measured.stages["c"].tps)
    assert [measured.scopes[ScopeName("stage", name)].offered_tps for name in "abc"] == [1, 2, 3]


def test_columns_of_a_million_samples_stay_small() -> None:
    """A sample takes 27 bytes."""
    samples = recording([Row(100.0, 100.0, 100.1)], 100.0, 104.0).samples
    columns = (samples.due, samples.start, samples.end, samples.kind, samples.model)

    assert sum(column.itemsize for column in columns if isinstance(column, array)) == 27
    assert KINDS[UNSENT] == "Unsent"
