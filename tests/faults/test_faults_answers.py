"""Errors an endpoint answers with, always or for a while: counted by kind and model as its own log has them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from fault_loads import ENDPOINT, emulator_target, judged, run, settled_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

    Endpoint = Callable[[str], EmulatorProcess]

STATUSES = ("400", "403", "404", "413", "424", "429", "500", "503", "530")
CODES = (
    "ThrottlingException",
    "ValidationError",
    "AccessDeniedException",
    "ModelError",
    "ModelNotReadyException",
    "InternalFailure",
    "ServiceUnavailable",
    "InternalDependencyException",
)
KINDS = {kind: kind for kind in (*STATUSES, *CODES)} | {"reset": "Connection"}
"""Fault of the scenario, and the kind reports count it as."""
EVERY_FAULT = 'latency = "2ms"\n' + "".join(
    f'[[faults]]\nkind = "{fault}"\nrate = 1.0\nmodel = "{fault}.tar.gz"\n' for fault in KINDS
)
BURSTS = """
latency = "10ms"
[[faults]]
kind = "ThrottlingException"
at = "300ms"
for = "200ms"
[[faults]]
kind = "ThrottlingException"
at = "800ms"
for = "200ms"
"""
DELETED = f"""
latency = "100ms"
[[faults]]
kind = "ValidationError"
at = "600ms"
message = "Endpoint {ENDPOINT} of account 123456789012 not found."
"""
SHAPES: dict[str, dict[str, Any]] = {"closed": {"users": 4}, "open": {"tps": 120, "max_in_flight": 100}}


@pytest.mark.parametrize(("transport", "shape"), [("http", "closed"), ("http", "open"), ("boto3", "closed")])
def test_each_error_is_counted_under_its_code(endpoint: Endpoint, transport: str, shape: str) -> None:
    """Seventeen errors and a reset, a model each, and one that is well: model by model what the endpoint answered."""
    emulator = endpoint(EVERY_FAULT)
    models = ["well.tar.gz", *(f"{fault}.tar.gz" for fault in KINDS)]
    # Priming would ask the model that is never ready again and again.
    fields = {"prime": False, "warmup": "100ms", "duration": "700ms", **SHAPES[shape]}
    load = run(emulator_target(emulator), transport=transport, models=models, **fields)

    log = settled_log(emulator)
    assert Counter(zip(log.model, log.kind, strict=True)) == load.models
    assert log.kinds == load.kinds
    expected = {("well.tar.gz", "ok")} | {(f"{fault}.tar.gz", kind) for fault, kind in KINDS.items()}
    assert expected == set(load.models)
    measurement = load.measurement
    assert log.models == {
        name: stats.requests + measurement.warmup.models[name] for name, stats in measurement.routes.items()
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_throttling_in_bursts(endpoint: Endpoint, shape: str) -> None:
    """Two bursts of throttling are in the counts, and in the seconds of the timeline, one for one."""
    emulator = endpoint(BURSTS)
    load = run(emulator_target(emulator), duration="1200ms", **SHAPES[shape])

    log = settled_log(emulator)
    assert log.kinds == load.kinds == +Counter(load.measurement.errors, ok=load.measurement.total.ok)
    assert {"ok", "ThrottlingException"} == set(load.kinds)
    assert load.measurement.total.errors == sum(point.errors for point in load.measurement.timeline)
    assert load.accused == []


@pytest.mark.parametrize("shape", [{"users": 8}, {"tps": 60, "max_in_flight": 100}], ids=["closed", "open"])
def test_endpoint_deleted_mid_run(endpoint: Endpoint, shape: dict[str, Any]) -> None:
    """From then on every request is refused; the load goes on to its end, and fails without blaming the client."""
    emulator = endpoint(DELETED)
    result = judged(emulator_target(emulator), {"error_rate": "1%"}, duration="1200ms", **shape)

    assert settled_log(emulator).kinds == {"ok": result.ok, **result.errors}
    assert {"ValidationError"} == set(result.errors)
    assert result.ok > 0
    assert f"Endpoint {ENDPOINT} of account 123456789012 not found" in result.examples["ValidationError"]
    assert (result.interrupted, pytest.approx(1.2)) == (False, result.window_s)
    assert ["fail"] == [check.outcome for check in result.checks]
    # Nothing but a machine that lags may make this run invalid.
    assert [] == [finding.cause for finding in result.client.reasons if "larger or quieter" not in finding.remedy]
