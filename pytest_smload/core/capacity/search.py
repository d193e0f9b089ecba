"""Chooses the rates a capacity search probes: half as much again until one is not kept, then bisection to 5 %.

Source of the rules: what LoadGen's FindPeakPerformance and AIPerf do, with verdicts that take chance into account. A
single noisy probe overstates capacity; one that must be proven kept does so rarely. A single probe that something else
disturbed (a pause, models not loaded yet) understates it; so both ends of the bracket are looked at twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.capacity.level import LevelVerdict, Purpose

GROWTH = 1.5
"""Factor from one rate to the next, up and down, until there is a bracket."""
PRECISION = 1.05
"""The bracket is narrow enough where its ends are within this factor."""
MOST_PROBES = 40
MOST_RECHECKS = 3
"""Rates that were not kept are probed once more when the rate below them is confirmed, or none is left to try; so many
at most."""
MOST_REPEATS = 3
"""A probe that cannot be trusted is made once more, so many in all: a client may be disturbed for a moment."""
CONTRADICTION = 1.2
"""A rate that is broken after one so many times as high was kept: by chance neither happens, the endpoint changed."""
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """A rate to probe, and why."""

    tps: float
    purpose: Purpose


class CapacitySearch:
    """Is told what each probe came to, and says which is next.

    Attributes:
        kept_tps: The highest rate kept below all that are not; 0 without one.
        not_kept_tps: The lowest rate not kept above it; None without one.
        ended: Whether it is over before its time: a probe was not to be trusted, or contradicts another.
        contradiction: The rate that is broken, and the higher one that had been kept, which ended it; else None.
    """

    def __init__(
        self,
        start_tps: float,
        *,
        least_tps: float,
        most_tps: float | None = None,
        asked_tps: float | None = None,
    ) -> None:
        """Begin at *start_tps*.

        Args:
            start_tps: The first rate.
            least_tps: Below this a probe has too few requests to prove anything.
            most_tps: What must not be exceeded, or None.
            asked_tps: A rate whose answer is wanted, or None: it is probed where the bracket leaves it open.
        """
        self.kept_tps = 0.0
        self.not_kept_tps: float | None = None
        self.contradiction: tuple[float, float] | None = None
        self._confirmed: set[float] = set()
        self._least, self._most, self._asked = least_tps, most_tps, asked_tps
        self._start = min(start_tps, most_tps) if most_tps is not None else start_tps
        self._kept: list[float] = []
        self._not_kept: dict[float, LevelVerdict] = {}
        self._rechecked: set[float] = set()
        self._repeated: list[Probe] = []
        self._again: Probe | None = None
        self._probes = 0
        self.ended = False

    @property
    def confirmed(self) -> bool:
        """Whether a run of its own has confirmed *kept_tps*."""
        return self.kept_tps in self._confirmed

    @property
    def spent(self) -> bool:
        """Whether it has made as many probes as it may, and the answer is not what it would have been."""
        return self._probes >= MOST_PROBES and self._wanted() is not None

    @property
    def at_most_allowed(self) -> bool:
        """Whether the answer is the highest rate that may be asked for, and the endpoint may carry more."""
        return self._most is not None and self.not_kept_tps is None and self.kept_tps >= self._most

    def next(self) -> Probe | None:
        """Return what to probe, None where there is nothing left to find out."""
        if self._probes >= MOST_PROBES:
            return None
        return self._wanted() if self._again is None else self._again

    def _wanted(self) -> Probe | None:
        low, high = self.kept_tps, self.not_kept_tps
        if self.ended or self.confirmed:
            doubtful = not self.ended and high is not None and self._is_doubtful(high)
            return Probe(high, "recheck") if high is not None and doubtful else None
        if high is None:
            return self._upwards(low)
        return self._between(low, high) if low else self._downwards(high)

    def _between(self, low: float, high: float) -> Probe:
        if self._asked is not None and low < self._asked < high:
            return Probe(self._asked, "bisect")
        if high / low <= PRECISION:
            return Probe(low, "confirm")
        return Probe(rounded(sqrt(low * high)), "bisect")

    def end(self) -> None:
        """End it where it stands."""
        self.ended, self._again = True, None

    def heard(self, probe: Probe, verdict: LevelVerdict) -> None:
        """Take note of what *probe* came to; one that cannot be trusted twice ends the search where it stands."""
        self._probes += 1
        self._again = None
        if verdict == "invalid" and probe not in self._repeated and len(self._repeated) < MOST_REPEATS:
            self._repeated.append(probe)
            self._again = probe
            return
        if probe.purpose == "recheck":
            self._rechecked.add(probe.tps)
        if verdict == "invalid":
            # Rechecked or not, the answer was confirmed.
            self.ended = True
        elif verdict == "kept":
            self._kept.append(probe.tps)
            self._not_kept.pop(probe.tps, None)
        else:
            self._not_kept[probe.tps] = verdict
        higher = [tps for tps in self._kept if tps >= CONTRADICTION * probe.tps]
        if verdict == "broken" and higher:
            self.ended, self.contradiction = True, (probe.tps, max(higher))
        if probe.purpose == "confirm" and verdict == "kept":
            self._confirmed.add(probe.tps)
        self.not_kept_tps = high = min(self._not_kept, default=None)
        # A rate whose confirmation fails was kept by chance, and so may have been those above it.
        self.kept_tps = max((tps for tps in self._kept if high is None or tps < high), default=0.0)

    def _is_doubtful(self, tps: float) -> bool:
        """Whether *tps* was seen not to be kept once only: an unlucky probe must not be the last word."""
        return tps not in self._rechecked and len(self._rechecked) < MOST_RECHECKS

    def _upwards(self, low: float) -> Probe | None:
        if not low:
            return Probe(self._start, "up")
        if self._most is not None and low >= self._most:
            return Probe(low, "confirm")
        higher = rounded(low * GROWTH)
        return Probe(min(higher, self._most) if self._most is not None else higher, "up")

    def _downwards(self, high: float) -> Probe | None:
        lower = rounded(high / GROWTH)
        if lower >= self._least:
            return Probe(lower, "down")
        if high > self._least * PRECISION:
            return Probe(self._least, "down")
        # As low as can be judged is what was not kept.
        return Probe(high, "recheck") if self._is_doubtful(high) else None


def rounded(tps: float) -> float:
    """Return *tps* to three significant digits: rates people can read, finer than the precision."""
    return round(tps, _DIGITS - 1 - int(log10(tps) // 1))
