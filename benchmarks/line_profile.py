"""Samples which lines of Python burn CPU, in all greenlets of this thread, with a timer that counts CPU time."""

from __future__ import annotations

import linecache
import signal
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_PERIOD_S = 0.001
"""Asked for; most kernels' timers are coarser."""
_LINES = 25


class LineProfile:
    """Counts samples per line; what C code does is counted for the line that called it, or the next one to run."""

    def __init__(self) -> None:
        self._lines: dict[str, Counter[tuple[str, int, str]]] = {}
        self._current: Counter[tuple[str, int, str]] = Counter()

    @contextmanager
    def taken(self, title: str) -> Iterator[None]:
        """Sample while the block runs."""
        self._current = self._lines.setdefault(title, Counter())
        before = signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _PERIOD_S, _PERIOD_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def print_report(self) -> None:
        """Print the costliest lines of every block."""
        for title, lines in self._lines.items():
            total = sum(lines.values())
            print(f"\n{title}: shares of {total:,} samples")
            for (path, number, function), count in lines.most_common(_LINES):
                place = f"{Path(path).name}:{number} {function}"
                print(f"  {count / total:6.1%}  {place:<38}  {linecache.getline(path, number).strip()[:80]}")

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            self._current[frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name] += 1
