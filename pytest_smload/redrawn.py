"""Lines at the end of a terminal that are drawn over, and erased in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_smload.reports.text.columns import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class Terminal(Protocol):
    """Where lines go."""

    @property
    def rewrites(self) -> bool:
        """Whether a line can be written over: it is a terminal, and not a dumb one."""

    @property
    def columns(self) -> int:
        """Its width as it is now."""

    @property
    def rows(self) -> int:
        """Its height as it is now; 1 where the cursor must not be moved up, for nobody else may write meanwhile."""

    def ensure_newline(self) -> None:
        """End a line that has begun."""

    def write_line(self, line: str, /) -> None:
        """Write a line of its own."""

    def write(self, text: str, /) -> None:
        """Write *text* as it is."""

    def flush(self) -> None:
        """Show what was written."""


class Redrawn:
    """The lines drawn last, over which others are drawn; one line is moved over by ``\\r`` and spaces alone."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._columns = 0

    @property
    def is_there(self) -> bool:
        """Whether anything is drawn."""
        return bool(self._lines)

    def draw(self, terminal: Terminal, lines: Sequence[str]) -> None:
        """Show *lines* in place of those drawn before."""
        if not self._lines:
            terminal.ensure_newline()
        terminal.write(f"{self._to_begin(terminal)}{self._over(lines)}")
        terminal.flush()
        self._lines, self._columns = list(lines), terminal.columns

    def erase(self, terminal: Terminal) -> None:
        """Leave nothing of them, the cursor where they began."""
        if self._lines:
            terminal.write(f"{self._to_begin(terminal)}{self._over([''])}\r")
            terminal.flush()
            self._lines = []

    def _to_begin(self, terminal: Terminal) -> str:
        """What moves the cursor to where the lines begin, and clears them where that takes more than spaces."""
        if len(self._lines) < 2:
            return "\r"
        if terminal.columns < self._columns:
            # They may have been wrapped anew, and take more rows than they did: rather leave them than erase others'.
            return "\r\x1b[J\n"
        return f"\r\x1b[{len(self._lines) - 1}A\x1b[J"

    def _over(self, lines: Sequence[str]) -> str:
        """The text of *lines*, over one that is longer with spaces behind."""
        if len(self._lines) != 1:
            return "\n".join(lines)
        rest = columns_of(self._lines[0]) - columns_of(lines[0])
        return "\n".join([lines[0] + " " * max(0, rest), *lines[1:]])
