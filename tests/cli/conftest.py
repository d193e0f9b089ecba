"""Runs ``smload`` in this process, on reports in a folder of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from pytest_smload.cli.command_line import main

if TYPE_CHECKING:
    from pathlib import Path


class Answer(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str


class Smload(Protocol):
    """Runs ``smload`` with these arguments."""

    def __call__(self, *arguments: str | Path) -> Answer: ...


@pytest.fixture
def smload(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Smload:
    """The command line, its output wide enough that no line is broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "180")

    def run(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        return Answer(code, *capsys.readouterr())

    return run
