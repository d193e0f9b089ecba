"""pytest's terminal as loads show themselves on it."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import Any


class PytestTerminal:
    """The terminal reporter, with output capturing paused.

    Args:
        reporter: pytest's own.
        alone: Whether nobody else writes there while a test runs.
    """

    def __init__(self, reporter: Any, *, alone: bool) -> None:
        self._reporter = reporter
        self._alone = alone

    @property
    def rewrites(self) -> bool:
        """Whether a line can be written over."""
        return bool(self._reporter.isatty) and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int:
        """Its width as it is now."""
        return _size().columns

    @property
    def rows(self) -> int:
        """Its height as it is now; 1 where escape sequences are unwanted (``--color=no``, ``NO_COLOR``), or where
        others write as well."""
        return _size().lines if self._alone and self._reporter.hasmarkup else 1

    def ensure_newline(self) -> None:
        """End a line that has begun."""
        self._reporter.ensure_newline()

    def write_line(self, line: str, /) -> None:
        """Write a line of its own."""
        self._reporter.write_line(line)

    def write(self, text: str, /) -> None:
        """Write *text* as it is."""
        # What moves the cursor has no width, and pytest places its percentage by the width of all that it wrote. Before
        # pytest 9 there is no writing past that.
        getattr(self._reporter, "write_raw", self._reporter.write)(text)

    def flush(self) -> None:
        """Show what was written."""
        self._reporter.flush()


def is_alone(config: Any) -> bool:
    """Whether nobody else writes on the terminal while a test runs: output is captured, and no log is shown live."""
    if config.getoption("capture", "no") != "fd":
        return False
    return not config.getini("log_cli") and config.getoption("log_cli_level", None) is None


def _size() -> os.terminal_size:
    """The terminal's own size, or a smaller one that the environment asks for."""
    asked = shutil.get_terminal_size()
    with suppress(OSError, ValueError, AttributeError):
        own = os.get_terminal_size(sys.__stdout__.fileno())  # type: ignore[union-attr]
        if own.columns and own.lines:
            return os.terminal_size((min(own.columns, asked.columns), min(own.lines, asked.lines)))
    return asked
