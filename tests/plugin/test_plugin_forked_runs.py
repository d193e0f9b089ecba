"""A run that is forked is what a fresh one is, and its end is told as it was."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forked_pytest import ForkServer
from side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest

@pytest.mark.perf(users=4, duration="600ms", warmup="100ms")
@pytest.mark.perf_budget(p50="60s", requests=1, regression={"p50": "10000%", "floor": "10s"})
def test_closed(load_result): pass

@pytest.mark.perf(tps=100, duration="300ms", warmup="0s")
@pytest.mark.perf_budget(p50="60s", tps="1%")
def test_open(load_result): pass

@pytest.mark.perf(stages=[{"users": 1, "duration": "100ms"}, {"users": 2, "duration": "100ms"}], warmup="0s")
def test_stages(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)
    sm_endpoint.invoke(b"1,2", target_model="a.tar.gz")
"""
PLAIN = "def test_plain(): pass\n"
FAILING = """
import pytest
pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s", models={"a.tar.gz": 1})

@pytest.mark.perf_budget(p50="1us")
def test_breach(load_result): pass

def test_body(load_result):
    assert load_result.ok == 0

@pytest.mark.perf(models={"broken.tar.gz": 1})
def test_errors(load_result): pass

@pytest.mark.perf(endpoint="refused")
def test_refused(load_result): pass
"""
REFUSED = """
[endpoints.refused]
region = "us-east-1"
endpoint_url = "http://127.0.0.1:1"
payload = ["x"]
"""
LOCAL = 'endpoint = "local"\n[endpoints.local]\nscenario = "scenario.toml"\n'
KINDS: dict[str, tuple[int, dict[str, str], list[str]]] = {
    "passes": (
        0,
        {"test_it.py": TESTS, "test_plain.py": PLAIN, "smload.toml": LOCAL, "scenario.toml": 'latency = "4ms"\n'},
        [],
    ),
    "fails": (1, {"test_it.py": FAILING}, ["--smload-transport", "boto3"]),
    "refused": (4, {"test_it.py": TESTS}, ["--smload-duration", "soon"]),
    "cannot be imported": (2, {"test_it.py": "import boto4\n"}, []),
}
"""Exit code, files and arguments of runs that end in different ways."""


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_as_a_fresh_run(kind: str, project: MakeProject, staging: str) -> None:
    """In exit code, output, JUnit XML, files and ``report.json``, but for figures and places."""
    code, files, args = KINDS[kind]
    files = {"smload.toml": staging + REFUSED, **files}
    forked, fresh = side_by_side(
        *(partial(project(files).run, "-m", "perf", *args, fresh=fresh) for fresh in (False, True))
    )

    assert code == forked.exit_code == fresh.exit_code, forked.out + fresh.out
    assert (told(fresh), fresh.summary) == (told(forked), forked.summary)
    outcomes = [{name: outcome for name, (outcome, _) in run.junit().items()} for run in (fresh, forked)]
    assert outcomes[0] == outcomes[1]
    written = [sorted(path.name for path in run.folder.rglob("*") if path.suffix != ".pyc") for run in (fresh, forked)]
    assert written[0] == written[1]
    if code < 2:
        assert verdicts(fresh) == verdicts(forked)


TOLD = (
    "platform ",
    "rootdir: ",
    "plugins: ",
    "collected ",
    "smload: load on ",
    "smload: wrote ",
    "E  ",
    "ERROR",
    "FAILED",
)
"""How lines begin that do not depend on how the machine fares."""


def told(run: PytestRun) -> list[str]:
    """What was printed of what was done, without figures."""
    return [re.sub(r"\d[\d,.]*", "N", line) for line in run.out.splitlines() if line.startswith(TOLD)]


def verdicts(run: PytestRun) -> object:
    """What ``report.json`` has of each load: how it was sent, and how it was judged."""
    return [
        (name, test["verdict"], load["verdict"], load["transport"], load["profile"], list(load["models"]), judged(load))
        for name, test in run.tests().items()
        for load in test["loads"]
    ]


def judged(load: dict[str, Any]) -> list[list[str]]:
    """The checks of a load without what was observed."""
    return [[check[key] for key in ("scope", "metric", "limit", "source", "outcome")] for check in load["checks"]]


BEGINNING = """
import json, os, pathlib, signal, sys, tempfile, threading, time

facts = {
    "argv": sys.argv,
    "cwd": os.getcwd(),
    "path": sys.path,
    "main": sys.modules["__main__"].__spec__.name,
    "flags": repr(sys.flags),
    "environment": dict(os.environ),
    "signals": {int(one): repr(signal.getsignal(one)) for one in signal.valid_signals() if one != signal.SIGWINCH},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "group": os.getpgrp(),
    "session": os.getsid(0),
    "threads": [thread.name for thread in threading.enumerate()] + os.listdir("/proc/self/task")[1:],
    "tempdir": tempfile.tempdir,
    "umask": os.umask(0o22),
    "streams": [repr((each.encoding, each.errors, each.line_buffering, each.isatty())) for each in
                (sys.__stdin__, sys.__stdout__, sys.__stderr__)],
    "descriptors": sorted(
        os.readlink(f"/proc/self/fd/{fd}").partition(":")[0].partition(" ")[0].rstrip("0123456789#/")
        for fd in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{fd}")
    ),
    "ours": sorted(name for name in sys.modules if name.startswith("pytest_smload")),
}
pathlib.Path("facts.json").write_text(json.dumps(facts, default=str))

def pytest_unconfigure():
    other = pathlib.Path("../") / pathlib.Path("other").read_text() / "facts.json"
    deadline = time.monotonic() + 60
    while not other.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
"""


def test_it_begins_as_a_fresh_run(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, paths, environment, signals, streams, descriptors: nothing of the server, nor of another run."""
    project({"test_it.py": ""}).run(report=False)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")  # the server has it
    made = [project({"conftest.py": BEGINNING, "test_it.py": ""}) for _ in range(3)]
    for one, other in zip(made, (made[1], made[0], made[2]), strict=True):
        (one.folder / "other").write_text(other.folder.name)
    side_by_side(*(partial(one.run, report=False) for one in made[:2]))
    made[2].run(report=False, fresh=True)
    one, other, fresh = (facts(each.folder) for each in made)

    assert fresh == one == other


def facts(folder: Path) -> dict[str, Any]:
    """What a run began with, its own folder left out."""
    found: dict[str, Any] = json.loads((folder / "facts.json").read_text().replace(str(folder), "FOLDER"))
    return found


ENDINGS = {"os.kill(os.getpid(), 9)": -9, "os._exit(7)": 7, "os.abort()": -6, "pytest.exit('now', returncode=3)": 3}
"""What a test may do, and the exit code it makes."""


def test_its_end_is_told_as_it_was(project: MakeProject) -> None:
    """A run that is killed or ends itself is no run that passed."""
    runs = [
        project({"test_it.py": f"import os, pytest\ndef test_it():\n    {ending}\n"}).run(report=False)
        for ending in ENDINGS
    ]

    assert list(ENDINGS.values()) == [run.exit_code for run in runs]


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A server of these tests' own."""
    with ForkServer() as made:
        yield made


def environment() -> dict[str, str]:
    """Of a run that may be forked."""
    return {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def test_a_run_that_hangs_is_killed(server: ForkServer, tmp_path: Path) -> None:
    """It is not waited for without end, nor told as ended; the server goes on."""
    (tmp_path / "test_it.py").write_text("import time\ntime.sleep(600)\n")
    with pytest.raises(subprocess.TimeoutExpired):
        server.run([], folder=tmp_path, environment=environment(), limit_s=0.5)

    assert (0, True) == version(server, tmp_path)


def version(server: ForkServer, folder: Path) -> tuple[int, bool]:
    """Exit code of ``--version``, and whether it was told."""
    code, out = server.run(["--version"], folder=folder, environment=environment(), limit_s=60)
    return code, out == f"pytest {pytest.__version__}\n"


def test_a_server_that_is_gone_is_no_run(tmp_path: Path) -> None:
    """It is told, with the server's exit code."""
    server = ForkServer()
    server._process.kill()
    server._process.wait()
    with server, pytest.raises(RuntimeError, match=r"fork_server\.py ended before its run: exit code -9"):
        version(server, tmp_path)


@pytest.mark.parametrize(
    ("args", "changed"),
    [
        (["-W", "error"], {}),
        (["-Werror"], {}),
        ([], {"PYTHONHASHSEED": "1"}),
        ([], {"TZ": "UTC"}),
        ([], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}),
    ],
)
def test_what_a_fork_cannot_show_is_refused(
    args: list[str], changed: dict[str, str], server: ForkServer, tmp_path: Path
) -> None:
    """What Python and packages read, or warn of, when they are started or imported lies behind a fork."""
    with pytest.raises(ValueError, match="such a run is a fresh one"):
        server.run(args, folder=tmp_path, environment={**environment(), **changed}, limit_s=60)


def test_the_server_ends_with_the_tests(tmp_path: Path) -> None:
    """Though they are killed."""
    program = (
        "import os, pathlib, sys\n"
        "from forked_pytest import ForkServer\n"
        "server = ForkServer()\n"
        "environment = {**os.environ, 'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'}\n"
        "server.run(['--version'], folder=pathlib.Path(), environment=environment, limit_s=60)\n"
        "print(server._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE
    ) as tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        try:
            server = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        poll = select.poll()
        poll.register(server, select.POLLIN)
        ended = poll.poll(5000)
        os.close(server)
    assert -signal.SIGKILL == tests.returncode
    assert ended
