"""One level of a capacity search: a rate that was probed, what was measured there, and whether the budget was kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_smload.core.limits.check import Check
from pytest_smload.core.trust.health import Finding

LevelVerdict = Literal["kept", "broken", "unproven", "invalid"]
"""Every limit is kept, and proven to be; one is broken; neither is proven, which counts as not kept; the measurement
cannot be trusted, which says nothing of the endpoint."""
Purpose = Literal["up", "down", "bisect", "confirm", "recheck"]
"""Why a rate is probed: to find one that is not kept, or one that is; to narrow the bracket; to confirm the answer; to
look again at the rate above it, which was only not proven."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its two-sided 95 % interval, inf where the samples do not bound it."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One probe of a search.

    Attributes:
        offered_tps: The rate that was asked for, requests/s.
        why: What decided a verdict other than ``"kept"``, in one line.
        tps: Successes per second that ended inside the window.
        p50_ms, p95_ms, p99_ms: Latency from the due time; in what limits are held against, lost requests are slowest.
        error_rate: 0..1.
        requests: Of the window.
        window_s: Its length: longer than asked for where the probe went on while unproven.
        errors: Count per error kind.
        checks: The budget's limits at this rate, proven or not at the search's own level
            (`pytest_smload.core.capacity.verdict.KEPT_ALPHA`).
        reasons: Why the measurement cannot be trusted.
    """

    offered_tps: float
    purpose: Purpose
    verdict: LevelVerdict
    why: str
    tps: Interval
    p50_ms: Interval
    p95_ms: Interval
    p99_ms: Interval
    error_rate: Interval
    requests: int
    window_s: float
    started_at: str
    errors: Mapping[str, int]
    checks: tuple[Check, ...] = ()
    reasons: tuple[Finding, ...] = ()

    @property
    def binding(self) -> Check | None:
        """The check that is broken the most here, or the least proven; None where all are kept."""
        ranked = sorted(self.checks, key=_badness, reverse=True)
        return ranked[0] if ranked and _badness(ranked[0]) > (0, 0.0) else None


def _badness(check: Check) -> tuple[int, float]:
    """What is broken beyond doubt before what is broken by the estimate, then what is not proven; then by how much."""
    rank = (2 if check.proven else 1) if check.outcome == "fail" else 0 if is_kept(check) else 1
    times = 0.0
    if check.at_most:
        times = check.observed / check.at_most
    elif check.at_least:
        times = check.at_least / max(check.observed, 1e-9)
    return (rank, times) if rank else (0, 0.0)


def is_kept(check: Check) -> bool:
    """Whether a search may rely on *check*: it passes, and is proven.

    The estimate decides where no interval can: of a share of the offered rate, a fact of the schedule whose interval
    tells how bursty it was and not how well the endpoint kept up; and of a limit of no error at all, which no number of
    requests without one proves.
    """
    by_estimate = (check.metric == "tps" and check.base is not None) or check.at_most == 0
    return check.outcome == "pass" and (check.proven or by_estimate)
