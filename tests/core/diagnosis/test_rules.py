"""What explains a load's figures, and what is done about it."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import Any

import pytest

from pytest_smload.core.diagnosis.evidence import Evidence
from pytest_smload.core.diagnosis.rules import MOST_FINDINGS, diagnose
from pytest_smload.core.server.server_side import ServerSide
from pytest_smload.core.server.variant import ServingVariant


def server(instances: int = 2, *, gpus: int = 0, rest_ms: float = nan, client_ms: float = nan, **figures: float):
    variant = ServingVariant("AllTraffic", "ml.m5.large", instances, vcpus=2, gpus=gpus)
    return ServerSide(
        window_begin="2026-11-29T12:00:00+00:00",
        window_end="2026-11-29T12:01:00+00:00",
        period_s=60,
        variants=(variant,),
        sent=1000,
        counted=1000,
        sent_in_all=1100,
        counted_in_all=1100,
        rest_ms=rest_ms,
        client_ms=client_ms,
        figures=figures,
    )


HEALTHY = Evidence(requests=1000, tps=50.0, offered_tps=50.0, client_cpu=0.1)


def found(evidence: Evidence = HEALTHY, **facts: Any) -> list[tuple[str, str, str]]:
    return [(each.name, each.sentence, each.advice) for each in diagnose(replace(evidence, **facts))]


def names(**facts: Any) -> list[str]:
    return [name for name, _, _ in found(**facts)]


def test_a_healthy_load_needs_no_word():
    """Neither alone, nor with a server used as it should be."""
    assert [] == found()
    assert [] == found(server=server(cpu_utilization_max=0.65, cpu_utilization_mean=0.6, model_cache_hit=0.99))


def test_nothing_sent_explains_nothing():
    """The verdict says that already."""
    assert [] == found(requests=0, server=server(cpu_utilization_max=0.1))


def test_saturated_instances_scale_out_or_up_and_by_how_much():
    """2 at 91 % on average, for 40 of 50 TPS: 2 x 0.91 x 50/40 / 0.65 = 3.5, so 4; or twice the vCPUs."""
    evidence = {
        "tps": 40.0,
        "unsent": 120,
        "server": server(cpu_utilization_max=0.97, cpu_utilization_mean=0.91, server_5xx=12),
    }

    assert [
        (
            "saturated",
            (
                "the instances are saturated: CPU 97% at most and 91% on average on 2 ml.m5.large, while 12 answers "
                "were the server's errors and 120 requests could not be sent"
            ),
            (
                "scale out from 2 to 4 instances, or up to 4 vCPUs each: that would bring this load's CPU to 57%; "
                "60-70% is the target"
            ),
        )
    ] == found(**evidence)
    (diagnosis,) = diagnose(replace(HEALTHY, **evidence))
    assert {
        "cpu_utilization_max": 0.97,
        "cpu_utilization_mean": 0.91,
        "instances": 2,
        "server_errors": 12,
        "unsent": 120,
    } == dict(diagnosis.evidence)


def test_growing_latency_is_a_symptom_too():
    """However little is lost yet."""
    assert ["saturated"] == names(grows=True, server=server(cpu_utilization_max=0.9))


def test_busy_instances_that_keep_up_are_near_their_top():
    """A warning, not a fault."""
    assert ["near its top"] == names(server=server(cpu_utilization_max=0.9))


def test_instances_that_are_full_are_saturated_whatever_it_shows_in():
    """A closed load never falls behind: its users wait."""
    assert ["saturated"] == names(server=server(cpu_utilization_max=1.0, cpu_utilization_mean=0.99))


def test_the_gpu_may_be_what_is_busy():
    """The busier of the two counts, and has no vCPUs."""
    ((name, sentence, advice),) = found(
        unsent=5, server=server(1, gpus=1, cpu_utilization_max=0.2, gpu_utilization_max=0.99)
    )

    assert ("saturated", True, False) == (name, "GPU 99% at most" in sentence, "vCPUs" in advice)
    assert "from 1 to 2 instances" in advice


@pytest.mark.parametrize("facts", [{"errors": {"ModelError": 30}}, {"unsent": 30}, {"grows": True}])
def test_errors_with_idle_instances_are_the_containers(facts):
    """More instances would be idle too."""
    ((name, sentence, advice),) = found(server=server(cpu_utilization_max=0.14), **facts)

    assert "container" == name
    assert sentence.startswith("the container holds back, not its instances: CPU 14% at most, while ")
    assert "workers" in advice


def test_what_cloudwatch_counted_as_5xx_is_not_every_error_of_a_model():
    """A model's 4xx are its caller's."""
    assert ["over-provisioned"] == names(
        errors={"ModelError": 30}, server=server(cpu_utilization_max=0.14, server_5xx=0, server_4xx=30)
    )


@pytest.mark.parametrize(
    ("instances", "cpu", "advice"),
    [
        (4, 0.2, "2 instances would do; 60-70% is the target"),
        (4, 0.1, "1 instance would do; 60-70% is the target"),
        (1, 0.29, "a smaller type would do; 60-70% is the target"),
    ],
)
def test_idle_instances_are_too_many(instances, cpu, advice):
    """As many as would be used at 65 %."""
    assert [("over-provisioned", advice)] == [
        (name, said) for name, _, said in found(server=server(instances, cpu_utilization_max=cpu))
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"server": server(cpu_utilization_max=0.3)},
        {"server": server(gpus=1, cpu_utilization_max=0.1)},
        {"server": server(gpus=1, cpu_utilization_max=0.1, gpu_utilization_max=0.6)},
        {"server": server(memory_utilization_max=0.1)},
        {"server": server(cpu_utilization_max=0.1, memory_utilization_max=0.9)},
    ],
)
def test_what_may_be_busy_is_not_called_idle(facts):
    """30 % is used enough; a GPU nobody looked at may be what is busy."""
    assert [] == found(**facts)


def test_a_throttled_load_is_not_the_instances_fault():
    """Whatever they could do; and it does not make them too many."""
    assert [
        (
            "throttled",
            "40 of 1,000 requests were throttled by SageMaker, whatever its instances could do",
            "lower the load, or raise the account's SageMaker Runtime quota in this region",
        )
    ] == found(errors={"ThrottlingException": 40}, server=server(cpu_utilization_max=0.1))


@pytest.mark.parametrize(("hit", "told"), [(0.62, ["cache"]), (0.9, []), (0.99, [])])
def test_a_low_cache_hit_means_models_do_not_fit(hit, told):
    """From 90 % on they do."""
    assert told == names(server=server(cpu_utilization_max=0.5, model_cache_hit=hit, loaded_models=80))


def test_an_idle_cpu_beside_full_memory_is_no_reason_for_less():
    """Smaller instances have less of both."""
    assert ["cache"] == names(server=server(cpu_utilization_max=0.1, model_cache_hit=0.3))


@pytest.mark.parametrize(
    ("rest_ms", "client_ms", "told"), [(40, 60, ["network"]), (40, 400, []), (5, 6, []), (nan, nan, [])]
)
def test_a_network_far_from_the_endpoint(rest_ms, client_ms, told):
    """Both much of a request and long."""
    assert told == names(server=server(cpu_utilization_max=0.5, rest_ms=rest_ms, client_ms=client_ms))


@pytest.mark.parametrize("facts", [{"client_cpu": 0.97}, {"client_undecided": True}])
def test_a_client_that_is_a_bottleneck(facts):
    """Told without CloudWatch."""
    assert ["client"] == names(**facts)


def test_an_endpoint_that_falls_behind_without_cloudwatch():
    """What is short only CloudWatch can tell."""
    ((name, sentence, advice),) = found(tps=31.2, unsent=90)

    assert ("behind", True, True) == (name, "31.2 of 50 TPS offered" in sentence, "cloudwatch = true" in advice)


def test_few_and_ranked():
    """At most three, throttling first."""
    found = names(
        errors={"ThrottlingException": 1},
        client_cpu=0.99,
        unsent=3,
        server=server(cpu_utilization_max=0.99, model_cache_hit=0.1, rest_ms=50, client_ms=60),
    )

    assert (["throttled", "client", "saturated"], MOST_FINDINGS) == (found, len(found))
