"""The load a user asks for: a validated, frozen description of what is sent and for how long."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any, Literal, get_args

from pytest_smload.core.load.abort_rule import AbortRule, abort_rule_problems
from pytest_smload.core.load.fields import (
    POISSON,
    ROW,
    THE_ENDPOINTS,
    UNIFORM,
    LoadField,
    member_field,
    rows_of,
    unknown_load_field,
    weights_row,
)
from pytest_smload.core.load.locustfile import EXCLUDE_TAGS, HOST, LOCUSTFILE, TAGS, locustfile_problems
from pytest_smload.core.load.spread import spread_problems
from pytest_smload.core.load.stage_list import laid_out
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.values import (
    MAX_USERS,
    anything,
    choice,
    duration_text,
    flag,
    positive,
    stage_list,
    user_count,
    whole,
    whole_per_model,
)
from pytest_smload.core.statistics.bound import LOOKS
from pytest_smload.core.units import format_duration, parse_duration_s, parse_number, parse_whole
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError

Arrivals = Literal["poisson", "uniform"]
Order = Literal["shuffled", "smooth"]
OnUnproven = Literal["estimate", "fail"]
Weights = Mapping[str, float | str] | Sequence[str] | str
"""What requests are spread over: weights by name, names, or a distribution over the endpoint's own names."""
PayloadRows = bytes | Sequence[str | bytes]
PayloadSource = str | Path | PayloadRows | Callable[..., Any]
"""A path (``.csv``, ``.jsonl``, any other file, a folder) or ``"module:function"`` as text; bytes for one literal body;
a list for literal rows; a function of the TargetModel, or whatever else the weights name."""

LEAST_IN_FLIGHT = 50
IN_FLIGHT_S = 2.0
"""``max_in_flight`` defaults to this many seconds of load, within `LEAST_IN_FLIGHT` and `MAX_USERS`."""


@dataclass(frozen=True, kw_only=True)
class LoadProfile:
    """A load: how much (exactly one of *users*, *tps*, *stages*), for how long, and what each request carries.

    Traffic fields left ``None`` are the endpoint's own.

    Raises:
        ConfigurationError: naming every field that is wrong.

    Attributes:
    """

    # fmt: off
    users: int | None = field(default=None, metadata={ROW: LoadField(
        "closed loop: this many users, each waiting for its answer before its next request",
        user_count, unset="", shape=True, loads="closed", from_text=parse_whole)})
    spawn_rate: float | None = field(default=None, metadata={ROW: LoadField(
        "users started per second", positive, unset="all at once", loads="closed")})
    wait: str | None = field(default=None, metadata={ROW: LoadField(
        'think time of a user between an answer and its next request, `"100ms"`',
        duration_text(zero=True), loads="closed", fingerprint="duration")})
    tps: float | None = field(default=None, metadata={ROW: LoadField(
        "open loop: requests per second on a schedule, whatever the endpoint does",
        positive, unset="", shape=True, loads="open", from_text=parse_number)})
    arrivals: Arrivals = field(default=POISSON, metadata={ROW: LoadField(
        'spacing of that schedule: `"poisson"` or `"uniform"`', choice(POISSON, UNIFORM), loads="open")})
    stages: Sequence[Stage] | None = field(default=None, metadata={ROW: LoadField(
        "list of `Stage(duration, users= or tps=, to=, name=)` and shapes, one after the other inside the window",
        stage_list, unset="", shape=True, fingerprint="derived")})
    duration: str = field(default="60s", metadata={ROW: LoadField(
        "the measured window; with stages, their sum",
        duration_text(), loads="unstaged", from_text=str, fingerprint="duration")})
    warmup: str = field(default="10s", metadata={ROW: LoadField(
        'the unrecorded ramp before it; `"0s"` sends nothing outside the window',
        duration_text(zero=True), from_text=str, fingerprint="duration")})
    models: Weights | None = field(default=None, metadata={ROW: weights_row("model",
        'TargetModels and their weights `{"a.tar.gz": 3, "b.tar.gz": 1}` (`{0..199}` in a name expands), a list (equal '
        'weights; `"zipf(1.1)"` as its last element makes the first the most popular), or `"zipf(1.1)"` over the '
        "endpoint's own models")})
    variants: Weights | None = field(default=None, metadata={ROW: weights_row("variant",
        'the same over production variants (TargetVariant): `{"blue": 9, "green": 1}`; a load spreads over one of '
        "models, variants, containers and components")})
    containers: Weights | None = field(default=None, metadata={ROW: weights_row("container",
        "the same over the containers of a multi-container endpoint (TargetContainerHostname)")})
    components: Weights | None = field(default=None, metadata={ROW: weights_row("component",
        "the same over inference components (InferenceComponentName)")})
    payload: PayloadSource | Mapping[str, PayloadSource] | None = field(
        default=None, repr=False, metadata={ROW: LoadField(
        "a file (`.csv`, `.txt`, `.jsonl`, `.ndjson`: a request per line; any other: one request), a folder (a request "
        'per file), `"module:function"` or a function of the name (a TargetModel, say), bytes, or a list of rows',
        anything, unset=THE_ENDPOINTS, traffic=True, fingerprint="derived")})
    content_type: str | Mapping[str, str] | None = member_field("ContentType")
    accept: str | Mapping[str, str] | None = member_field("Accept")
    batch: int | Mapping[str, int] | None = field(default=None, metadata={ROW: LoadField(
        "rows joined into one request: lines by newlines, JSON as an array where the content type is "
        "`application/json`", whole_per_model(1), unset="1", traffic=True)})
    variant: str | Mapping[str, str] | None = member_field("TargetVariant")
    container: str | Mapping[str, str] | None = member_field("TargetContainerHostname")
    component: str | Mapping[str, str] | None = member_field("InferenceComponentName")
    custom_attributes: str | Mapping[str, str] | None = member_field("CustomAttributes")
    inference_id: str | Mapping[str, str] | None = member_field("InferenceId")
    order: Order = field(default="shuffled", metadata={ROW: LoadField(
        'sequence of models: seeded shuffle, or `"smooth"`, evenly spread (which makes an LRU cache of models miss '
        "every time)", choice(*get_args(Order)))})
    max_in_flight: int | None = field(default=None, metadata={ROW: LoadField(
        "open loop: most requests under way at once",
        whole(1, MAX_USERS), unset="2 s of load, within 50..5,000", loads="open")})
    prime: bool = field(default=True, metadata={ROW: LoadField(
        "before the warm-up each model is asked once, the least popular first and eight at a time, so that cold loads "
        'are over and known; not with `warmup="0s"`', flag)})
    prime_timeout: str = field(default="10m", metadata={ROW: LoadField(
        "longest time priming may take in all", duration_text(), fingerprint="no")})
    max_requests: int | None = field(default=None, metadata={ROW: LoadField(
        "ends the load after this many requests, priming and warm-up included", whole(1))})
    timeout: str = field(default="70s", metadata={ROW: LoadField(
        "longest time one request may take", duration_text(), fingerprint="duration")})
    max_duration: str | None = field(default=None, metadata={ROW: LoadField(
        "lets a load whose checks are not proven go on: its window is doubled, at most twice, up to this",
        duration_text(), loads="unstaged", fingerprint="no")})
    seed: int = field(default=0, metadata={ROW: LoadField(
        "seed of schedule and model sequence", whole(0, 2**128), from_text=parse_whole)})
    on_unproven: OnUnproven = field(default="estimate", metadata={ROW: LoadField(
        'what a check that its interval does not settle is: what its estimate says, or `"fail"`',
        choice(*get_args(OnUnproven)), fingerprint="no")})
    invalid_retries: int = field(default=1, metadata={ROW: LoadField(
        "how often a load is repeated by itself that only the client's own slowness left undecided; with what it sent "
        "before, never beyond max_requests", whole(0, 10), fingerprint="no")})
    abort_on: Mapping[str, str | float] | None = field(default=None, metadata={ROW: LoadField(
        '`{error_rate = "50%", p95 = "2s", for = "30s"}` ends, and fails, a load whose error rate or p95 stays '
        'that high; `grace = "1m"` lets its first minute be',
        abort_rule_problems, fingerprint="no")})
    locustfile: str | None = field(default=None, metadata={ROW: LOCUSTFILE})
    host: str | None = field(default=None, metadata={ROW: HOST})
    tags: Sequence[str] | None = field(default=None, metadata={ROW: TAGS})
    exclude_tags: Sequence[str] | None = field(default=None, metadata={ROW: EXCLUDE_TAGS})
    # fmt: on

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
            entries = laid_out(self.stages)
            stages = tuple(stage if isinstance(stage, Stage) else Stage(**stage) for stage in entries)
            object.__setattr__(self, "stages", stages)

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
        if len(given_shapes(changes)) == 1:
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
    def window_ends_s(self) -> tuple[float, ...]:
        """Lengths of the window at which the load may end, ascending: its duration, twice and four times that.

        The last is cut at ``max_duration``; a rest too short to tell anything (a tenth of the duration) is none.
        """
        ends_s = [self.duration_s]
        for look in range(1, LOOKS):
            longer_s = min(self.duration_s * 2**look, self.max_duration_s)
            if longer_s > ends_s[-1] + self.duration_s / 10:
                ends_s.append(longer_s)
        return tuple(ends_s)

    @cached_property
    def abort_rule(self) -> AbortRule | None:
        """When to end the load early."""
        return AbortRule.of(self.abort_on) if self.abort_on is not None else None

    @cached_property
    def wait_s(self) -> float:
        """Think time in seconds."""
        return parse_duration_s(self.wait) if self.wait is not None else 0.0

    @property
    def most_in_flight(self) -> int:
        """Most requests under way at once: the users of a closed load, the in-flight cap of an open one."""
        stages = self.stages or ()
        if not self.open_model:
            return max([self.users or 1, *(stage.highest_users for stage in stages)])
        if self.max_in_flight is not None:
            return self.max_in_flight
        most_tps = max([self.tps or 0.0, *(stage.highest_tps for stage in stages)])
        return min(MAX_USERS, max(LEAST_IN_FLIGHT, ceil(IN_FLIGHT_S * most_tps)))

    @property
    def has_shape(self) -> bool:
        """Whether one of users, tps and stages is set, or a locustfile, which may have a shape of its own."""
        return bool(given_shapes(vars(self))) or self.locustfile is not None

    @property
    def open_model(self) -> bool:
        """Whether requests follow a schedule (tps) instead of waiting for answers (users)."""
        if self.stages is not None:
            return self.stages[0].tps is not None
        return self.tps is not None


LOAD_FIELDS = rows_of(LoadProfile)
"""All fields of a load by name, in the order they are documented."""
SHAPES = tuple(name for name, row in LOAD_FIELDS.items() if row.shape)
"""Exactly one of these describes how much load there is."""
TRAFFIC_FIELDS = tuple(name for name, row in LOAD_FIELDS.items() if row.traffic)
"""Fields an endpoint has values of its own for."""
ONE_SHAPE = "are both given; a load has exactly one of users, tps and stages"

if LoadProfile.__doc__:
    LoadProfile.__doc__ += "".join(f"    {name}: {row.summary}\n    " for name, row in LOAD_FIELDS.items())


def given_shapes(fields: Mapping[str, object]) -> list[str]:
    """Return which of `SHAPES` have a value among *fields*."""
    return [name for name in SHAPES if fields.get(name) is not None]


def check_load_fields(fields: Mapping[str, object]) -> list[str]:
    """Return one sentence per mistake in load fields as a user wrote them; an empty list when all is well.

    The same check serves markers, files, options and `LoadProfile` itself.
    """
    problems = [unknown_load_field(name, LOAD_FIELDS) for name in fields if name not in LOAD_FIELDS]
    shapes = given_shapes(fields)
    if len(shapes) > 1:
        problems.append(f"{' and '.join(shapes)} {ONE_SHAPE}")
    for name, value in fields.items():
        if name in LOAD_FIELDS and value is not None:
            problems.extend(f"{name}: {problem}" for problem in LOAD_FIELDS[name].check(value))
    if not problems:
        problems += spread_problems(fields)
    problems += locustfile_problems(fields)
    if fields.get("stages") is not None and fields.get("duration") is not None:
        problems.append("duration: stages have their own durations; leave it out")
    if "users" not in shapes and fields.get("spawn_rate") is not None and "tps" in shapes:
        problems.append("spawn_rate: goes with users; an open load (tps) starts all its users up front")
    return problems
