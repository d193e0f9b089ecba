"""Workers in network namespaces of their own, as on other machines: nothing joins them to the master but one wire."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_runs import PytestRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_runs import MakeProject, Project

GONE_S = 5.0
PORT, ENDPOINT_PORT = 5557, 45571
TOKEN = {"SMLOAD_TOKEN": "a secret of these namespaces"}
SETTINGS = f"""
endpoint = "far"
[endpoints.far]
name = "far"
region = "us-east-1"
endpoint_url = "http://127.0.0.1:{ENDPOINT_PORT}"
payload = ["1", "2"]
"""
LOAD = """
import pytest

@pytest.mark.perf(tps=100, duration="{duration}", warmup="0s", timeout="2s", invalid_retries=0)
def test_far(load_result): pass
"""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@dataclass
class Network:
    """A master's namespace with a wire to each of two workers'.

    Attributes:
        names: Of the master's namespace, then the workers'.
        processes: What was started there.
    """

    names: list[str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def laid(cls, mark: str) -> Network:
        network = cls([f"smload-{mark}-{which}" for which in ("m", "a", "b")])
        master, *workers = network.names
        for name in network.names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        for number, worker in enumerate(workers, start=1):
            wires = [f"wire{number}", "wire"]
            _ip("link", "add", wires[0], "netns", master, "type", "veth", "peer", "name", wires[1], "netns", worker)
            for name, wire, last in ((master, wires[0], 1), (worker, wires[1], 2)):
                _ip("-n", name, "address", "add", f"10.231.{number}.{last}/24", "dev", wire)
                _ip("-n", name, "link", "set", wire, "up")
        return network

    def start(self, name: str, command: list[str], env: Mapping[str, str], cwd: Path) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            ["ip", "netns", "exec", name, *command],
            env={**env},
            cwd=cwd,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(started)
        return started

    def cut(self, name: str) -> None:
        """Take the wire of a worker away: no packet says so to anybody."""
        _ip("-n", name, "link", "set", "wire", "down")

    def take_down(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=30)


@pytest.fixture
def network() -> Iterator[Network]:
    """Three namespaces, or a reason why there are none."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces take root and iproute2's ip")
    mark = str(os.getpid())
    try:
        laid = Network.laid(mark)
    except (subprocess.CalledProcessError, OSError) as error:
        Network([f"smload-{mark}-{which}" for which in ("m", "a", "b")]).take_down()
        pytest.skip(f"this machine makes no network namespaces with a wire between them: {error}")
    yield laid
    laid.take_down()


def _endpoint(network: Network, name: str, made: Project) -> None:
    """An endpoint of its own in each namespace: plain HTTP goes to loopback only."""
    command = [sys.executable, "-m", "pytest_smload.emulator", "--port", str(ENDPOINT_PORT), "--until-eof"]
    started = network.start(name, command, made.environment(), made.folder)
    assert started.stdout is not None
    assert str(ENDPOINT_PORT) in started.stdout.readline()


def _begin(network: Network, made: Project) -> tuple[subprocess.Popen[str], list[subprocess.Popen[str]]]:
    """Start the run and two workers; return them."""
    master, *others = network.names
    env = made.environment(TOKEN)
    options = ["--smload-workers", "2", "--smload-bind", f"0.0.0.0:{PORT}", "--smload-report", "report"]
    command = [sys.executable, "-m", "pytest", *made.arguments(["-m", "perf", *options])]
    run = network.start(master, command, env, made.folder)
    workers = []
    for number, name in enumerate(others, start=1):
        _endpoint(network, name, made)
        worker = [sys.executable, "-m", "pytest_smload.worker", f"10.231.{number}.1:{PORT}"]
        workers.append(network.start(name, worker, env, made.folder))
    return run, workers


def _await_requests(worker: subprocess.Popen[str]) -> None:
    """Wait until *worker* sends: its namespace has a connection to the endpoint there."""
    established = f" 0100007F:{ENDPOINT_PORT:04X} 01 "
    deadline_s = time.monotonic() + 60
    while established not in Path(f"/proc/{worker.pid}/net/tcp").read_text():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    time.sleep(1)


def test_workers_reach_the_master_by_the_network_alone(network: Network, project: MakeProject) -> None:
    """Each sends its half from a namespace that has no other way out, and ends with the run."""
    made = project({"test_it.py": LOAD.format(duration="2s"), "smload.toml": SETTINGS})

    run, workers = _begin(network, made)
    out = run.communicate(timeout=60)[0]

    assert " 1 passed" in out, out
    assert f"--smload-bind 0.0.0.0:{PORT} is open to the network" in out
    assert [worker.communicate(timeout=GONE_S)[0] for worker in workers] == ["", ""]
    assert [worker.returncode for worker in workers] == [0, 0]
    (load,) = PytestRun(run.returncode, out, made.folder).loads("test_far")
    assert sorted(worker["sent"] for worker in load["workers"]) == [100, 100]


def test_a_wire_that_is_cut_ends_both_sides(network: Network, project: MakeProject) -> None:
    """The load is INVALID with what the other worker measured, and the one that is cut off sends no longer."""
    made = project({"test_it.py": LOAD.format(duration="60s"), "smload.toml": SETTINGS})

    run, workers = _begin(network, made)
    _await_requests(workers[1])
    network.cut(network.names[2])
    cut_s = time.monotonic()
    said = workers[1].communicate(timeout=30)[0]
    gone_s = time.monotonic() - cut_s
    out = run.communicate(timeout=30)[0]

    assert said == "the master is gone\n"
    assert gone_s < 2 * GONE_S, gone_s
    assert re.search(r"part of the load is missing: worker .* has said nothing for 4 s", out), out
    (load,) = PytestRun(run.returncode, out, made.folder).loads("test_far")
    assert load["verdict"] == "invalid"
    assert len(load["workers"]) == 1
    assert load["sent"] > 0
    assert workers[0].wait(GONE_S) == 0
