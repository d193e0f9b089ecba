"""What is asked for a load, and what its endpoint cannot have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from server_figures import LARGE

from pytest_smload.core.limits.grammar import parse_server_limit
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.server.demands import demand_problems, rows_to_ask, serving_variants
from pytest_smload.core.server.resolution import Resolution
from pytest_smload.core.server.variant import ServingVariant

TABLE = "smload.toml [endpoints.staging]"
PROFILE = LoadProfile(tps=10, duration="60s")


def problems(metric, value, *, variants=(LARGE,), profile=PROFILE, multi_model=True, components=False):
    return demand_problems(
        [parse_server_limit(metric, value, source="the mark")],
        variants=variants,
        resolution=Resolution(),
        profile=profile,
        multi_model=multi_model,
        components=components,
        table=TABLE,
    )


@pytest.mark.parametrize(
    ("metric", "value"), [("cpu_utilization_max", "70%"), ("model_latency_p95", "1s"), ("model_cache_hit", "90%")]
)
def test_what_can_be_held(metric, value):
    """Nothing is said of it."""
    assert [] == problems(metric, value)


@pytest.mark.parametrize(
    ("metric", "value", "facts", "problem"),
    [
        (
            "cpu_utilization_max",
            "70%",
            {"variants": [replace(LARGE, instance_type="ml.new.metal", vcpus=None)]},
            f"how many vCPUs ml.new.metal has is not known; set vcpus = N in {TABLE}",
        ),
        (
            "cpu_utilization_max",
            "70%",
            {"variants": [ServingVariant("serverless")]},
            (
                f"how many vCPUs variant serverless, which has no single instance type, has is not known; set vcpus = "
                f"N in {TABLE}"
            ),
        ),
        ("gpu_utilization_max", "70%", {}, "ml.m5.large has no GPU; leave the limit out"),
        (
            "gpu_utilization_max",
            "70%",
            {"variants": [replace(LARGE, instance_type="ml.g99.large", gpus=None)]},
            f"how many GPUs ml.g99.large has is not known; set gpus = N in {TABLE}",
        ),
        (
            "model_latency_p95",
            "1s",
            {"variants": [LARGE, replace(LARGE, name="Canary")]},
            (
                "percentiles of several variants (AllTraffic, Canary) cannot be put together; load one of them "
                "(variant=...), or limit the mean"
            ),
        ),
        (
            "model_cache_hit",
            "90%",
            {"multi_model": False},
            "only multi-model endpoints have it, and this load names no models; leave the limit out",
        ),
        (
            "server_5xx",
            0,
            {"variants": []},
            "no variant of the endpoint serves this load; check variant, and the variants' weights",
        ),
        (
            "server_5xx",
            0,
            {"profile": PROFILE.replace(duration="90s")},
            (
                "CloudWatch has this endpoint's figures in periods of 1m, and a window of 1m30s is not a multiple of "
                "it; let the load last 2m"
            ),
        ),
        (
            "server_5xx",
            0,
            {"components": True},
            "inference components have figures of their own, which are not asked for; leave the limit out",
        ),
    ],
)
def test_what_cannot_be_held_is_one_line(metric, value, facts, problem):
    """Naming the limit, where it is written, and what to do."""
    assert [f"the mark: {metric}: {problem}"] == problems(metric, value, **facts)


def test_without_limits_nothing_is_demanded():
    """A load that is only cross-checked may have any window."""
    found = demand_problems(
        [], variants=[], resolution=Resolution(), profile=PROFILE, multi_model=False, components=False, table=TABLE
    )

    assert [] == found


@pytest.mark.parametrize(
    ("named", "names"),
    [({None}, ["A", "B"]), ({"C"}, ["C"]), ({"A", "C"}, ["A", "C"]), ({"D"}, []), ({"C", None}, ["A", "B", "C"])],
)
def test_the_variants_that_serve_a_load(named, names):
    """Those it names, else those with traffic."""
    variants = [ServingVariant("A"), ServingVariant("B", weight=0.1), ServingVariant("C", weight=0.0)]

    assert names == [variant.name for variant in serving_variants(variants, named)]


def test_an_only_variant_serves_whatever_its_weight():
    """Where there is no other, weights mean nothing."""
    assert 1 == len(serving_variants([ServingVariant("A", weight=0.0)], {None}))


@pytest.mark.parametrize(
    ("variant", "multi_model", "some", "none"),
    [
        (LARGE, False, "cpu_utilization_max", "model_cache_hit"),
        (LARGE, True, "model_cache_hit", "gpu_utilization_max"),
        (replace(LARGE, gpus=1), False, "gpu_utilization_max", "model_cache_hit"),
        (replace(LARGE, vcpus=None), False, "server_5xx", "cpu_utilization_max"),
    ],
)
def test_a_diagnosis_asks_for_what_there_can_be(variant, multi_model, some, none):
    """And for no more."""
    names = [row.name for row in rows_to_ask([], [variant], multi_model=multi_model)]

    assert some in names
    assert none not in names
