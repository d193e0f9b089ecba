"""A limit on the server's side: holds what CloudWatch has of a load against its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from pytest_smload.core.limits.bounds import Bounds, reaches
from pytest_smload.core.limits.check import Cause, Check, Outcome
from pytest_smload.core.limits.server_metrics import SERVER_METRICS, ServerMetric

if TYPE_CHECKING:
    from pytest_smload.core.limits.evidence import ServerEvidence
    from pytest_smload.core.limits.quantities import Quantity


@dataclass(frozen=True, slots=True)
class ServerLimit(Bounds):
    """One line of a budget that CloudWatch is asked about; `metric` is a key of `SERVER_METRICS`."""

    @property
    def row(self) -> ServerMetric:
        """What is known of the metric."""
        return SERVER_METRICS[self.metric]

    @property
    def quantity(self) -> Quantity:
        """What its values are."""
        return self.row.quantity

    def hold(self, evidence: ServerEvidence) -> Check:
        """Return the check of this limit.

        Without data it fails: nothing passes empty. A percentile of too few requests is INVALID, as of the client's
        own, and so is what data that is not complete leaves open: it never passes, and fails where what is missing
        could only make it worse.
        """
        value = evidence.value
        base = float(evidence.invocations) if self.relative and evidence.invocations else None
        if value is None or (self.relative and base is None):
            missing = evidence.missing if value is None else "CloudWatch counted no invocation to take a share of"
            return self._check(evidence, base, "fail", missing, None)
        kept = self.allows(value, nan if base is None else base)
        notes = [evidence.note]
        cause: Cause | None = None
        if evidence.samples < self.row.needed:
            cause = "few requests"
            notes.insert(0, f"{self.row.words} takes {self.row.needed:,} requests, CloudWatch has {evidence.samples:,}")
        elif evidence.incomplete and not self._is_broken_for_good(value, base):
            cause = "incomplete"
            notes.insert(0, f"undecided: {evidence.incomplete}")
        outcome: Outcome = "invalid" if cause is not None else "pass" if kept else "fail"
        return self._check(evidence, base, outcome, "; ".join(filter(None, notes)), cause)

    def _is_broken_for_good(self, value: float, base: float | None) -> bool:
        """Whether it would be broken whatever is counted yet."""
        _, high = self.bounds(base)
        return self.row.only_rises and not self.relative and high is not None and not reaches(high, value)

    def _check(
        self, evidence: ServerEvidence, base: float | None, outcome: Outcome, note: str, cause: Cause | None
    ) -> Check:
        at_least, at_most = self.bounds(base)
        return Check(
            scope=str(evidence.name),
            metric=self.metric,
            limit=self.describe(base),
            source=self.source,
            observed=nan if evidence.value is None else evidence.value,
            n=evidence.samples,
            outcome=outcome,
            note=note,
            at_least=at_least,
            at_most=at_most,
            unit=self.row.unit,
            base=base,
            cause=cause,
        )
