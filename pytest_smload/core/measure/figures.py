"""The figures of one scope, and of what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import nan
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_ms, format_share
from pytest_smload.core.wording import did_you_mean


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


@dataclass(frozen=True, kw_only=True, repr=False)
class Figures:
    """The numbers every scope has.

    Percentiles are nearest-rank over successes; latency counts from the due time (open loop) or the start (closed
    loop), service time always from the start. Numbers without a sample behind them are NaN, so that any comparison
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._in_short()}>"

    def _in_short(self) -> str:
        errors = f", {format_share(self.error_rate)} errors" if self.error_rate else ""
        return f"{self.requests:,} requests, {self.tps:.3g} TPS, p95 {format_ms(self.p95_ms)}{errors}"

    if not TYPE_CHECKING:  # a checker knows the fields, and so an attribute that does not exist

        def __getattr__(self, name: str) -> object:
            """Say which figure was meant by a name that is none."""
            __tracebackhide__ = True
            near = did_you_mean(name, [each.name for each in fields(self)])
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{near}", name=name, obj=self)


@dataclass(frozen=True, kw_only=True, repr=False)
class Stats(Figures):
    """Summary of a scope's window samples: the load, one model (variant, ...), one stage; *errors* counts failures.

    Attributes:
        requests: Requests of the window, unsent arrivals included.
        ok: Successes among them.
        errors: Failures among them, of any kind.
        error_rate: *errors* / *requests*, 0..1.
        tps: Successful responses that ended inside the window, per second of window.
        mean_ms, min_ms, p50_ms, p90_ms, p95_ms, p99_ms, p99_9_ms, max_ms: Latency of successes; NaN without one.
        service_p50_ms, service_p95_ms: The same from the send instead of the due time.
        bytes_in, bytes_out: Response and request body bytes; None for a stage.
        cold: First touches of the scope's models: *touched*, *p50_ms*, *p95_ms*, *max_ms*, *suspected*.
    """

    errors: int


@dataclass(frozen=True, slots=True)
class InvokedVariant:
    """What one production variant answered, by the ``x-Amzn-Invoked-Production-Variant`` of successes in the window.

    Attributes:
        ok: Successes it answered.
        share: Of the successes that named a variant.
        p50_ms, p95_ms, p99_ms: Latencies of these, as in `Figures`.
    """

    ok: int
    share: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class MixShare:
    """Share of the traffic one model, say, should have had, and had (of requests sent in the window)."""

    target_share: float
    achieved_share: float


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One second of the window, or of the warm-up before it; latencies are NaN where nothing succeeded.

    Attributes:
        t_s: Its begin, seconds after the window's; below 0 in the warm-up.
        offered: Requests per second due, or begun by users; in the warm-up those that were sent.
        tps: Successes that ended in it.
        errors: Failures in it.
        in_flight: Requests under way.
        p50_ms, p95_ms, p99_ms, min_ms, max_ms: Latency of its successes.
    """

    t_s: float
    offered: float
    tps: float
    p50_ms: float
    p95_ms: float
    errors: int
    in_flight: int
    p99_ms: float = nan
    min_ms: float = nan
    max_ms: float = nan


@dataclass(frozen=True, slots=True)
class WarmupCounts:
    """Requests sent before the window, in all and per model, or whatever else the weights name."""

    sent: int
    errors: int
    models: Mapping[str, int]
