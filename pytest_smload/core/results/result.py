"""What a load amounted to: the numbers a test may assert on, and the checks that decide its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_smload.core.baselines.outcome import BaselineOutcome
from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.figures import Figures, MixShare, Stats, TimelinePoint, WarmupCounts
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.trust.health import ClientHealth

Verdict = Literal["pass", "fail", "invalid"]


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
