"""Writes a report's text to its file, whole or not at all, and says in one line why it could not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from pytest_smload.errors import ReportError


def write_whole(text: str, target: Path) -> None:
    """Write *text* to *target*, creating its folder; a reader sees the earlier file or the new one, never half of one.

    Raises:
        ReportError: the folder or file cannot be written; one line says which and why.
    """
    partial = _partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReportError(f"--smload-report: cannot write {target}: {_reason(error, target)}") from error


def try_folder(target: Path) -> None:
    """Create the folder of *target* and try it, so that a report that cannot be written is known before any load.

    Raises:
        ReportError: as `write_whole`.
    """
    trial = _partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        message = f"--smload-report: cannot write to {target.parent}: {_reason(error, target)}"
        raise ReportError(message) from error


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}")


def _reason(error: OSError, target: Path) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{target.parent} is, or lies under, a file; name a folder"
    if isinstance(error, IsADirectoryError):
        return f"{target.name} is a folder there; move it away or name another folder"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "no permission; name a folder you can write to"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; free some space or name a folder on another disk"
    return f"{error.strerror or error}; name another folder"
