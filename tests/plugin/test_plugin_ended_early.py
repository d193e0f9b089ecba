"""Loads that end before their time: nothing succeeds, or a listener ends the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

CONFTEST = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    import pytest_smload.engine.giving_up
    pytest_smload.engine.giving_up.LASTING_S = 0.3

def pytest_smload_environment(environment, profile):
    if profile.custom_attributes is None:
        return
    count = []

    def listen(**facts):
        count.append(None)
        if len(count) == 20:
            getattr(pytest, profile.custom_attributes)("said by a listener")

    environment.events.request.add_listener(listen)
"""
TESTS = """
import pytest
pytestmark = pytest.mark.perf(users=4, duration="10m", warmup="0s")
BROKEN = {"broken.tar.gz": 1}

@pytest.mark.perf(models=BROKEN)
def test_hopeless(load_result): pass

@pytest.mark.perf(models=BROKEN, duration="1s")
@pytest.mark.perf_budget(error_rate="100%")
def test_allowed(load_result): pass

@pytest.mark.perf(models=BROKEN, duration="1s")
def test_measured(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget=None)

@pytest.mark.perf(custom_attributes="fail")
def test_listener_fails(load_result): pass

@pytest.mark.perf(custom_attributes="skip")
def test_listener_skips(load_result): pass

@pytest.mark.perf(custom_attributes="exit")
def test_listener_exits(load_result): pass

def test_after(load_result): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all of them."""
    return project({"conftest.py": CONFTEST, "test_it.py": TESTS}).run("-m", "perf")


def test_nothing_succeeds(run: PytestRun) -> None:
    """It fails with the error's count and first message, and what it sent is in the record."""
    (load,) = run.loads("test_hopeless")

    assert load["window_s"] < 100
    assert load["errors"] == {"ModelError": load["sent"]}
    (check,) = [check for check in load["checks"] if check["source"] == "first requests"]
    assert (check["outcome"], check["observed"]) == ("fail", 1.0)
    assert 20 <= check["n"] <= load["sent"] <= check["n"] + 4
    assert "failed with ModelError: " in check["note"]
    assert "out of memory" in check["note"]


@pytest.mark.parametrize("test", ["test_allowed", "test_measured"])
def test_failures_that_no_limit_forbids(test: str, run: PytestRun) -> None:
    """The load goes on to its end."""
    (load,) = run.loads(test)

    assert load["window_s"] == pytest.approx(1)
    assert [check for check in load["checks"] if check["source"] == "first requests"] == []


def test_a_listener_that_ends_the_test(run: PytestRun) -> None:
    """It has failed, was skipped, or the whole run ends, as asked."""
    outcomes = {name: outcome for name, (outcome, _) in run.junit().items()}

    assert outcomes["test_listener_fails"] == "error"
    assert outcomes["test_listener_skips"] == "skipped"
    text = run.section("test_listener_fails")
    assert "said by a listener" in text
    assert "pytest_smload/" not in text
    assert "conftest.py:17: Failed" in text
    assert "said by a listener" in run.out
    assert "test_after" not in outcomes
