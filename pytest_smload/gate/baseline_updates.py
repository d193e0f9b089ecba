"""Records a passed test's loads as baselines, and says what was recorded and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    runs = [
        (result.baseline.key, result.baseline.fingerprint, result.baseline.run)
        for result in run.results
        if result.baseline is not None and result.baseline.run is not None
    ]
    if not runs:
        return f"baseline not recorded: {run.nodeid}: no load of it has a regression budget that could be estimated"
    baseline = run.baselines.record(runs)
    counts = [_counted(key, len(baseline.loads[key].runs)) for key, _, _ in runs]
    return f"baseline recorded: {run.nodeid}: {run.baselines.name} ({', '.join(counts)})"


def _unfit(run: PerfRun, when: str | None, outcome: str) -> str:
    if not run.results:
        return "it ran no load" if when == "call" else "its load did not run"
    if run.verdict != "pass":
        return {"invalid": "its measurement is INVALID", "fail": "a limit is breached"}[run.verdict]
    if when == "setup" or outcome == "failed":
        return "the test failed"
    return "the test was skipped, or is expected to fail" if outcome == "skipped" else ""


def _counted(key: str, runs: int) -> str:
    text = f"{runs} run{'s' if runs != 1 else ''}"
    return f"{key}: {text}" if key else text
