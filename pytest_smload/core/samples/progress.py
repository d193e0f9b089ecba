"""What a running load says of itself once a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_smload.core.samples.ended import Ended

Phase = Literal["priming", "waiting", "warm-up", "window", "draining"]
RECENT_S = 10.0
"""Rate and p95 are of about so many seconds, or of all there were."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A running load's state.

    Attributes:
        elapsed_s, total_s: Time since the load began, and warm-up plus window.
        phase: Part of the load now running; waiting is for the wall clock, between priming and warm-up.
        users: Concurrent users (closed model), else None.
        target_tps: Offered rate (open model), else None.
        tps: Successful responses per second, over the last *recent_s*.
        p95_ms: Their 95th percentile latency, NaN where nothing succeeded.
        errors: Failed requests since the load began.
        in_flight: Requests under way.
        recent_s: What *tps* and *p95_ms* are of, in seconds.
        window_s: How much of the window is over; 0 before it.
        ended: What ended since the last time; None where nobody counted.
    """

    elapsed_s: float
    total_s: float
    phase: Phase
    users: int | None
    target_tps: float | None
    tps: float
    p95_ms: float
    errors: int
    in_flight: int
    recent_s: float = 1.0
    window_s: float = 0.0
    ended: Ended | None = None
