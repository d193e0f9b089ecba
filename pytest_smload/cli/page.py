"""Writes what a command draws as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.errors import ReportError
from pytest_smload.files import WholeFile
from pytest_smload.reports.registry import EXTRA, REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable


def write_page(out: str, file_name: str, draw: Callable[[], str]) -> Path:
    """Write what *draw* returns into *out*, or where that is a folder into *file_name* in it, and return the path.

    Raises:
        ReportError: a package that pages need is not installed, or the file cannot be written.
    """
    if missing := REPORTS["html"].missing():
        raise ReportError(f"--html: the page needs {' and '.join(missing)}; {EXTRA}")
    path = Path(out)
    if path.is_dir():
        path /= file_name
    WholeFile(path, "--html", " or name another file").write(draw())
    return path
