"""Where latencies and failures lie: histograms that add up, and courses over time."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import KINDS, MODELS, TIMEOUT, UNSENT, Row, recording

from pytest_smload.core.measure.distribution import MOST_SLICES, bins_of, distribution_of, trimmed
from pytest_smload.core.measure.histogram import RATIO, Histogram
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.percentiles import nearest_rank

OPENS, CLOSES = 100.0, 104.5
latencies = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=80)


def spread_of(found: Recording) -> Distribution | None:
    return distribution_of(found, measure(found).total)


def histogram_of(values: list[float]) -> Histogram:
    bins = bins_of(np.array(values))
    first = int(bins.min())
    return trimmed(first, np.bincount(bins - first))


@given(values=latencies, per_mille=st.sampled_from([1, 500, 950, 990, 999, 1000]))
def test_a_percentile_is_one_percent_off_at_most(values: list[float], per_mille: int) -> None:
    """What is read from the bins is the nearest-rank percentile, give or take half a bin."""
    exact = sorted(values)[nearest_rank(len(values), per_mille) - 1]

    assert abs(math.log(histogram_of(values).percentile_ms(per_mille) / exact)) <= math.log(RATIO) / 2 + 1e-9


@given(one=latencies, other=latencies)
def test_histograms_add_up(one: list[float], other: list[float]) -> None:
    """Those of two loads merged are the one of all their latencies."""
    both = histogram_of(one).merged(histogram_of(other))

    assert both == histogram_of(one + other) == histogram_of(other).merged(histogram_of(one))
    assert both.total == len(one) + len(other)


def test_an_empty_histogram_has_no_percentile() -> None:
    """It adds nothing to another, and bins of another width are refused."""
    empty, one = Histogram(RATIO, 0, ()), histogram_of([3.0])

    assert math.isnan(empty.percentile_ms(500))
    assert empty.merged(one) == one.merged(empty) == one
    with pytest.raises(ValueError, match="do not add up"):
        one.merged(Histogram(1.1, 0, (1,)))


@pytest.mark.parametrize(
    "broken", [(1.0, 0, (1,)), (math.nan, 0, (1,)), (1.02, 0, (2, -1)), (1.02, 10**9, (1,)), (1e9, 0, (1,) * 9)]
)
def test_what_is_no_histogram_is_refused(broken: tuple[float, int, tuple[int, ...]]) -> None:
    """Bins that do not grow, counts below none, edges that no latency has and no float holds."""
    with pytest.raises(ValueError, match="no histogram has "):
        Histogram(*broken)


@st.composite
def rows(draw: st.DrawFn, *, open_model: bool) -> list[Row]:
    found = []
    for _ in range(draw(st.integers(0, 40))):
        due = draw(st.floats(98, CLOSES, exclude_max=True))
        start = due + draw(st.floats(0, 1)) if open_model else due
        kind = draw(st.sampled_from([0, 0, 0, TIMEOUT, 6]))
        found.append(Row(due, start, start + draw(st.floats(1e-4, 3)), kind, draw(st.integers(0, len(MODELS) - 1))))
    return found


@given(data=st.data(), open_model=st.booleans())
@settings(max_examples=60, deadline=None)
def test_everything_of_the_window_is_somewhere_once(data: st.DataObject, open_model: bool) -> None:
    """Bins, slices and failures add up to what was measured, by route and by kind."""
    samples = data.draw(rows(open_model=open_model))
    unsent = data.draw(st.lists(st.tuples(st.floats(99, 105), st.integers(0, 2)), max_size=6)) if open_model else []
    found = recording(samples, OPENS, CLOSES, open_model=open_model, unsent=unsent)
    spread, measured = spread_of(found), measure(found)

    assert spread is not None
    assert spread.total.total == sum(each.total for each in spread.over_time) == measured.total.ok
    assert {name: each.total for name, each in spread.routes.items()} == {
        name: stats.ok for name, stats in measured.routes.items() if stats.ok
    }
    assert {kind: sum(counts) for kind, counts in spread.errors_over_time.items()} == measured.errors
    by_kind: Counter[str] = Counter()
    for name, kinds in spread.errors_by_route.items():
        assert measured.routes[name].errors == sum(kinds.values())
        by_kind.update(kinds)
    assert by_kind == Counter(measured.errors)


def test_slices_are_by_when_requests_were_due() -> None:
    """A failure and a slow answer are in the slice they were due in, whenever they ended."""
    slow = Row(100.2, 100.2, 103.0)
    failed = Row(101.5, 101.5, 101.6, TIMEOUT, model=1)
    spread = spread_of(recording([slow, failed], 100.0, 104.0, unsent=[(103.5, 2)]))

    assert spread is not None
    assert spread.slice_s == 1.0
    assert [each.total for each in spread.over_time] == [1, 0, 0, 0]
    assert spread.errors_over_time == {"Timeout": (0, 1, 0, 0), KINDS[UNSENT]: (0, 0, 0, 1)}
    assert spread.errors_by_route == {MODELS[1]: {"Timeout": 1}, MODELS[2]: {"Unsent": 1}}
    course = spread.routes_p95_ms[MODELS[0]]
    assert abs(math.log(course[0] / 2800)) < math.log(RATIO) * 2.1
    assert all(math.isnan(value) for value in course[1:])


def test_a_long_load_has_no_more_slices_than_a_picture_shows() -> None:
    """An hour's window is cut into as many as a screen has room for."""
    spread = spread_of(recording([Row(1.0, 1.0, 1.5)], 0.0, 3600.0))

    assert spread is not None
    assert (len(spread.over_time), spread.slice_s) == (MOST_SLICES, 36.0)


def test_a_load_without_weights_has_no_routes() -> None:
    """Nothing is told apart that nobody named; an empty window has no distribution at all."""
    spread = spread_of(recording([Row(1.0, 1.0, 1.5)], 0.0, 2.0, multi_model=False))

    assert spread is not None
    assert (spread.routes, spread.routes_p95_ms, spread.errors_by_route) == ({}, {}, {})
    assert spread_of(recording([], 2.0, 2.0)) is None


def test_the_clients_own_stall_is_in_its_slice() -> None:
    """A loop that was late by a second in the middle of the window is seen there, and nowhere else."""
    lag_s = [0.0001] * 150 + [1.0] + [0.0001] * 150
    spread = spread_of(recording([Row(1.0, 1.0, 1.5)], 0.0, 4.0, lag_s=lag_s))

    assert spread is not None
    assert spread.client_lag_ms == (0.1, 1000.0, 0.1, 0.1)
