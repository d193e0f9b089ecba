"""What must be finished is finished, whatever signal comes and whatever has become of the terminal."""

from __future__ import annotations

import signal

import pytest

from pytest_smload.conduct.shielded import shielded


def test_a_terminal_that_is_gone_does_not_end_what_is_shielded() -> None:
    """Writing to it fails, in the handler of the signal that took it away; the signal itself comes afterwards."""
    finished = []

    def gone() -> None:
        raise BrokenPipeError

    def work() -> None:
        with shielded(gone):
            signal.raise_signal(signal.SIGINT)
            finished.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()

    assert [True] == finished
