"""A user's own locustfile under pytest: what it says is shown safely, and limits hold for the requests it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smload.emulator.credentials import SECRET_KEY

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

USERS = r"""
import os, sys, time, gevent
from locust import User, constant, task
import beside

class Own(User):
    wait_time = constant(0.02)

    def on_start(self):
        self.send("log in")

    def send(self, name, **more):
        start = time.time()
        gevent.sleep(0.002)
        event = {"request_type": "T", "name": name, "start_time": start, "response_length": 1, "context": {}}
        self.environment.events.request.fire(**event, response_time=(time.time() - start) * 1000, **more)

    @task
    def all(self):
        for name in (beside.NAME, "a\x1b[31m\x00\ud800|`<b>", "total", "key " + os.environ["AWS_SECRET_ACCESS_KEY"]):
            self.send(name)
        self.send("bad")
        self.send("bad", exception=ValueError("\x1b[31m" + os.environ["AWS_SECRET_ACCESS_KEY"]))
"""
LEAK = "import os\nprint('it is', os.environ['AWS_SECRET_ACCESS_KEY'], flush=True)\nos._exit(7)\n"
TESTS = """
import pytest
pytestmark = pytest.mark.perf(locustfile="load/users.py", users=2, duration="600ms", warmup="300ms", timeout="2s")

@pytest.mark.perf_budget(requests=10, error_rate="50%")
@pytest.mark.perf_budget(name="each", requests=2)
@pytest.mark.perf_budget(name="T total", p50="2s")
def test_names(load_result):
    print(repr(load_result.names))

@pytest.mark.perf(locustfile="load/leak.py", users=2)
def test_leak(): pass

@pytest.mark.perf(locustfile="load/missing.py", users=2)
def test_missing(): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all of them, with everything shown."""
    files = {
        "load/users.py": USERS,
        "load/beside.py": "NAME = 'by a module beside it'",
        "load/leak.py": LEAK,
        "test_it.py": TESTS,
    }
    return project(files).run("-m", "perf", "-rA", "--showlocals", "--smload-report", "report")


def test_names_are_shown_safely(run: PytestRun) -> None:
    """No name steers the terminal, breaks a report or takes the place of the whole load."""
    (load,) = run.loads("test_names")
    names = ["T by a module beside it", "T a[31m|`<b>", "T total", "T key [redacted]", "T bad", "T log in"]
    assert set(names) == set(load["names"])
    assert load["total"]["requests"] == sum(stats["requests"] for stats in load["names"].values())
    assert "passed" == run.junit()["test_names"][0], run.section("test_names")


def test_what_only_the_start_sends_has_no_limit_by_each(run: PytestRun) -> None:
    """A log-in of the warm-up is no request the window lacks."""
    (load,) = run.loads("test_names")
    assert 0 == load["names"]["T log in"]["requests"]
    limited = {check["scope"] for check in load["checks"] if check["metric"] == "requests"}
    assert not any("log in" in scope for scope in limited)
    assert 6 == len(limited)


def test_a_file_that_cannot_run_is_an_error(run: PytestRun) -> None:
    """It says which, why, and what was last printed."""
    outcomes = run.junit()
    assert "its process ended by itself, with exit code 7 while the file was imported" in outcomes["test_leak"][1]
    assert "it last printed 'it is [redacted]'" in outcomes["test_leak"][1]
    assert "load/missing.py cannot be read (No such file or directory)" in outcomes["test_missing"][1]
    assert ["error", "error"] == [outcomes[name][0] for name in ("test_leak", "test_missing")]


def test_credentials_of_its_environment_appear_nowhere(run: PytestRun) -> None:
    """Neither in names nor in messages nor in what was printed."""
    written = [path.read_text() for path in run.folder.rglob("*") if path.suffix in {".json", ".md", ".xml"}]
    assert len(written) >= 3
    for text in (run.out, *written):
        assert SECRET_KEY not in text
        assert "\x1b[31m" not in text
