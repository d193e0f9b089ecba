"""What limits of each kind are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Cause, Check
    from pytest_smload.core.measure.measurement import Measurement
    from pytest_smload.core.measure.scope import Scope
    from pytest_smload.core.measure.scope_name import ScopeName
    from pytest_smload.core.measure.slowness import ClientSlowness
    from pytest_smload.core.scaling.record import ScalingRecord
    from pytest_smload.core.statistics.bound import Bound

Evidence_contra = TypeVar("Evidence_contra", contravariant=True)


class Demand(Protocol[Evidence_contra]):
    """A limit of any kind: it decides on the evidence its kind takes."""

    def hold(self, evidence: Evidence_contra) -> Check:
        """Return the check: the limit, what was observed, and the outcome."""


@dataclass(frozen=True, slots=True)
class ScopeEvidence:
    """What one load measured of one scope.

    Attributes:
        name: Which.
        scope: Its samples; None where the load has no such scope.
        alpha: What an interval may miss.
        on_unproven: ``"fail"`` where a check that its interval does not settle is to fail.
        slowness: What the client itself may have added; None where that means nothing.
    """

    name: ScopeName
    scope: Scope | None
    alpha: float
    on_unproven: str = "estimate"
    slowness: ClientSlowness | None = None


@dataclass(frozen=True, slots=True)
class BaselineChange:
    """How a metric compares with its baseline.

    Attributes:
        base: The baseline's value, in the metric's unit.
        allowed: The ratio to it that is allowed: 1.1 for 10 % more latency, 0.95 for 5 % less TPS.
        kept: Whether the change is within what is allowed, by the estimate where that is not proven.
        proven: Whether the comparison settles it.
        of: What *base* is, for people: ``"baseline 182 ms (5 runs)"``.
        note: What a reader needs besides.
    """

    base: float
    allowed: float
    kept: bool
    proven: bool
    of: str
    note: str


@dataclass(frozen=True, slots=True)
class RegressionEvidence:
    """What one load, and its baseline, tell of one metric of one scope.

    Attributes:
        name: The scope.
        bound: The load's estimate; None where it has no such scope.
        change: What the comparison with the baseline came to; None without one.
        missing: Why there is none; then the check fails.
        on_unproven: ``"fail"`` where an undecided comparison is to fail.
        cause: Why the check is undecided rather than failed without one; None where it fails.
        against: What it is compared with, for people, where it came to nothing.
    """

    name: ScopeName
    bound: Bound | None
    change: BaselineChange | None
    missing: str = ""
    on_unproven: str = "estimate"
    cause: Cause | None = None
    against: str = "a baseline"


@dataclass(frozen=True, slots=True)
class ServerEvidence:
    """What CloudWatch has of one metric over a load's window.

    Attributes:
        name: The scope.
        value: In the metric's unit; None without any data.
        samples: How many values are behind it.
        missing: Why there is no value.
        incomplete: What CloudWatch does not have, where that is not all; else ``""``.
        invocations: What a share is of; None where nobody counted.
        note: What a reader of the check must know besides.
    """

    name: ScopeName
    value: float | None = None
    samples: int = 0
    missing: str = ""
    incomplete: str = ""
    invocations: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScalingEvidence:
    """What scaling did during a load.

    Attributes:
        record: None where nobody could tell.
        missing: Why.
    """

    record: ScalingRecord | None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class CostEvidence:
    """What a million requests of a load cost at its measured rate, in US dollars, and how many successes say so."""

    usd_per_million: float
    samples: int


def scope_of(measurement: Measurement, name: ScopeName) -> Scope | None:
    """Return the scope *name* of *measurement*, or None where the load has no such scope."""
    return measurement.scopes.get(name)


def unproven_words(on_unproven: str) -> str:
    """Return what a check that is not proven says."""
    return "not proven, which on_unproven counts as a failure" if on_unproven == "fail" else "not proven"
