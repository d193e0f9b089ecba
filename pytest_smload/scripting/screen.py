"""Where a script's loads are shown while they run: the standard error stream."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.console import Terminal


class _Screen:
    """Standard error as `pytest_smload.console.Console` writes to it."""

    def __init__(self) -> None:
        self._shown = 0

    @property
    def isatty(self) -> bool:
        """Whether a line can be rewritten."""
        return sys.stderr.isatty()

    def ensure_newline(self) -> None:
        """Every line is ended when it is written."""

    def write_line(self, line: str, /) -> None:
        """Write a line of its own."""
        print(line, file=sys.stderr)  # noqa: T201 - a script's own screen
        self._shown = 0

    def rewrite(self, line: str, /, *, erase: bool = False) -> None:
        """Write over the line, and with *erase* over the rest of a longer one."""
        rest = " " * max(0, self._shown - len(line)) if erase else ""
        sys.stderr.write(f"\r{line}{rest}")
        self._shown = len(line)

    def flush(self) -> None:
        """Show what was written."""
        sys.stderr.flush()


def screen(*, quiet: bool) -> Callable[[], AbstractContextManager[Terminal | None]]:
    """Return what opens the screen for one message; nothing is shown where it is *quiet*."""
    own = None if quiet else _Screen()
    return lambda: nullcontext(own)
