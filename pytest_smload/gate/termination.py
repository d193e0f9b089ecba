"""Turns SIGTERM and SIGHUP, from the first perf test on, into an orderly end of the run: what was measured is kept."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
"""What ends a run from outside: a job that is cancelled, a terminal that is closed."""
_ENDED_BY = 128
"""What a shell reports of a process that a signal ended, but for the signal's number."""


class Termination:
    """Ends a load as Ctrl-C does, and the run with the exit code of a process that the signal ended.

    A handler of somebody else's is left alone, and only the main thread can have one.
    """

    def __init__(self) -> None:
        self._came: signal.Signals | None = None
        self._loading = False
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._installed = [each for each in SIGNALS if in_main_thread and signal.getsignal(each) is signal.SIG_DFL]
        for each in self._installed:
            signal.signal(each, self._terminate)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Let a signal end the load that runs while this is entered, instead of raising in the middle of it.

        Raises:
            pytest.exit.Exception: It came and cut the load's judgement short.
        """
        self._loading = True
        try:
            yield
        except KeyboardInterrupt:
            self.exit_if_asked()
            raise
        finally:
            self._loading = False

    def exit_if_asked(self) -> None:
        """Raise what ends the run, where the signal has come.

        Raises:
            pytest.exit.Exception: It has.
        """
        if self._came is not None:
            raise pytest.exit.Exception(f"{self._came.name} ended the run", returncode=_ENDED_BY + self._came)

    def close(self) -> None:
        """Handle the signals no more."""
        for each in self._installed:
            signal.signal(each, signal.SIG_DFL)

    def _terminate(self, number: int, _frame: object) -> None:
        self._came = signal.Signals(number)
        if not self._loading:
            self.exit_if_asked()
        elif signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A job in the background of a script hears no Ctrl-C, but is to end when it is asked to.
            raise KeyboardInterrupt
        else:
            signal.raise_signal(signal.SIGINT)
