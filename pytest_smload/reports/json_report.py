"""Writes a run's record as ``report.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.files import WholeFile

if TYPE_CHECKING:
    from pytest_smload.core.results.record_schema import RunRecord

REPORT_NAME = "report.json"


def write_report(record: RunRecord, directory: str | Path) -> Path:
    """Write *record* to ``report.json`` in *directory*, creating the folder, and return the file's path.

    Raises:
        ReportError: the folder or file cannot be written; one line says which and why.
    """
    target = Path(directory) / REPORT_NAME
    # Strict JSON: a NaN or infinity that slipped through would be unreadable to everything but Python.
    report_file(target).write(json.dumps(record, allow_nan=False, ensure_ascii=False, indent=1) + "\n")
    return target


def check_writable(directory: str | Path) -> None:
    """Try the folder before any load.

    Raises:
        ReportError: as `write_report`.
    """
    report_file(Path(directory) / REPORT_NAME).try_folder()


def report_file(path: Path) -> WholeFile:
    """Return *path* as a file that ``--smload-report`` asks for."""
    return WholeFile(path, "--smload-report", " or name another folder")
