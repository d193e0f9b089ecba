"""Where windows may begin that are to begin together with a period of the wall clock's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

from pytest_smload.core.server.resolution import aligned_begin_s


@dataclass(slots=True)
class Grid:
    """The begins of periods, seen from the clock of the samples.

    Attributes:
        period_s: They are at its multiples, in seconds since 1970; None where a window may begin at any time.
        warmup_s: What comes before the window.
        epoch_s: What the samples' clock is short of the wall clock; known once the load runs.
        begin_s: When the warm-up begins, once that is decided.
        waits_s: How long it waits for that.
        agreed: Asks the other generators of the load when to begin, not before the moment it is given; None where there
            are none.
    """

    period_s: int | None
    warmup_s: float
    epoch_s: float = nan
    begin_s: float = 0.0
    waits_s: float = 0.0
    agreed: Callable[[float], float] | None = None

    def begin(self, earliest_s: float) -> float:
        """Return when the warm-up is to begin, not before *earliest_s*."""
        if self.agreed is not None:
            self.begin_s = self.agreed(earliest_s)
            self.waits_s = self.begin_s - earliest_s
            return self.begin_s
        self.begin_s = earliest_s
        if self.period_s is not None:
            self.begin_s = aligned_begin_s(earliest_s + self.epoch_s, self.warmup_s, self.period_s) - self.epoch_s
            self.waits_s = self.begin_s - earliest_s
        return self.begin_s
