"""A capacity search as its user and CI see it, against an endpoint that carries 40 requests/s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.reports.json_report import read_report, run_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject, PytestRun

SCENARIO = """
workers = 2
latency = "50ms"
"""
TESTS = """
import pytest

@pytest.mark.perf(tps=24, duration="2s", max_duration="2s", warmup="200ms", arrivals="uniform")
@pytest.mark.perf_budget(p90="200ms", error_rate="10%")
def test_it_carries_20(sm_endpoint, load_profile):
    found = sm_endpoint.capacity(load_profile, at_least=20, within="15s", instances=1, label="two workers")
    assert 20 <= found.tps <= 42
    assert found.tps < found.not_kept_tps <= 60
    assert found.instances_for(1000, headroom=0) == -(-1000 // found.tps)

@pytest.mark.perf(tps=100, duration="2s", warmup="300ms", arrivals="uniform")
@pytest.mark.perf_budget(p95="200ms", error_rate="10%")
def test_it_does_not_carry_100(sm_endpoint, load_profile):
    sm_endpoint.capacity(load_profile, at_least=100, within="4s")

@pytest.mark.perf(users=2)
@pytest.mark.perf_budget(p95="200ms")
def test_users_have_no_rate(sm_endpoint, load_profile):
    sm_endpoint.capacity(load_profile)

@pytest.mark.perf(tps=50)
def test_nothing_to_keep(sm_endpoint, load_profile):
    sm_endpoint.capacity(load_profile)
"""


@pytest.fixture(scope="module")
def saturating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    scenario = tmp_path_factory.mktemp("scenario") / "scenario.toml"
    scenario.write_text(SCENARIO)
    with EmulatorProcess.start(scenario) as process:
        yield process


@pytest.fixture(scope="module")
def run(project: MakeProject, saturating: EmulatorProcess) -> PytestRun:
    settings = f"""
endpoint = "staging"
[endpoints.staging]
name = "abalone"
region = "us-east-1"
endpoint_url = "{saturating.url}"
payload = ["1,2,3"]
content_type = "text/csv"
"""
    return project({"smload.toml": settings, "test_it.py": TESTS}).run("-m", "perf", "--smload-report", "report")


def test_what_is_found_is_in_every_report(run: PytestRun) -> None:
    """The line of the overview, the levels in report.json and report.md, properties in JUnit XML; it reads back."""
    test = run.tests()["test_it_carries_20"]
    (found,) = test["capacities"]
    assert ("pass", "pass", []) == (test["verdict"], found["verdict"], test["loads"])
    assert 20 <= found["tps"] <= 42
    assert {"kept"} <= {level["verdict"] for level in found["levels"]}
    assert "PASS  test_it.py::test_it_carries_20 'two workers'  capacity" in run.out
    assert "| offered | budget |" in (run.folder / "report" / "report.md").read_text()
    properties = dict(run.properties("test_it_carries_20"))
    assert f"{found['tps']:.10g}" == properties["smload.capacity.two workers.tps"]
    read = read_report(run.folder / "report" / "report.json")
    assert run.report["tests"] == run_record(read)["tests"]


def test_too_little_fails_and_says_what_binds(run: PytestRun) -> None:
    """In the first line, with a row per level below it."""
    text = run.section("test_it_does_not_carry_100")
    assert "limit >= 100 TPS of capacity" in text.splitlines()[1]
    assert "offered  budget" in text
    assert "failure" == run.junit()["test_it_does_not_carry_100"][0]


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("test_users_have_no_rate", "sm_endpoint.capacity: the load has users, and a search sets the rate itself"),
        ("test_nothing_to_keep", "sm_endpoint.capacity: the budget has no limit that more load could break"),
    ],
)
def test_what_cannot_be_searched_is_refused(run: PytestRun, test: str, why: str) -> None:
    """Before anything is sent, in one line."""
    assert why in run.junit()[test][1]
    assert "capacities" not in run.tests().get(test, {})
