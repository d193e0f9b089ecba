"""Two hundred models, a few of them popular: the weights of smload.toml are a Zipf distribution."""

import pytest


@pytest.mark.perf(endpoint="tenants", tps=120, duration="3s", warmup="1s", prime=False)
@pytest.mark.perf_budget(p95="3s", errors={"ModelNotReadyException": 0})
@pytest.mark.perf_budget(model="tenant-0.tar.gz", p95="1500ms", requests=20)
def test_popular_models_stay_loaded(load_result):
    # A limit for every model that had enough requests for a 90th percentile; the rare ones may be cold.
    busy = {name: stats for name, stats in load_result.models.items() if stats.ok >= 36}
    slow = {name: stats.p90_ms for name, stats in busy.items() if stats.p90_ms > 2000}
    assert slow == {}
