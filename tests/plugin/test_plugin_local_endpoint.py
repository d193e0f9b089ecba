"""``--smload-endpoint local`` starts the embedded endpoint, once for each scenario, and stops it."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

SETTINGS = """
endpoint = "local"
[endpoints.text]
scenario = "text.toml"
payload = ["hello"]
content_type = "text/plain"
"""
TESTS = """
import pytest
pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")

@pytest.mark.perf(models={"a.tar.gz": 3, "b.tar.gz": 1})
def test_many_models(load_result): pass

@pytest.mark.perf(models={"c.tar.gz": 1})
def test_again(load_result): pass

@pytest.mark.perf(endpoint="text")
def test_single_model(load_result):
    assert load_result.models == {}
    assert load_result.ok == load_result.requests > 0
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """Tests on two scenarios, in an environment with somebody's real-looking credentials."""
    files = {"smload.toml": SETTINGS, "text.toml": 'multi_model = false\nlatency = "4ms"\n', "test_it.py": TESTS}
    env = {"AWS_ACCESS_KEY_ID": "AKIDPLANTED", "AWS_SECRET_ACCESS_KEY": "PLANTED", "AWS_REGION": "eu-west-1"}
    return project(files).run("-m", "perf", env=env)


def test_embedded_endpoint_uses_its_own_credentials(run: PytestRun) -> None:
    """The boto3 chain is never asked for the embedded endpoint, with several models or one."""
    assert "3 passed" == run.summary, run.out
    assert 2 == run.out.count("credentials from emulator")


def test_one_process_for_each_scenario(run: PytestRun) -> None:
    """Tests of one scenario share a process; another scenario has its own; none outlives the run."""
    tests = ("test_many_models", "test_again", "test_single_model")
    urls = [load["endpoint"]["url"] for test in tests for load in run.loads(test)]
    assert urls[0] == urls[1] != urls[2]
    assert list(dict.fromkeys(urls)) == re.findall(r"smload: load on .*?(http://127\.0\.0\.1:\d+)", run.out)
    for url in urls:
        with pytest.raises(urllib.error.URLError, match="Connection refused"):
            urllib.request.urlopen(url, timeout=30)


def test_scenario_that_cannot_be_read_is_one_line(project: MakeProject) -> None:
    """A mistake in the scenario file is told in one line, as an error of the tests that need it."""
    files = {"smload.toml": SETTINGS, "text.toml": 'latency = "fast"\n', "test_it.py": TESTS}
    run = project(files).run("-m", "perf", "-k", "single_model", report=False)
    assert "1 error" in run.summary
    (line,) = run.section("test_single_model").strip().splitlines()
    assert "text.toml" in line
    assert "latency" in line
