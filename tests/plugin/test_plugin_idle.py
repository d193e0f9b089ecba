"""Installed but unused, the plugin costs nothing and changes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

HEAVY = ("gevent", "locust", "botocore", "boto3", "pydantic", "tabulate", "httptools", "uvicorn", "moto", "numpy")
CONFTEST = f"""
import sys

def pytest_unconfigure():
    print("heavy:", sorted(name for name in {HEAVY!r} if name in sys.modules))
    print("ours:", sorted(name for name in sys.modules if name.startswith("pytest_smload.")))
"""
PLAIN = "def test_plain(): pass\n"
PERF = """
import pytest
@pytest.mark.perf(users=2, models={"a": 1})
@pytest.mark.perf_budget(p95="1s")
def test_load(load_result): pass
"""


def test_plain_tests_import_nothing_heavy(project: MakeProject) -> None:
    """With all installed plugins loaded, Locust's own among them, a run without perf tests imports nothing heavy."""
    run = project({"conftest.py": CONFTEST, "test_it.py": PLAIN}).run(
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}, report=False, fresh=True
    )
    assert "1 passed" == run.summary
    assert "heavy: []" in run.out
    ours = {
        "gate",
        "gate.command_line",
        "gate.keys",
        "gate.mark_names",
        "gate.optin",
        "hookspecs",
        "options",
        "plugin",
        "version",
    }
    assert f"ours: {sorted(f'pytest_smload.{name}' for name in ours)}" in run.out


SENDING_NOTHING: dict[str, list[str]] = {
    "plain": [],
    "not perf": ["-m", "not perf"],
    "another test": ["-m", "perf", "-k", "plain"],
    "collected only": ["-m", "perf", "--collect-only"],
}
"""Arguments of runs that leave the perf test out."""


@pytest.fixture(scope="module")
def sending_nothing(project: MakeProject) -> dict[str, PytestRun]:
    """The runs, by the names of `SENDING_NOTHING`."""
    files = {"conftest.py": CONFTEST, "test_it.py": PERF, "test_plain.py": PLAIN}
    runs = (partial(project(files).run, *args, report=False, fresh=True) for args in SENDING_NOTHING.values())
    return dict(zip(SENDING_NOTHING, side_by_side(*runs), strict=True))


@pytest.mark.parametrize("which", SENDING_NOTHING)
def test_perf_tests_that_do_not_run_import_nothing_heavy(which: str, sending_nothing: dict[str, PytestRun]) -> None:
    """Marks are checked by code that needs none of it; a run that sends no load never loads it."""
    run = sending_nothing[which]
    assert run.exit_code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert "heavy: []" in run.out


def test_plugin_switched_off(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With -p no:smload nothing of it is left: neither marks nor fixtures nor options."""
    monkeypatch.delenv("PYTEST_ADDOPTS")
    pytester.makepyfile(test_it=PLAIN)
    pytester.runpytest_inprocess("-p", "no:smload").assert_outcomes(passed=1)
    assert "smload" not in pytester.runpytest_inprocess("-p", "no:smload", "--help").stdout.str()
    assert "perf_budget" not in pytester.runpytest_inprocess("-p", "no:smload", "--markers").stdout.str()


def test_collect_only_sends_nothing_and_needs_no_endpoint(pytester: pytest.Pytester) -> None:
    """--collect-only lists perf tests, opted in or not, without any configuration."""
    pytester.makepyfile(test_it=PERF)
    result = pytester.runpytest_inprocess("-m", "perf", "--collect-only", "-q")
    assert pytest.ExitCode.OK == result.ret
    assert "test_it.py::test_load" in result.stdout.str()
