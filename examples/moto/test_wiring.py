"""A unit test of a perf suite's wiring: moto answers in SageMaker's place, so nothing is reached and nothing costs.

What it shows: settings, weights, payloads and budgets are what they are meant to be, and code that reads answers can.
What it cannot show: how fast anything is. The report says "simulated", and limits on time are not judged. For those,
and for errors, throttling or cold models, there is the embedded endpoint (``examples/test_weighted_multi_model.py``).
"""

import pytest
import requests
from moto import mock_aws

RESULTS = "http://motoapi.amazonaws.com/moto-api/static/sagemaker/endpoint-results"


@pytest.fixture
def mock():
    """moto's mock, with one answer of ours for the first request; all later ones get moto's own."""
    with mock_aws():
        answer = {"Body": "4.566", "ContentType": "text/csv", "InvokedProductionVariant": "AllTraffic"}
        requests.post(RESULTS, json={"results": [answer]}, timeout=10).raise_for_status()
        yield


@pytest.mark.usefixtures("mock")  # begins before sm_endpoint, as it must
@pytest.mark.perf(tps=40, duration="1s", warmup="0s")
@pytest.mark.perf_budget(requests=40, error_rate="0%", p95="250ms")
def test_wiring(sm_endpoint, load_profile):
    response = sm_endpoint.invoke("0.455,0.365,0.095", target_model="xgboost-0.tar.gz")
    assert (float(response.text), response.content_type) == (4.566, "text/csv")

    load = sm_endpoint.load(load_profile)

    assert load.transport_reason.endswith("simulated")
    assert {name: share.target_share for name, share in load.mix.items()} == {
        "xgboost-0.tar.gz": 0.75,
        "xgboost-1.tar.gz": 0.25,
    }
    assert load.models["xgboost-0.tar.gz"].requests == 30
    assert any("p95 not judged" in note for note in load.notes)
