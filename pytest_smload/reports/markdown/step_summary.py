"""Appends a run's markdown to the summary of the GitHub Actions step it runs in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_smload.errors import ReportError
from pytest_smload.reports.markdown.report import LONGEST_BYTES, run_markdown

if TYPE_CHECKING:
    from pytest_smload.core.results.result import RunResult

STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the summary's file."""


def append_summary(run: RunResult, target: str, *, report_dir: str | None = None) -> None:
    """Append the report to the file *target*, shortened by what the step has written there before.

    Raises:
        ReportError: the file cannot be written; one line says why.
    """
    path = Path(target)
    try:
        taken_bytes = path.stat().st_size if path.exists() else 0
        room_bytes = max(LONGEST_BYTES - taken_bytes, 0)
        text = run_markdown(run, report_dir=report_dir, longest_bytes=room_bytes)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            # A heading starts a line of its own, whatever stands before it.
            file.write(f"\n{text}" if taken_bytes else text)
    except OSError as error:
        raise ReportError(f"{STEP_SUMMARY}: cannot append to {path}: {error.strerror or error}") from error
