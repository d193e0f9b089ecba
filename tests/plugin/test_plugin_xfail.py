"""``xfail`` excuses a breach or a failing body, never a measurement that cannot be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest

LOAD = dict(users=2, duration="200ms", warmup="0s")
perf = pytest.mark.perf(**LOAD)
breached = pytest.mark.perf_budget(p50="1us")


@pytest.mark.xfail(reason="known to be slow")
@perf
@breached
def test_breach(load_result):
    pass


@pytest.mark.xfail(strict=True, reason="known to be slow")
@perf
@breached
def test_breach_strict(load_result):
    pass


@pytest.mark.xfail(reason="known")
@perf
def test_kept(load_result):
    pass


@pytest.mark.xfail(strict=True, reason="known")
@perf
def test_kept_strict(load_result):
    pass


@pytest.mark.xfail(reason="known", raises=ZeroDivisionError)
@perf
@breached
def test_breach_of_other_kind(load_result):
    pass


@pytest.mark.xfail(reason="known", raises=ZeroDivisionError)
@perf
@breached
def test_breach_and_what_is_expected(load_result):
    1 / 0


@pytest.mark.xfail(reason="known", raises=(ZeroDivisionError, pytest.fail.Exception))
@perf
@breached
def test_breach_expected_as_well(load_result):
    1 / 0


@pytest.mark.xfail(reason="known", raises=ZeroDivisionError)
@perf
def test_kept_and_what_is_expected(load_result):
    1 / 0


@pytest.mark.xfail(reason="known")
@pytest.mark.perf(**LOAD, models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_invalid(load_result):
    pass


@pytest.mark.xfail(strict=True, reason="known")
@pytest.mark.perf(**LOAD, models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_invalid_strict_with_failing_body(load_result):
    assert False


@pytest.mark.xfail(reason="known")
@perf
def test_no_load(sm_endpoint):
    pass


@pytest.mark.xfail(strict=True, reason="known")
@pytest.mark.perf(**LOAD)
@pytest.mark.perf_budget(cpu_utilization_max="50%")
def test_no_load_at_setup(load_result):
    pass


@pytest.mark.xfail(run=False, reason="known")
@perf
def test_not_run(load_result):
    pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all the tests above."""
    return project({"test_xfail.py": TESTS}).run("-m", "perf")


def test_breach_is_excused(run: PytestRun) -> None:
    """An expected failure covers a breach, strict or not; ``raises`` of something else does not; passing is xpassed."""
    outcomes = {name: outcome for name, (outcome, _) in run.junit().items() if name.startswith(("test_br", "test_k"))}
    assert {
        "test_breach": "skipped",
        "test_breach_strict": "skipped",
        "test_kept": "passed",
        "test_kept_strict": "failure",
        "test_breach_of_other_kind": "failure",
        "test_breach_and_what_is_expected": "failure",
        "test_breach_expected_as_well": "skipped",
        "test_kept_and_what_is_expected": "skipped",
    } == outcomes
    assert "3 failed, 5 xfailed, 1 xpassed, 4 errors" == run.summary
    assert "p50 was" in run.section("test_breach_and_what_is_expected")


def test_invalid_and_missing_load_are_not_excused(run: PytestRun) -> None:
    """INVALID and a test without a load are errors under ``xfail`` too, in terminal and JUnit."""
    outcomes = {name: outcome for name, (outcome, _) in run.junit().items() if name.startswith(("test_i", "test_no_l"))}
    assert {
        "test_invalid": "error",
        "test_invalid_strict_with_failing_body": "error",
        "test_no_load": "error",
        "test_no_load_at_setup": "error",
    } == outcomes
    assert pytest.ExitCode.TESTS_FAILED == run.exit_code


def test_not_run_sends_nothing(run: PytestRun) -> None:
    """``xfail(run=False)`` runs no load."""
    assert "test_not_run" not in run.tests()
