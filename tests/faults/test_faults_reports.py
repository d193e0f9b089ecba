"""A report that cannot be written: the run ends non-zero, says so in one line, and spoils no earlier report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from perf_project import PerfProject

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
    import pytest

    @pytest.mark.perf(users=2, duration="300ms", warmup="0s")
    def test_kept(): pass
"""
EARLIER = '{"an": "earlier report"}\n'
FAILING_PATHS = """
    import errno, os, pathlib

    def failing(method, number):
        def call(path, *args, **kwargs):
            if path.name.startswith(".report.json"):
                raise OSError(number, os.strerror(number), str(path))
            return method(path, *args, **kwargs)
        return call
"""


def complaints(out: str) -> list[str]:
    """Return the lines about a report that cannot be written."""
    return [line for line in out.splitlines() if "cannot write" in line]


def project(tmp_path: Path, fault: str) -> PerfProject:
    """Return a checkout with an earlier report, whose conftest brings the fault about."""
    made = PerfProject(tmp_path, {"test_it.py": TESTS, "conftest.py": FAILING_PATHS + fault})
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.json").write_text(EARLIER)
    return made


def test_folder_that_is_not_writable(tmp_path: Path) -> None:
    """It is tried before any load: a usage error, and nothing is sent."""
    fault = "    pathlib.Path.touch = failing(pathlib.Path.touch, errno.EACCES)\n"
    exit_code, out = project(tmp_path, fault).run("--smload-report", "report")

    assert pytest.ExitCode.USAGE_ERROR == exit_code
    (said,) = complaints(out)
    reason = "no permission; make the folder writable or name another folder"
    assert f"--smload-report: cannot write to report: {reason}" in said
    assert "smload: load on" not in out
    assert "Traceback" not in out


@pytest.mark.parametrize("name", ["report.json", "report.md"])
def test_a_folder_in_the_place_of_a_report(name: str, tmp_path: Path) -> None:
    """It is found before any load: a usage error, and nothing is sent."""
    (tmp_path / "report" / name).mkdir(parents=True)
    exit_code, out = PerfProject(tmp_path, {"test_it.py": TESTS}).run("--smload-report", "report")

    assert pytest.ExitCode.USAGE_ERROR == exit_code
    (said,) = complaints(out)
    reason = f"{name} is a folder there; move it away or name another folder"
    assert f"--smload-report: cannot write to report: {reason}" in said
    assert "smload: load on" not in out


@pytest.mark.parametrize(
    ("number", "why"), [("ENOSPC", "the disk is full; free some space"), ("EIO", "Input/output error")]
)
def test_write_that_fails_in_the_end(tmp_path: Path, number: str, why: str) -> None:
    """The loads are over and their summary is printed; half a report is never left, nor the earlier one lost."""
    fault = f"""
    def full(_descriptor):
        raise OSError(errno.{number}, os.strerror(errno.{number}))

    os.fsync = full
"""
    exit_code, out = project(tmp_path, fault).run("--smload-report", "report")

    assert pytest.ExitCode.TESTS_FAILED == exit_code
    (said,) = complaints(out)
    assert said.startswith(f"--smload-report: cannot write {tmp_path / 'report' / 'report.json'}: ")
    assert why in said
    assert "Traceback" not in out
    # A machine that lags may make the run invalid; else it passed, and only the report is why the run failed.
    assert "1 passed" in out or "INVALID" in out
    assert [] == [path.name for path in (tmp_path / "report").iterdir() if path.name != "report.json"]
    assert EARLIER == (tmp_path / "report" / "report.json").read_text()


def test_a_page_that_cannot_be_written_in_the_end(tmp_path: Path) -> None:
    """The record is there, so that the run ends as its tests did; one line says what is missing."""
    in_its_place = """
    import pathlib, pytest

    @pytest.fixture(autouse=True)
    def _in_its_place():
        yield
        pathlib.Path("report", "report.html").mkdir()
    """
    exit_code, out = project(tmp_path, in_its_place).run("--smload-report", "report")

    assert exit_code == (pytest.ExitCode.OK if "1 passed" in out else pytest.ExitCode.TESTS_FAILED)
    (said,) = complaints(out)
    assert "report.html is a folder there; move it away or name another folder" in said
    assert EARLIER != (tmp_path / "report" / "report.json").read_text()
    assert "Traceback" not in out


def test_folder_that_becomes_a_file_mid_run(tmp_path: Path) -> None:
    """What was writable at the start need not be at the end."""
    vanish = """
    import pathlib, shutil, pytest

    @pytest.fixture(autouse=True)
    def _vanish():
        yield
        shutil.rmtree("report")
        pathlib.Path("report").write_text("a file")
    """
    exit_code, out = project(tmp_path, vanish).run("--smload-report", "report")

    assert pytest.ExitCode.TESTS_FAILED == exit_code
    (said,) = complaints(out)
    assert "is, or lies under, a file; move it away or name another folder" in said
    assert "Traceback" not in out
