"""Reads the runs that a command is about: a file, a folder that holds one, all below a folder or an S3 prefix."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.core.results.history import check_moments
from pytest_smload.errors import ReportError
from pytest_smload.reports.json_report import parse_report, read_report

if TYPE_CHECKING:
    from pytest_smload.core.results.result import RunResult

REPORT_NAME = "report.json"


def report_path(place: str) -> Path:
    """Return the file that *place* is, or that the folder *place* holds.

    Raises:
        ReportError: it is neither.
    """
    path = Path(place)
    try:
        if not path.is_dir():
            return path
        if (path / REPORT_NAME).is_file():
            return path / REPORT_NAME
    except (OSError, ValueError) as error:
        raise ReportError(f"cannot read {place}: {error}") from error
    raise ReportError(f"{place} holds no {REPORT_NAME}; give a folder that pytest --smload-report DIR wrote, or a file")


def read_run(place: str) -> RunResult:
    """Return the run at *place*.

    Raises:
        ReportError: there is none; one line says why.
    """
    return read_report(report_path(place))


def short_names(places: Sequence[str]) -> list[str]:
    """Return what tells *places* apart: ``a/linux/report.json`` and ``a/mac/report.json`` are ``linux`` and ``mac``.

    Raises:
        ReportError: one is given twice.
    """
    files = [report_path(place).absolute() for place in places]
    real = [os.path.realpath(file) for file in files]
    twice = next((place for place, file in zip(places, real, strict=True) if real.count(file) > 1), None)
    if twice is not None:
        raise ReportError(f"{twice} is given twice")
    parts = [list(file.parts) for file in files]
    while min(map(len, parts)) > 1 and len({each[0] for each in parts}) == 1:
        parts = [each[1:] for each in parts]
    while min(map(len, parts)) > 1 and len({each[-1] for each in parts}) == 1:
        parts = [each[:-1] for each in parts]
    return ["/".join(each) for each in parts]


def runs_below(place: str, problems: list[str]) -> Iterator[RunResult]:
    """Yield every run below the folder or S3 prefix *place*; what cannot be read is added to *problems*.

    Raises:
        ReportError: *place* cannot be read, or holds no report.
    """
    found = 0
    for name, content in _contents(place, problems):
        found += 1
        try:
            run = parse_report(content, name)
            check_moments(run, name)
        except ReportError as error:
            problems.append(str(error))
        else:
            yield run
    if not found and not problems:
        raise ReportError(f"{place} holds no {REPORT_NAME}, nor does a folder below it")


def _contents(place: str, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    from pytest_smload.aws.stored_reports import is_s3, stored_reports

    if is_s3(place):
        yield from stored_reports(place)
        return
    root = Path(place)
    if not root.exists():
        raise ReportError(f"cannot read {place}: No such file or directory")
    # A pipe of that name would be waited for.
    for path in sorted(filter(Path.is_file, root.rglob(REPORT_NAME))) if root.is_dir() else [root]:
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(f"cannot read {path}: {error.strerror or error}")
        else:
            yield str(path), content
