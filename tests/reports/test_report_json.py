"""Writing ``report.json``."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from pytest_smload.errors import ReportError, SmloadError
from pytest_smload.reports.registry import REPORTS, FinishedRun, check_writable

RECORD = {"schema": 1, "tests": [{"nodeid": "tests/a.py::test_é"}]}


def write_report(record, folder):
    return REPORTS["json"].write(FinishedRun(record), folder)


def raise_os_error(code):
    def fail(*args, **kwargs):
        raise OSError(code, "why")

    return fail


def test_the_record_is_written_into_a_new_folder(tmp_path):
    """Missing folders are made, the file's path comes back, and nothing else is left in the folder."""
    folder = tmp_path / "a" / "b"
    assert folder / "report.json" == write_report(RECORD, folder)
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == RECORD
    assert [path.name for path in folder.iterdir()] == ["report.json"]


def test_an_earlier_report_is_replaced(tmp_path):
    """A second run's report takes the place of the first, text paths included."""
    write_report({"schema": 1, "tests": list(range(1000))}, str(tmp_path))
    write_report(RECORD, str(tmp_path))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == RECORD


def test_the_report_can_be_read_by_others(tmp_path):
    """The file has the permissions any new file has, not those of a temporary one."""
    (tmp_path / "ordinary").touch()
    written = write_report(RECORD, tmp_path)
    assert (tmp_path / "ordinary").stat().st_mode == written.stat().st_mode


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "the disk is full; free some space or name another folder"),
        (errno.EACCES, "no permission; make the folder writable or name another folder"),
        (errno.EROFS, "no permission; make the folder writable or name another folder"),
        (errno.EIO, "why; mend it or name another folder"),
    ],
)
def test_a_failed_write_is_one_line_and_keeps_the_earlier_report(tmp_path, monkeypatch, code, reason):
    """The message names the file, the cause and a way out; the earlier report stays whole and no remains are left."""
    write_report(RECORD, tmp_path)
    monkeypatch.setattr(Path, "replace", raise_os_error(code))
    with pytest.raises(ReportError) as raised:
        write_report({"schema": 1, "tests": []}, tmp_path)
    assert f"--smload-report: cannot write {tmp_path / 'report.json'}: {reason}" == str(raised.value)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == RECORD
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_folders_place_is_named(tmp_path, below):
    """A path that is a file, or lies under one, is refused by name."""
    (tmp_path / "taken").write_text("")
    folder = tmp_path / "taken" / below
    with pytest.raises(SmloadError) as raised:
        write_report(RECORD, folder)
    reason = f"{folder} is, or lies under, a file; move it away or name another folder"
    assert f"--smload-report: cannot write {folder / 'report.json'}: {reason}" == str(raised.value)


def test_a_folder_in_the_reports_place_is_named(tmp_path):
    """A folder called report.json is not removed."""
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ReportError, match="is a folder there; move it away or name another folder"):
        write_report(RECORD, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_text_that_is_not_unicode_is_still_written(tmp_path):
    """A lone surrogate in a node id or an endpoint's message does not lose the report."""
    assert "a\\udcff" in write_report({"nodeid": "a\udcff"}, tmp_path).read_text(encoding="utf-8")


def test_numbers_json_does_not_have_are_refused(tmp_path):
    """A NaN in a record is our mistake and never written as something only Python reads."""
    with pytest.raises(ValueError, match="JSON"):
        write_report({"p95_ms": float("nan")}, tmp_path)


def test_a_folder_is_tried_without_leaving_anything(tmp_path):
    """Asking whether a report can be written makes the folder and no file."""
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_used_is_known_ahead(tmp_path):
    """The trial refuses what the report would be refused for, in the same words."""
    (tmp_path / "taken").write_text("")
    folder = tmp_path / "taken" / "deeper"
    with pytest.raises(ReportError) as raised:
        check_writable(folder)
    reason = f"{folder} is, or lies under, a file; move it away or name another folder"
    assert f"--smload-report: cannot write to {folder}: {reason}" == str(raised.value)
