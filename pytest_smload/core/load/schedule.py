"""Lays out an open load ahead of it: when each request is due, and which model it goes to."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytest_smload.core.load.arrivals import rampup_arrivals, staged_arrivals, window_arrivals
from pytest_smload.core.load.traffic import shuffled_schedule, smooth_schedule
from pytest_smload.core.statistics.columns import Floats

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile

WARMUP_SEED = 1 << 32
"""Added to the seed for the warm-up, so that its sequence of models and the window's differ."""


@dataclass(frozen=True, slots=True)
class WindowEnd:
    """Where the window may end.

    Attributes:
        offset_s: From the window's start.
        arrivals: How many of the schedule, warm-up included, are due before.
    """

    offset_s: float
    arrivals: int


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The arrivals of an open load, warm-up first, a row each.

    Attributes:
        offsets_s: When each is due, in seconds from the load's begin, ascending.
        models: Route index of each.
        warmup_count: How many of them are warm-up, the first ones.
        warmup_s: When the window starts, from the load's begin.
        ends: Where the window may end, ascending, at least one: models have their exact counts in each stretch between
            two of them. The last is earlier than asked for where a cap on requests ends the load.
    """

    offsets_s: Floats
    models: NDArray[np.uint16]
    warmup_count: int
    warmup_s: float
    ends: tuple[WindowEnd, ...]

    @classmethod
    def of(cls, profile: LoadProfile, shares: Sequence[float], *, most: int | None = None) -> Schedule:
        """Return the schedule of the open load *profile* over routes with *shares* of its traffic.

        Of *most* requests at the most: cut there, the window ends when the first arrival cut off would have been due,
        and the counts per model are exact over what is left, warm-up and window each.

        Raises:
            ConfigurationError: more arrivals or more models than a schedule can hold.
        """
        first_tps = profile.stages[0].tps if profile.stages else profile.tps
        assert first_tps is not None  # noqa: S101 - an open profile has tps or stages of tps
        warmup_seed = profile.seed + WARMUP_SEED
        warmup = rampup_arrivals(first_tps, profile.warmup_s, profile.arrivals, warmup_seed)[:most]
        offsets_s, models, ends = [warmup], [_models(profile, shares, len(warmup), warmup_seed)], []
        count = len(warmup)
        for stretch, (begin_s, end_s) in enumerate(pairwise((0.0, *profile.window_ends_s))):
            seed = profile.seed + stretch
            if profile.stages is not None:
                window = staged_arrivals(profile.stages, profile.arrivals, seed)
            else:
                window = begin_s + window_arrivals(first_tps, end_s - begin_s, profile.arrivals, seed)
            left = len(window) if most is None else most - count
            offsets_s.append(profile.warmup_s + window[:left])
            models.append(_models(profile, shares, len(offsets_s[-1]), seed))
            count += len(offsets_s[-1])
            ends.append(WindowEnd(end_s if left >= len(window) else float(window[left]), count))
            if count == most:
                break
        return cls(np.concatenate(offsets_s), np.concatenate(models), len(warmup), profile.warmup_s, tuple(ends))

    def __len__(self) -> int:
        return len(self.offsets_s)

    def part(self, index: int, parts: int) -> Schedule:
        """Return what generator *index* (from 0) of *parts* sends: every *parts*-th arrival, the window as it is.

        The parts of a schedule are exactly the whole. Cap it before: a cut part would cut none of the others.
        """
        if not 0 <= index < parts:
            raise ValueError(f"part {index} of {parts}: parts are numbered from 0 to {parts - 1}")
        return Schedule(
            self.offsets_s[index::parts].copy(),
            self.models[index::parts].copy(),
            len(range(index, self.warmup_count, parts)),
            self.warmup_s,
            tuple(WindowEnd(end.offset_s, len(range(index, end.arrivals, parts))) for end in self.ends),
        )

    def due(self, begin_s: float) -> array[float]:
        """Return when each arrival is due on the clock on which the load begins at *begin_s*, for use one by one."""
        return _plain(self.offsets_s + begin_s)

    def routes(self) -> array[int]:
        """Return the route index of each arrival, for use one by one."""
        return _plain(self.models)


def _models(profile: LoadProfile, shares: Sequence[float], count: int, seed: int) -> NDArray[np.uint16]:
    return smooth_schedule(shares, count) if profile.order == "smooth" else shuffled_schedule(shares, count, seed)


def _plain(values: NDArray[Any]) -> array[Any]:
    # An element of a NumPy array costs several times as much to look up, on the path of every request.
    column = array(values.dtype.char)
    column.frombytes(values.tobytes())
    return column
