"""Signals during a load whose endpoint does not answer: it ends soon, and its record is kept."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from pytest_runs import LIMIT_S, PytestRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_runs import MakeProject

SETTINGS = """
endpoint = "silent"
[endpoints.silent]
name = "silent"
region = "us-east-1"
endpoint_url = "http://127.0.0.1:{port}"
payload = ["0.455"]
"""
TESTS = """
import pytest
pytestmark = pytest.mark.perf(users=3, duration="10m", warmup="0s", timeout="60s")

def test_silence(load_result): pass

def test_after(load_result): pass
"""
LONG_GRACE = """
# A first signal alone would wait for this long.
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    import pytest_smload.engine.run
    pytest_smload.engine.run.INTERRUPT_GRACE_S = 60.0
"""
SOON_S = 20.0
"""Far less than a request's timeout."""


def run_with(project: MakeProject, signals: Sequence[signal.Signals]) -> tuple[PytestRun, float]:
    """Run against a peer that takes requests and never answers, and send *signals* once it has some.

    Return the run, and how long it took after the first signal.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=50) as peer:
        peer.settimeout(LIMIT_S)
        made = project(
            {
                "smload.toml": SETTINGS.format(port=peer.getsockname()[1]),
                "test_it.py": TESTS,
                "conftest.py": LONG_GRACE if len(signals) > 1 else "",
            }
        )
        process = subprocess.Popen(
            made.command(["-m", "perf", "--smload-report", "report"]),
            cwd=made.folder,
            env=made.environment({"PYTHONUNBUFFERED": "1"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchdog = threading.Timer(LIMIT_S, process.kill)
        watchdog.start()
        taken: list[socket.socket] = []
        try:
            # The first connection is the check before the load, which sends nothing.
            while sum(bool(one.recv(1, socket.MSG_PEEK)) for one in taken) < 3:
                taken.append(peer.accept()[0])
                taken[-1].settimeout(LIMIT_S)
            began = time.monotonic()
            for number in signals:
                process.send_signal(number)
                time.sleep(0.5)
            out = process.communicate()[0]
            took_s = time.monotonic() - began
        finally:
            watchdog.cancel()
            process.kill()
            for one in taken:
                one.close()
    return PytestRun(process.returncode, out, made.folder), took_s


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGINT], 2),
        ([signal.SIGINT, signal.SIGINT], 2),
        ([signal.SIGTERM], 143),
        ([signal.SIGTERM, signal.SIGTERM], 143),
    ],
    ids=["ctrl-c", "ctrl-c twice", "sigterm", "sigterm twice"],
)
def test_the_run_ends_and_its_record_is_kept(signals: list[signal.Signals], code: int, project: MakeProject) -> None:
    """Nobody waits for the requests' timeout; the load is in report.json, as interrupted."""
    run, took_s = run_with(project, signals)

    assert code == run.exit_code, run.out
    assert took_s < SOON_S
    assert run.report["interrupted"] is True
    (load,) = run.loads("test_silence")
    assert load["interrupted"] is True
    assert ["test_silence"] == list(run.tests())
    assert "Traceback" not in run.out


BETWEEN = """
import os, signal, pytest
pytestmark = pytest.mark.perf(users=1, duration="200ms", warmup="0s")

def test_before(load_result): pass

def test_body(load_result):
    os.kill(os.getpid(), signal.SIGTERM)

def test_after(load_result): pass
"""


def test_sigterm_between_loads(project: MakeProject) -> None:
    """The run ends in order there as well."""
    run = project({"test_it.py": BETWEEN}).run("-m", "perf")

    assert run.exit_code == 143, run.out
    assert run.report["interrupted"] is True
    assert run.loads("test_before")[0]["total"]["ok"] > 0
    assert "test_after" not in run.tests()


HANDLED = """
import signal, pytest

def pytest_configure():
    signal.signal(signal.SIGTERM, lambda *_: print("heard by the project"))
"""


def test_a_handler_of_the_project_stays(project: MakeProject) -> None:
    """What a conftest does with SIGTERM is its own."""
    tests = BETWEEN.replace("def test_after(load_result): pass", "")
    run = project({"test_it.py": tests, "conftest.py": HANDLED}).run("-m", "perf", "-s")

    assert run.exit_code == 0, run.out
    assert "heard by the project" in run.out
