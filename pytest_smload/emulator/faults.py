"""Which invocations fail, slow down or freeze: exact counts by rate, and spans on the scenario's clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from pytest_smload.emulator.durations import Distribution

FREEZE = "freeze"
SLOW = "slow"
RESET = "reset"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: ``freeze``, ``slow``, ``reset``, an AWS error code, or an HTTP status as digits.
        rate: Share of the matching invocations, spread evenly: of every 20 at 0.05 exactly one.
        at_s: Start of the span on the scenario's clock, in seconds.
        until_s: End of the span, in seconds.
        model: The only target model concerned, or None for all.
        extra: What ``slow`` adds.
        original_status: The container's status in a ``ModelError``.
        message: The text of the error, or None for the code's own.
    """

    kind: str
    rate: Fraction = Fraction(1)
    at_s: float = 0.0
    until_s: float = math.inf
    model: str | None = None
    extra: Distribution | None = None
    original_status: int = 500
    message: str | None = None


class _Counter:
    """Earns *rate* with each invocation that matches and spends 1 when it strikes: floor(n * rate) of the first n."""

    __slots__ = ("_credit", "_each", "_full", "fault")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._each = fault.rate.numerator
        self._full = fault.rate.denominator
        self._credit = 0

    def earn(self, t_s: float, model: str) -> bool:
        """Count the invocation if it matches, and return whether the fault is due on it."""
        fault = self.fault
        if not fault.at_s <= t_s < fault.until_s or (fault.model is not None and fault.model != model):
            return False
        self._credit += self._each
        return self._credit >= self._full

    def spend(self) -> None:
        self._credit -= self._full


class FaultPlan:
    """The faults of a scenario, as they meet one invocation after another.

    Where two error faults are due at once, the one listed first strikes and the other strikes the next invocation, so
    that both keep their counts.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self._errors = [_Counter(fault) for fault in faults if fault.kind not in {FREEZE, SLOW}]
        self._slow = [_Counter(fault) for fault in faults if fault.kind == SLOW]
        self._freezes = sorted((fault for fault in faults if fault.kind == FREEZE), key=lambda fault: fault.at_s)

    def strike(self, t_s: float, model: str) -> Fault | None:
        """Count one invocation at *t_s* on the scenario's clock and return the error that meets it, if any."""
        struck = None
        for counter in self._errors:
            if counter.earn(t_s, model) and struck is None:
                counter.spend()
                struck = counter.fault
        return struck

    def extra_s(self, t_s: float, model: str, random: Random) -> float:
        """Count one invocation and return what ``slow`` faults add to it, in seconds."""
        total_s = 0.0
        for counter in self._slow:
            if counter.earn(t_s, model) and counter.fault.extra is not None:
                counter.spend()
                total_s += counter.fault.extra.sample_s(random)
        return total_s

    def finish_s(self, start_s: float, service_s: float, model: str) -> float:
        """Return when processing begun at *start_s* that takes *service_s* is done; it stands still in a freeze."""
        t_s = start_s
        for freeze in self._freezes:
            if freeze.model is not None and freeze.model != model:
                continue
            if t_s + service_s < freeze.at_s:
                break
            if t_s < freeze.until_s:
                done_s = max(0.0, freeze.at_s - t_s)
                service_s -= done_s
                t_s = freeze.until_s
        return t_s + service_s
