"""How many users and requests a load has at most: numbers that can be split over several generators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.load.stages import stage_spans, user_steps

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile


@dataclass(frozen=True, slots=True)
class Concurrency:
    """What bounds the requests of one load, or of one generator's part of it.

    Attributes:
        users: Concurrent users of a closed load, a number per step of `user_steps`, a single one without stages; empty
            in an open one.
        spawn_rate: Users a closed load starts per second at its begin; all at once where that is all of them. 0 in an
            open load.
        max_in_flight: Most requests under way at once.
        max_requests: Ends the load after so many requests; None without such a cap.
    """

    users: tuple[int, ...]
    spawn_rate: float
    max_in_flight: int
    max_requests: int | None

    @classmethod
    def of(cls, profile: LoadProfile) -> Concurrency:
        """Return the numbers of the whole load *profile*."""
        most = profile.most_in_flight
        if profile.open_model:
            return cls((), 0.0, most, profile.max_requests)
        users = tuple(users for _, users in user_steps(stage_spans(profile.stages))) or (profile.users or 0,)
        return cls(users, profile.spawn_rate or users[0], most, profile.max_requests)

    def part(self, index: int, parts: int) -> Concurrency:
        """Return generator *index*'s (from 0) numbers of *parts*; over all of them each sums to exactly the whole's.

        Counts differ by 1 at the most, the first generators having the larger ones. Spawn rates are in proportion to
        the users, so that all generators have started theirs at the same time.
        """
        if not 0 <= index < parts:
            raise ValueError(f"part {index} of {parts}: parts are numbered from 0 to {parts - 1}")
        return Concurrency(
            users=tuple(_part(count, index, parts) for count in self.users),
            spawn_rate=self._rate_before(index + 1, parts) - self._rate_before(index, parts),
            max_in_flight=_part(self.max_in_flight, index, parts),
            max_requests=None if self.max_requests is None else _part(self.max_requests, index, parts),
        )

    def _rate_before(self, index: int, parts: int) -> float:
        """Spawn rate of the generators before *index*: a multiple of its last binary digit, so that sums are exact."""
        if not self.users:
            return 0.0
        users, digit = self.users[0], math.ulp(self.spawn_rate)
        before = users // parts * index + min(index, users % parts)
        return int(self.spawn_rate / digit) * before // users * digit


def _part(count: int, index: int, parts: int) -> int:
    return count // parts + (index < count % parts)
