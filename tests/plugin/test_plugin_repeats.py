"""Runs that stop early or repeat: -x, --maxfail, --lf, rerunfailures."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pytest_runs import MakeProject, Project, PytestRun

LOAD = 'users=2, duration="200ms", warmup="0s"'
STOPS = f"""
import pytest
pytestmark = pytest.mark.perf({LOAD})

def test_1_kept(): pass

@pytest.mark.perf(models={{"a.tar.gz": 1e9, "rare.tar.gz": 1}})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_2_invalid(): pass

@pytest.mark.perf_budget(p50="1us")
def test_3_breach(): pass

def test_4_never(): pass
"""
FLAKY = f"""
import pathlib
import pytest
pytestmark = pytest.mark.perf({LOAD})

def first(name):
    mark = pathlib.Path(f"{{name}}.seen")
    seen = mark.exists()
    mark.touch()
    return not seen

def test_breach_once(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget={{"p50": "1us"}} if first("breach") else {{}})

def test_invalid_once(sm_endpoint, load_profile):
    models = {{"a.tar.gz": 1e9, "rare.tar.gz": 1}} if first("invalid") else {{"rare.tar.gz": 1}}
    sm_endpoint.load(load_profile.replace(models=models), budget={{"models": {{"rare.tar.gz": {{"requests": 1}}}}}})

def test_always_invalid(sm_endpoint, load_profile):
    models = {{"a.tar.gz": 1e9, "rare.tar.gz": 1}}
    sm_endpoint.load(load_profile.replace(models=models), budget={{"models": {{"rare.tar.gz": {{"requests": 1}}}}}})

def test_kept(load_result): pass
"""


@pytest.fixture(scope="module")
def stops(project: MakeProject) -> Project:
    """A project whose tests pass, are INVALID and breach."""
    return project({"test_stops.py": STOPS})


@pytest.fixture(scope="module")
def both(project: MakeProject, stops: Project) -> list[PytestRun]:
    """A run that stops early, and one under rerunfailures."""
    return side_by_side(
        partial(stops.run, "-m", "perf", "--maxfail=2"),
        partial(project({"test_flaky.py": FLAKY}).run, "-m", "perf", "--reruns", "1", plugins=["rerunfailures"]),
    )


def test_early_stop_and_last_failed(stops: Project, both: list[PytestRun]) -> None:
    """--maxfail counts INVALID and breach alike, --lf with opt-in runs just those again, -x stops at the first."""
    stopped, _ = both
    assert "1 failed, 1 passed, 1 error" == stopped.summary
    last_failed = stops.run("-m", "perf", "--lf", "-x")
    assert {"test_2_invalid"} == set(last_failed.junit())
    assert "2 previous failures" in last_failed.out or "previous 2 failures" in last_failed.out


@pytest.fixture
def rerun(both: list[PytestRun]) -> PytestRun:
    """Tests that breach or are INVALID at their first attempt, under rerunfailures."""
    _, rerun = both
    return rerun


def attempts(run: PytestRun, test: str) -> list[tuple[int, str]]:
    """(attempt, verdict) of each record of a test."""
    return [(one["attempt"], one["verdict"]) for one in run.report["tests"] if one["nodeid"].endswith(test)]


def test_breach_that_passes_the_second_time(rerun: PytestRun) -> None:
    """Both attempts of a breach are recorded and told apart; the second decides."""
    assert [(1, "fail"), (2, "pass")] == attempts(rerun, "test_breach_once")
    assert "passed" == rerun.junit()["test_breach_once"][0]
    assert re.search(r"^PASS +test_flaky.py::test_breach_once \(attempt 2\)", rerun.out, re.MULTILINE)


def test_invalid_that_passes_the_second_time(rerun: PytestRun) -> None:
    """An INVALID attempt is repeated too."""
    assert [(1, "invalid"), (2, "pass")] == attempts(rerun, "test_invalid_once")
    assert "passed" == rerun.junit()["test_invalid_once"][0]


def test_invalid_every_time_is_an_error(rerun: PytestRun) -> None:
    """INVALID at the last attempt is an error; a test that passes is not repeated."""
    assert [(1, "invalid"), (2, "invalid")] == attempts(rerun, "test_always_invalid")
    assert "error" == rerun.junit()["test_always_invalid"][0]
    assert [(1, "pass")] == attempts(rerun, "test_kept")
    assert "3 passed, 1 error, 3 rerun" == rerun.summary
    assert pytest.ExitCode.TESTS_FAILED == rerun.exit_code
