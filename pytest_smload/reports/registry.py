"""The files that ``--smload-report`` writes, a row each, by the report's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_smload.files import WholeFile
from pytest_smload.reports.json_report import run_json
from pytest_smload.reports.markdown.report import run_markdown

if TYPE_CHECKING:
    from pytest_smload.core.results.result import RunResult


class FinishedRun(NamedTuple):
    """What a report is drawn from.

    Attributes:
        run: Its results.
        report_dir: The reports' folder as the user named it.
    """

    run: RunResult
    report_dir: str | None = None


class Report(NamedTuple):
    """One report.

    Attributes:
        file_name: Its file in the reports' folder.
        text: The file's content.
    """

    file_name: str
    text: Callable[[FinishedRun], str]

    def write(self, finished: FinishedRun, folder: str | Path) -> Path:
        """Write the report of *finished*, creating *folder*, and return the file's path.

        Raises:
            ReportError: the folder or file cannot be written; one line says which and why.
        """
        path = Path(folder) / self.file_name
        _file(path).write(self.text(finished))
        return path


def _markdown(finished: FinishedRun) -> str:
    return run_markdown(finished.run, report_dir=finished.report_dir)


REPORTS: Final = {
    "json": Report("report.json", lambda finished: run_json(finished.run)),
    "markdown": Report("report.md", _markdown),
}
"""By name, the one that all others are drawn from first."""


def check_writable(folder: str | Path) -> None:
    """Try the folder and each report's name in it before any load.

    Raises:
        ReportError: as `Report.write`.
    """
    for report in REPORTS.values():
        _file(Path(folder) / report.file_name).try_folder()


def _file(path: Path) -> WholeFile:
    return WholeFile(path, "--smload-report", " or name another folder")
