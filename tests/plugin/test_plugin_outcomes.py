"""Verdicts as a user sees them: PASS, FAILED, ERROR, in the terminal, in JUnit and in the exit code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest

LOAD = dict(users=2, duration="300ms", warmup="0s")
perf = pytest.mark.perf(**LOAD)
breached = pytest.mark.perf_budget(p50="1us")
# Far too little weight to be reached: the limit's scope stays without a sample.
invalid = pytest.mark.perf(**LOAD, models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
limit_on_rare = pytest.mark.perf_budget(model="rare.tar.gz", requests=1)


@perf
def test_kept(load_result):
    assert load_result.ok > 0


@perf
@breached
def test_breached(load_result):
    pass


@perf
@breached
def test_body_and_breach(load_result):
    assert load_result.ok < 0, "the body's own claim"


@invalid
@limit_on_rare
def test_invalid(load_result):
    pass


@invalid
@limit_on_rare
@pytest.mark.perf_budget(p50="1us")
def test_invalid_body_and_breach(load_result):
    assert load_result.ok < 0, "the body's own claim"


@perf
def test_no_load(sm_endpoint):
    pass


@perf
def test_skipped_in_body(sm_endpoint):
    pytest.skip("not today")


@perf
def test_skipped_after_load(load_result):
    pytest.skip("seen enough")


@invalid
@limit_on_rare
def test_skipped_after_invalid(load_result):
    pytest.skip("seen enough")


@pytest.fixture
def broken_fixture():
    raise RuntimeError("the fixture's own mistake")


@perf
def test_broken_fixture(broken_fixture, sm_endpoint):
    pass


@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("the teardown's own mistake")


@pytest.fixture
def load_in_teardown(sm_endpoint, load_profile):
    yield
    sm_endpoint.load(load_profile)


@perf
def test_load_in_teardown(load_result, load_in_teardown):
    pass


@perf
@breached
def test_broken_teardown(load_result, broken_teardown):
    pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all the tests above."""
    return project({"test_outcomes.py": TESTS}).run("-m", "perf")


def test_outcome_of_each_test(run: PytestRun) -> None:
    """A breach is a failure, INVALID and a missing load are errors, and terminal and JUnit agree."""
    outcomes = {name: outcome for name, (outcome, _) in run.junit().items()}
    assert {
        "test_kept": "passed",
        "test_breached": "failure",
        "test_body_and_breach": "failure",
        "test_invalid": "error",
        "test_invalid_body_and_breach": "error",
        "test_no_load": "error",
        "test_skipped_in_body": "skipped",
        "test_skipped_after_load": "skipped",
        "test_broken_fixture": "error",
        "test_broken_teardown": "failure+error",
        "test_load_in_teardown": "error",
        "test_skipped_after_invalid": "error",
    } == outcomes
    assert "3 failed, 2 passed, 2 skipped, 7 errors" == run.summary
    assert pytest.ExitCode.TESTS_FAILED == run.exit_code


def test_breach_says_what_and_what_next(run: PytestRun) -> None:
    """A breach shows one sentence, a table of limit, observed and verdict, and a command to type; no traceback."""
    text = run.section("test_breached")
    assert "p50 was" in text.splitlines()[1]
    assert "verdict  scope  metric" in text
    assert re.search(r"FAIL\??  +total  p50 +<= 0.001 ms", text)
    assert "PASS?    total  error_rate  <= 1%" in text
    assert "?: not proven, the interval reaches over the limit" in text
    assert "pytest -m perf test_outcomes.py::test_breached" in text
    assert "Traceback" not in text
    assert "test_outcomes.py:" not in text.replace("test_outcomes.py::", "")


def test_failing_body_is_shown_before_a_breach(run: PytestRun) -> None:
    """A failing body assertion is what the failure shows; the breach is in the summary's table."""
    assert "the body's own claim" in run.section("test_body_and_breach")
    summary = run.out.partition("FAIL test_outcomes.py::test_body_and_breach")[2]
    assert re.search(r"FAIL\??  +total  p50 ", summary.partition("test_outcomes.py::test_invalid\n")[0])


def test_invalid_comes_before_body_and_breach_and_prints_them(run: PytestRun) -> None:
    """INVALID leads, with cause and remedy; breaches it keeps from being judged and the body's failure follow."""
    text = run.section("test_invalid_body_and_breach")
    places = [
        text.index(part)
        for part in (
            "INVALID: the measurement cannot be trusted: rare.tar.gz has a limit but got no request",
            "cause: ",
            "remedy: ",
            "not judged: also breached",
            "p50 was",
            "the body's own claim",
        )
    ]
    assert sorted(places) == places
    assert "INVALID" in run.junit()["test_invalid_body_and_breach"][1]


def test_short_summary_names_the_verdict(run: PytestRun) -> None:
    """pytest's short summary tells INVALID, ERROR and FAILED apart."""
    summary = run.out.partition("short test summary info")[2]
    assert "FAILED test_outcomes.py::test_breached" in summary
    assert "INVALID test_outcomes.py::test_invalid -" in summary
    assert "test_outcomes.py::test_no_load - this perf test ran no load" in summary


def test_no_load_is_an_error_that_says_so(run: PytestRun) -> None:
    """A perf test that ran no load says what to do about it."""
    assert "sm_endpoint.load(load_profile)" in run.section("test_no_load")


def test_load_in_teardown_is_refused(run: PytestRun) -> None:
    """A load after the body would never be judged; it is refused in one sentence."""
    assert "teardown" in run.section("test_load_in_teardown").partition("smload")[0]
    assert 1 == len(run.loads("test_load_in_teardown"))


def test_verdicts_in_the_record(run: PytestRun) -> None:
    """report.json has a verdict for each test that ran a load or should have; one that skips itself before has none."""
    verdicts = {name: test["verdict"] for name, test in run.tests().items()}
    assert {
        "test_kept": "pass",
        "test_breached": "fail",
        "test_body_and_breach": "fail",
        "test_invalid": "invalid",
        "test_invalid_body_and_breach": "invalid",
        "test_skipped_after_load": "pass",
        "test_load_in_teardown": "pass",
        "test_broken_teardown": "fail",
        "test_skipped_after_invalid": "invalid",
        "test_no_load": "invalid",
        "test_broken_fixture": "invalid",
    } == verdicts
    assert [] == run.loads("test_no_load")
