"""``pytest_smload_environment``: Locust's listeners, statistics and CSV see each load's requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

CONFTEST = """
import json, pathlib
import pytest

heard = []

def pytest_smload_environment(environment, profile):
    import locust
    from locust.stats import StatsCSV, PERCENTILES_TO_REPORT

    load = {"names": {}, "exceptions": 0, "stats": None, "duration": profile.duration}
    heard.append(load)

    def on_request(name, request_type, response_time, response_length, exception, url, context, **rest):
        load["names"][name] = load["names"].get(name, 0) + 1
        load["exceptions"] += exception is not None
        load["type"] = request_type
        if profile.seed == 13:
            raise LookupError("the listener's own mistake")

    def on_quit(**rest):
        load["stats"] = {entry.name: entry.num_requests for entry in environment.stats.entries.values()}
        load["total"] = environment.stats.total.num_requests
        with open("requests.csv", "w", newline="") as file:
            import csv
            StatsCSV(environment, PERCENTILES_TO_REPORT).requests_csv(csv.writer(file))

    environment.events.request.add_listener(on_request)
    environment.events.quitting.add_listener(on_quit)
    environment.events.quit.add_listener(on_quit)
    environment.events.test_stop.add_listener(on_quit)
    locust.events.request.add_listener(lambda **facts: heard.append("global events must not hear us"))

def pytest_sessionfinish():
    pathlib.Path("heard.json").write_text(json.dumps(heard))
"""
TESTS = """
import pytest
pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="100ms")

@pytest.mark.perf(models={"a.tar.gz": 1, "broken.tar.gz": 1})
@pytest.mark.perf_budget(error_rate="100%")
def test_heard(load_result): pass

def test_second(load_result): pass

@pytest.mark.perf(seed=13)
def test_listener_raises(load_result): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """Three loads with a listener attached, which raises in the third."""
    return project({"conftest.py": CONFTEST, "test_it.py": TESTS}).run("-m", "perf", fresh=True)


@pytest.mark.parametrize(("place", "test"), [(0, "test_heard"), (1, "test_second")])
def test_listeners_and_stats_count_what_the_report_counts(run: PytestRun, place: int, test: str) -> None:
    """Every request of a load, warm-up included, is heard under its TargetModel's name; other loads' are not."""
    load = run.loads(test)[0]
    expected = {
        name: stats["requests"] + load["warmup"]["models"].get(name, 0) for name, stats in load["models"].items()
    }
    heard = json.loads((run.folder / "heard.json").read_text())[place]
    assert expected == heard["names"]
    assert expected == heard["stats"]
    assert sum(expected.values()) == heard["total"]
    assert "InvokeEndpoint" == heard["type"]
    assert load["errors"].get("ModelError", 0) + load["warmup"]["errors"] == heard["exceptions"]
    assert load["profile"]["duration"] == heard["duration"]


def test_csv_of_locust_names_the_models(run: PytestRun) -> None:
    """Locust's own CSV writer works on the environment."""
    text = (run.folder / "requests.csv").read_text()
    assert "InvokeEndpoint,a.tar.gz," in text


def test_listener_that_raises_makes_the_run_invalid(run: PytestRun) -> None:
    """A listener's exception is never swallowed: the measurement is not what was asked for."""
    assert "error" == run.junit()["test_listener_raises"][0]
    text = run.section("test_listener_raises")
    assert "INVALID: the measurement cannot be trusted: an exception ended a task of the load" in text
    assert "LookupError: the listener's own mistake" in text
    assert "invalid" == run.tests()["test_listener_raises"]["verdict"]


FAILING = """
import os
import pytest

def pytest_smload_environment(environment):
    go_wrong()

def go_wrong():
    {}
"""
TWO_WAYS = """
import pytest
pytestmark = pytest.mark.perf(users=1, duration="200ms", warmup="0s")

def test_marks(load_result): pass

@pytest.mark.xfail
def test_body(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('pytest.skip("not today")', "skips the test (not today): its load is due"),
        ('pytest.xfail("not today")', "skips the test (not today): its load is due"),
        ('os.listdir("there is none")', "raised FileNotFoundError: [Errno 2] No such file or directory"),
        ("raise SystemExit", "raised SystemExit; the load was not sent"),
    ],
)
def test_implementation_that_fails(project: MakeProject, line: str, said: str) -> None:
    """Whatever an implementation of the hook raises, both ways to load are an ERROR that says file and line, once."""
    run = project({"conftest.py": FAILING.format(line), "test_it.py": TWO_WAYS}).run("-m", "perf")

    assert "2 errors" == run.summary
    for test in ("test_marks", "test_body"):
        (text,) = run.section(test).strip().splitlines()
        assert text.startswith(f"conftest.py:9: the hook pytest_smload_environment {said}"), text
