"""Records a passed test's loads as baselines, and says what was recorded and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.conduct.baseline_file import Recorded
from pytest_smload.conduct.regressions import NOT_RECORDED
from pytest_smload.core.baselines.runs import ACCEPT_OPTION
from pytest_smload.core.baselines.words import change_words

if TYPE_CHECKING:
    from pytest_smload.gate.perf_run import PerfRun


def update_baselines(run: PerfRun, *, when: str | None, outcome: str) -> str:
    """Record the attempt's loads if its test passed, and return one line on what came of it.

    Args:
        run: The attempt, all its loads over.
        when: The phase that is reported, ``call`` where the body ran and nothing is an error.
        outcome: How it is reported, the verdict in it: ``passed``, ``failed`` or ``skipped``.

    Raises:
        ConfigurationError, ReportError: the baseline file cannot be read or written.
    """
    why = _unfit(run, when, outcome)
    if why:
        return f"baseline not recorded: {run.nodeid}: {why}"
    outcomes = [result.baseline for result in run.results if result.baseline is not None]
    runs = [Recorded(each.key, each.fingerprint, each.run, each.anew) for each in outcomes if each.run is not None]
    if not runs and (notes := _refusals(run)):
        return f"baseline not recorded: {run.nodeid}: {'; '.join(notes)}"
    if not runs:
        return f"baseline not recorded: {run.nodeid}: no load of it has a regression budget that could be estimated"
    baseline = run.baselines.record(runs)
    counts = [_counted(each.key, len(baseline.loads[each.key].runs)) for each in runs]
    return f"baseline recorded: {run.nodeid}: {run.baselines.name} ({', '.join(counts)})"


_WHY_UNFIT = {
    "interrupted": "it was interrupted",
    "invalid": "its measurement is INVALID",
    "fail": "a limit is breached",
}


def _unfit(run: PerfRun, when: str | None, outcome: str) -> str:
    if not run.results:
        ran_none = "it ran no load" if when == "call" else "its load did not run"
        return "a capacity search has no baseline" if run.capacities else ran_none
    regressed = [change_words(each) for result in run.results if result.baseline for each in result.baseline.regressed]
    if run.verdict == "fail" and regressed and run.accepting and (notes := _refusals(run)):
        return "; ".join(notes)
    if run.verdict == "fail" and regressed:
        return f"it regressed: {'; '.join(regressed)}; to record it all the same, add {ACCEPT_OPTION}"
    if run.verdict != "pass":
        return _WHY_UNFIT[run.verdict]
    if when == "setup" or outcome == "failed":
        return "the test failed"
    return "the test was skipped, or is expected to fail" if outcome == "skipped" else ""


def _refusals(run: PerfRun) -> list[str]:
    """What the loads' notes say of why they are not recorded."""
    notes = [note for result in run.results for note in result.notes if note.startswith(NOT_RECORDED)]
    return list(dict.fromkeys(note.removeprefix(f"{NOT_RECORDED}: ") for note in notes))


def _counted(key: str, runs: int) -> str:
    text = f"{runs} run{'s' if runs != 1 else ''}"
    return f"{key}: {text}" if key else text
