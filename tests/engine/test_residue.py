"""Many loads in one process leave nothing behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import plan_of
from greenlet import greenlet

from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.sdk.transport import Boto3Transport

LOADS = 100


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An endpoint that answers at once."""
    scenario = tmp_path_factory.mktemp("scenario") / "fast.toml"
    scenario.write_text('latency = "0ms"\n')
    with EmulatorProcess.start(scenario) as process:
        yield process


@pytest.fixture
def target(emulator: EmulatorProcess) -> EndpointTarget:
    """Where the endpoint is."""
    return local_target(
        emulator.url,
        access_key=emulator.access_key,
        secret_key=emulator.secret_key,
        endpoint_name="local",
        region=emulator.region,
    )


def residue() -> tuple[int, int, int]:
    """Open files, threads, and live greenlets of this process."""
    gc.collect()
    greenlets = [thing for thing in gc.get_objects() if isinstance(thing, greenlet) and not thing.dead]
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), len(greenlets)


def grown_since(before: tuple[int, int, int]) -> list[str]:
    """What there is more of than *before*; what an earlier test left may be gone meanwhile."""
    return [
        f"{what}: {now}, {then} before"
        for what, now, then in zip(("files", "threads", "greenlets"), residue(), before, strict=True)
        if now > then
    ]


def run_http(target: EndpointTarget, **fields: object) -> int:
    """Run a tiny load and return the number of samples."""
    recording = run_load(
        plan_of(**fields),
        HttpTransport(target, timeout_s=5),
        endpoint_name="local",
        base_url=target.url,
        hooks=LoadHooks(),
    )
    return len(recording.samples)


def test_a_hundred_loads_leave_no_greenlet_file_or_thread(emulator: EmulatorProcess, target: EndpointTarget) -> None:
    """Open and closed loads in turn; files, threads and greenlets are as many after the last as after the first two,
    and the endpoint's log has exactly what the loads recorded."""
    emulator.reset()
    # Models in smooth order: shuffling them ahead takes a closed load longer than sending does.
    closed: dict[str, object] = {"users": 3, "duration": "20ms", "order": "smooth"}
    opened: dict[str, object] = {"tps": 500, "duration": "20ms", "max_in_flight": 30}
    sent = run_http(target, **closed) + run_http(target, **opened)
    after_first = residue()
    for _ in range(LOADS // 2):
        sent += run_http(target, **closed) + run_http(target, **opened)

    assert grown_since(after_first) == []
    assert emulator.log().requests == sent


def test_boto3_loads_leave_no_thread(target: EndpointTarget) -> None:
    """The SDK's thread pool and sockets go with their load."""

    def run_boto3() -> None:
        transport = Boto3Transport(target, timeout_s=5, pool_size=3)
        hooks = LoadHooks()
        run_load(plan_of(users=3, duration="50ms"), transport, endpoint_name="local", base_url=target.url, hooks=hooks)

    run_boto3()
    after_first = residue()
    for _ in range(3):
        run_boto3()

    assert grown_since(after_first) == []
