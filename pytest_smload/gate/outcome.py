"""Rules on a phase of a perf test by its loads' verdicts: INVALID, then the body's failure, then a breached budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_smload.conduct.stale_baselines import stale_loads
from pytest_smload.core.results.result import TestResult
from pytest_smload.errors import InvocationError, SmloadError
from pytest_smload.gate.baseline_updates import update_baselines
from pytest_smload.gate.keys import ERROR_PHASE, INVALID_PHASE
from pytest_smload.gate.one_line import is_refusal
from pytest_smload.reports.junit import junit_properties
from pytest_smload.reports.text.failure import failure_text, invalid_text, no_load_text, unused_budget_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.gate.perf_run import PerfRun


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of an attempt, as pytest saw it.

    Attributes:
        when: ``setup``, ``call`` or ``teardown``.
        outcome: ``passed``, ``failed`` or ``skipped``; an expected failure is skipped.
        text: How pytest shows its failure; ``""`` where it did not fail.
        message: What its failure says, without the traceback.
        error: What it raised.
        excused: Whether it was expected to fail, by a breach as well as by what its body raises.
    """

    when: str | None
    outcome: str
    text: str = ""
    message: str = ""
    error: BaseException | None = None
    excused: bool = False

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.outcome == "failed"


@dataclass(slots=True)
class Ruling:
    """What the report of a phase is to become.

    Attributes:
        phase: As it is to be reported; an error has a phase of its own.
        properties: For JUnit XML.
        result: What reports say of the attempt, on the one report that carries it.
        failure: Why the test failed, in one line, where its result does not say so.
        baseline: What came of recording its loads, in one line.
        stale: On recorded loads that a test which ran to its end did not run, a line each.
    """

    phase: Phase
    properties: list[tuple[str, str]] = field(default_factory=list)
    result: TestResult | None = None
    failure: str | None = None
    baseline: str | None = None
    stale: list[str] = field(default_factory=list)


def result_of(run: PerfRun, *, body_failed: bool = False) -> TestResult:
    """Return what reports say of the attempt; a test whose own assertion failed has not passed."""
    verdict = "fail" if body_failed and run.verdict == "pass" else run.verdict
    return TestResult(run.nodeid, run.attempt, verdict, tuple(run.results), tuple(run.capacities))


def breach_text(run: PerfRun, *, report_directory: str | None, options: Sequence[str], width: int) -> str | None:
    """Return what a test whose body passed fails with, or None where no budget was breached or nothing can be trusted.

    Args:
        run: The attempt.
        report_directory: Where ``report.json`` goes, or None.
        options: This run's ``--smload-…`` arguments, for the next command.
        width: Columns of the terminal.
    """
    if run.measured and run.verdict == "fail":
        run.told = True
        return _drawn(
            lambda: failure_text(result_of(run), width=width, report_dir=report_directory, options=options),
            "a limit is broken",
        )
    return None


def judge_phase(run: PerfRun, phase: Phase, *, options: Sequence[str], width: int) -> Ruling:
    """Rule on *phase*: an error where the run is INVALID; the result goes with the attempt's last report.

    JUnit XML takes its properties from the teardown's report, and from the body's where both failed.
    """
    if phase.when == "setup" and phase.outcome == "passed":
        return Ruling(phase)
    of_teardown = phase.when == "teardown"
    # A fixture after load_result may skip the test as well as its body may.
    to_enforce = phase.when == "call" or (phase.when == "setup" and phase.outcome == "skipped" and run.measured)
    ruling = Ruling(_enforced(run, phase, options, width) if to_enforce else _unexcused(phase))
    if not of_teardown:
        run.over = True
        if run.updating:
            _update_baselines(run, ruling)
        if phase.when == "call" and phase.outcome == "passed" and run.results:
            ruling.stale = stale_loads(run.baselines, run.load_keys)
    failed = ruling.phase.failed
    result = result_of(run, body_failed=failed and phase.when == "call")
    if run.measured:
        ruling.properties = _properties(result)
    if not of_teardown and (run.measured or failed):
        ruling.result = result
    if failed and (of_teardown or not run.measured or run.verdict == "pass"):
        ruling.failure = ruling.phase.message.strip().partition("\n")[0]
    return ruling


def _unexcused(phase: Phase) -> Phase:
    """*phase*, a failure again where what was expected to fail was refused before anything ran."""
    if phase.outcome == "skipped" and is_refusal(phase.error):
        return _error(phase.when or "setup", str(phase.error))
    return phase


def _enforced(run: PerfRun, body: Phase, options: Sequence[str], width: int) -> Phase:
    if run.measured and run.verdict == "invalid":
        also = f"\n\nThe test's body failed as well:\n\n{body.text}" if body.failed else ""
        run.told = True
        text = _drawn(
            lambda: invalid_text(result_of(run), width=width, options=options),
            "INVALID: the measurement cannot be trusted",
        )
        return _error(INVALID_PHASE, text + also)
    if isinstance(body.error, SmloadError) and not isinstance(body.error, InvocationError):
        return _error(ERROR_PHASE, str(body.error))
    if not run.measured and body.outcome == "passed":
        return _error(ERROR_PHASE, no_load_text(run.nodeid, options=options))
    if run.measured and body.outcome == "passed" and run.unused_budget:
        return _error(ERROR_PHASE, unused_budget_text(run.nodeid, run.unused_budget, options=options))
    if run.measured and body.outcome == "skipped" and not body.excused and run.verdict == "fail":
        # unittest keeps a skip for itself until the body is over.
        text = _drawn(lambda: failure_text(result_of(run), options=options), "a limit is broken")
        return Phase("call", "failed", text, text)
    return body


def _drawn(draw: Callable[[], str], verdict: str) -> str:
    """What *draw* makes of a verdict, or the verdict alone: it stands, whatever becomes of its tables."""
    try:
        return draw()
    except Exception as error:
        return f"{verdict}; what it measured could not be drawn up: {error!r}"


def _properties(result: TestResult) -> list[tuple[str, str]]:
    try:
        return junit_properties(result)
    except Exception as error:  # the verdict stands without them
        return [("smload.problem", f"its properties could not be drawn up: {error!r}")]


def _update_baselines(run: PerfRun, ruling: Ruling) -> None:
    try:
        ruling.baseline = update_baselines(run, when=ruling.phase.when, outcome=ruling.phase.outcome)
    except SmloadError as error:
        # A run that was to record a baseline and did not must not look like one that did.
        ruling.phase = _error(ERROR_PHASE, str(error))


def _error(when: str, text: str) -> Phase:
    return Phase(when, "failed", text, text)
