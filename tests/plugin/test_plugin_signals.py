"""Signals during a load whose endpoint does not answer: it ends soon, and its record is kept."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest
from pytest_runs import LIMIT_S, PytestRun
from side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_runs import MakeProject, Project

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


SIGNALS: dict[str, tuple[list[signal.Signals], int]] = {
    "ctrl-c": ([signal.SIGINT], 2),
    "ctrl-c twice": ([signal.SIGINT, signal.SIGINT], 2),
    "sigterm": ([signal.SIGTERM], 143),
    "sighup": ([signal.SIGHUP], 129),
    "sigterm twice": ([signal.SIGTERM, signal.SIGTERM], 143),
}
"""What is sent, and the exit code it makes."""


def signalled(project: MakeProject, signals: Sequence[signal.Signals]) -> partial[tuple[PytestRun, float]]:
    """Prepare a run against a peer that takes requests and never answers; *signals* are sent once it has some."""
    peer = socket.create_server(("127.0.0.1", 0), backlog=50)
    made = project(
        {
            "smload.toml": SETTINGS.format(port=peer.getsockname()[1]),
            "test_it.py": TESTS,
            "conftest.py": LONG_GRACE if len(signals) > 1 else "",
        }
    )
    return partial(run_with, peer, made, signals)


def run_with(peer: socket.socket, made: Project, signals: Sequence[signal.Signals]) -> tuple[PytestRun, float]:
    """Return the run, and how long it took after the first signal."""
    with peer, ExitStack() as taken, made.under_way("-m", "perf") as process:
        peer.settimeout(LIMIT_S)
        begun: list[socket.socket] = []
        # The first connection is the check before the load, which sends nothing.
        while sum(bool(one.recv(1, socket.MSG_PEEK)) for one in begun) < 3:
            begun.append(taken.enter_context(peer.accept()[0]))
            begun[-1].settimeout(LIMIT_S)
        began = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.5)
        out = process.communicate()[0]
        took_s = time.monotonic() - began
    return PytestRun(process.returncode, out, made.folder), took_s


@pytest.fixture(scope="module")
def ended(project: MakeProject) -> dict[str, tuple[PytestRun, float]]:
    """The runs that `SIGNALS` ended, by their names, and how long each took after the first signal."""
    runs = side_by_side(*(signalled(project, signals) for signals, _ in SIGNALS.values()))
    return dict(zip(SIGNALS, runs, strict=True))


@pytest.mark.parametrize("sent", SIGNALS)
def test_the_run_ends_and_its_record_is_kept(sent: str, ended: dict[str, tuple[PytestRun, float]]) -> None:
    """Nobody waits for the requests' timeout; the load is in report.json, as interrupted."""
    run, took_s = ended[sent]
    _, code = SIGNALS[sent]

    assert code == run.exit_code, run.out
    assert took_s < SOON_S
    assert run.report["interrupted"] is True
    (load,) = run.loads("test_silence")
    assert load["interrupted"] is True
    assert ["test_silence"] == list(run.tests())
    assert "Traceback" not in run.out
    assert 1 == run.out.count("report.json and report.md")


BETWEEN = """
import os, signal, pytest
pytestmark = pytest.mark.perf(users=1, duration="200ms", warmup="0s")

def test_before(load_result): pass

def test_body(load_result):
    os.kill(os.getpid(), signal.SIGTERM)

def test_after(load_result): pass
"""


@pytest.fixture(scope="module")
def between(project: MakeProject) -> dict[str, PytestRun]:
    """Runs that SIGTERM reaches between loads: without a handler of the project, and with one."""
    last = BETWEEN.replace("def test_after(load_result): pass", "")
    plain, handled = side_by_side(
        partial(project({"test_it.py": BETWEEN}).run, "-m", "perf"),
        partial(project({"test_it.py": last, "conftest.py": HANDLED}).run, "-m", "perf", "-s"),
    )
    return {"plain": plain, "handled": handled}


def test_sigterm_between_loads(between: dict[str, PytestRun]) -> None:
    """The run ends in order there as well."""
    run = between["plain"]

    assert run.exit_code == 143, run.out
    assert run.report["interrupted"] is True
    assert run.loads("test_before")[0]["total"]["ok"] > 0
    assert "test_after" not in run.tests()


HANDLED = """
import signal, pytest

def pytest_configure():
    signal.signal(signal.SIGTERM, lambda *_: print("heard by the project"))
"""


def test_a_handler_of_the_project_stays(between: dict[str, PytestRun]) -> None:
    """What a conftest does with SIGTERM is its own."""
    run = between["handled"]

    assert run.exit_code == 0, run.out
    assert "heard by the project" in run.out
