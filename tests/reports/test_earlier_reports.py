"""What an earlier run left in the folder of reports: nothing of it is taken for the present run's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import past_runs as past
import pytest

from pytest_smload.errors import ReportError
from pytest_smload.reports import registry
from pytest_smload.reports.registry import FinishedRun, write_reports

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smload.core.results.result import RunResult

EARLIER = "an earlier run's"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for report in registry.REPORTS.values():
        (tmp_path / report.file_name).write_text(EARLIER, encoding="utf-8")
    (tmp_path / "notes.txt").write_text(EARLIER, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run() -> RunResult:
    return past.run(past.attempt(past.load()))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.read_text("utf-8") == EARLIER)


def test_all_are_written_anew(folder: Path, run: RunResult) -> None:
    """And nothing else is touched."""
    assert 3 == len(write_reports(FinishedRun(run), folder).paths)
    assert ["notes.txt"] == left(folder)


def test_a_page_without_its_extra_is_no_earlier_one(
    folder: Path, run: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plotly was there when the earlier one was drawn."""
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "plotly" else name)
    written = write_reports(FinishedRun(run), folder)
    assert [] == written.problems
    assert (["notes.txt"], False) == (left(folder), (folder / "report.html").exists())


def test_a_page_that_breaks_is_no_earlier_one(folder: Path, run: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line says that it could not be drawn."""

    def broken(_run: RunResult, **_named: object) -> str:
        raise ValueError("broken")

    monkeypatch.setattr(registry, "run_markdown", broken)
    written = write_reports(FinishedRun(run), folder)
    assert (["notes.txt"], False) == (left(folder), (folder / "report.md").exists())
    assert "report.md could not be drawn" in written.problems[0]


def test_a_record_that_is_lost_leaves_what_was_there(
    folder: Path, run: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, as a disk that is full leaves it: none of it goes with a new record."""

    def broken(_run: RunResult) -> str:
        raise ReportError("the disk is full")

    monkeypatch.setattr(registry, "run_json", broken)
    assert not write_reports(FinishedRun(run), folder).has_record
    assert ["notes.txt", "report.html", "report.json", "report.md"] == left(folder)


def test_one_that_cannot_be_removed_is_named(folder: Path, run: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line says whose it is."""

    def kept(_path: Path, *, missing_ok: bool) -> None:
        assert missing_ok
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(registry, "find_spec", lambda _name: None)
    monkeypatch.setattr(registry.Path, "unlink", kept)
    (problem,) = write_reports(FinishedRun(run), folder).problems
    said = f"--smload-report: {folder / 'report.html'} is of an earlier run, and cannot be removed: Permission denied"
    assert said == problem
