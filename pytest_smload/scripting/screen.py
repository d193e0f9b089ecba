"""Where a script's loads are shown while they run: the standard error stream."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.redrawn import Terminal


class _Screen:
    """Standard error as `pytest_smload.console.Console` writes to it."""

    @property
    def rewrites(self) -> bool:
        """Whether a line can be written over."""
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int:
        """Its width as it is now."""
        asked = shutil.get_terminal_size().columns
        with suppress(OSError, ValueError):
            return min(asked, os.get_terminal_size(sys.stderr.fileno()).columns or asked)
        return asked

    @property
    def rows(self) -> int:
        """One line is redrawn: the script may print as well."""
        return 1

    def ensure_newline(self) -> None:
        """Every line is ended when it is written."""

    def write_line(self, line: str, /) -> None:
        """Write a line of its own."""
        print(line, file=sys.stderr)  # noqa: T201 - a script's own screen

    def write(self, text: str, /) -> None:
        """Write *text* as it is."""
        sys.stderr.write(text)

    def flush(self) -> None:
        """Show what was written."""
        sys.stderr.flush()


def screen(*, quiet: bool) -> Callable[[], AbstractContextManager[Terminal | None]]:
    """Return what opens the screen for one message; nothing is shown where it is *quiet*."""
    own = None if quiet else _Screen()
    return lambda: nullcontext(own)
