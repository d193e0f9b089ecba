"""The keys of ``report.json`` and the type of each value."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from pytest_smload.core.limits.check import Outcome
from pytest_smload.core.results.baseline_record import BaselineRecord
from pytest_smload.core.results.result import Verdict


class ColdRecord(TypedDict):
    """First touches of a scope's models, and later suspects."""

    touched: int
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    suspected: int


class StatsRecord(TypedDict):
    """Figures of one scope; ``bytes_in`` and ``bytes_out`` are null for a stage."""

    requests: int
    ok: int
    errors: int
    error_rate: float | None
    tps: float | None
    mean_ms: float | None
    min_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p99_9_ms: float | None
    max_ms: float | None
    service_p50_ms: float | None
    service_p95_ms: float | None
    bytes_in: int | None
    bytes_out: int | None
    cold: ColdRecord


class EndpointRecord(TypedDict):
    """The endpoint measured; ``account`` is there where it is known."""

    name: str
    endpoint_name: str
    region: str
    url: str
    account: NotRequired[str]


class WarmupRecord(TypedDict):
    """What was sent before the window."""

    sent: int
    errors: int
    models: dict[str, int]


class MixRecord(TypedDict):
    """One model's share of the traffic."""

    target_share: float
    achieved_share: float | None


class FindingRecord(TypedDict):
    """A reason or warning."""

    cause: str
    remedy: str


class ClientRecord(TypedDict):
    """How the client fared."""

    cpu: float | None
    delay_p95_ms: float | None
    delay_p99_ms: float | None
    bias_p95_ms: float | None
    lag_bias_p95_ms: float | None
    loop_lag_p95_ms: float | None
    loop_lag_p99_ms: float | None
    valid: bool
    reasons: list[FindingRecord]
    warnings: list[FindingRecord]
    judged: bool


class TimelineRecord(TypedDict):
    """One second of the window."""

    t_s: float
    offered: float | None
    tps: float | None
    p50_ms: float | None
    p95_ms: float | None
    errors: int
    in_flight: int


class CheckRecord(TypedDict):
    """One limit and what was observed."""

    scope: str
    metric: str
    limit: str
    source: str
    observed: float | Literal["inf"] | None
    lower: float | Literal["inf"] | None
    upper: float | Literal["inf"] | None
    n: int
    n_eff: int | None
    outcome: Outcome
    proven: bool
    note: str


class RerunRecord(TypedDict):
    """What a rerun sent that was to confirm a regression."""

    started_at: str
    sent: int
    unsent: int
    errors: int
    models: dict[str, int]
    warmup: WarmupRecord
    valid: bool


class LoadRecord(TypedDict):
    """One load; ``baseline`` is there where it has a regression budget, ``reruns`` where one was to be confirmed."""

    label: str | None
    endpoint: EndpointRecord
    profile: dict[str, Any]
    transport: str
    transport_reason: str
    started_at: str
    window_s: float
    offered_tps: float | None
    scheduled: int
    sent: int
    unsent: int
    cap_hits: int
    connects: int
    in_flight_at_end: int
    interrupted: bool
    warmup: WarmupRecord
    total: StatsRecord
    models: dict[str, StatsRecord]
    stages: dict[str, StatsRecord]
    mix: dict[str, MixRecord]
    errors: dict[str, int]
    examples: dict[str, str]
    client: ClientRecord
    timeline: list[TimelineRecord]
    checks: list[CheckRecord]
    notes: list[str]
    baseline: NotRequired[BaselineRecord]
    reruns: NotRequired[list[RerunRecord]]


class TestRecord(TypedDict):
    """One attempt of one test."""

    nodeid: str
    attempt: int
    verdict: Verdict
    loads: list[LoadRecord]


class RunRecord(TypedDict):
    """One run of pytest: the whole of ``report.json``."""

    schema: int
    started_at: str
    interrupted: bool
    tests: list[TestRecord]
