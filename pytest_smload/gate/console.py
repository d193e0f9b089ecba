"""Writes to pytest's terminal while a load runs."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from pytest_smload.reports.text.live import before_load_line, live_line, plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_smload.conduct.load import LoadRequest
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.samples.progress import Progress

PLAIN_LINE_EVERY_S = 10.0
"""Where output is not a terminal, a load says how it goes this often."""


class Console:
    """One rewritten line on a terminal, plain lines elsewhere, nothing with ``-q`` or without a terminal reporter."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._live = False
        self._label: str | None = None
        self._next_plain_s = PLAIN_LINE_EVERY_S

    def announce(self, request: LoadRequest, endpoint: EndpointFacts, transport: str, reason: str) -> None:
        """Say where the load is about to go."""
        self._label = request.label
        self._next_plain_s = PLAIN_LINE_EVERY_S
        line = before_load_line(
            endpoint, request.target, transport=transport, transport_reason=reason, label=request.label
        )
        with self._reporter() as reporter:
            if reporter is not None:
                reporter.ensure_newline()
                reporter.write_line(line)

    def progress(self, progress: Progress) -> None:
        """Show how the load goes."""
        with self._reporter() as reporter:
            if reporter is None:
                return
            if reporter.isatty:
                self._live = True
                reporter.rewrite(live_line(progress), erase=True)
                reporter.flush()
            elif progress.elapsed_s >= self._next_plain_s:
                self._next_plain_s += PLAIN_LINE_EVERY_S
                reporter.write_line(plain_line(progress, self._label))

    def end_load(self) -> None:
        """Erase the live line."""
        if not self._live:
            return
        self._live = False
        with self._reporter() as reporter:
            if reporter is not None:
                reporter.rewrite("", erase=True)
                reporter.rewrite("")
                reporter.flush()

    @contextmanager
    def _reporter(self) -> Iterator[Any]:
        """pytest's terminal reporter with output capturing paused, or None."""
        plugins = self._config.pluginmanager
        reporter: Any = plugins.get_plugin("terminalreporter")
        if reporter is None or reporter.verbosity < 0:
            yield None
            return
        capture: Any = plugins.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            yield reporter
