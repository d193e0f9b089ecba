"""A limit on what autoscaling did during a load: how far it went, and how soon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from pytest_smload.core.limits.bounds import Bounds
from pytest_smload.core.limits.check import Check, Unit
from pytest_smload.core.limits.quantities import DURATION, INSTANCES, Quantity
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.scaling.wish import AUTOSCALED, Autoscaled, ScalingWish

if TYPE_CHECKING:
    from pytest_smload.core.limits.evidence import ScalingEvidence
    from pytest_smload.core.scaling.record import ScalingRecord


@dataclass(frozen=True, slots=True)
class ScalingMetric:
    """What a limit on scaling may be about.

    Attributes:
        name: The key it is limited by.
        words: What it is called in a sentence.
        quantity: What its values are, and how bounds of them are written.
        observe: Its value, in the quantity's unit; None where it never came to be.
        never: What that means.
        at_least: Whether a bare value is the least allowed.
    """

    name: str
    words: str
    quantity: Quantity
    observe: Callable[[ScalingRecord], float | None]
    never: str = ""
    at_least: bool = False

    @property
    def unit(self) -> Unit:
        """The unit of its values."""
        return self.quantity.unit


def _scale_out_ms(record: ScalingRecord) -> float | None:
    return None if record.scale_out_s is None else record.scale_out_s * 1000


_ROWS = (
    ScalingMetric(
        "scaled_to",
        "instances scaled to",
        INSTANCES,
        observe=lambda record: float(record.most_instances),
        at_least=True,
    ),
    ScalingMetric(
        "scale_out_within",
        "time to the first scale-out",
        DURATION,
        observe=_scale_out_ms,
        never="no scale-out was completed during the load",
    ),
)
SCALING_METRICS: Mapping[str, ScalingMetric] = {row.name: row for row in _ROWS}
"""By name, in the order checks are shown."""


@dataclass(frozen=True, slots=True)
class ScalingLimit(Bounds):
    """One line of a budget about scaling; `metric` is a key of `SCALING_METRICS`."""

    @property
    def row(self) -> ScalingMetric:
        """What is known of the metric."""
        return SCALING_METRICS[self.metric]

    @property
    def quantity(self) -> Quantity:
        """What its values are."""
        return self.row.quantity

    def hold(self, evidence: ScalingEvidence) -> Check:
        """Return the check of this limit; without a record, and of what never came to be, it fails."""
        record = evidence.record
        value = self.row.observe(record) if record is not None else None
        note = evidence.missing if record is None else self.row.never if value is None else ""
        return Check(
            scope=str(TOTAL),
            metric=self.metric,
            limit=self.describe(),
            source=self.source,
            observed=nan if value is None else value,
            n=len(record.activities) if record is not None else 0,
            outcome="pass" if value is not None and self.allows(value) else "fail",
            note=note,
            at_least=self.at_least,
            at_most=self.at_most,
            unit=self.row.unit,
        )


def scaling_problems(limits: Iterable[ScalingLimit], wish: ScalingWish | None) -> list[str]:
    """Return a sentence per limit that a load whose instances are held as *wish* says cannot break, or not keep."""
    return [sentence for limit in limits if (sentence := _problem(limit, wish))]


def _problem(limit: ScalingLimit, wish: ScalingWish | None) -> str:
    words = f"{limit.source}: {limit.metric} {limit.describe()}"
    if not isinstance(wish, Autoscaled):
        why = "nothing may scale during this load" if wish is None else f"the load is {wish.describe()}"
        return (
            f"{words}: {why}; give the test perf({AUTOSCALED}={{...}}), or its load `with sm_endpoint.{AUTOSCALED}()`"
        )
    why = _count_problem(limit, wish) if limit.quantity is INSTANCES else _time_problem(limit)
    return f"{words} {why}" if why else ""


def _time_problem(limit: ScalingLimit) -> str:
    if limit.at_most is None:
        return "is kept by the slowest there is; say how long it may take"
    return "" if limit.at_most else "cannot be kept: an instance takes its time"


def _count_problem(limit: ScalingLimit, wish: Autoscaled) -> str:
    if limit.at_least is not None and limit.at_least > wish.maximum:
        return f"cannot be reached: the load is {wish.describe()}"
    if limit.at_most is not None and limit.at_most < wish.start:
        return f"cannot be kept: the load begins with {wish.start}"
    if (limit.at_most is None or limit.at_most >= wish.maximum) and (limit.at_least or 0) <= wish.start:
        return f"is kept whatever happens: the load begins with {wish.start}; ask for more"
    return ""
