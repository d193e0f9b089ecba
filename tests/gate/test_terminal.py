"""pytest's terminal as loads show themselves on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smload.gate.terminal import PytestTerminal, is_alone


def terminal(*, alone: bool = True, isatty: bool = True, hasmarkup: bool = True) -> PytestTerminal:
    return PytestTerminal(SimpleNamespace(isatty=isatty, hasmarkup=hasmarkup), alone=alone)


@pytest.fixture(autouse=True)
def _size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.__stdout__", None)
    monkeypatch.setenv("COLUMNS", "33")
    monkeypatch.setenv("LINES", "50")
    monkeypatch.setenv("TERM", "xterm")


def test_its_size_is_what_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for with each drawing, and however narrow."""
    own = terminal()
    assert (own.columns, own.rows) == (33, 50)
    monkeypatch.setenv("COLUMNS", "20")
    assert own.columns == 20


def test_one_row_where_escapes_are_unwanted_or_others_write() -> None:
    """``--color=no`` and NO_COLOR; ``-s``."""
    assert terminal(hasmarkup=False).rows == 1
    assert terminal(alone=False).rows == 1


def test_nothing_is_rewritten_on_a_dumb_terminal_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain lines are for those."""
    assert terminal().rewrites
    assert not terminal(isatty=False).rewrites
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal().rewrites


@pytest.mark.parametrize(
    ("changes", "alone"),
    [
        ({}, True),
        ({"capture": "no"}, False),
        ({"capture": "sys"}, False),
        ({"log_cli": True}, False),
        ({"log_cli_level": "INFO"}, False),
    ],
)
def test_it_is_ours_alone_where_output_is_captured(changes: dict[str, Any], *, alone: bool) -> None:
    """What tests print, and logs shown live, would come between the lines that are drawn over."""
    said = {"capture": "fd", "log_cli": False, "log_cli_level": None} | changes
    config = SimpleNamespace(getoption=lambda name, default=None: said.get(name, default), getini=said.__getitem__)
    assert is_alone(config) == alone
