"""Limits on the server's side held against what CloudWatch has."""

from __future__ import annotations

from math import isnan

import pytest

from pytest_smload.core.limits.evidence import ServerEvidence
from pytest_smload.core.limits.grammar import parse_server_limit
from pytest_smload.core.measure.scope_name import TOTAL


def held(metric, limit, value, **facts):
    facts = {"samples": 5000} | facts
    return parse_server_limit(metric, limit, source="the mark").hold(ServerEvidence(TOTAL, value, **facts))


@pytest.mark.parametrize(
    ("metric", "limit", "value", "outcome"),
    [
        ("cpu_utilization_max", "70%", 0.7, "pass"),
        ("cpu_utilization_max", "70%", 0.701, "fail"),
        ("cpu_utilization_mean", ">= 30%", 0.29, "fail"),
        ("model_latency_p95", "40ms", 39.9, "pass"),
        ("model_cache_hit", "95%", 0.94, "fail"),
        ("model_cache_hit", "95%", 0.95, "pass"),
        ("loaded_models", 80, 79.5, "fail"),
        ("server_5xx", 0, 0, "pass"),
        ("server_5xx", 0, 1, "fail"),
        ("invocations_per_instance", "1000..2000", 999, "fail"),
    ],
)
def test_the_value_decides(metric, limit, value, outcome):
    """A fact has no interval, and is proven."""
    check = held(metric, limit, value)

    assert (outcome, True, None, "total", "the mark") == (
        check.outcome,
        check.proven,
        check.lower,
        check.scope,
        check.source,
    )


@pytest.mark.parametrize("limit", ["70%", ">= 30%", "0%..100%"])
def test_nothing_passes_empty(limit):
    """Without data every limit fails, saying why."""
    check = held("cpu_utilization_max", limit, None, samples=0, missing="CloudWatch has no data of CPUUtilization")

    assert ("fail", "CloudWatch has no data of CPUUtilization", 0) == (check.outcome, check.note, check.n)
    assert isnan(check.observed)


@pytest.mark.parametrize(("value", "outcome"), [(3, "pass"), (4, "fail")])
def test_a_share_is_of_the_invocations_counted(value, outcome):
    """Its bounds are told in counts, as of other shares."""
    check = held("server_5xx", "0.1%", value, invocations=3000)

    assert (outcome, "<= 0.1% of 3,000 invocations", 3.0) == (check.outcome, check.limit, check.at_most)


@pytest.mark.parametrize("invocations", [None, 0])
def test_a_share_of_nothing_fails(invocations):
    """0 of 0 is no proof."""
    check = held("server_5xx", "0.1%", 0, invocations=invocations)

    assert ("fail", "CloudWatch counted no invocation to take a share of") == (check.outcome, check.note)


def test_a_percentile_of_too_few_requests_is_undecided():
    """As the client's own: 72 for a p95."""
    few, enough = (held("model_latency_p95", "40ms", 10, samples=count) for count in (71, 72))

    assert ("invalid", "few requests", "pass") == (few.outcome, few.cause, enough.outcome)
    assert few.note == "ModelLatency p95 takes 72 requests, CloudWatch has 71"


@pytest.mark.parametrize(
    ("metric", "limit", "value", "outcome"),
    [
        ("cpu_utilization_max", "70%", 0.5, "invalid"),
        ("cpu_utilization_max", "70%", 0.9, "fail"),
        ("cpu_utilization_max", ">= 30%", 0.2, "invalid"),
        ("server_5xx", 0, 0, "invalid"),
        ("server_5xx", 0, 2, "fail"),
        ("server_5xx", "1%", 90, "invalid"),
        ("model_latency_mean", "10ms", 20, "invalid"),
        ("model_latency_mean", "10ms", 5, "invalid"),
        ("model_cache_hit", "90%", 0.95, "invalid"),
    ],
)
def test_incomplete_data_never_passes(metric, limit, value, outcome):
    """It fails where what is missing could only make it worse, and is undecided else."""
    check = held(metric, limit, value, incomplete="CloudWatch had counted 90 of 100", invocations=100)

    assert outcome == check.outcome
    assert (check.cause == "incomplete", check.note) == (
        (True, "undecided: CloudWatch had counted 90 of 100") if outcome == "invalid" else (False, "")
    )


def test_a_remark_goes_along():
    """What is behind a value that passed."""
    assert held("model_latency_mean", "10ms", 5, note="90 of 100 are behind it").note == "90 of 100 are behind it"
