"""Keeps baselines in the repository: one file per test in ``.smload/baselines`` beside the settings file."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_smload.conduct.baseline_json import parse, render
from pytest_smload.core.baselines.runs import UPDATE_OPTION, Baseline, BaselineRun, append, file_name
from pytest_smload.errors import ConfigurationError
from pytest_smload.files import WholeFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FOLDER = ".smload/baselines"
_COMMIT_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA", "CODEBUILD_RESOLVED_SOURCE_VERSION")
_COMMIT_DIGITS = 12
_GIT_LIMIT_S = 5


class Recorded(NamedTuple):
    """A load to be recorded.

    Attributes:
        key: Of the load.
        fingerprint: Its facts.
        run: The run.
        anew: Whether the load's baseline begins with it.
    """

    key: str
    fingerprint: Mapping[str, Any]
    run: BaselineRun
    anew: bool = False


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
        if self.path.exists() and not self.path.is_file():
            # Reading a FIFO or a device would wait for a writer, or never end.
            raise ConfigurationError(f"baseline {self.name} is no regular file; remove it")
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
        self._file.try_folder()

    def record(self, runs: Iterable[Recorded]) -> Baseline:
        """Add *runs* and return what the file now holds; a reader sees the earlier file or the new one, never a part.

        Raises:
            ConfigurationError: as `read`.
            ReportError: the file cannot be written; one line says why.
        """
        commit = commit_checked_out(self.root)
        baseline = self.read()
        for each in runs:
            run = replace(each.run, commit=commit)
            baseline = append(baseline, each.key, each.fingerprint, run, anew=each.anew)
        self.write(baseline)
        return baseline

    def write(self, baseline: Baseline) -> None:
        """Replace the file's content with *baseline*.

        Raises:
            ReportError: the file cannot be written; one line says why.
        """
        self._file.write(render(baseline))

    @property
    def _file(self) -> WholeFile:
        return WholeFile(self.path, UPDATE_OPTION)


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
