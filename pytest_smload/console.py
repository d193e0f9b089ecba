"""Says on a terminal how a load goes while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_smload.reports.text.live import before_load_line, hosting_line, live_line, plain_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_smload.conduct.preflight import Inspection
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.samples.progress import Progress

PLAIN_LINE_EVERY_S = 10.0
"""Where output is not a terminal, a load says how it goes this often."""


class Terminal(Protocol):
    """Where lines go, as pytest's terminal reporter takes them."""

    @property
    def isatty(self) -> bool:
        """Whether a line can be rewritten."""

    def ensure_newline(self) -> None:
        """End a line that has begun."""

    def write_line(self, line: str, /) -> None:
        """Write a line of its own."""

    def rewrite(self, line: str, /, *, erase: bool = False) -> None:
        """Write over the line, and with *erase* over the rest of a longer one."""

    def flush(self) -> None:
        """Show what was written."""


class Console:
    """One rewritten line on a terminal, plain lines elsewhere, nothing where there is no terminal to write to.

    Args:
        terminal: Opens the terminal for one message, or gives None.
    """

    def __init__(self, terminal: Callable[[], AbstractContextManager[Terminal | None]]) -> None:
        self._terminal = terminal
        self._live = False
        self._label: str | None = None
        self._next_plain_s = PLAIN_LINE_EVERY_S
        self._announced: set[str] = set()

    def announce(
        self, request: LoadRequest, endpoint: EndpointFacts, transport: str, reason: str, inspection: Inspection
    ) -> None:
        """Say where the load is about to go, and what hosts it, where none went there before."""
        self.end_load()
        self._label = request.label
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

    def progress(self, progress: Progress) -> None:
        """Show how the load goes."""
        with self._terminal() as terminal:
            if terminal is None:
                return
            if terminal.isatty:
                self._live = True
                terminal.rewrite(live_line(progress), erase=True)
                terminal.flush()
            elif progress.elapsed_s >= self._next_plain_s:
                self._next_plain_s += PLAIN_LINE_EVERY_S
                terminal.write_line(plain_line(progress, self._label))

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
            if terminal.isatty:
                self._live = True
                terminal.rewrite(line, erase=True)
                terminal.flush()
            else:
                terminal.write_line(line)

    def end_load(self) -> None:
        """Erase the live line."""
        if not self._live:
            return
        self._live = False
        with self._terminal() as terminal:
            if terminal is not None:
                terminal.rewrite("", erase=True)
                terminal.rewrite("")
                terminal.flush()
