"""Writes a text to its file, whole or not at all, and says in one line why it could not."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file that a reader sees as it was or as it is now, never a part of it.

    Attributes:
        path: Where it is.
        option: The option that has it written; a message begins with it.
        otherwise: What else can be done where it cannot be written, beside mending the place: ``" or …"``.
    """

    path: Path
    option: str
    otherwise: str = ""

    def write(self, text: str) -> None:
        """Write *text*, creating the folder.

        Raises:
            ReportError: the folder or file cannot be written; one line says which and why.
        """
        with self.explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._spare_devices()
            partial = self.partial
            try:
                with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                    file.write(text)
                    file.flush()
                    # A full disk may only say so here; the earlier file must not be replaced by then.
                    os.fsync(file.fileno())
                partial.replace(self.path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise

    def try_folder(self) -> None:
        """Create the folder and try it and the file's name, so that a file that cannot be written is known before any
        load.

        Raises:
            ReportError: as `write`.
        """
        with self._explained(f"cannot write to {self.path.parent}"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
            self._spare_devices()
            trial = self.partial
            trial.touch()
            trial.unlink()

    def _spare_devices(self) -> None:
        """Raise where a device or pipe has the name: root would put a file in the place of ``/dev/null``."""
        if self.path.exists() and not (self.path.is_file() or self.path.is_dir()):
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), str(self.path))

    @property
    def partial(self) -> Path:
        """Where it is while it is written, a name no other run uses: two of one checkout may write one file at once."""
        return self.path.with_name(f".{self.path.name}.{os.getpid()}")

    def explained(self) -> AbstractContextManager[None]:
        """Make of what the system raises while it is written a `ReportError`."""
        return self._explained(f"cannot write {self.path}")

    @contextmanager
    def _explained(self, failure: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReportError(f"{self.option}: {failure}: {self._reason(error)}{self.otherwise}") from error

    def _reason(self, error: OSError) -> str:
        if isinstance(error, (FileExistsError, NotADirectoryError)):
            return f"{self.path.parent} is, or lies under, a file; move it away"
        if isinstance(error, IsADirectoryError):
            return f"{self.path.name} is a folder there; move it away"
        if error.errno == errno.ENODEV:
            return f"{self.path.name} is a device or a pipe, not a file; move it away"
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return "no permission; make the folder writable"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return "the disk is full; free some space"
        return f"{error.strerror or error}; mend it"
