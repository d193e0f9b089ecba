"""Keeps signals from what must be finished, and delivers them once it is."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
"""Ctrl-C, an end that is asked for, a terminal that is closed, a test's timeout."""
_PATIENT = 2
"""Signals that are held back; one more raises wherever that is."""


@contextmanager
def shielded(on_first: Callable[[], object]) -> Iterator[None]:
    """Hold back `SIGNALS` while this is entered, then let each that came do what it does.

    Only the main thread hears signals. A handler that Python does not know is left alone.

    Args:
        on_first: Called when the first comes, from its handler.

    Raises:
        KeyboardInterrupt: they came more often than a patient user sends them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def hold(number: int, _frame: object) -> None:
        came.append(number)
        if len(came) == 1:
            # Where the signal came in the middle of a line being written, or of a terminal that is gone, none can be.
            with suppress(RuntimeError, OSError):
                on_first()
        if len(came) > _PATIENT:
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in before.items() if handler is not None}
    try:
        for number in before:
            signal.signal(number, hold)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        # SIGTERM first: what it raises is the end that was asked for, whatever came besides.
        for each in sorted(set(came), reverse=True):
            signal.raise_signal(each)
