"""A limit on what a million requests of a load cost, by the prices its settings file gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.limits.bounds import Bounds
from pytest_smload.core.limits.check import Check, Unit
from pytest_smload.core.limits.quantities import USD, Quantity
from pytest_smload.core.measure.scope_name import TOTAL

if TYPE_CHECKING:
    from pytest_smload.core.limits.evidence import CostEvidence


@dataclass(frozen=True, slots=True)
class CostMetric:
    """What a limit on cost may be about.

    Attributes:
        name: The key it is limited by.
        words: What it is called in a sentence.
        quantity: What its values are, and how bounds of them are written.
        at_least: Whether a bare value is the least allowed.
    """

    name: str
    words: str
    quantity: Quantity
    at_least: bool = False

    @property
    def unit(self) -> Unit:
        """The unit of its values."""
        return self.quantity.unit


COST_METRICS: Mapping[str, CostMetric] = {
    "cost_per_million": CostMetric("cost_per_million", "cost per million requests", USD)
}
"""By name, in the order checks are shown."""


@dataclass(frozen=True, slots=True)
class CostLimit(Bounds):
    """One line of a budget about cost; `metric` is a key of `COST_METRICS`."""

    @property
    def row(self) -> CostMetric:
        """What is known of the metric."""
        return COST_METRICS[self.metric]

    @property
    def quantity(self) -> Quantity:
        """What its values are."""
        return self.row.quantity

    def hold(self, evidence: CostEvidence) -> Check:
        """Return the check of this limit; where nothing was answered a million costs without end, and it is broken."""
        return Check(
            scope=str(TOTAL),
            metric=self.metric,
            limit=self.describe(),
            source=self.source,
            observed=evidence.usd_per_million,
            n=evidence.samples,
            outcome="pass" if self.allows(evidence.usd_per_million) else "fail",
            at_least=self.at_least,
            at_most=self.at_most,
            unit=self.row.unit,
        )
