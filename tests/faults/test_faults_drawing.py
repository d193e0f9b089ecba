"""A report whose drawing breaks: one line says so, and verdict, exit code and summary are those of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from perf_project import PerfProject

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
    import pytest

    @pytest.mark.perf(users=2, duration="300ms", warmup="0s")
    def test_kept(): pass

    @pytest.mark.perf(users=2, duration="300ms", warmup="0s")
    @pytest.mark.perf_budget(max="1us")
    def test_broken(load_result): pass

    @pytest.mark.perf(users=2, duration="1500ms", warmup="0s")
    def test_shown(): pass
"""
BREAKING = """
    import {module} as broken

    def breaks(*_args, **_options):
        raise ValueError("broken on purpose")

    broken.{name} = breaks
"""
BROKEN = "ValueError('broken on purpose')"
RECORD = "report.json has all of it"
FAULTS = {
    "report.html": (
        ("pytest_smload.reports.html.page", "run_html"),
        f"--smload-report: report.html could not be drawn: {BROKEN}; {RECORD}",
    ),
    "report.md": (
        ("pytest_smload.reports.registry", "run_markdown"),
        f"--smload-report: report.md could not be drawn: {BROKEN}; {RECORD}",
    ),
    "step summary": (
        ("pytest_smload.reports.markdown.step_summary", "run_markdown"),
        f"smload: warning: GITHUB_STEP_SUMMARY: not appended to: {BROKEN}",
    ),
    "csv of a load": (
        ("pytest_smload.exports.locust_csv", "LocustCsv.add"),
        f"smload: warning: --smload-csv failed: {BROKEN}; nothing of it is kept",
    ),
    "csv": (
        ("pytest_smload.exports.locust_csv", "LocustCsv.finish"),
        f"smload: warning: --smload-csv failed: {BROKEN}",
    ),
    "openmetrics": (
        ("pytest_smload.exports.openmetrics", "openmetrics"),
        f"smload: warning: --smload-openmetrics failed: {BROKEN}",
    ),
    "summary": (
        ("pytest_smload.reports.text.terminal", "run_lines"),
        f"smload: warning: the loads could not be summed up: {BROKEN}",
    ),
    "deliveries": (
        ("pytest_smload.gate.deliveries", "deliver"),
        f"smload: warning: the reports were not finished: {BROKEN}",
    ),
}
"""What breaks, by where it is, and the line that says so."""


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[str, str], *args: str, more: str = ""
) -> tuple[int, str]:
    """Run a test with every report, something of which breaks at *place*."""
    module, name = place
    made = PerfProject(tmp_path, {"test_it.py": TESTS, "conftest.py": BREAKING.format(module=module, name=name) + more})
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    every = ("--smload-report=report", "--smload-csv=csv", "--smload-openmetrics=metrics.txt", "--junitxml=junit.xml")
    return made.run(*every, *args)


def passed(exit_code: int, out: str) -> bool:
    """Whether the exit code is that of the tests; a machine that lags may make the load invalid."""
    assert "INTERNALERROR" not in out
    assert "Traceback" not in out
    is_passed = "1 passed" in out
    assert is_passed or "INVALID" in out
    return exit_code == (pytest.ExitCode.OK if is_passed else pytest.ExitCode.TESTS_FAILED)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_breaks_is_one_line(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other reports are there, and the run ends as its tests did."""
    place, expected = FAULTS[fault]
    exit_code, out = run(tmp_path, monkeypatch, place, "-k", "kept")

    assert passed(exit_code, out), out
    assert [expected] == [line for line in out.splitlines() if "broken on purpose" in line]
    assert (tmp_path / "report" / "report.json").exists()
    assert (tmp_path / "report" / "report.md").exists() == (fault != "report.md")
    assert "test_kept" in (tmp_path / "junit.xml").read_text()


def test_a_record_that_breaks_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for to gate on is lost, which must not look like a run that kept it; the tests have passed."""
    exit_code, out = run(tmp_path, monkeypatch, ("pytest_smload.reports.registry", "run_json"), "-k", "kept")

    assert pytest.ExitCode.TESTS_FAILED == exit_code
    assert f"--smload-report: report.json could not be drawn: {BROKEN}" in out.splitlines()
    assert "1 passed" in out or "INVALID" in out
    assert "Traceback" not in out


def test_properties_that_break_leave_junit_its_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are one that says so."""
    exit_code, out = run(tmp_path, monkeypatch, ("pytest_smload.gate.outcome", "junit_properties"), "-k", "kept")

    assert passed(exit_code, out), out
    xml = (tmp_path / "junit.xml").read_text()
    assert "test_kept" in xml
    assert "its properties could not be drawn up" in xml


def test_a_verdict_stands_without_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken limit is a failure, whatever becomes of the text that explains it."""
    more = "    broken.invalid_text = breaks\n"
    place = ("pytest_smload.gate.outcome", "failure_text")
    exit_code, out = run(tmp_path, monkeypatch, place, "-k", "broken", more=more)

    assert pytest.ExitCode.TESTS_FAILED == exit_code
    said = f"; what it measured could not be drawn up: {BROKEN}"
    assert f"a limit is broken{said}" in out or f"INVALID: the measurement cannot be trusted{said}" in out
    assert "INTERNALERROR" not in out
    assert "FAIL" in out.partition("= smload =")[2] or "INVALID" in out


def test_a_view_that_breaks_ends_no_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up, which the report says."""
    more = "    broken.PLAIN_LINE_EVERY_S = 0.0\n"
    exit_code, out = run(tmp_path, monkeypatch, ("pytest_smload.console", "plain_line"), "-k", "shown", "-v", more=more)

    assert passed(exit_code, out), out
    assert f"note: how the load went could not be shown to its end: {BROKEN}" in out
