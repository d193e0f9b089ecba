"""Loads that several processes send, as the endpoint's log, the reports and the machine's process list have them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from pytest_runs import PytestRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject, Project

    from pytest_smload.emulator.process import EmulatorProcess

GONE_S = 5.0
ENOUGH = 50
"""Requests after which both workers send."""
LOADS = """
import pytest
pytestmark = pytest.mark.perf(warmup="500ms", invalid_retries=0)

@pytest.mark.perf(tps=301, duration="2s", seed=7)
def test_open(load_result): pass

@pytest.mark.perf(users=5, duration="2s", max_requests=1001)
def test_closed(load_result): pass
"""
LONG = """
import pytest

@pytest.mark.perf(tps=100, duration="60s", warmup="0s", timeout="5s")
def test_long(load_result): pass
"""


def _workers_of(pid: int) -> list[int]:
    """Process ids of the workers that *pid* has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            is_worker = b"pytest_smload.worker" in (folder / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and is_worker:
            found.append(int(folder.name))
    return found


def _are_gone(pids: list[int]) -> bool:
    """Whether none of *pids* runs any more, within `GONE_S`."""
    deadline_s = time.monotonic() + GONE_S
    while time.monotonic() < deadline_s:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _await(what: Any, limit_s: float = 60.0) -> Any:
    deadline_s = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the process list is read from /proc")


def test_two_processes_send_what_one_would(project: MakeProject, emulator: EmulatorProcess) -> None:
    """Open and closed: what is reported per model equals the endpoint's log, and the mix is the weights'."""
    emulator.reset()

    run = project({"test_it.py": LOADS}).run("-m", "perf", "--smload-processes", "2", "-v")

    assert run.summary == "2 passed", run.out
    (open_load,), (closed,) = run.loads("test_open"), run.loads("test_closed")
    log = emulator.log()
    for model in ("a.tar.gz", "b.tar.gz"):
        sent = [load["models"][model]["requests"] + load["warmup"]["models"][model] for load in (open_load, closed)]
        assert sum(sent) == log.models[model]
    assert {name: stats["requests"] for name, stats in open_load["models"].items()} == {
        "a.tar.gz": 452,
        "b.tar.gz": 150,
    }
    assert closed["total"]["requests"] + closed["warmup"]["sent"] == 1001
    for load in (open_load, closed):
        workers = load["workers"]
        assert len({worker["pid"] for worker in workers}) == 2
        assert sum(worker["sent"] for worker in workers) == load["sent"]
        assert all(abs(worker["clock_offset_ms"]) <= worker["clock_uncertainty_ms"] + 0.001 for worker in workers)
        points = load["warmup_timeline"]
        lengths_s = [max(0.5, end - begin) for begin, end in pairwise([*(point["t_s"] for point in points), 0])]
        sent = sum(point["offered"] * length_s for point, length_s in zip(points, lengths_s, strict=True))
        assert load["warmup"]["sent"] == round(sent) > 0
    assert [worker["sent"] for worker in open_load["workers"]] == [301, 301]
    # One crew for all loads of a run.
    assert {worker["pid"] for worker in open_load["workers"]} == {worker["pid"] for worker in closed["workers"]}
    assert run.out.count("  worker ") == 4


def test_a_model_that_fails_for_all_has_one_first_failure(project: MakeProject) -> None:
    """That of the first process that has one; counts are those of all."""
    failing = """
    import pytest
    models = {"a.tar.gz": 1, "broken.tar.gz": 1}

    @pytest.mark.perf(tps=40, duration="1s", warmup="0s", models=models, invalid_retries=0)
    def test_failing(load_result): pass
    """
    run = project({"test_it.py": failing}).run("-m", "perf", "--smload-processes", "2")

    (load,) = run.loads("test_failing")
    assert len(load["workers"]) == 2
    assert load["distribution"]["errors_by_route"] == {"broken.tar.gz": {"ModelError": 20}}
    assert load["examples_by_route"] == {"broken.tar.gz": load["examples"]}
    assert "out of memory" in load["examples"]["ModelError"]


def test_the_schedule_is_that_of_one_process(project: MakeProject, emulator: EmulatorProcess) -> None:
    """The same seed in one process and in three: as many requests of each model, warm-up included."""
    made = project({"test_it.py": LOADS})
    counts = []
    for processes in ("1", "3"):
        emulator.reset()
        made.run("-m", "perf", "--smload-processes", processes, "-k", "open")
        counts.append(dict(emulator.log().models))

    assert counts[0] == counts[1]


def test_abort_on_holds_for_all_workers_together(project: MakeProject) -> None:
    """Its limit, not one over a part or another metric, fails the load, which ends for all of them."""
    aborted = """
    import pytest
    rule = {"p95": "1ms", "for": "1s"}

    @pytest.mark.perf(tps=200, duration="60s", warmup="0s", invalid_retries=0, abort_on=rule)
    def test_aborted(load_result): pass
    """
    run = project({"test_it.py": aborted}).run("-m", "perf", "--smload-processes", "2")

    (load,) = run.loads("test_aborted")
    (check,) = [check for check in load["checks"] if check["source"] == "abort_on"]
    assert (check["metric"], check["limit"], check["outcome"]) == ("p95", "<= 1 ms for 1s", "fail")
    assert load["sent"] < 2000
    assert len(load["workers"]) == 2


@needs_proc
def test_a_killed_worker_makes_the_load_invalid(project: MakeProject, emulator: EmulatorProcess) -> None:
    """It ends at once; what the other one measured is in the report, and the next load has as many workers again."""
    another = """
    @pytest.mark.perf(tps=100, duration="1s", warmup="0s")
    def test_next(load_result): pass
    """
    made = project({"test_it.py": LONG + dedent(another)})
    emulator.reset()
    with made.under_way("-m", "perf", "--smload-processes", "2") as process:
        workers = _await(lambda: found if len(found := _workers_of(process.pid)) == 2 else None)
        _await(lambda: sum(emulator.log().models.values()) > ENOUGH)
        os.kill(workers[0], signal.SIGKILL)
        out = process.communicate(timeout=60)[0]

    run = PytestRun(process.returncode, out, made.folder)
    (load,), (following,) = run.loads("test_long"), run.loads("test_next")
    assert f"worker {socket.gethostname()} (process {workers[0]}): its process ended by signal 9" in out
    assert following["verdict"] == "pass"
    pids = {worker["pid"] for worker in following["workers"]}
    assert (len(pids), workers[1] in pids) == (2, True)
    assert load["verdict"] == "invalid"
    assert [worker["pid"] for worker in load["workers"]] == [workers[1]]
    assert load["sent"] > 0
    assert _are_gone(workers)


@needs_proc
@pytest.mark.parametrize(
    ("sent", "code"),
    [([signal.SIGINT] * 2, 2), ([signal.SIGTERM], 143), ([signal.SIGHUP], 129), ([signal.SIGKILL], -9)],
)
def test_a_signal_leaves_no_worker_running(
    project: MakeProject, emulator: EmulatorProcess, sent: list[signal.Signals], code: int
) -> None:
    """Ctrl-C pressed twice, SIGTERM, a terminal that is closed, and the death of the master; a record is kept where
    there is somebody left to write it."""
    made = project({"test_it.py": LONG})
    emulator.reset()
    with made.under_way("-m", "perf", "--smload-processes", "2") as process:
        workers = _await(lambda: found if len(found := _workers_of(process.pid)) == 2 else None)
        _await(lambda: sum(emulator.log().models.values()) > ENOUGH)
        for each in sent:
            process.send_signal(each)
            time.sleep(0.2)
        out = process.communicate(timeout=60)[0]

    assert _are_gone(workers)
    # The second Ctrl-C may come when the load is over, and is pytest's then: it ends by it.
    assert process.returncode in ({code, -signal.SIGINT} if len(sent) > 1 else {code}), out
    if sent != [signal.SIGKILL]:
        (load,) = PytestRun(process.returncode, out, made.folder).loads("test_long")
        assert load["interrupted"]
        assert load["sent"] > 0
        assert len(load["workers"]) == 2


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _worker(address: str, token: str, made: Project) -> subprocess.Popen[str]:
    env = made.environment({"SMLOAD_TOKEN": token})
    command = [sys.executable, "-m", "pytest_smload.worker", address]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends processes."""
    with ExitStack() as entered:
        yield entered


def test_workers_join_with_the_token_and_without_it_do_not(
    project: MakeProject, free_port: int, stack: ExitStack
) -> None:
    """Two that are started by hand send the load; one with another token is refused in a line, and all end."""
    made, address = project({"test_it.py": LOADS}), f"127.0.0.1:{free_port}"
    token = "a secret of this test"
    workers = [_worker(address, each, made) for each in (token, token, "some other secret")]
    for worker in workers:
        stack.callback(worker.kill)

    args = ("-m", "perf", "--smload-workers", "2", "--smload-bind", address, "-k", "open")
    run = made.run(*args, env={"SMLOAD_TOKEN": token})

    assert run.summary.startswith("1 passed"), run.out
    said = [worker.communicate(timeout=GONE_S)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 1]
    assert said[:2] == ["", ""]
    assert said[2].count("\n") == 1
    assert "its token is not the master's" in said[2]
    (load,) = run.loads("test_open")
    assert {worker["pid"] for worker in load["workers"]} == {worker.pid for worker in workers[:2]}
    assert token not in run.out


def test_a_port_that_is_taken_is_said_in_one_line(project: MakeProject) -> None:
    """Before anything is sent."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        args = ("-m", "perf", "--smload-workers", "1", "--smload-bind", address, "-k", "open")
        run = project({"test_it.py": LOADS}).run(*args, env={"SMLOAD_TOKEN": "a secret of this test"})

    assert f"--smload-bind {address}: it cannot be listened at" in run.out
    assert "choose another port" in run.out


@pytest.mark.parametrize(
    ("files", "args", "what"),
    [
        ({}, ["--smload-processes", "6", "-k", "closed"], "users: 5 cannot be split over 6 processes"),
        (
            {"conftest.py": "def pytest_smload_environment(environment, profile): pass"},
            ["--smload-processes", "2", "-k", "open"],
            "--smload-processes: what pytest_smload_environment attaches hears no request",
        ),
        (
            {
                "conftest.py": """
                import moto, pytest
                @pytest.fixture(autouse=True)
                def _mocked():
                    with moto.mock_aws(): yield
                """,
                "smload.toml": """
                endpoint = "mocked"
                [endpoints.mocked]
                region = "us-east-1"
                payload = ["1"]
                """,
            },
            ["--smload-processes", "2", "-k", "open"],
            "--smload-processes: moto's mock answers in this process alone",
        ),
    ],
    ids=["too few users", "listeners", "mock"],
)
def test_what_works_in_one_process_only_is_refused(
    project: MakeProject, files: dict[str, str], args: list[str], what: str
) -> None:
    """In one line, with no worker started."""
    run = project({"test_it.py": LOADS, **files}).run("-m", "perf", *args)

    assert what in run.out
    assert run.summary == "1 deselected, 1 error"
