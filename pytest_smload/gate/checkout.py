"""Says which commit and branch of a repository a run was of, where that can be known."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_COMMITS: Final = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT")
_BRANCHES: Final = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "GIT_BRANCH",
)
"""Variables of CI servers, whose checkouts are on no branch: GitHub (of pull requests first), GitLab, Buildkite, ..."""
_GIT_TIMEOUT_S = 5


class Checkout(NamedTuple):
    """What was checked out; None where it is not known."""

    commit: str | None
    branch: str | None


def checkout_of(folder: Path) -> Checkout:
    """Return what *folder* is checked out at: git's own answer, the CI server's where git has none."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    branch = _git(folder, "symbolic-ref", "--short", "-q", "HEAD") if commit is not None else None
    return Checkout(commit or _variable(_COMMITS), branch or _variable(_BRANCHES))


def _git(folder: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - git itself, with arguments of ours
            [git, "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _variable(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
