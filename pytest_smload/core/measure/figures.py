"""The figures of one scope, and of what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """First touches of the models of a scope, in ms (NaN without one), warm-up included; and later suspects.

    Attributes:
        touched: Models that answered at least once.
        suspected: Window samples beyond 10 times their model's median service time; counted, never removed.
    """

    touched: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    suspected: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The numbers every scope has.

    Percentiles are nearest-rank over successes; latency counts from the due time (open model) or the start (closed
    model), service time always from the start. Numbers without a sample behind them are NaN, so that any comparison
    with them is false.

    Attributes:
        requests: Requests of the window, unsent arrivals included.
        ok: Successes among them; ``error_rate`` is the rest / requests.
        cold: First touches of the scope's models.
        tps: Successful responses that ended inside the window, per second of window.
        bytes_in, bytes_out: Response and request body bytes; None for a stage, where they are not counted apart.
    """

    requests: int
    ok: int
    error_rate: float
    tps: float
    mean_ms: float
    min_ms: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float
    service_p50_ms: float
    service_p95_ms: float
    bytes_in: int | None
    bytes_out: int | None
    cold: ColdStarts


@dataclass(frozen=True, kw_only=True)
class Stats(Figures):
    """Summary of one scope's window samples: the whole load, one model, or one stage; *errors* counts its failures."""

    errors: int


@dataclass(frozen=True, slots=True)
class MixShare:
    """Share of the traffic one model should have had, and had (of requests sent in the window)."""

    target_share: float
    achieved_share: float


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One second of the window, starting *t_s* after its begin; latencies are NaN where nothing succeeded."""

    t_s: float
    offered: float
    tps: float
    p50_ms: float
    p95_ms: float
    errors: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class WarmupCounts:
    """Requests sent before the window, in all and per model."""

    sent: int
    errors: int
    models: Mapping[str, int]
