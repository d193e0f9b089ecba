"""A multi-model endpoint under weighted traffic: three requests to xgboost-0 for each to xgboost-1."""

import pytest


@pytest.mark.perf(tps=30, duration="10s", warmup="1s", models={"xgboost-0.tar.gz": 3, "xgboost-1.tar.gz": 1})
@pytest.mark.perf_budget(p95="1200ms", tps="80%", error_rate="1%")
@pytest.mark.perf_budget(model="xgboost-1.tar.gz", p95="1s")
def test_weighted_traffic(load_result):
    assert load_result.models["xgboost-0.tar.gz"].p99_ms < 1500  # any further assertion
