"""Counts Ctrl-C while a load runs or is judged, instead of letting it raise wherever that is."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_PATIENT_PRESSES = 2


class Interrupts:
    """What Ctrl-C asks of a load: to end, and the second time, not to wait for the requests under way.

    Args:
        on_first: Called from the signal's handler.

    Attributes:
        count: How often it was pressed.
    """

    def __init__(self, on_first: Callable[[], object]) -> None:
        self.count = 0
        self._on_first = on_first

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count while this is entered; a third is left to whoever handled the signal before. Only the main thread hears
        signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)
        if isinstance(before, HeldBack) and before.count:
            self.count = before.count
            self._on_first()

        def interrupt(_number: int, _frame: object) -> None:
            self.count += 1
            if self.count == 1:
                self._on_first()
            else:
                signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class HeldBack:
    """A handler of Ctrl-C that only counts, until the third time: what is being done is short, and not to be lost.

    Attributes:
        count: How often it was pressed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._patience = _PATIENT_PRESSES

    def __call__(self, _number: int, _frame: object) -> None:
        self.count += 1
        if self.count > self._patience:
            raise KeyboardInterrupt

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Let the first press end what is done meanwhile: it may take long, and what was measured is safe."""
        self._patience = 0
        try:
            yield
        except KeyboardInterrupt:
            if not self.count:
                raise
        finally:
            self._patience = _PATIENT_PRESSES


def is_pressed() -> bool:
    """Whether Ctrl-C was pressed and is held back: what only waits, with nothing to lose, need not."""
    handler = signal.getsignal(signal.SIGINT)
    return isinstance(handler, HeldBack) and handler.count > 0


@contextmanager
def held_back() -> Iterator[HeldBack]:
    """Hold Ctrl-C back while this is entered, save from loads, which count it; the caller asks whether it came."""
    handler = HeldBack()
    if threading.current_thread() is not threading.main_thread():
        yield handler
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield handler
    finally:
        signal.signal(signal.SIGINT, before)
