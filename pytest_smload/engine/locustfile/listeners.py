"""Hears what listeners of a locustfile raise, which Locust only logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTENER_RAISED = "Uncaught exception in "


class ListenersRaised(logging.Handler):
    """Calls *hear* with a sentence for each exception of a listener."""

    def __init__(self, hear: Callable[[str], object]) -> None:
        super().__init__(logging.ERROR)
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(_LISTENER_RAISED):
            last = record.getMessage().strip().rsplit("\n", 1)[-1]
            place = str(record.msg).removeprefix(_LISTENER_RAISED).partition(":")[0]
            self._hear(f"{place} of the locustfile raised {last}")
