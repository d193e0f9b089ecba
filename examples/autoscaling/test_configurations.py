"""One model hosted in four ways: what each carries, held to what the client sees and to what CloudWatch says."""

import pytest

pytestmark = pytest.mark.perf(duration="5s", warmup="1s")


@pytest.mark.perf(endpoint="c5-xlarge", tps=30, pinned=1)
@pytest.mark.perf_budget(p95="200ms", model_latency_p95="200ms", cpu_utilization_mean="70%", server_5xx=0)
def test_one_small_instance_carries_30(load_result): ...


@pytest.mark.perf(endpoint="c5-2xlarge", tps=80, pinned=1)
@pytest.mark.perf_budget(p95="200ms", model_latency_p95="200ms", cpu_utilization_mean="70%", server_5xx=0)
def test_one_large_instance_carries_80(load_result): ...


@pytest.mark.perf(endpoint="g4dn-xlarge", tps=80, pinned=1)
@pytest.mark.perf_budget(p95="100ms", model_latency_p95="100ms", server_5xx=0)
def test_one_gpu_instance_carries_80_faster(load_result): ...


@pytest.mark.perf(
    endpoint="c5-xlarge",
    tps=80,
    duration="10s",
    autoscaled={"min": 1, "max": 4, "invocations_per_instance": 3000},
)
@pytest.mark.perf_budget(scaled_to=2, scale_out_within="10s", server_5xx=0)
def test_small_instances_follow_the_load(load_result):
    before, *_, after = load_result.scaling.phases
    assert after.p95_ms < before.p95_ms
