"""Periods of the wall clock, and windows that fit them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smload.core.server.resolution import (
    Resolution,
    Span,
    aligned_begin_s,
    begins_at_s,
    covering,
    duration_problem,
    is_period,
    whole_periods,
)

MINUTE = 1_790_000_040
"""hh:mm:00"""


@pytest.mark.parametrize(
    ("every_s", "enhanced", "requests_s", "hosts_s", "window_s"),
    [
        (None, False, 60, 60, 60),
        (60, False, 60, 60, 60),
        (10, False, 60, 10, 60),
        (10, True, 10, 10, 10),
        (300, False, 60, 300, 300),
        (180, True, 180, 180, 180),
        (1, True, 1, 1, 1),
    ],
)
def test_what_a_metrics_config_says(every_s, enhanced, requests_s, hosts_s, window_s):
    """Requests keep to the minute unless metrics are enhanced; a window has to fit both."""
    found = Resolution.published(every_s, enhanced=enhanced)

    assert (requests_s, hosts_s, window_s) == (found.requests_s, found.hosts_s, found.window_s)


@given(
    st.floats(1.7e9, 2e9), st.floats(0, 300).map(lambda value: round(value, 3)), st.sampled_from([1, 10, 30, 60, 300])
)
def test_a_window_begins_with_a_period(earliest_s, warmup_s, period_s):
    """Not before it may, and at most a period later."""
    begin_s = aligned_begin_s(earliest_s, warmup_s, period_s)
    window_s = begin_s + warmup_s

    assert abs(window_s / period_s - round(window_s / period_s)) * period_s < 1e-5
    assert earliest_s - 1e-5 <= begin_s < earliest_s + period_s + 1e-5


@pytest.mark.parametrize(
    ("ends_s", "resolution", "percentiles", "problem"),
    [
        ([60], Resolution(), True, ""),
        ([60, 120, 240], Resolution(), True, ""),
        ([10], Resolution(10, 10), True, ""),
        ([5], Resolution(1, 1), True, ""),
        ([7], Resolution(1, 1), False, ""),
        (
            [90],
            Resolution(),
            False,
            (
                "CloudWatch has this endpoint's figures in periods of 1m, and a window of 1m30s is not a multiple of "
                "it; let the load last 2m"
            ),
        ),
        (
            [10],
            Resolution(),
            False,
            (
                "CloudWatch has this endpoint's figures in periods of 1m, and a window of 10s is not a multiple of "
                "it; let the load last 1m"
            ),
        ),
        (
            [60, 120, 150],
            Resolution(),
            False,
            (
                "CloudWatch has this endpoint's figures in periods of 1m, and a window of 2m30s is not a multiple of "
                "it; let the load last 3m"
            ),
        ),
        (
            [60.5],
            Resolution(1, 1),
            False,
            (
                "CloudWatch has this endpoint's figures in periods of 1s, and a window of 1m0.5s is not a multiple of "
                "it; let the load last 1m1s"
            ),
        ),
        (
            [8],
            Resolution(2, 1),
            True,
            (
                "CloudWatch has no percentile of a window of 8s: one takes 1, 5, 10, 20, 30 s or whole minutes; let "
                "the load last 10s"
            ),
        ),
        (
            [90],
            Resolution(10, 10),
            True,
            (
                "CloudWatch has no percentile of a window of 1m30s: one takes 1, 5, 10, 20, 30 s or whole minutes; "
                "let the load last 2m"
            ),
        ),
    ],
)
def test_a_window_that_does_not_fit_is_refused(ends_s, resolution, percentiles, problem):
    """With what to do; of every length a load that goes on may have."""
    assert problem == duration_problem(ends_s, resolution, percentiles=percentiles)


@pytest.mark.parametrize(
    ("ends_s", "resolution", "percentiles", "period_s"),
    [
        ([60], Resolution(), True, 60),
        ([120], Resolution(), True, 60),
        ([5], Resolution(1, 1), False, 1),
        ([5], Resolution(1, 1), True, 5),
        ([5, 10, 20], Resolution(1, 1), True, 20),
        ([20], Resolution(10, 10), True, 20),
        ([60], Resolution(10, 10), True, 10),
    ],
)
def test_a_percentile_of_a_short_window_begins_with_its_own_division_of_the_minute(
    ends_s, resolution, percentiles, period_s
):
    """CloudWatch rounds the question's begin down to it."""
    assert period_s == begins_at_s(ends_s, resolution, percentiles=percentiles)


@pytest.mark.parametrize(
    ("length_s", "valid"), [(1, True), (5, True), (15, False), (60, True), (90, False), (0, False)]
)
def test_periods_get_metric_data_takes(length_s, valid):
    """The API reference's."""
    assert valid == is_period(length_s)


@pytest.mark.parametrize(
    ("begin_s", "end_s", "period_s", "span"),
    [
        (MINUTE, MINUTE + 60, 60, Span(MINUTE, MINUTE + 60)),
        (MINUTE + 0.4, MINUTE + 120.4, 60, Span(MINUTE, MINUTE + 120)),
        (MINUTE - 0.4, MINUTE + 59.6, 60, Span(MINUTE, MINUTE + 60)),
        (MINUTE + 3, MINUTE + 123, 60, Span(MINUTE + 60, MINUTE + 120)),
        (MINUTE, MINUTE + 95, 60, Span(MINUTE, MINUTE + 60)),
        (MINUTE, MINUTE + 3630, 60, Span(MINUTE, MINUTE + 3600)),
        (MINUTE, MINUTE + 55, 60, None),
        (MINUTE + 3, MINUTE + 63, 60, None),
        (MINUTE + 0.05, MINUTE + 5.05, 1, Span(MINUTE, MINUTE + 5)),
    ],
)
def test_only_whole_periods_of_a_window_have_figures(begin_s, end_s, period_s, span):
    """A hair beside a period is that period; what is not whole is left out."""
    assert span == whole_periods(begin_s, end_s, period_s)


def test_the_periods_that_hold_a_load():
    """Both ends in them, at least one."""
    assert Span(MINUTE, MINUTE + 120) == covering(MINUTE + 59, MINUTE + 61, 60)
    assert Span(MINUTE, MINUTE + 60) == covering(MINUTE, MINUTE, 60)
