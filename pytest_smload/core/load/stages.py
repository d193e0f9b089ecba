"""Stretches of a load whose rate or number of users changes over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_smload.core.units import parse_duration_s

STEPS_PER_S = 10
"""Times a second, at most, at which a closed load changes its number of users on a slope."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a load whose rate changes over time.

    Attributes:
        duration: How long it lasts, ``"30s"``.
        users: Concurrent users (closed loop).
        tps: Requests per second (open loop).
        name: What reports and limits call it; its number, from ``"1"``, where none is given.
        to: The users or requests per second it ends with, changing linearly; None where it holds what it begins with.
    """

    duration: str
    users: int | None = None
    tps: float | None = None
    name: str | None = None
    to: float | None = None

    @property
    def duration_s(self) -> float:
        """The duration in seconds."""
        return parse_duration_s(self.duration)

    @property
    def mean_tps(self) -> float | None:
        """Requests per second over all of it; None in a closed load."""
        return None if self.tps is None else (self.tps + (self.tps if self.to is None else self.to)) / 2

    @property
    def highest_tps(self) -> float:
        """The highest rate in it, 0 in a closed load."""
        return 0.0 if self.tps is None else max(self.tps, self.to or 0.0)

    @property
    def highest_users(self) -> int:
        """The most users in it, 0 in an open load."""
        return 0 if self.users is None else max(self.users, int(self.to or 0))


@dataclass(frozen=True, slots=True)
class StageSpan:
    """One stage's part of the window: ``[start_s, end_s)`` from the window's start, and the load asked for in it."""

    name: str
    start_s: float
    end_s: float
    users: int | None = None
    tps: float | None = None
    to: float | None = None

    @property
    def slopes(self) -> bool:
        """Whether the load asked for changes inside it."""
        return self.to is not None and self.to != (self.users if self.tps is None else self.tps)

    def tps_at(self, offset_s: float) -> float | None:
        """Return the rate asked for at *offset_s* from the window's start."""
        if self.tps is None or self.to is None:
            return self.tps
        return self.tps + (self.to - self.tps) * (offset_s - self.start_s) / (self.end_s - self.start_s)

    def mean_tps(self, length_s: float) -> float | None:
        """Return the mean rate asked for in the first *length_s* of it, which may have ended early."""
        return self.tps_at(self.start_s + length_s / 2)


def stage_spans(stages: Sequence[Stage] | None) -> list[StageSpan]:
    spans: list[StageSpan] = []
    begin_s = 0.0
    for number, stage in enumerate(stages or (), start=1):
        end_s = begin_s + stage.duration_s
        spans.append(StageSpan(stage.name or str(number), begin_s, end_s, stage.users, stage.tps, stage.to))
        begin_s = end_s
    return spans


def stage_at(spans: list[StageSpan], offset_s: float) -> StageSpan:
    return next((span for span in spans if offset_s < span.end_s), spans[-1])


def user_steps(spans: Sequence[StageSpan]) -> list[tuple[float, int]]:
    """Return how many users there are from when on, in seconds from the window's start.

    A slope is equal steps from its first number of users to its last, so that its mean is theirs: one a user, or
    `STEPS_PER_S` where these would be more.
    """
    steps: list[tuple[float, int]] = []
    for span in spans:
        first = span.users or 0
        last = first if span.to is None else int(span.to)
        length_s = span.end_s - span.start_s
        changes = min(abs(last - first), int(length_s * STEPS_PER_S))
        steps += [
            (
                span.start_s + length_s * place / (changes + 1),
                first + round((last - first) * place / changes) if changes else first,
            )
            for place in range(changes + 1)
        ]
    return steps
