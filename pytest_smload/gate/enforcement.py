"""Makes of a test's outcome what the verdicts of its loads demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.errors import ConfigurationError
from pytest_smload.gate.collection import late_marks
from pytest_smload.gate.keys import BASELINE, FAILURE, GATE, PERF_RUN, RESULT, STALE, TOLD
from pytest_smload.gate.outcome import Phase, breach_text, judge_phase

if TYPE_CHECKING:
    from pytest_smload.gate.gate import Gate
    from pytest_smload.gate.perf_run import PerfRun


def hold_to_its_loads(item: pytest.Item) -> None:
    """Fail a test of ours whose body is over for what its loads came to, or could not be held to.

    Raises:
        ConfigurationError: marks were added too late for its load.
        pytest.fail.Exception: a limit is broken, or a load went its own ways.
    """
    if sentences := late_marks(item):
        raise ConfigurationError(sentences)
    run = item.stash.get(PERF_RUN, None)
    if run is None:
        return
    gate = item.config.stash[GATE]
    text = run.strayed or breach_text(
        run, report_directory=gate.report_directory, options=gate.options, width=gate.width
    )
    if text:
        raise pytest.fail.Exception(text, pytrace=False) from None


def enforce(
    run: PerfRun, item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None], gate: Gate
) -> None:
    """Make of *report*, of *item*, what the verdicts of the attempt's loads demand."""
    text = report.longreprtext if report.failed else ""
    crash = getattr(report.longrepr, "reprcrash", None)
    error = call.excinfo.value if call.excinfo is not None else None
    phase = Phase(
        report.when,
        report.outcome,
        text,
        crash.message if crash is not None else text,
        error,
        excused=hasattr(report, "wasxfail") and _expects_breach(item, error),
    )
    ruling = judge_phase(run, phase, options=gate.options, width=gate.width)
    if ruling.phase is not phase:
        report.outcome = "failed"
        report.when = ruling.phase.when  # type: ignore[assignment]  # pytest's three phases, and two more
        report.longrepr = ruling.phase.text
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    report.user_properties.extend(ruling.properties)
    if ruling.result is not None and run.told:
        setattr(report, TOLD, True)
    stale, gate.stale = [*gate.stale, *ruling.stale], []
    attributes = {RESULT: ruling.result, FAILURE: ruling.failure, BASELINE: ruling.baseline, STALE: stale or None}
    for name, value in attributes.items():
        if value is not None:
            setattr(report, name, value)


def _expects_breach(item: pytest.Item, error: BaseException | None) -> bool:
    """Whether what is expected of a test that failed with *error* as expected may be a breach as well.

    ``xfail(raises=...)`` of something else says nothing of one.
    """
    raises = [mark.kwargs.get("raises") for mark in item.iter_markers("xfail")]
    if not raises or isinstance(error, pytest.xfail.Exception):
        return True
    return any(_expects(each, pytest.fail.Exception("a limit is broken", pytrace=False)) for each in raises)


def _expects(raises: Any, error: BaseException) -> bool:
    """Whether *error* is among *raises*: exceptions, or one of pytest's matchers; None is anything."""
    if raises is None:
        return True
    matches = getattr(raises, "matches", None)
    return bool(matches(error)) if matches is not None else isinstance(error, raises)
