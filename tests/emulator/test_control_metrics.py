"""What the endpoint's log becomes as CloudWatch metrics, on clocks that the tests set."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smload.emulator.control.clock import Clock
from pytest_smload.emulator.control.metrics import INSTANCES, INVOCATIONS, Metrics, Series
from pytest_smload.emulator.control.samples import Samples
from pytest_smload.emulator.control.tallies import Tallies
from pytest_smload.emulator.endpoint import Endpoint
from pytest_smload.emulator.scenario import Scenario

EPOCH_S = 1_000_000_040.0
"""When the log's clock shows 0: twenty seconds after a whole minute."""
DIMENSIONS = {"EndpointName": "abalone", "VariantName": "AllTraffic"}


class World:
    """An endpoint whose invocations the test makes, and its metrics."""

    def __init__(self, **keys: Any) -> None:
        self.now_s = 0.0
        scenario = Scenario.model_validate(keys)
        self.endpoint = Endpoint(scenario)
        clock = Clock(lambda: self.now_s, lambda: EPOCH_S)
        self.tallies = Tallies(self.endpoint.log, self.endpoint.fleet, clock, 1000)
        self.metrics = Metrics(scenario, self.endpoint.fleet, self.tallies, clock)

    def invoke(
        self,
        at_s: float,
        model: str = "",
        *,
        headers: dict[bytes, bytes] | None = None,
        overhead_s: float = 0.0,
        kind: str = "ok",
        family: int = 0,
    ) -> None:
        """Let the endpoint answer an invocation."""
        endpoint = self.endpoint
        to = endpoint.fleet.destination(headers or {})
        row = endpoint.log.begin(at_s, model)
        endpoint.log.destination[row] = to.number
        instance, ready_s, _ = endpoint.place(to, model, at_s)
        if ready_s > at_s:
            endpoint.log.mark_cold(row)
        due_s, _ = endpoint.process(row, to, instance, "abalone", model, ready_s, None)
        endpoint.log.end(row, due_s + overhead_s, kind, family)

    def points(
        self, name: str, *, period_s: int = 60, namespace: str = INVOCATIONS, **other: str
    ) -> dict[int, Samples]:
        """Return published data by seconds on the log's clock."""
        self.tallies.count(len(self.endpoint.log.ended))
        series = Series(namespace, name, other or DIMENSIONS)
        start_ms = int(EPOCH_S - 20) * 1000
        found = self.metrics.points(series, start_ms, start_ms + 3_600_000, period_s * 1000)
        return {at_ms // 1000 - int(EPOCH_S): samples for at_ms, samples in found}


def test_a_period_is_published_when_it_is_over() -> None:
    """Minutes begin at hh:mm:00; the one that goes on has no datum yet, nor has one without invocations."""
    world = World(latency="0ms")
    for at_s in (1.0, 2.0, 39.0, 45.0):
        world.invoke(at_s)
    world.now_s = 39.9
    before = world.points("Invocations")
    world.now_s = 40.0
    after = world.points("Invocations")
    world.now_s = 1000.0

    assert before == {}
    assert {-20: 3} == {at: samples.count for at, samples in after.items()}
    assert {-20: 3, 40: 1} == {at: samples.total for at, samples in world.points("Invocations").items()}


def test_a_delay_holds_back() -> None:
    """With metrics_delay a period is published that much later."""
    world = World(latency="0ms", hosting={"metrics_period": "1s", "metrics_delay": "5s"})
    world.invoke(0.5)
    world.now_s = 5.9
    before = world.points("Invocations", period_s=1)
    world.now_s = 6.0

    assert before == {}
    assert [0] == list(world.points("Invocations", period_s=1))


def test_latencies_in_microseconds() -> None:
    """ModelLatency is queue and work at the model with percentiles, OverheadLatency the rest without."""
    world = World(latency="100ms", workers=1)
    for _ in range(4):
        world.invoke(1.0, overhead_s=0.003)
    world.now_s = 100.0
    (latency,) = world.points("ModelLatency").values()
    (overhead,) = world.points("OverheadLatency").values()

    assert pytest.approx([100_000, 200_000, 400_000]) == [latency.percentile(p) for p in (0.25, 0.5, 1.0)]
    assert pytest.approx(1_000_000) == latency.total
    assert pytest.approx(3000) == overhead.total / overhead.count
    assert overhead.percentile(0.5) is None


def test_errors_by_family() -> None:
    """4XX and 5XX are shares of all invocations as averages; broken connections are model errors alone."""
    world = World(latency="0ms")
    for family, kind in ((4, "ModelError"), (5, "503"), (1, "Connection"), (0, "ok")):
        world.invoke(1.0, family=family, kind=kind)
    world.now_s = 100.0
    names = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")
    found = [next(iter(world.points(name).values())) for name in names]

    assert [(4, 4), (4, 1), (4, 1), (4, 3)] == [(samples.count, samples.total) for samples in found]
    assert [1.0, 0.0, 0.0, 0.0] == [samples.low for samples in found]


def test_refused_requests_are_no_invocations() -> None:
    """What the service refuses before a model hears of it is in no metric."""
    world = World()
    row = world.endpoint.log.begin(1.0, "")
    world.endpoint.log.end(row, 1.0, "ThrottlingException")
    world.now_s = 100.0

    assert world.points("Invocations") == {}


def test_invocations_per_instance() -> None:
    """Each invocation adds 1/n, n being the instances when it arrived."""
    world = World(latency="0ms", instances=1)
    for _ in range(3):
        world.invoke(1.0)
    world.endpoint.fleet.hosts["AllTraffic"].scale(4, 2.0)
    for _ in range(4):
        world.invoke(3.0)
    world.now_s = 100.0

    assert [4.0] == [samples.total for samples in world.points("InvocationsPerInstance").values()]


def test_cpu_is_a_value_per_instance_of_100_per_core() -> None:
    """Two instances of four cores, whose two workers each are busy half of the time: twice 200."""
    world = World(latency="30s", workers=2, instances=2, hosting={"instance_type": "ml.c5.xlarge"})
    for _ in range(4):
        world.invoke(0.0)
    world.now_s = 100.0
    first = world.points("CPUUtilization", namespace=INSTANCES)[-20]

    assert (first.count, first.low, first.high) == (2, 200.0, 200.0)


def test_busy_time_counts_where_it_is() -> None:
    """A request that works from one minute into the next counts in both, after its answer."""
    world = World(latency="40s", workers=1, hosting={"instance_type": "ml.m5.large"})
    world.invoke(30.0)
    world.now_s = 200.0
    found = world.points("CPUUtilization", namespace=INSTANCES)

    assert {-20: pytest.approx(200 / 6), 40: 100.0, 100: 0.0} == {at: samples.high for at, samples in found.items()}


def test_cpu_share_and_gpus() -> None:
    """cpu_share scales the CPU alone; a GPU type has GPU metrics, another has none."""
    world = World(latency="60s", workers=1, hosting={"instance_type": "ml.g5.12xlarge", "cpu_share": 0.25})
    world.invoke(40.0)
    world.now_s = 100.0

    assert 1200.0 == world.points("CPUUtilization", namespace=INSTANCES)[40].high
    assert 400.0 == world.points("GPUUtilization", namespace=INSTANCES)[40].high
    assert 120.0 == world.points("GPUMemoryUtilization", namespace=INSTANCES)[40].high
    plain = World()
    plain.now_s = 100.0
    assert plain.points("GPUUtilization", namespace=INSTANCES) == {}


def test_models_in_memory() -> None:
    """Cache hits, waits, loads and memory of a multi-model endpoint are those of its instances."""
    world = World(latency="0ms", cold={"memory": 2, "load_time": "3s"}, instances=1)
    world.invoke(0.0, "a")
    world.invoke(10.0, "a")
    world.invoke(11.0, "b")
    world.invoke(20.0, "c")
    world.now_s = 100.0

    def only(name: str, namespace: str = INVOCATIONS) -> Samples:
        return world.points(name, namespace=namespace)[-20]

    assert (only("ModelCacheHit").count, only("ModelCacheHit").total) == (4, 1.0)
    assert (only("ModelLoadingWaitTime").low, only("ModelLoadingWaitTime").high) == (0.0, 3e6)
    assert (only("ModelLoadingTime").count, only("ModelLoadingTime").total) == (3, 9e6)
    assert only("LoadedModelCount", INSTANCES).total == 2.0
    assert only("MemoryUtilization", INSTANCES).high == 90.0
    assert only("Invocations").count == 4


def test_instances_of_a_multi_model_endpoint_differ() -> None:
    """One instance holds the model and works, the other is idle; one that joins later has a value from then on."""
    world = World(latency="6s", cold={"load_time": "0ms"}, instances=2, workers=1)
    world.invoke(0.0, "a")
    world.endpoint.fleet.hosts["AllTraffic"].scale(3, 50.0)
    world.now_s = 100.0
    found = world.points("CPUUtilization", namespace=INSTANCES)

    assert (2, 0.0, 20.0) == (found[-20].count, found[-20].low, found[-20].high)
    assert 3 == found[40].count


@pytest.mark.parametrize(
    "dimensions",
    [
        {"EndpointName": "abalone"},
        {"EndpointName": "abalone", "VariantName": "blue"},
        {"EndpointName": "other", "VariantName": "AllTraffic"},
        {"InferenceComponentName": "c"},
        {"EndpointName": "abalone", "VariantName": "AllTraffic", "InstanceId": "i"},
    ],
)
def test_other_dimensions_have_no_data(dimensions: dict[str, str]) -> None:
    """A series exists with exactly its dimensions."""
    world = World(endpoint="abalone", latency="0ms")
    world.invoke(1.0)
    world.now_s = 100.0

    assert world.points("Invocations", **dimensions) == {}


def test_components_have_series_of_their_own() -> None:
    """A component's series count its invocations by copy; the variant's count all."""
    world = World(
        components={"fast": {"latency": "1ms", "copies": 2}, "slow": {"latency": "30s"}},
        workers=1,
        hosting={"instance_type": "ml.m5.large"},
    )
    header = b"x-amzn-sagemaker-inference-component"
    world.invoke(0.0, headers={header: b"fast"})
    world.invoke(0.0, headers={header: b"slow"})
    world.now_s = 100.0
    fast, slow = ({"InferenceComponentName": name} for name in ("fast", "slow"))

    assert 2 == world.points("Invocations")[-20].count
    assert 1 == world.points("Invocations", **fast)[-20].count
    assert 0.5 == world.points("InvocationsPerCopy", **fast)[-20].total
    assert world.points("InvocationsPerInstance", **fast) == {}
    assert pytest.approx(1000) == world.points("ModelLatency", **fast)[-20].high
    assert pytest.approx(100) == world.points("CPUUtilization", namespace=INSTANCES, **slow)[-20].high


def test_containers_have_a_latency_of_their_own() -> None:
    """ContainerLatency is by container; ModelLatency of the variant holds all."""
    world = World(containers={"one": "1ms", "two": "2ms"})
    header = b"x-amzn-sagemaker-target-container-hostname"
    for name in (b"one", b"two", b"two"):
        world.invoke(0.0, headers={header: name})
    world.now_s = 100.0
    two = {**DIMENSIONS, "ContainerName": "two"}

    assert (2, pytest.approx(2000)) == (
        world.points("ContainerLatency", **two)[-20].count,
        world.points("ContainerLatency", **two)[-20].low,
    )
    assert 3 == world.points("ModelLatency")[-20].count
