"""Subtests, exits and interrupts in a test's body: its loads are judged or recorded once, as the test's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject

TESTS = """
import signal
import pytest

pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")

def test_loads(sm_endpoint, load_profile, subtests):
    for users in (1, 2):
        with subtests.test(users=users):
            sm_endpoint.load(load_profile.replace(users=users))

@pytest.mark.perf_budget(p50="1us")
def test_breached(sm_endpoint, load_profile, subtests):
    with subtests.test("load"):
        sm_endpoint.load(load_profile)
"""
ENDED = """
import signal
import pytest

@pytest.mark.perf(users=2, duration="200ms", warmup="0s")
@pytest.mark.perf_budget(p50="1us")
def test_ended(load_result):
    {how}
"""


@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="pytest has subtests from 9.0 on")
def test_loads_in_subtests_are_the_tests(project: MakeProject) -> None:
    """Each subtest may run a load; the record has the test once, with all of them."""
    run = project({"test_it.py": TESTS}).run("-m", "perf")
    assert run.summary.startswith("1 failed, 1 passed"), run.out
    assert [("test_loads", "pass", 2), ("test_breached", "fail", 1)] == [
        (test["nodeid"].partition("::")[2], test["verdict"], len(test["loads"])) for test in run.report["tests"]
    ]


@pytest.mark.parametrize("how", ["pytest.exit('enough')", "signal.raise_signal(signal.SIGINT)"])
def test_loads_before_the_end_of_the_run_are_recorded(project: MakeProject, how: str) -> None:
    """What was measured when Ctrl-C or ``pytest.exit`` ends the body is in the report and in JUnit."""
    run = project({"test_it.py": ENDED.format(how=how)}).run("-m", "perf")
    assert pytest.ExitCode.INTERRUPTED == run.exit_code, run.out
    assert "interrupted" == run.report["verdict"]
    assert "interrupted" == run.tests()["test_ended"]["verdict"]
    assert "error" == run.junit()["test_ended"][0]


def test_set_up_alone_is_refused(project: MakeProject) -> None:
    """``--setup-only`` would run every load and judge none."""
    run = project({"test_it.py": ENDED.format(how="pass")}).run("-m", "perf", "--setup-only", report=False)
    assert pytest.ExitCode.USAGE_ERROR == run.exit_code
    assert "--setup-only would send loads and judge none" in run.out


def test_a_fixture_asked_for_by_a_stranger(pytester: pytest.Pytester) -> None:
    """One line says what to write, with and without the opt-in."""
    pytester.makepyfile("def test_it(request): request.getfixturevalue('load_result')")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "add @pytest.mark.perf(...)" in result.stdout.str()
    assert "KeyError" not in result.stdout.str()


def test_hooks_of_a_folder_are_for_its_tests(project: MakeProject) -> None:
    """A listener in one folder's conftest.py hears nothing of another's loads; a mistake in it is one line."""
    test = 'import pytest\n@pytest.mark.perf(users=2, duration="200ms", warmup="0s")\ndef test_{}(load_result): pass\n'
    raising = 'def pytest_smload_environment(environment): raise RuntimeError("of its own")\n'
    files = {"test_it.py": test.format("here"), "sub/test_sub.py": test.format("there"), "sub/conftest.py": raising}
    run = project(files).run("-m", "perf")
    assert {"test_here": "passed", "test_there": "error"} == {name: found[0] for name, found in run.junit().items()}
    run = project({**files, "sub/conftest.py": raising.replace("environment)", "enviroment)")}).run("-m", "perf")
    assert "has no argument 'enviroment'; did you mean 'environment'?" in run.out
    assert "PluginValidationError" not in run.out
