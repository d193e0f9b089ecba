"""Stretches of a load whose rate changes over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smload.core.units import parse_duration_s


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a load whose rate changes over time.

    Attributes:
        duration: How long it lasts, ``"30s"``.
        users: Concurrent users (closed loop).
        tps: Requests per second (open loop).
        name: What reports and limits call it; its number, from ``"1"``, where none is given.
    """

    duration: str
    users: int | None = None
    tps: float | None = None
    name: str | None = None

    @property
    def duration_s(self) -> float:
        """The duration in seconds."""
        return parse_duration_s(self.duration)


@dataclass(frozen=True, slots=True)
class StageSpan:
    """One stage's part of the window: ``[start_s, end_s)`` from the window's start, and the load asked for in it."""

    name: str
    start_s: float
    end_s: float
    users: int | None = None
    tps: float | None = None


def names_of_stages(stages: Iterable[Stage | Mapping[str, Any]]) -> list[str]:
    """Return what each of *stages*, as users write them, is called: its name, or its number from 1."""
    fields = [stage if isinstance(stage, Mapping) else {"name": stage.name} for stage in stages]
    return [str(each.get("name") or number) for number, each in enumerate(fields, start=1)]


def stage_spans(stages: Sequence[Stage] | None) -> list[StageSpan]:
    spans: list[StageSpan] = []
    begin_s = 0.0
    for number, stage in enumerate(stages or (), start=1):
        end_s = begin_s + stage.duration_s
        spans.append(StageSpan(stage.name or str(number), begin_s, end_s, stage.users, stage.tps))
        begin_s = end_s
    return spans


def stage_at(spans: list[StageSpan], offset_s: float) -> StageSpan:
    return next((span for span in spans if offset_s < span.end_s), spans[-1])
