"""How the client fared, and why a measurement can or cannot be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


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

    Of several load generators, CPU, delays, loop lag and what being woken late adds are those of the one that fared
    worst; what sending late adds is over the samples of all, whose p95 it adds to.

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

    def distrusted(self, reasons: Iterable[Finding]) -> ClientHealth:
        """Return the same with *reasons* more not to trust the measurement; the same where there are none."""
        more = tuple(reasons)
        return replace(self, valid=False, reasons=(*self.reasons, *more)) if more else self
