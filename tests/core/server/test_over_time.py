"""Points put in order: a value for each period, per metric and variant."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan

import pytest
from server_figures import BEGIN, LARGE, ROWS, points, window

from pytest_smload.core.limits.server_metrics import SERVER_METRICS, WATCHED
from pytest_smload.core.server.over_time import MOST_PERIODS, series_over_time, shown_over_time
from pytest_smload.core.server.readings import read
from pytest_smload.core.server.resolution import Resolution, Span
from pytest_smload.core.server.series import Point, series_of

BIG = replace(LARGE, name="Canary", instance_type="ml.m5.2xlarge", vcpus=8)
FINE = Resolution(10, 10)
EACH = {
    "model_latency_mean": {"Sum": [50e3, None, 900e3], "SampleCount": [10, None, 30]},
    "overhead_latency_mean": {"Sum": [5e3, None, 3e3], "SampleCount": [10, None, 30]},
    "cpu_utilization_max": {"Maximum": [60.0, 120.0, 200.0]},
    "cpu_utilization_mean": {"Sum": [100.0, 200.0, 380.0], "SampleCount": [2, 2, 2]},
    "memory_utilization_max": {"Maximum": [30.0, None, 50.0]},
    "loaded_models": {"Sum": [80, 40, 60]},
    "model_cache_hit": {"Sum": [5, None, 30], "SampleCount": [10, None, 30]},
    "invocations_per_instance": {"Sum": [5, 0, 15]},
    "server_5xx": {"Sum": [0, None, 2]},
    "invocations": {"Sum": [10, None, 30]},
    "concurrent_requests_max": {"Maximum": [1, None, 4]},
}


def over_time(of=None, names=None, begin_s=BEGIN, **values):
    of = of or window(3)
    rows = [ROWS[name] for name in (names or values)]
    return series_over_time(rows, points(of, **values), of, begin_s)


def values_of(name, of=None, **values):
    (found,) = over_time(of, names=[name], **values)
    return list(found.values)


def same(expected, found):
    """Whether they are equal, gaps in the same places."""
    return pytest.approx(expected, nan_ok=True) == found


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("model_latency_mean", [5, nan, 30]),
        ("overhead_latency_mean", [0.5, nan, 0.1]),
        ("cpu_utilization_max", [0.3, 0.6, 1.0]),
        ("cpu_utilization_mean", [0.25, 0.5, 0.95]),
        ("memory_utilization_max", [0.3, nan, 0.5]),
        ("loaded_models", [80, 40, 60]),
        ("model_cache_hit", [0.5, nan, 1.0]),
        ("invocations_per_instance", [5, 0, 15]),
        ("server_5xx", [0, nan, 2]),
        ("invocations", [10, nan, 30]),
        ("concurrent_requests_max", [1, nan, 4]),
    ],
)
def test_each_period_has_its_value_in_the_unit_of_the_metric(name, values):
    """A mean by the period's own samples, utilization of one vCPU; without data it is a gap, never 0."""
    assert same(values, values_of(name, **{name: EACH[name]}))


@pytest.mark.parametrize("name", [name for name in EACH if name in SERVER_METRICS])
def test_a_figure_is_what_its_series_amounts_to(name):
    """The page has both."""
    of, row = window(3), SERVER_METRICS[name]
    found = points(of, **{name: EACH[name]})
    (series,) = series_over_time([row], found, of, BEGIN)
    known = [value for value in series.values if not isnan(value)]
    weights = [count for count in EACH[name].get("SampleCount", ()) if count]
    amounts = {
        "max": lambda: max(known),
        "sum": lambda: sum(known),
        "mean": lambda: sum(value * count for value, count in zip(known, weights, strict=True)) / sum(weights),
        "level": lambda: sum(known) / len(known),
        "per minute": lambda: sum(known) / len(series.values),
    }

    assert pytest.approx(read(row, found, of).value) == amounts[row.fold]()


def test_a_series_says_what_and_when_it_is_of():
    """From the begin of the load's window, which may be a hair before or behind CloudWatch's."""
    (found,) = over_time(begin_s=BEGIN + 0.4, server_5xx={"Sum": [1, 2, 3]})

    assert ("server_5xx", "Invocation5XXErrors", "AllTraffic", "requests") == (
        found.name,
        found.metric,
        found.variant,
        found.unit,
    )
    assert (-0.4, 179.6, 60, (1, 2, 3)) == (found.begin_s, found.end_s, found.period_s, found.values)


def test_each_variant_has_its_own():
    """Each CPU by its own vCPUs; a variant without data, or whose vCPUs are not known, has none."""
    of = window(1, variants=[LARGE, BIG, replace(BIG, name="Dark"), replace(BIG, name="Odd", vcpus=None)])
    each = {
        "AllTraffic": {"Maximum": [100.0]},
        "Canary": {"Maximum": [100.0]},
        "Dark": {"Maximum": [None]},
        "Odd": {"Maximum": [100.0]},
    }

    found = over_time(of, cpu_utilization_max=each)

    assert {"AllTraffic": (0.5,), "Canary": (0.125,)} == {series.variant: series.values for series in found}


def test_a_mean_without_samples_and_half_a_mean_are_gaps():
    """0 / 0, and a sum whose count has not come."""
    values = {"Sum": [0.0, 5e3, 5e3], "SampleCount": [0, None, 1]}

    assert same([nan, nan, 5], values_of("model_latency_mean", model_latency_mean=values))
    assert () == over_time(model_latency_mean={"Sum": [0.0], "SampleCount": [0]})


def test_points_outside_the_window_are_not_shown():
    """Nor is a period that only begins in it."""
    of = replace(window(2), span=Span(BEGIN, BEGIN + 120))
    series = series_of(ROWS["invocations"], LARGE, of.resolution, of.span)["Sum"]
    at = {series: tuple(Point(BEGIN + offset, 1.0 + place) for place, offset in enumerate((-60, 0, 60, 120)))}

    (found,) = series_over_time([ROWS["invocations"]], at, of, BEGIN)

    assert (0, 120, (2, 3)) == (found.begin_s, found.end_s, found.values)


def test_minutes_of_a_window_that_begins_within_one_are_cloudwatchs():
    """Fine points of a long window are asked for by the minute, and come as whole minutes of the clock."""
    begin_s, length_s = BEGIN + 10, 3 * 3600
    of = replace(window(1, resolution=FINE), span=Span(begin_s, begin_s + length_s))
    series = series_of(ROWS["invocations"], LARGE, FINE, of.span)["Sum"]
    at = {series: tuple(Point(float(BEGIN + 60 * place), place) for place in range(182))}

    (found,) = series_over_time([ROWS["invocations"]], at, of, begin_s)

    assert (50, 50 + 179 * 60, 60) == (found.begin_s, found.end_s, found.period_s)
    assert tuple(range(1, 180)) == found.values


@pytest.mark.parametrize("minutes", [1, MOST_PERIODS, MOST_PERIODS + 1, 2 * MOST_PERIODS + 1, 24 * 60])
def test_a_long_window_has_longer_periods_that_lose_nothing(minutes):
    """Counts add up, the largest stays the largest; the last may be shorter, and ends with the window."""
    of = window(minutes)
    counts = [float(place % 7) for place in range(minutes)]
    found = {
        series.name: series
        for series in over_time(of, invocations={"Sum": counts}, memory_utilization_max={"Maximum": counts})
    }
    summed, largest = found["invocations"], found["memory_utilization_max"]

    assert sum(counts) == sum(summed.values)
    assert pytest.approx(max(counts) / 100) == max(largest.values)
    assert len(summed.values) <= MOST_PERIODS
    assert 0 <= len(summed.values) * summed.period_s - 60 * minutes < summed.period_s
    assert 60 * minutes == summed.end_s


def test_a_rate_stays_a_rate_in_a_longer_period():
    """In the last one too, which may be shorter."""
    of = window(2 * MOST_PERIODS + 1)

    assert {5.0} == set(
        values_of("invocations_per_instance", of, invocations_per_instance={"Sum": [5] * (2 * MOST_PERIODS + 1)})
    )


def test_a_longer_periods_mean_is_weighted_by_its_samples():
    """One slow request in a quiet minute is not half of the truth; where one minute lacks, it is of the other."""
    of = window(2 * MOST_PERIODS)
    rest = [None] * (2 * MOST_PERIODS - 4)
    sums, counts = [99 * 10e3, 1000e3, 40e3, None, *rest], [99, 1, 2, None, *rest]

    found = values_of("model_latency_mean", of, model_latency_mean={"Sum": sums, "SampleCount": counts})

    assert same([19.9, 20.0, nan], found[:3])


def test_percentiles_have_no_series_and_invocations_always_have():
    """One value of the whole window is no course."""
    rows = [SERVER_METRICS[name] for name in ("model_latency_p95", "server_5xx", "server_5xx")]

    assert [SERVER_METRICS["server_5xx"], *WATCHED] == shown_over_time(rows)
    assert "invocations" in [row.name for row in WATCHED]


def test_nothing_answered_is_no_series():
    """Not even an empty one."""
    assert () == series_over_time(shown_over_time(SERVER_METRICS.values()), {}, window(2), BEGIN)
