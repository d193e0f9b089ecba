"""Says which part of a load one of several generators sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.load.concurrency import Concurrency
from pytest_smload.core.load.schedule import Schedule

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.request.invocation import Payload

_SEEDS_APART = 1 << 160
"""Beyond every seed a user can give: no generator's sequence is another load's."""
Rows = tuple[tuple["Payload", ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Generator *index* (from 0) of *parts* that send one load together.

    Attributes:
        index: Its number; 0 primes for all.
        parts: How many there are.
    """

    index: int = 0
    parts: int = 1

    @property
    def primes(self) -> bool:
        """Whether it is the one that primes."""
        return self.index == 0

    def concurrency(self, profile: LoadProfile) -> Concurrency:
        """Return its users, requests in flight and most requests, of those *profile* asks for."""
        return Concurrency.of(profile).part(self.index, self.parts)

    def share(self, count: int) -> int:
        """Return its share of *count*; over all generators they sum to exactly that."""
        return count // self.parts + (self.index < count % self.parts)

    def schedule(self, whole: Schedule) -> Schedule:
        """Return what it sends of the schedule *whole*."""
        return whole if self.parts == 1 else whole.part(self.index, self.parts)

    def seed(self, seed: int) -> int:
        """Return the seed of its own sequence of models (closed load): generators in step would all ask for one model
        at a time."""
        return seed + self.index * _SEEDS_APART

    def rows(self, whole: Schedule, rows: Rows) -> Rows:
        """Return the payloads of its arrivals of the schedule *whole*, per route in the order they are sent.

        In one process a route's requests take its *rows* in turn; each arrival has the very payload it has there.
        """
        if self.parts == 1 or all(len(each) == 1 for each in rows):
            return rows
        import numpy as np

        own: list[tuple[Payload, ...]] = []
        for route, payloads in enumerate(rows):
            places = np.flatnonzero(whole.models == route)
            turns = np.flatnonzero(places % self.parts == self.index)
            taken = tuple(payloads[turn % len(payloads)] for turn in turns.tolist()) if len(payloads) > 1 else payloads
            own.append(taken or payloads)
        return tuple(own)

    def first_rows(self, rows: Rows) -> list[int]:
        """Return which of its *rows* each route begins with in a closed load: generators begin apart."""
        return [self.index * len(payloads) // self.parts for payloads in rows]


WHOLE = Part()


def split_problems(profile: LoadProfile, parts: int) -> list[str]:
    """Return why the load *profile* cannot be split over *parts* generators, a sentence each."""
    whole = Concurrency.of(profile)
    problems = []
    for what, most in (
        ("users", min(whole.users, default=parts)),
        ("max_in_flight", whole.max_in_flight if profile.open_model else parts),
        ("max_requests", parts if whole.max_requests is None else whole.max_requests),
    ):
        if most < parts:
            problems.append(
                f"{what}: {most:,} cannot be split over {parts} processes; each needs 1 at least: ask for "
                f"{most:,} process{'es' if most > 1 else ''} or fewer"
            )
    if profile.max_duration is not None:
        problems.append(
            "max_duration: a load of several processes cannot be looked at while it runs, and so not go on; leave it "
            "out and give the load the duration it needs"
        )
    return problems
