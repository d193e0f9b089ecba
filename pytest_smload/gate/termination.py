"""Turns SIGTERM, from the first perf test on, into an orderly end of the run: what was measured is in its record."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_CODE = 128 + signal.SIGTERM
"""What a shell reports of a process that SIGTERM ended."""


class Termination:
    """Ends a load as Ctrl-C does, and the run with `EXIT_CODE`.

    A handler of somebody else's is left alone, and only the main thread can have one.
    """

    def __init__(self) -> None:
        self._came = self._loading = False
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._installed = in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        if self._installed:
            signal.signal(signal.SIGTERM, self._terminate)

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
        if self._came:
            raise pytest.exit.Exception("SIGTERM ended the run", returncode=EXIT_CODE)

    def close(self) -> None:
        """Handle the signal no more."""
        if self._installed:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _terminate(self, _number: int, _frame: object) -> None:
        self._came = True
        if self._loading:
            signal.raise_signal(signal.SIGINT)
        else:
            self.exit_if_asked()
