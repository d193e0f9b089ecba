"""The load a user asks for: a validated, frozen description of what is sent and for how long."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

from pytest_smload.core.load.fields import LOAD_FIELDS, MAX_USERS, POISSON, SHAPES, as_stages, check_load_fields
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.units import format_duration, parse_duration_s, parse_share
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError

PayloadRows = bytes | Sequence[str | bytes]
PayloadSource = str | Path | PayloadRows | Callable[..., Any]
"""A path (``.csv``, ``.jsonl``, any other file, a folder) or ``"module:function"`` as text; bytes for one literal body;
a list for literal rows; a function of the TargetModel."""

LEAST_IN_FLIGHT = 50
IN_FLIGHT_S = 2.0
"""``max_in_flight`` defaults to this many seconds of load, within `LEAST_IN_FLIGHT` and `MAX_USERS`."""


@dataclass(frozen=True, slots=True)
class AbortRule:
    """End the load when at least *error_rate* (0..1) of the requests that ended in the last *span_s* seconds failed."""

    error_rate: float
    span_s: float


@dataclass(frozen=True, kw_only=True)
class LoadProfile:
    """A load: how much (exactly one of *users*, *tps*, *stages*), for how long, and what each request carries.

    Traffic fields left ``None`` are the endpoint's own.

    Attributes:
        users: Closed model: this many users, each waiting for its answer before the next request.
        spawn_rate: Users started per second; all at once by default.
        wait: Think time of a user between an answer and its next request, ``"100ms"``.
        tps: Open model: requests per second on a schedule, whatever the endpoint does.
        arrivals: ``"poisson"`` or ``"uniform"`` spacing of the open model's schedule.
        stages: Stretches of different load, one after the other inside the window.
        duration: The measured window; with stages, their sum.
        warmup: The unrecorded ramp before it; ``"0s"`` sends nothing outside the window.
        models: Weights per TargetModel (``{0..9}`` in a name expands), a list of models (equal weights; a last element
            ``"zipf(1.1)"`` makes it a distribution), or ``"zipf(1.1)"`` over the endpoint's own models.
        payload, content_type, accept, batch, variant, container, component, custom_attributes, inference_id: What each
            request carries; a mapping gives a value per model (``"*"`` for the others).
        order: ``"shuffled"`` (seeded) or ``"smooth"`` (evenly spread) sequence of models.
        max_in_flight: Open model: most requests under way at once; 2 s of load within 50..5,000 by default.
        prime: Whether each model is sent one request before the warm-up, so that cold loads are not measured; with
            ``warmup="0s"`` nothing is.
        prime_timeout: Longest time priming may take in all.
        max_requests: Ends the load after this many requests, warm-up included.
        timeout: Longest time one request may take.
        max_duration: Lets a load whose checks are not proven go on, in at most two further stretches, up to this much
            window in all.
        on_unproven: What a check whose interval does not settle it is: ``"estimate"`` (what its estimate says) or
            ``"fail"``.
        abort_on: ``{"error_rate": "50%", "for": "10s"}`` ends, and fails, a load whose error rate stays that high.
        seed: Seed of schedule and model sequence.

    Raises:
        ConfigurationError: naming every field that is wrong.
    """

    users: int | None = None
    spawn_rate: float | None = None
    wait: str | None = None
    tps: float | None = None
    arrivals: str = POISSON
    stages: tuple[Stage, ...] | None = None
    duration: str = "60s"
    warmup: str = "10s"
    models: Mapping[str, float | str] | Sequence[str] | str | None = None
    payload: PayloadSource | Mapping[str, PayloadSource] | None = field(default=None, repr=False)
    content_type: str | Mapping[str, str] | None = None
    accept: str | Mapping[str, str] | None = None
    batch: int | Mapping[str, int] | None = None
    variant: str | Mapping[str, str] | None = None
    container: str | Mapping[str, str] | None = None
    component: str | Mapping[str, str] | None = None
    custom_attributes: str | Mapping[str, str] | None = None
    inference_id: str | Mapping[str, str] | None = None
    order: str = "shuffled"
    max_in_flight: int | None = None
    prime: bool = True
    prime_timeout: str = "10m"
    max_requests: int | None = None
    timeout: str = "70s"
    max_duration: str | None = None
    seed: int = 0
    on_unproven: str = "estimate"
    abort_on: Mapping[str, str | float] | None = None

    def __post_init__(self) -> None:
        set_fields = {
            spec.name: value for spec in dataclasses.fields(self) if (value := getattr(self, spec.name)) != spec.default
        }
        problems = check_load_fields(set_fields)
        if not problems:
            problems = [*self._ramp_problems(), *self._extension_problems()]
        if problems:
            raise ConfigurationError([f"LoadProfile: {problem}" for problem in problems])
        if self.stages is not None:
            object.__setattr__(self, "stages", as_stages(self.stages))

    def _ramp_problems(self) -> list[str]:
        """The ramp must leave at least half of the warm-up at full rate; without warm-up it is part of the window."""
        if self.spawn_rate is None or self.users is None or not self.warmup_s:
            return []
        ramp_s = self.users / self.spawn_rate
        if ramp_s <= self.warmup_s / 2:
            return []
        way_out = (
            f"set warmup to {format_duration(ceil(2 * ramp_s))} or more, or spawn_rate to "
            f"{ceil(2 * self.users / self.warmup_s)} or more"
        )
        ramp = f"{self.users} users at {self.spawn_rate:g}/s take {format_duration(ramp_s)} to start"
        return [f"spawn_rate: {ramp}, and half of warmup={self.warmup!r} must be left at full rate; {way_out}"]

    def _extension_problems(self) -> list[str]:
        if self.max_duration is None:
            return []
        if self.stages is not None:
            return ["max_duration: stages have durations of their own, and nothing to extend; leave it out"]
        if self.max_duration_s < self.duration_s:
            return [f"max_duration: {self.max_duration!r} is shorter than duration={self.duration!r}"]
        return []

    def replace(self, **changes: Any) -> LoadProfile:
        """Return a copy with *changes*; setting one of users, tps and stages clears the other two."""
        shape = [name for name in SHAPES if changes.get(name) is not None]
        if len(shape) == 1:
            changes = {name: None for name in SHAPES if name not in changes} | changes
        unknown = [name for name in changes if name not in LOAD_FIELDS]
        if unknown:
            raise ConfigurationError([f"LoadProfile.replace: {unknown_field(name, LOAD_FIELDS)}" for name in unknown])
        return dataclasses.replace(self, **changes)

    @cached_property
    def duration_s(self) -> float:
        """Length of the window in seconds: the stages' sum where there are stages."""
        if self.stages is not None:
            return sum(stage.duration_s for stage in self.stages)
        return parse_duration_s(self.duration)

    @cached_property
    def warmup_s(self) -> float:
        """Length of the warm-up in seconds."""
        return parse_duration_s(self.warmup)

    @cached_property
    def timeout_s(self) -> float:
        """Longest time one request may take, in seconds."""
        return parse_duration_s(self.timeout)

    @cached_property
    def prime_timeout_s(self) -> float:
        """Longest time priming may take, in seconds."""
        return parse_duration_s(self.prime_timeout)

    @cached_property
    def max_duration_s(self) -> float:
        """Longest window in seconds: the duration where no extension was asked for."""
        return parse_duration_s(self.max_duration) if self.max_duration is not None else self.duration_s

    @cached_property
    def abort_rule(self) -> AbortRule | None:
        """When to end the load early."""
        if self.abort_on is None:
            return None
        rate = self.abort_on["error_rate"]
        return AbortRule(
            error_rate=parse_share(rate) if isinstance(rate, str) else rate,
            span_s=parse_duration_s(self.abort_on["for"]),
        )

    @cached_property
    def wait_s(self) -> float:
        """Think time in seconds."""
        return parse_duration_s(self.wait) if self.wait is not None else 0.0

    @property
    def most_in_flight(self) -> int:
        """Most requests under way at once: the users of a closed load, the in-flight cap of an open one."""
        stages = self.stages or ()
        if not self.open_model:
            return max([self.users or 1, *(stage.users or 1 for stage in stages)])
        if self.max_in_flight is not None:
            return self.max_in_flight
        most_tps = max([self.tps or 0.0, *(stage.tps or 0.0 for stage in stages)])
        return min(MAX_USERS, max(LEAST_IN_FLIGHT, ceil(IN_FLIGHT_S * most_tps)))

    @property
    def has_shape(self) -> bool:
        """Whether one of users, tps and stages is set."""
        return any(getattr(self, name) is not None for name in SHAPES)

    @property
    def open_model(self) -> bool:
        """Whether requests follow a schedule (tps) instead of waiting for answers (users)."""
        if self.stages is not None:
            return self.stages[0].tps is not None
        return self.tps is not None
