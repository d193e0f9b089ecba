"""``--smload-ui``: Locust's own web UI while loads of a run are under way."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_runs import MakeProject

CONFTEST = """
import http.client
import json
import threading
import time
import pytest
from pytest_smload.gate.keys import GATE

class Browser(threading.Thread):
    def __init__(self, url):
        super().__init__()
        self.place = url.removeprefix("http://").rstrip("/")
        self.seen = {}

    def ask(self, method, path):
        connection = http.client.HTTPConnection(self.place, timeout=30)
        connection.request(method, path)
        try:
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def run(self):
        for _ in range(400):
            self.seen = self.ask("GET", "/stats/requests")
            if self.seen["stats"][-1]["num_requests"]:
                self.act()
                return
            time.sleep(0.05)

    def act(self):
        pass

class Stopping(Browser):
    def act(self):
        self.ask("POST", "/swarm")
        self.ask("POST", "/stop")

@pytest.fixture(params=[Browser])
def browser(request):
    thread = request.param(request.config.stash[GATE].ui.url)
    thread.start()
    yield thread
    thread.join()
"""
TESTS = """
import pytest
from conftest import Stopping

@pytest.mark.perf(users=2, duration="1500ms", warmup="0s")
def test_shown(browser, load_result):
    browser.join()
    rows = {row["name"]: row["num_requests"] for row in browser.seen["stats"]}
    assert rows["Aggregated"] == rows["a.tar.gz"] + rows["b.tar.gz"] <= load_result.total.requests

@pytest.mark.perf(users=2, duration="60s", warmup="0s")
@pytest.mark.parametrize("browser", [Stopping], indirect=True)
def test_stopped(browser, load_result):
    pass

@pytest.mark.perf(users=2, duration="300ms", warmup="0s")
def test_after_that(load_result):
    pass
"""


def test_the_running_load_is_shown_and_can_be_stopped(project: MakeProject) -> None:
    """Live figures over HTTP; a load that was stopped there is INVALID and says why; the next one runs."""
    made = project({"conftest.py": CONFTEST, "test_it.py": TESTS})
    run = made.run("-m", "perf", "--smload-ui", "0", "-p", "no:randomly")
    assert run.exit_code == 1, run.out
    url = re.search(r"smload: Locust's web UI of the running load: (http://127\.0\.0\.1:(\d+)/)", run.out)
    assert url, run.out
    tests = run.tests()
    verdicts = {name.partition("[")[0]: test["verdict"] for name, test in tests.items()}
    assert [verdicts["test_shown"], verdicts["test_after_that"]] == ["pass", "pass"]
    assert verdicts["test_stopped"] == "invalid"
    assert "somebody pressed Stop in Locust's web UI" in run.out
    with socket.create_server(("127.0.0.1", int(url[2]))):
        pass


def test_workers_are_shown_as_one(project: MakeProject) -> None:
    """What all of them sent."""
    made = project({"conftest.py": CONFTEST, "test_it.py": TESTS})
    run = made.run("-m", "perf", "--smload-ui", "0", "--smload-processes", "2", "-k", "test_shown")
    assert run.exit_code == 0, run.out


def test_a_taken_port_is_one_line_and_nothing_is_sent(project: MakeProject) -> None:
    """A usage error, before any load."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = project({"test_it.py": TESTS.replace("from conftest import Stopping", "Stopping = None")}).run(
            "-m", "perf", "--smload-ui", str(port), report=False
        )
    assert run.exit_code == 4
    expected = (
        f"ERROR: smload: --smload-ui: the web UI cannot be served at 127.0.0.1:{port}: Address already in use; "
        "name another port, or 0 for one that is free"
    )
    assert [line for line in run.out.splitlines() if "ERROR" in line] == [expected]


def test_under_xdist_it_is_refused(project: MakeProject) -> None:
    """Nobody could read where it is."""
    run = project({"test_it.py": TESTS}).run("-m", "perf", "--smload-ui", "0", "-n1", plugins=["xdist"], report=False)
    assert run.exit_code == 4
    assert "ERROR: smload: an xdist worker cannot say where its --smload-ui is; add -n0" in run.out
