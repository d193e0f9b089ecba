"""Says on a terminal how a load goes while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.redrawn import Redrawn
from pytest_smload.reports.text.before_load import before_load_line, hosting_line
from pytest_smload.reports.text.columns import cut
from pytest_smload.reports.text.live import live_lines, plain_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_smload.conduct.preflight import Inspection
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.live.view import LiveView
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.redrawn import Terminal

PLAIN_LINE_EVERY_S = 10.0
"""Where output is not a terminal, a load says how it goes this often."""


class Console:
    """A few redrawn lines on a terminal, plain lines elsewhere, nothing where there is no terminal to write to.

    Args:
        terminal: Opens the terminal for one message, or gives None.
    """

    def __init__(self, terminal: Callable[[], AbstractContextManager[Terminal | None]]) -> None:
        self._terminal = terminal
        self._drawn = Redrawn()
        self._next_plain_s = PLAIN_LINE_EVERY_S
        self._last_s = 0.0
        self._announced: set[str] = set()

    def announce(
        self, request: LoadRequest, endpoint: EndpointFacts, transport: str, reason: str, inspection: Inspection
    ) -> None:
        """Say where the load is about to go, and what hosts it, where none went there before."""
        self.end_load()
        self._next_plain_s = PLAIN_LINE_EVERY_S
        line = before_load_line(endpoint, request.target, transport=transport, transport_reason=reason)
        if line in self._announced:
            return
        self._announced.add(line)
        with self._terminal() as terminal:
            if terminal is not None:
                terminal.ensure_newline()
                terminal.write_line(line)
                if inspection.hosting is not None:
                    terminal.write_line(hosting_line(endpoint, inspection.hosting, inspection.identity))

    def progress(self, view: LiveView) -> None:
        """Show how the load goes."""
        elapsed_s = view.progress.elapsed_s
        if elapsed_s < self._last_s:
            # Another load, or another run of the same.
            self._next_plain_s = PLAIN_LINE_EVERY_S
        self._last_s = elapsed_s
        with self._terminal() as terminal:
            if terminal is None:
                return
            if terminal.rewrites:
                self._drawn.draw(terminal, live_lines(view, columns=terminal.columns, rows=terminal.rows))
            elif elapsed_s >= self._next_plain_s:
                self._next_plain_s += PLAIN_LINE_EVERY_S
                terminal.write_line(plain_line(view))

    def tell(self, line: str) -> None:
        """Write a line that stays."""
        self.end_load()
        with self._terminal() as terminal:
            if terminal is not None:
                terminal.ensure_newline()
                terminal.write_line(line)

    def waiting(self, line: str) -> None:
        """Show what is waited for, before the load or once it has ended."""
        with self._terminal() as terminal:
            if terminal is None:
                return
            if terminal.rewrites:
                self._drawn.draw(terminal, [cut(line, max(1, terminal.columns - 1))])
            else:
                terminal.write_line(line)

    def end_load(self) -> None:
        """Erase what is drawn."""
        if not self._drawn.is_there:
            return
        with self._terminal() as terminal:
            if terminal is not None:
                self._drawn.erase(terminal)
