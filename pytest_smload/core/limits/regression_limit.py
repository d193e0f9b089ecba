"""A regression budget, by how much a metric may be worse than its baseline: says itself, and holds a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.evidence import RegressionEvidence
from pytest_smload.core.limits.metrics import METRICS, Metric
from pytest_smload.core.units import format_ms

REGRESSION = "regression"
BASELINE_REQUIRED = "baseline_required"
REGRESSION_METRICS = tuple(name for name, metric in METRICS.items() if metric.comparable)
"""What a regression budget may be about."""
_PREFIX = f"{REGRESSION} "


@dataclass(frozen=True, slots=True)
class RegressionLimit:
    """By how much one metric may be worse than in the baseline.

    Attributes:
        of: One of `REGRESSION_METRICS`.
        budget: The change for the worse allowed, 0.1 for 10 %: more latency, less ``tps``.
        floor_ms: A latency may grow by this much in any case.
        text: What the user wrote.
        source: Where.
    """

    of: str
    budget: float
    floor_ms: float
    text: str
    source: str

    @property
    def metric(self) -> str:
        """What tells it apart from other limits on its scope: ``"regression p95"``."""
        return _PREFIX + self.of

    @property
    def row(self) -> Metric:
        """What is known of the metric it is about."""
        return METRICS[self.of]

    @property
    def higher_is_better(self) -> bool:
        """True for ``tps``."""
        return self.row.at_least

    def describe(self) -> str:
        """Return the budget for people: ``"10% over the baseline, or 5 ms"``, ``"5% under the baseline"``."""
        share = f"{self.budget * 100:.10g}%"
        if self.higher_is_better:
            return f"{share} under the baseline"
        return f"{share} over the baseline" + (f", or {format_ms(self.floor_ms)}" if self.floor_ms else "")

    def looser_than(self, other: RegressionLimit) -> bool:
        """Return whether this budget allows what *other* refuses."""
        return self.budget > other.budget or self.floor_ms > other.floor_ms

    def hold(self, evidence: RegressionEvidence) -> Check:
        """Return the check of this budget on one scope; *evidence* says what it is with nothing to compare with."""
        bound, change = evidence.bound, evidence.change
        sign = ">=" if self.higher_is_better else "<="
        if change is None:
            share = 1 - self.budget if self.higher_is_better else 1 + self.budget
            limit, worst = f"{sign} {share * 100:.4g}% of {evidence.against}", None
            note, proven, passed = evidence.missing, True, False
        else:
            limit, worst = f"{sign} {change.allowed * 100:.4g}% of {change.of}", change.base * change.allowed
            note, proven = change.note, change.proven
            if not proven:
                note += "; on_unproven counts that as a failure" if evidence.on_unproven == "fail" else ""
            passed = change.kept and (proven or evidence.on_unproven == "estimate")
        return Check(
            scope=str(evidence.name),
            metric=self.of,
            limit=limit,
            source=self.source,
            observed=bound.observed if bound is not None else nan,
            n=bound.n if bound is not None else 0,
            outcome="invalid" if evidence.cause is not None else "pass" if passed else "fail",
            note=note,
            lower=bound.lower if bound is not None else None,
            upper=bound.upper if bound is not None else None,
            n_eff=bound.n_eff if bound is not None else None,
            proven=proven,
            at_least=worst if self.higher_is_better else None,
            at_most=None if self.higher_is_better else worst,
            unit=self.row.unit,
            base=change.base if change is not None else None,
            undecided=not proven,
            cause=evidence.cause,
        )


@dataclass(frozen=True, slots=True)
class BaselineRequired:
    """Whether a regression budget without a comparable baseline fails.

    Attributes:
        required: Whether it does.
        source: Where that was written.
    """

    required: bool
    source: str

    @property
    def metric(self) -> str:
        """What it merges under."""
        return BASELINE_REQUIRED

    @property
    def text(self) -> str:
        """What the user wrote."""
        return str(self.required).lower()
