"""Keeps baselines in the repository: one file per test in ``.smload/baselines`` beside the settings file."""

from __future__ import annotations

import errno
import os
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_smload.core.baseline import UPDATE_OPTION, Baseline, BaselineRun, append, file_name, parse, render
from pytest_smload.errors import ConfigurationError, ReportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FOLDER = ".smload/baselines"
_COMMIT_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA", "CODEBUILD_RESOLVED_SOURCE_VERSION")
_COMMIT_DIGITS = 12
_GIT_LIMIT_S = 5

Recorded = tuple[str, "Mapping[str, Any]", BaselineRun]
"""Key of a load, its fingerprint, and the run."""


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """The baselines of one test.

    Attributes:
        root: The settings file's folder.
        test: The test's id relative to it.
    """

    root: Path
    test: str

    @property
    def name(self) -> str:
        """Its path relative to the settings file, for people."""
        return f"{FOLDER}/{file_name(self.test)}"

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / FOLDER / file_name(self.test)

    def read(self) -> Baseline:
        """Return what is recorded; an empty baseline where there is no file.

        Raises:
            ConfigurationError: the file cannot be read, or is not a baseline of this test.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Baseline(self.test)
        except UnicodeDecodeError:
            text = "\0"
        except OSError as error:
            raise ConfigurationError(f"baseline {self.name} cannot be read: {error.strerror or error}") from error
        return parse(text, test=self.test, where=self.name)

    def try_folder(self) -> None:
        """Create the folder and try it, so that a baseline that cannot be written is known before any load.

        Raises:
            ReportError: one line says what is wrong.
        """
        trial = self._partial()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            trial.touch()
            trial.unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def record(self, runs: Iterable[Recorded]) -> Baseline:
        """Add *runs* and return what the file now holds; a reader sees the earlier file or the new one, never a part.

        Raises:
            ConfigurationError: as `read`.
            ReportError: the file cannot be written; one line says why.
        """
        commit = commit_checked_out(self.root)
        baseline = self.read()
        for key, fingerprint, run in runs:
            baseline = append(baseline, key, fingerprint, replace(run, commit=commit))
        partial = self._partial()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("w", encoding="utf-8", newline="\n") as file:
                    file.write(render(baseline))
                    file.flush()
                    # A full disk may only say so here; the earlier file must not be replaced by then.
                    os.fsync(file.fileno())
                partial.replace(self.path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._unwritable(error) from error
        return baseline

    def _partial(self) -> Path:
        """A name no other run uses: two of one checkout may record the same test at once."""
        return self.path.with_name(f".{self.path.name}.{os.getpid()}")

    def _unwritable(self, error: OSError) -> ReportError:
        return ReportError(f"{UPDATE_OPTION}: cannot write {self.path}: {_reason(error)}")


def commit_checked_out(folder: Path) -> str:
    """Return the commit *folder* is at, abbreviated: CI's variable, else git's answer, else ``""``."""
    for variable in _COMMIT_VARIABLES:
        if os.environ.get(variable, "").strip():
            return os.environ[variable].strip()[:_COMMIT_DIGITS]
    command = ["git", "rev-parse", f"--short={_COMMIT_DIGITS}", "HEAD"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=folder, capture_output=True, text=True, timeout=_GIT_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "no permission; make the folder writable, or record where it is"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"a file is in the place of the folder {FOLDER}; move it away"
    if isinstance(error, IsADirectoryError):
        return "it is a folder; move it away"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; free some space"
    return error.strerror or str(error)
