"""What a load amounted to: the numbers a test may assert on, and the checks that decide its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_smload.core.baseline_result import BaselineOutcome
from pytest_smload.core.profile import LoadProfile

Outcome = Literal["pass", "fail"]
Verdict = Literal["pass", "fail", "invalid"]


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


@dataclass(frozen=True, slots=True)
class Rerun:
    """What a rerun sent that was to confirm a regression: in no other figure of the load, but in the endpoint's log.

    Attributes:
        sent, unsent, errors: Counts over its window.
        models: Requests of its window per model; empty where the endpoint is not multi-model.
        warmup: What it sent before.
        valid: Whether its measurement can be trusted.
    """

    started_at: str
    sent: int
    unsent: int
    errors: int
    models: Mapping[str, int]
    warmup: WarmupCounts
    valid: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One limit held against what was observed.

    Attributes:
        scope: ``"total"``, a model's name, or ``"stage NAME"``.
        metric: The limit's metric (``p95``, ``tps``, ``error_rate``, ``errors.ModelError``, ...).
        limit: The limit as people read it, ``"<= 250 ms"``.
        source: Where the limit was written.
        observed: The value measured, in the metric's unit (ms, requests/s, ratio 0..1, count); inf or NaN possible.
        n: Samples behind it.
        outcome: ``"pass"`` or ``"fail"``, from the estimate; ``on_unproven="fail"`` fails what is not proven.
        lower, upper: The interval of the value, in its unit, inf where the samples do not bound it; None for a fact
            (a count, an extreme), which has none.
        n_eff: How many independent samples would tell as much, None for a fact.
        proven: Whether the interval lies wholly on one side of the limit; a fact always does.
        note: What a reader needs besides (too few samples and how many are needed, ...), or "".
    """

    scope: str
    metric: str
    limit: str
    source: str
    observed: float
    n: int
    outcome: Outcome
    note: str = ""
    lower: float | None = None
    upper: float | None = None
    n_eff: int | None = None
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that makes a measurement untrustworthy (or, as a warning, close to it): its cause and the remedy."""

    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class ClientHealth:
    """How far the client itself distorted the measurement.

    Attributes:
        cpu: CPU seconds per second of window, 1.0 = one core.
        delay_p95_ms, delay_p99_ms: Client delay: start - max(due, the moment its user became free).
        bias_p95_ms: p95(latency) - p95(latency - client delay).
        lag_bias_p95_ms: What responses that the client read late add to p95.
        loop_lag_p95_ms, loop_lag_p99_ms: Overshoot of a 10 ms ticker.
        valid: Whether the measurement can be trusted.
        reasons: Why not.
        warnings: What came close.
        judged: False under moto's mock, where latency and health mean nothing.
    """

    cpu: float
    delay_p95_ms: float
    delay_p99_ms: float
    bias_p95_ms: float
    lag_bias_p95_ms: float
    loop_lag_p95_ms: float
    loop_lag_p99_ms: float
    valid: bool
    reasons: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    judged: bool = True


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """Which endpoint was measured; no credentials, no secrets."""

    name: str
    endpoint_name: str
    region: str
    url: str
    account: str | None = None


@dataclass(frozen=True, kw_only=True)
class LoadResult(Figures):
    """One load's outcome; the total's figures are its own attributes.

    Attributes:
        label: The name given to ``sm_endpoint.load``, or None.
        models: Statistics per TargetModel; empty where the endpoint is not multi-model.
        stages: Statistics per stage; empty without stages.
        errors: Count per error kind; their sum is the total's error count.
        examples: One line for people per error kind: the first one seen.
        sent, unsent, scheduled, cap_hits, connects, in_flight_at_end: Counts over the window.
        interrupted: Ctrl-C ended the load early.
        notes: Remarks for the report (a file's limit looser than the mark's, ...).
        baseline: What holding it against its baseline came to; None without a regression budget.
        reruns: The confirming rerun, where there was one.
    """

    label: str | None
    endpoint: EndpointFacts
    profile: LoadProfile
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
    warmup: WarmupCounts
    models: Mapping[str, Stats]
    stages: Mapping[str, Stats]
    mix: Mapping[str, MixShare]
    errors: Mapping[str, int]
    examples: Mapping[str, str]
    client: ClientHealth
    timeline: Sequence[TimelinePoint]
    checks: Sequence[Check] = ()
    notes: Sequence[str] = ()
    baseline: BaselineOutcome | None = None
    reruns: Sequence[Rerun] = ()

    @property
    def verdict(self) -> Verdict:
        """``invalid`` when the measurement cannot be trusted, else ``fail`` when a check failed, else ``pass``."""
        if not self.client.valid:
            return "invalid"
        return "fail" if any(check.outcome == "fail" for check in self.checks) else "pass"
