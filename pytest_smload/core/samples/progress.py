"""What a running load says of itself once a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["priming", "waiting", "warm-up", "window", "draining"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A running load's state, from the samples of about the last second.

    Attributes:
        elapsed_s, total_s: Time since the load began, and warm-up plus window.
        phase: Part of the load now running; waiting is for the wall clock, between priming and warm-up.
        users: Concurrent users (closed model), else None.
        target_tps: Offered rate (open model), else None.
        tps: Successful responses per second.
        p95_ms: 95th percentile latency, NaN where nothing succeeded.
        errors: Failed requests since the load began.
        in_flight: Requests under way.
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
