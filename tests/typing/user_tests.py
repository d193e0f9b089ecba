"""A user's test file with every public name in it, for the type checker alone: nothing here is ever run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_type

import pytest

import pytest_smload
from pytest_smload import (
    INHERIT,
    Capacity,
    Check,
    ClientHealth,
    ConfigurationError,
    EmulatorError,
    Endpoint,
    EndpointError,
    InvocationError,
    InvokeResponse,
    LoadProfile,
    LoadResult,
    PayloadError,
    ScopeName,
    SmEndpoint,
    SmloadError,
    Stage,
    Stats,
    TimelinePoint,
    compare_capacities,
    perf,
    perf_budget,
    ramp,
    soak,
    spike,
    steps,
)

NIGHT, NOON = Stage("30s", tps=10, name="night"), Stage("1m", tps=40, name="noon")
STAGED = LoadProfile(stages=[NIGHT, NOON], warmup="0s")
MORNING = perf(stages=[ramp(tps=(1, 9), over="1m"), NOON, "soak(9 tps over 1m)", soak(tps=9, over="1m")])
RUSH = perf(stages=spike(users=(1, 9), over="1m", rest="2m"))
STAIRS = [perf(stages=steps(tps=(1, 9), by=2, each="1m")), perf(stages="ramp(1..9 tps over 1m)")]
CLOSED = LoadProfile(users=8, spawn_rate=0.5, wait="100ms", models=["a", "b", "zipf(1.1)"], payload=b"1,2")
OPEN = LoadProfile(
    tps=50,
    arrivals="uniform",
    duration="90s",
    models={"a": 3, "b": 1.5, "tenant-{0..9}": "zipf(1.1)"},
    payload={"a": "payloads/a.csv", "*": ["1,2", b"3,4"]},
    content_type={"a": "text/csv", "*": "application/json"},
    batch={"a": 4},
    max_in_flight=100,
    prime=False,
    max_duration="5m",
    seed=7,
    on_unproven="fail",
    abort_on={"error_rate": "50%", "for": "10s"},
)


def body(target_model: str | None) -> list[bytes]:
    return [str(target_model).encode()]


FROM_FUNCTION = LoadProfile(users=1, payload=body, batch=2, accept="text/csv")


@pytest.mark.perf(tps=50, duration="60s", models={"a": 3, "b": 1})
@pytest.mark.perf_budget(p95="250ms", tps="96%", error_rate="1%")
@pytest.mark.perf_budget(model="b", p95="400ms")
def test_figures(load_result: LoadResult) -> None:
    assert_type(load_result.p95_ms, float)
    assert_type(load_result.tps, float)
    assert_type(load_result.error_rate, float)
    assert_type(load_result.requests, int)
    assert_type(load_result.cold.p95_ms, float)
    assert_type(load_result.models["a"], Stats)
    assert_type(load_result.models["a"].p99_ms, float)
    assert_type(load_result.stages["noon"].errors, int)
    assert_type(load_result.errors.get("ModelError", 0), int)
    assert_type(load_result.mix["a"].achieved_share, float)
    assert_type(load_result.timeline[0].in_flight, int)
    assert_type(load_result.warmup_timeline[0].t_s, float)
    assert_type(load_result.examples_by_route["a"]["ModelError"], str)
    assert_type(load_result.warmup.models["a"], int)
    assert_type(load_result.profile, Mapping[str, Any])
    assert_type(load_result.verdict, Literal["pass", "fail", "invalid", "interrupted"])


@perf(tps=50, duration="60s", arrivals="uniform", models={"a": 3, "b": 1}, payload=["1,2"], endpoint="staging")
@perf_budget(p95="250ms", tps="96%", error_rate=0.01, errors={"ModelError": 0}, regression={"p95": "10%"})
@perf_budget(model="b", p95="400ms", requests=100)
def test_the_same_with_completion(load_result: LoadResult) -> None:
    points: tuple[TimelinePoint, ...] = load_result.timeline
    assert_type(points[0].p95_ms, float)
    scope = ScopeName.parse(load_result.checks[0].scope)
    assert_type(scope.kind, Literal["total", "model", "variant", "container", "component", "name", "each", "stage"])
    assert_type(scope.name, str)


@perf(tps=50, variants={"blue": 9, "green": 1}, payload=["1,2"])
@perf_budget(variant="each", p95="400ms")
@perf_budget(component="llm", p95="400ms")
def test_who_answered(load_result: LoadResult) -> None:
    assert_type(load_result.invoked_variants["blue"].share, float)
    assert_type(load_result.variants["blue"].p95_ms, float)


@perf
def test_marked_without_a_load(sm_endpoint: SmEndpoint, load_profile: LoadProfile) -> None:
    assert_type(load_profile.arrivals, Literal["poisson", "uniform"])
    assert_type(load_profile.order, Literal["shuffled", "smooth"])
    assert_type(load_profile.on_unproven, Literal["estimate", "fail"])


pytestmark = [perf(profile="smoke"), perf_budget(p99="1s")]
PARAMETER_SET = pytest.param(1, marks=perf(users=2))


@pytest.mark.perf(stages=[NIGHT, NOON], warmup="0s")
def test_what_decided(load_result: LoadResult) -> None:
    client: ClientHealth = load_result.client
    assert_type(client.valid, bool)
    for check in load_result.checks:
        assert_type(check, Check)
        assert_type(check.observed, float)
        assert_type(check.outcome, Literal["pass", "fail", "invalid"])
        assert_type(check.valid, bool)
        assert_type(check.proven, bool)


@pytest.mark.perf(profile="smoke", endpoint="staging")
def test_several_loads(sm_endpoint: SmEndpoint, load_profile: LoadProfile) -> None:
    assert_type(load_profile.tps, float | None)
    assert_type(load_profile.duration_s, float)
    assert_type([stage.duration_s for stage in load_profile.stages or ()], list[float])
    faster = load_profile.replace(tps=300, stages=None)
    assert_type(faster, LoadProfile)
    before = sm_endpoint.load(load_profile, label="before", budget=INHERIT)
    assert_type(before, LoadResult)
    overload = sm_endpoint.load(faster, label="overload", budget=None)
    after = sm_endpoint.load(load_profile, budget={"p95": "250ms", "each": {"p99": "1s"}})
    assert after.p50_ms < 3 * before.p50_ms < overload.p50_ms


def test_one_request(sm_endpoint: SmEndpoint) -> None:
    answer: InvokeResponse = sm_endpoint.invoke("1,2", target_model="a", Accept="text/csv")
    assert_type(answer.body, bytes)
    assert_type(answer.text, str)
    assert_type(answer.content_type, str | None)
    assert_type(answer.latency_ms, float)
    assert_type([sm_endpoint.name, sm_endpoint.endpoint_name, sm_endpoint.region, sm_endpoint.url], list[str])


def test_errors(sm_endpoint: SmEndpoint) -> None:
    try:
        sm_endpoint.invoke(b"")
    except InvocationError as error:
        assert_type(error.kind, str)
        assert_type(error.original_status, int | None)
    except ConfigurationError as error:
        assert_type(error.problems, list[str])
    except (EmulatorError, EndpointError, PayloadError) as error:
        root: SmloadError = error
        raise root from None


def test_mistakes_are_seen(load_result: LoadResult) -> None:
    LoadProfile(tsp=50)  # type: ignore[call-arg]
    LoadProfile(duration=60)  # type: ignore[arg-type]
    LoadProfile(stages=[{"duration": "30s", "tsp": 10}])  # type: ignore[list-item]
    LoadProfile(arrivals="poison")  # type: ignore[arg-type]
    perf(tsp=50)  # type: ignore[call-overload]
    ramp(tps=5, over="1m")  # type: ignore[arg-type]
    perf(order="random")  # type: ignore[call-overload]
    perf_budget(p95=250)  # type: ignore[arg-type, typeddict-item, unused-ignore]
    perf_budget(p59="1s")  # type: ignore[call-arg]
    STAGED.seed = 1  # type: ignore[misc]
    _ = load_result.p95  # type: ignore[attr-defined]
    _ = pytest_smload.LoadProfil  # type: ignore[attr-defined]


@pytest.mark.perf(tps=50)
@pytest.mark.perf_budget(p95="250ms")
def test_capacity(sm_endpoint: SmEndpoint, load_profile: LoadProfile) -> None:
    found = sm_endpoint.capacity(load_profile, at_least=200, within="20m", max_tps=500, instances=1, label="one")
    assert_type(found, Capacity)
    assert_type(found.bracket, tuple[float, float])
    assert_type(found.binding, Check | None)
    assert_type(found.curve[0].p95_ms.upper, float)
    assert_type(found.instances_for(1000, headroom=0.3), int)
    assert_type(found.cost_per_million(instance_hour_usd=0.119), float)
    assert_type(found.autoscaling_target(safety=0.5), float)
    assert_type(compare_capacities([found]).cheapest, str | None)


def from_a_script() -> str:
    """What a script or a notebook does."""
    with Endpoint("staging", quiet=True) as endpoint:
        result = endpoint.load(LoadProfile(tps=50, duration="30s"), budget={"p95": "250ms"})
        assert_type(result.verdict, Literal["pass", "fail", "invalid", "interrupted"])
        capacity = endpoint.capacity(LoadProfile(tps=50), budget={"p95": "250ms"}, at_least=200)
        assert_type(capacity, Capacity)
        return result.verdict
