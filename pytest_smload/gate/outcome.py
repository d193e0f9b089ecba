"""Enforces the verdicts of a test's loads on its report: INVALID, then the body's failure, then a breached budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.core.results.result import TestResult
from pytest_smload.errors import InvocationError, SmloadError
from pytest_smload.gate.baseline_updates import update_baselines
from pytest_smload.gate.keys import BASELINE, ERROR_PHASE, FAILURE, INVALID_PHASE, RESULT
from pytest_smload.reports.junit import junit_properties
from pytest_smload.reports.text.failure import failure_text, invalid_text, no_load_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.gate.perf_run import PerfRun


def result_of(run: PerfRun, *, body_failed: bool = False) -> TestResult:
    """Return what reports say of the attempt; a test whose own assertion failed has not passed."""
    verdict = "fail" if body_failed and run.verdict == "pass" else run.verdict
    return TestResult(run.nodeid, run.attempt, verdict, tuple(run.results))


def raise_breach(run: PerfRun, *, report_directory: str | None, options: Sequence[str]) -> None:
    """Fail the test whose body passed if a budget was breached and the measurement can be trusted.

    Args:
        options: This run's ``--smload-…`` arguments, for the next command.

    Raises:
        pytest.fail.Exception: with the report's text and no traceback.
    """
    __tracebackhide__ = True
    if run.results and run.verdict == "fail":
        pytest.fail(failure_text(result_of(run), report_dir=report_directory, options=options), pytrace=False)


def judge_report(
    run: PerfRun, report: pytest.TestReport, call: pytest.CallInfo[Any], *, options: Sequence[str]
) -> None:
    """Attach the result to the attempt's last report, and turn the report into an error where the run is INVALID.

    JUnit XML takes its properties from the teardown's report, and from the body's where both failed.
    """
    if report.when == "setup" and report.passed:
        return
    of_teardown = report.when == "teardown"
    if not of_teardown:
        run.judged = True
    result = result_of(run)
    if report.when == "call":
        _enforce(run, report, call.excinfo.value if call.excinfo is not None else None, options)
    if run.updating and not of_teardown:
        _update_baselines(run, report)
    if call.when == "call":
        result = result_of(run, body_failed=report.failed)
    if run.results:
        report.user_properties.extend(junit_properties(result))
    if not of_teardown and (run.results or report.failed):
        setattr(report, RESULT, result)
    if report.failed and (of_teardown or not run.results or run.verdict == "pass"):
        setattr(report, FAILURE, _first_line(report))


def _enforce(run: PerfRun, report: pytest.TestReport, error: BaseException | None, options: Sequence[str]) -> None:
    if run.results and run.verdict == "invalid":
        text = invalid_text(result_of(run), options=options)
        _make_error(report, INVALID_PHASE, text + _body_failure(report))
    elif isinstance(error, SmloadError) and not isinstance(error, InvocationError):
        _make_error(report, ERROR_PHASE, str(error))
    elif not run.results and report.passed:
        _make_error(report, ERROR_PHASE, no_load_text(run.nodeid, options=options))


def _update_baselines(run: PerfRun, report: pytest.TestReport) -> None:
    try:
        setattr(report, BASELINE, update_baselines(run, report))
    except SmloadError as error:
        # A run that was to record a baseline and did not must not look like one that did.
        _make_error(report, ERROR_PHASE, str(error))


def _first_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    return str(text).strip().partition("\n")[0]


def _body_failure(report: pytest.TestReport) -> str:
    return f"\n\nThe test's body failed as well:\n\n{report.longreprtext}" if report.failed else ""


def _make_error(report: pytest.TestReport, phase: str, text: str) -> None:
    report.outcome = "failed"
    report.when = phase  # type: ignore[assignment]  # pytest's three phases, and one more
    report.longrepr = text
    if hasattr(report, "wasxfail"):
        del report.wasxfail
