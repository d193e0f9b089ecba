"""SIGTERM ends a run in order, whoever started it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_smload.gate.termination import Termination


@pytest.fixture
def termination() -> Iterator[Termination]:
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    made = Termination()
    yield made
    made.close()
    for number, handler in usual.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("ctrl_c", [signal.SIG_IGN, signal.default_int_handler], ids=["ignored", "heard"])
def test_it_ends_a_load_whether_ctrl_c_is_heard_or_not(termination: Termination, ctrl_c: Any) -> None:
    """A script's background job ignores SIGINT, by which a load is ended; the exit code is that of the signal."""
    signal.signal(signal.SIGINT, ctrl_c)
    with pytest.raises(pytest.exit.Exception, match="SIGTERM ended the run") as ended, termination.loading():
        signal.raise_signal(signal.SIGTERM)
    assert 143 == ended.value.returncode


def test_a_load_that_counts_ctrl_c_is_told_so(termination: Termination) -> None:
    """It ends by itself and keeps its record; what was asked for is known afterwards."""
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    with termination.loading():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.SIGINT] == heard
    with pytest.raises(pytest.exit.Exception):
        termination.exit_if_asked()
