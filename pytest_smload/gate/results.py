"""Gathers the results of reported perf tests, and hands them to the reports at the end of an opted-in run."""

from __future__ import annotations

import datetime as dt
import os
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_smload.core.wording import some
from pytest_smload.errors import ReportError
from pytest_smload.gate.keys import BASELINE, FAILURE, GATE, LEFT, RESULT, STALE, TOLD
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from pytest_smload.core.results.result import OtherFailure, RunResult, TestResult
    from pytest_smload.gate.checkout import Checkout
    from pytest_smload.gate.exports import Left
    from pytest_smload.reports.registry import Written


MOST_QUIET = -1
"""``-q`` keeps what must not be missed, ``-qq`` nothing."""
_COLOURS: Final[Mapping[str, dict[str, bool]]] = {
    "PASS": {"green": True},
    "FAIL": {"red": True},
    "INVALID": {"red": True, "bold": True},
    "ERROR": {"red": True},
    "INTERRUPTED": {"yellow": True},
    "verdict": {"bold": True},
}


class ResultKeeper:
    """A plugin of its own in the process that reports; under xdist that is not the one that measures.

    Attributes:
        tests: Attempts, in the order they were reported.
        failures: Perf tests that failed for something other than their measurement, why in one line.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._interrupted = False
        self._closing_lines: list[str] = []
        self.tests: list[TestResult] = []
        self.failures: list[OtherFailure] = []
        self._baselines: dict[str, str] = {}
        self._told: set[tuple[str, int]] = set()
        self._stale: dict[str, None] = {}
        self._left: Left | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = getattr(report, RESULT, None)
        if result is not None:
            self.tests.append(result)
            if report.failed and getattr(report, TOLD, False):
                self._told.add((result.nodeid, result.attempt))
        if (line := getattr(report, BASELINE, None)) is not None:
            self._baselines[report.nodeid] = line
        self._stale |= dict.fromkeys(getattr(report, STALE, ()))
        # A repeated attempt has not failed: its outcome is "rerun".
        failure = getattr(report, FAILURE, None)
        if failure is not None and report.failed:
            from pytest_smload.core.results.result import OtherFailure

            self.failures.append(OtherFailure(report.nodeid, failure))

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self) -> Generator[None, Any, Any]:
        """Make the result of a report JSON-able, for xdist's other process and for logs of reports."""
        data = yield
        if data is not None and RESULT in data:
            from pytest_smload.reports.json_report import attempt_record

            data[RESULT] = attempt_record(data[RESULT])
        return data

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self) -> Generator[None, Any, Any]:
        report = yield
        record = getattr(report, RESULT, None)
        if record is not None:
            from pytest_smload.reports.json_report import attempt_from

            setattr(report, RESULT, attempt_from(record))
        return report

    @pytest.hookimpl(tryfirst=True)  # before the terminal, which a second Ctrl-C may stop
    def pytest_keyboard_interrupt(self) -> None:
        self._interrupted = True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.tests and terminalreporter.verbosity >= MOST_QUIET:
            try:
                self._write_section(terminalreporter)
            except Exception as error:  # pytest has more to say, and what failed is told above
                terminalreporter.write_line(f"smload: warning: the loads could not be summed up: {error!r}")
        for line in (*self._baselines.values(), *self._stale):
            terminalreporter.write_line(f"smload: {line}")
        for line in self._closing_lines:
            terminalreporter.write_line(line)

    def _write_section(self, terminal: pytest.TerminalReporter) -> None:
        from pytest_smload.reports.text.terminal import run_lines

        # --tb=no prints no failure, so that nothing of one is told yet.
        told = self._told if self._config.getoption("tbstyle", "auto") != "no" else set()
        writer = self._config.get_terminal_writer()
        lines = list(run_lines(self._run(), writer.fullwidth, verbosity=terminal.verbosity, told=told))
        if lines:
            terminal.write_sep("=", "smload")
        for line in lines:
            word = line.partition(" ")[0]
            colour = _COLOURS.get(word.rstrip(":"), {})
            terminal.write_line(writer.markup(word, **colour) + line.removeprefix(word))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        left = self._finish_exports()
        try:
            self._report(session, left)
        except (Exception, KeyboardInterrupt) as error:  # pytest's own summary is still to come
            self._closing_lines.append(f"smload: warning: the reports were not finished: {error!r}")
        self._say_without_summary(session)

    def _report(self, session: pytest.Session, left: Left | None) -> None:
        """Write and send everything that was asked for; nothing of it changes what the tests came to."""
        directory = self._config.getoption("smload_report") or os.environ.get("SMLOAD_REPORT", "").strip() or None
        summary = os.environ.get("GITHUB_STEP_SUMMARY", "").strip()
        reports: list[Path] = []
        if directory and not self._has_nothing_to_write(session):
            reports = self._write_reports(directory, session)
        # An xdist worker sees reports as well; the summary is appended to, and must be once.
        if summary and (self.tests or self.failures) and not hasattr(self._config, "workerinput"):
            self._append_summary(summary, directory)
        if left is not None and not self._has_nothing_to_write(session):
            from pytest_smload.gate.deliveries import deliver

            self._closing_lines += deliver(self._run(), left, reports, partial(self._reports_in, named=None))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what an xdist worker left to do."""
        self._left = getattr(node, "workeroutput", {}).get(LEFT, self._left)

    def _finish_exports(self) -> Left | None:
        """Complete the files of this process's loads; return what is left to do, None in a worker and without loads."""
        gate = self._config.stash.get(GATE, None)
        left = gate.exports.finish() if gate is not None else self._left
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is None:
            return left
        output[LEFT] = left
        return None

    def _say_without_summary(self, session: pytest.Session) -> None:
        """Say where the record is after an exit code of our own, on which pytest's terminal sums up nothing."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and session.exitstatus not in tuple(pytest.ExitCode):
            for line in self._closing_lines:
                terminal.write_line(line)

    def _write_reports(self, directory: str, session: pytest.Session) -> list[Path]:
        """Write the reports, say so, and return where they are."""
        from pytest_smload.reports.registry import left_out

        has_record = False
        try:
            paths, problems, has_record = self._reports_in(self._config.invocation_params.dir / directory, directory)
        finally:
            if not has_record and session.exitstatus == pytest.ExitCode.OK:
                # A gate whose record is lost must not look like one that was kept.
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if paths:
            names = some([path.name for path in paths[1:]])
            self._closing_lines.append(f"smload: wrote {paths[0]}" + (f" and {names}" if names else ""))
            if line := left_out():
                self._closing_lines.append(f"smload: {line}")
        self._closing_lines += problems
        return paths

    def _reports_in(self, folder: Path, named: str | None) -> Written:
        """Write the reports into *folder*, which they call *named*."""
        from pytest_smload.reports.registry import FinishedRun, write_reports

        return write_reports(FinishedRun(self._run(), named), folder)

    def _append_summary(self, target: str, directory: str | None) -> None:
        from pytest_smload.reports.markdown.step_summary import append_summary

        try:
            append_summary(self._run(), target, report_dir=directory)
        except Exception as error:  # what else is to be written comes after it
            said = str(error) if isinstance(error, ReportError) else f"GITHUB_STEP_SUMMARY: not appended to: {error!r}"
            self._closing_lines.append(f"smload: warning: {said}")

    def _has_nothing_to_write(self, session: pytest.Session) -> bool:
        """Whether the run was refused, only collected, or is reported by another process.

        One that measured nothing has just that to say, lest an earlier run's report be taken for its own.
        """
        if hasattr(self._config, "workerinput") or self._config.getoption("collectonly"):
            return True
        refused = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)
        return not self.tests and session.exitstatus in refused

    def _run(self) -> RunResult:
        from pytest_smload.core.results.result import RunResult

        commit, branch = self._checkout
        return RunResult(
            started_at=self._started_at,
            interrupted=self._interrupted,
            version=__version__,
            commit=commit,
            branch=branch,
            tests=tuple(self.tests),
            failures=tuple(self.failures),
        )

    @cached_property
    def _checkout(self) -> Checkout:
        from pytest_smload.gate.checkout import checkout_of

        return checkout_of(self._config.rootpath)
