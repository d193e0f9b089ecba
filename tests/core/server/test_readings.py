"""Periods and variants put together into one value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from server_figures import BEGIN, LARGE, points, window

from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.server.over_time import series_over_time
from pytest_smload.core.server.readings import needs, read
from pytest_smload.core.server.resolution import Resolution, Span
from pytest_smload.core.server.series import Point, Series, invocations, series_of, wanted

BIG = replace(LARGE, name="Canary", instance_type="ml.m5.2xlarge", vcpus=8, gpus=None)


def value_of(name, of=None, **values):
    of = of or window()
    reading = read(SERVER_METRICS[name], points(of, **values), of)
    return reading.value


def test_a_percentile_is_that_of_the_whole_window():
    """Asked for as one period; its samples are counted by the mean's series."""
    of = window()
    found = points(
        of,
        model_latency_p95={"p95": [93_800.0]},
        model_latency_mean={"Sum": [1e6, 2e6], "SampleCount": [100, 200]},
    )

    reading = read(SERVER_METRICS["model_latency_p95"], found, of)
    series = series_of(SERVER_METRICS["model_latency_p95"], LARGE, of.resolution, of.span)["p95"]

    assert (93.8, 300, "", 120) == (reading.value, reading.samples, reading.lacking, series.period_s)
    assert ["model_latency_p95", "model_latency_mean"] == [
        row.name for row in needs(SERVER_METRICS["model_latency_p95"])
    ]


def test_a_mean_is_weighted_by_the_requests_of_each_period():
    """One slow request in a quiet minute is not half of the truth."""
    mean = {"Sum": [10_000.0 * 99, 1_000_000.0], "SampleCount": [99, 1]}

    assert pytest.approx(19.9) == value_of("model_latency_mean", model_latency_mean=mean)


def test_seventy_percent_of_the_cpu_means_seventy():
    """CloudWatch adds up vCPUs: 140 on two of them."""
    assert pytest.approx(0.7) == value_of("cpu_utilization_max", cpu_utilization_max={"Maximum": [90.0, 140.0]})
    mean = {"Sum": [200.0, 240.0], "SampleCount": [2, 2]}
    assert pytest.approx(0.55) == value_of("cpu_utilization_mean", cpu_utilization_mean=mean)


def test_gpus_are_divided_by_their_number():
    """Memory and disk are not."""
    of = window(variants=[replace(LARGE, gpus=4)])

    assert pytest.approx(0.9) == value_of("gpu_utilization_max", of, gpu_utilization_max={"Maximum": [360.0, 4.0]})
    assert pytest.approx(0.9) == value_of("memory_utilization_max", of, memory_utilization_max={"Maximum": [90.0, 4.0]})


@pytest.mark.parametrize(
    ("name", "values", "value"),
    [
        ("server_5xx", {"Sum": [3, 4]}, 7),
        ("server_4xx", {"Sum": [0, 0]}, 0),
        ("invocations_per_instance", {"Sum": [3000, 5000]}, 4000),
        ("loaded_models", {"Sum": [80, 40]}, 60),
        ("model_cache_hit", {"Sum": [90, 0], "SampleCount": [100, 20]}, 0.75),
        ("model_loading_wait_max", {"Maximum": [1e6, 2.5e6]}, 2500),
    ],
)
def test_each_fold(name, values, value):
    """Sums add up, a rate is by the minute, a level is the periods' mean."""
    assert pytest.approx(value) == value_of(name, **{name: values})


def test_a_rate_is_by_the_minute_whatever_the_window():
    """50 in 10 s are 300 a minute."""
    of = window(resolution=Resolution(10, 10))
    of = replace(of, span=Span(BEGIN, BEGIN + 10))

    assert 300 == value_of("invocations_per_instance", of, invocations_per_instance={"Sum": [50]})


def test_variants_together():
    """Means weighted by requests, each CPU by its own vCPUs, the busier one counts, sums add up."""
    of = window(1, variants=[LARGE, BIG])
    each = {
        "model_latency_mean": {
            "AllTraffic": {"Sum": [9_000_000.0], "SampleCount": [900]},
            "Canary": {"Sum": [2_000_000.0], "SampleCount": [100]},
        },
        "cpu_utilization_max": {"AllTraffic": {"Maximum": [100.0]}, "Canary": {"Maximum": [240.0]}},
        "server_5xx": {"AllTraffic": {"Sum": [1]}, "Canary": {"Sum": [2]}},
    }

    assert pytest.approx(11) == value_of("model_latency_mean", of, **each)
    assert pytest.approx(0.5) == value_of("cpu_utilization_max", of, **each)
    assert 3 == value_of("server_5xx", of, **each)


@pytest.mark.parametrize("name", ["server_5xx", "server_4xx", "model_cache_hit", "invocations_per_instance"])
@pytest.mark.parametrize(("counted", "gaps"), [([60, 60], 1), ([60, 0], 0), ([60, None], 0)])
def test_a_period_with_invocations_has_a_value_of_each(name, counted, gaps):
    """No 5xx answer in one half of the window is not none in all of it."""
    of = window(2)
    row = SERVER_METRICS[name]
    found = dict(points(of, **{name: {statistic: [0] for statistic in row.statistics}}))
    if "SampleCount" in row.statistics:
        found |= points(of, **{name: {"Sum": [1], "SampleCount": [60]}})
    series = invocations(LARGE, of.resolution)
    found[series] = tuple(Point(BEGIN + 60 * place, value) for place, value in enumerate(counted) if value is not None)

    words = f"CloudWatch lacks {row.series} of 1 of the window's busy 2 periods" if gaps else ""
    assert words == read(row, found, of).lacking


@pytest.mark.parametrize("name", list(SERVER_METRICS))
def test_no_data_is_said_of_every_metric(name):
    """And is no value, not even 0."""
    of = window(variants=[replace(LARGE, gpus=1)])
    reading = read(SERVER_METRICS[name], {}, of)

    row = SERVER_METRICS[name]
    assert (None, 0) == (reading.value, reading.samples)
    assert reading.missing == f"CloudWatch has no data of {row.series} ({row.namespace}) for the window"


def test_a_mean_of_no_samples_is_no_value():
    """0 / 0."""
    assert value_of("model_latency_mean", model_latency_mean={"Sum": [0.0], "SampleCount": [0]}) is None


def test_one_variant_without_data_leaves_the_whole_without():
    """Half of the endpoint is not the endpoint."""
    of = window(1, variants=[LARGE, BIG])
    values = {"AllTraffic": {"Sum": [1]}, "Canary": {"Sum": []}}

    assert value_of("server_5xx", of, server_5xx=values) is None


def test_points_outside_the_window_are_of_something_else():
    """A question is answered by whole periods that may begin elsewhere: not taken for the window's, and said."""
    of = window(1)
    series = Series("AllTraffic", "AWS/SageMaker", "ModelLatency", "p95", 60)
    reading = read(SERVER_METRICS["model_latency_p95"], {series: (Point(BEGIN - 30, 1.0),)}, of)

    assert (None, "CloudWatch has ModelLatency only of periods that are not the window's") == (
        reading.value,
        reading.missing,
    )


def test_instances_that_did_not_publish_in_every_period_are_told():
    """Requests may be rare; instances publish in every period."""
    of = window(3)
    found = points(of, cpu_utilization_max={"Maximum": [50.0, None, 60.0]}, server_5xx={"Sum": [0, None, 0]})

    assert "CloudWatch lacks CPUUtilization of 1 of the window's 3 periods" == (
        read(SERVER_METRICS["cpu_utilization_max"], found, of).lacking
    )
    assert "" == read(SERVER_METRICS["server_5xx"], found, of).lacking


def test_unknown_vcpus_are_no_value():
    """140 of what?"""
    of = window(variants=[replace(LARGE, vcpus=None)])
    reading = read(SERVER_METRICS["cpu_utilization_max"], points(of, cpu_utilization_max={"Maximum": [140.0]}), of)

    assert (None, "AllTraffic has no known number of vcpus to divide CPUUtilization by") == (
        reading.value,
        reading.missing,
    )


def test_each_series_is_asked_for_once():
    """Two rows of one series share it."""
    rows = [SERVER_METRICS[name] for name in ("model_latency_p95", "model_latency_mean", "model_latency_mean")]
    of = window(2)

    found = wanted(rows, of.variants, of.resolution, of.span)

    assert [("p95", 120), ("Sum", 60), ("SampleCount", 60)] == [(each.statistic, each.period_s) for each in found]


def test_fine_points_of_a_long_window_are_asked_for_by_the_minute():
    """Those closer than a minute are gone after three hours."""
    row, fine = SERVER_METRICS["cpu_utilization_max"], Resolution(10, 10)

    short, long = (
        series_of(row, LARGE, fine, Span(BEGIN, BEGIN + hours * 3600))["Maximum"].period_s for hours in (2, 3)
    )

    assert (10, 60) == (short, long)


def test_a_level_is_none_where_its_period_has_several_publications():
    """Of a window of over two hours 10-second publications are there by the minute: six are added up in each sum."""
    of = window(minutes=150, resolution=Resolution(hosts_s=10))
    found = points(of, loaded_models={"Sum": [360.0] * 150})
    reading = read(SERVER_METRICS["loaded_models"], found, of)

    assert None is reading.value
    assert "LoadedModelCount is published every 10 s, and CloudWatch keeps a window of over two" in reading.missing
    assert () == series_over_time([SERVER_METRICS["loaded_models"]], found, of, BEGIN)
    assert 40.0 == value_of("loaded_models", window(minutes=150), loaded_models={"Sum": [40.0] * 150})
