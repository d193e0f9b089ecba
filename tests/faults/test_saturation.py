"""Which side was overloaded: a slow endpoint FAILS its budget, a slow client makes the run INVALID."""

from __future__ import annotations

import gc
import time
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from fault_loads import emulator_target, judged, settled_log

from pytest_smload.engine.hooks import LoadHooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.emulator.process import EmulatorProcess

    Endpoint = Callable[[str], EmulatorProcess]

# 4 workers of 100 ms each: 40 requests/s.
SMALL = 'latency = "100ms"\nworkers = 4\n'
SMALL_WITH_SHORT_QUEUE = 'latency = "200ms"\nworkers = 8\nqueue_limit = 16\n'
AMPLE = 'latency = "50ms"\nworkers = 64\n'
LISTENER_S = 0.010
HOG_S = 0.015
BLOCKED_S = 0.100
GARBAGE = 300_000


def outcomes(result: LoadResult) -> dict[str, str]:
    """Return the outcome of each limit."""
    return {check.metric: check.outcome for check in result.checks}


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({"tps": 120, "max_in_flight": 400}, id="open, cap not hit"),
        pytest.param({"tps": 120, "max_in_flight": 20}, id="open, cap hit"),
        pytest.param({"users": 40}, id="closed"),
    ],
)
def test_overloaded_endpoint_fails(endpoint: Endpoint, shape: dict[str, Any]) -> None:
    """Three times what it can serve: the queue's latency breaches the budget, and the client is not blamed for it."""
    emulator = endpoint(SMALL)
    result = judged(emulator_target(emulator), {"p95": "300ms"}, duration="1s", **shape)

    assert ((), "fail") == (result.client.reasons, result.verdict)
    assert "fail" == outcomes(result)["p95"]
    log = settled_log(emulator)
    assert {"ok": result.ok} == log.kinds
    assert log.busy_share is not None
    assert log.busy_share > 0.9
    capped = shape.get("max_in_flight") == 20
    assert (capped, capped) == (result.cap_hits > 0, result.unsent > 0)


def test_endpoint_that_sheds_its_load_fails(endpoint: Endpoint) -> None:
    """A short queue answers ServiceUnavailable: an error rate, not a matter of the client."""
    emulator = endpoint(SMALL_WITH_SHORT_QUEUE)
    result = judged(emulator_target(emulator), {}, tps=120, max_in_flight=200, duration="1s")

    assert ((), "fail") == (result.client.reasons, result.verdict)
    assert {"error_rate": "fail"} == outcomes(result)
    assert {"ok": result.ok, **result.errors} == settled_log(emulator).kinds
    assert {"ServiceUnavailable"} == set(result.errors)


def burn(span_s: float) -> None:
    """Use the CPU, as too small a machine would."""
    end = perf_counter() + span_s
    while perf_counter() < end:
        pass


def busy_listener(environment: Any) -> None:
    """Attach a listener that works on each request."""
    environment.events.request.add_listener(lambda **_facts: burn(LISTENER_S))


def garbage_listener(environment: Any) -> None:
    """Attach a listener that makes garbage in cycles, beside much that lives, and has it collected."""
    alive: list[list[object]] = []

    def make_garbage(**_facts: object) -> None:
        if not alive:
            alive.extend([] for _ in range(GARBAGE))
        for _ in range(100):
            cycle: list[object] = []
            cycle.append(cycle)
        gc.collect()

    environment.events.request.add_listener(make_garbage)


def hog() -> None:
    """Work, and give way only now and then."""
    while True:
        burn(HOG_S)
        gevent.sleep(0.001)


def sleeper() -> None:
    """Block the loop without using the CPU, as a call that is not cooperative does."""
    while True:
        time.sleep(BLOCKED_S)
        gevent.sleep(0.004)


@pytest.fixture(params=["busy listener", "garbage listener", "busy greenlet", "blocking greenlet"])
def saturate(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], object]]:
    """One way to keep the client from its work, begun with the load and ended with the test."""
    greenlets: list[Any] = []
    yield {
        "busy listener": busy_listener,
        "garbage listener": garbage_listener,
        "busy greenlet": lambda _environment: greenlets.append(gevent.spawn(hog)),
        "blocking greenlet": lambda _environment: greenlets.append(gevent.spawn(sleeper)),
    }[request.param]
    gevent.killall(greenlets)


@pytest.mark.parametrize(
    ("shape", "budget"),
    [
        pytest.param({"tps": 150, "max_in_flight": 400}, {"p95": "60ms"}, id="open"),
        pytest.param({"users": 20}, {"p95": "70ms"}, id="closed"),
    ],
)
def test_saturated_client_is_invalid(
    endpoint: Endpoint, saturate: Callable[[Any], object], shape: dict[str, Any], budget: dict[str, str]
) -> None:
    """Whether the budget is nearly kept or breached, the client leaves it undecided, and is named."""
    emulator = endpoint(AMPLE)
    hooks = LoadHooks(on_environment=saturate)
    result = judged(emulator_target(emulator), budget, hooks=hooks, duration="1s", **shape)

    log = settled_log(emulator)
    assert log.busy_share is not None
    assert log.busy_share < 0.5
    assert {"ok": result.ok} == log.kinds
    assert "invalid" == result.verdict
    undecided = [check for check in result.checks if not check.valid]
    assert "p95" in {check.metric for check in undecided}
    assert all(check.note.startswith("undecided: ") and "client" in check.note for check in undecided)
    assert "run the client on a larger or quieter machine, or ask for less load" in {
        finding.remedy for finding in result.client.warnings
    }


@pytest.mark.usefixtures("nothing_frozen")
def test_garbage_collection_is_as_before_after_the_load(endpoint: Endpoint) -> None:
    """What the load moved out of the collector's sight comes back."""
    frozen: list[int] = []

    def look(environment: Any) -> None:
        environment.events.request.add_listener(lambda **_facts: frozen.append(gc.get_freeze_count()))

    judged(emulator_target(endpoint(AMPLE)), {}, hooks=LoadHooks(on_environment=look), users=2, duration="200ms")

    assert min(frozen) > 0 == gc.get_freeze_count()
    assert gc.isenabled()
