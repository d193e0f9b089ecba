"""Commit and branch of a run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_smload.gate import checkout
from pytest_smload.gate.checkout import checkout_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the CI server that runs these tests say nothing of theirs."""
    for name in (*checkout._COMMITS, *checkout._BRANCHES):
        monkeypatch.delenv(name, raising=False)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True, timeout=30
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    return tmp_path


def test_a_branch_that_is_checked_out(repository: Path) -> None:
    """git's own answer, whatever a CI server says."""
    assert (git(repository, "rev-parse", "HEAD"), "main") == checkout_of(repository)


def test_a_ci_checkout_is_on_no_branch(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's variable names it; of a pull request, the branch it comes from."""
    git(repository, "checkout", "-q", "--detach")
    assert checkout_of(repository).branch is None
    monkeypatch.setenv("GITHUB_REF_NAME", "7/merge")
    monkeypatch.setenv("GITHUB_HEAD_REF", "faster")
    assert (git(repository, "rev-parse", "HEAD"), "faster") == checkout_of(repository)


def test_without_a_repository_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither outside a repository nor without git."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert (None, None) == checkout_of(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert (None, None) == checkout_of(tmp_path)
