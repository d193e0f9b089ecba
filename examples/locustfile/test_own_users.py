"""Locust scripts as they are published for SageMaker, unchanged in spirit, under budgets."""

import pytest


@pytest.mark.perf(locustfile="locustfile/weighted_multi_model.py", users=12, duration="4s", warmup="2s")
@pytest.mark.perf_budget(p90="1500ms", errors={"Task": 0})
@pytest.mark.perf_budget(name="each", p50="1s")
@pytest.mark.perf_budget(name="InvokeEndpoint xgboost-0", requests=20)
def test_weighted_models(load_result):
    names = load_result.names
    assert names["InvokeEndpoint xgboost-0"].requests > names["InvokeEndpoint xgboost-1"].requests


@pytest.mark.perf(endpoint="text", locustfile="locustfile/single_endpoint.py", users=12, duration="3s", warmup="2s")
@pytest.mark.perf_budget(p90="1500ms", requests=20)
def test_single_endpoint():
    """Marks alone are a complete test."""
