"""The files that ``--smload-report`` writes, a row each, by the report's name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_smload.errors import ReportError
from pytest_smload.files import WholeFile
from pytest_smload.reports.json_report import run_json
from pytest_smload.reports.markdown.report import run_markdown

if TYPE_CHECKING:
    from pytest_smload.core.results.result import RunResult


EXTRA: Final = "pip install 'pytest-smload[report]'"


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
        missing: What it needs and is not installed; it is not written then.
    """

    file_name: str
    text: Callable[[FinishedRun], str]
    missing: Callable[[], list[str]] = list

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


def _html(finished: FinishedRun) -> str:
    from pytest_smload.reports.html.page import run_html

    return run_html(finished.run)


def _missing_for_html() -> list[str]:
    return [name for name in ("jinja2", "plotly") if find_spec(name) is None]


REPORTS: Final = {
    "json": Report("report.json", lambda finished: run_json(finished.run)),
    "markdown": Report("report.md", _markdown),
    "html": Report("report.html", _html, _missing_for_html),
}
"""By name, the one that all others are drawn from first."""


class Written(NamedTuple):
    """What became of the reports.

    Attributes:
        paths: Those that were written.
        problems: Why others were not, a line each.
        has_record: Whether the one that all others are drawn from was written.
    """

    paths: list[Path]
    problems: list[str]
    has_record: bool


def write_reports(finished: FinishedRun, folder: str | Path) -> Written:
    """Write into *folder* every report that can be written: one that cannot keeps no other from it.

    Beside a record that is written, what an earlier run left of one that is not is removed: it would be taken for this
    run's.
    """
    paths, problems = [], []
    record = next(iter(REPORTS.values()))
    for report in REPORTS.values():
        if report.missing():
            continue
        try:
            paths.append(report.write(finished, folder))
        except ReportError as error:
            problems.append(str(error))
            if report is record:
                # What is wrong with the place is wrong for all of them.
                break
        except Exception as error:  # the run is over and judged, whatever becomes of a page
            others = "" if report is record else f"; {record.file_name} has all of it"
            problems.append(f"--smload-report: {report.file_name} could not be drawn: {error!r}{others}")
    written = {path.name for path in paths}
    has_record = record.file_name in written
    for report in REPORTS.values():
        if has_record and report.file_name not in written:
            problems += _remove_earlier(Path(folder) / report.file_name)
    return Written(paths, problems, has_record)


def _remove_earlier(path: Path) -> list[str]:
    """Remove *path*, and return what to say where it is still there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if path.is_file():
            return [f"--smload-report: {path} is of an earlier run, and cannot be removed: {error.strerror or error}"]
    return []


def check_writable(folder: str | Path) -> None:
    """Try the folder and each report's name in it before any load.

    Raises:
        ReportError: as `Report.write`.
    """
    for report in REPORTS.values():
        _file(Path(folder) / report.file_name).try_folder()


def left_out() -> str:
    """Return which reports are not written and why, in one line; ``""`` where all are."""
    lacking = {report.file_name: report.missing() for report in REPORTS.values() if report.missing()}
    if not lacking:
        return ""
    names = ", ".join(name for missing in lacking.values() for name in missing)
    return f"{' and '.join(lacking)} was not written: it needs {names}; {EXTRA}"


def _file(path: Path) -> WholeFile:
    return WholeFile(path, "--smload-report", " or name another folder")
