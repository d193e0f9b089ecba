"""The two clocks of the control plane: the log's, and the one that people and AWS read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """CLOCK_MONOTONIC with the wall clock it showed at the start.

    Args:
        monotonic: Gives the log's clock, in seconds.
        wall: Gives seconds since the epoch.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic = monotonic
        self._offset_s = wall() - monotonic()

    def now_s(self) -> float:
        """Return the log's clock, in seconds."""
        return self._monotonic()

    def epoch_s(self, monotonic_s: float | None = None) -> float:
        """Return what the wall clock shows at *monotonic_s*, or now, in seconds since the epoch."""
        return self._offset_s + (self._monotonic() if monotonic_s is None else monotonic_s)

    def monotonic_s(self, epoch_s: float) -> float:
        """Return what the log's clock shows at *epoch_s*, in seconds."""
        return epoch_s - self._offset_s

    def moment(self) -> datetime:
        """Return the wall clock, as answers show it: to the millisecond."""
        return moment(self.epoch_s())


def moment(epoch_s: float) -> datetime:
    """Return *epoch_s* as answers show it: to the millisecond, in UTC."""
    return datetime.fromtimestamp(round(epoch_s, 3), UTC)
