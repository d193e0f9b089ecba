"""An absolute limit: says itself to people, and holds a scope against its bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_smload.core.limits.bounds import Bounds, reaches
from pytest_smload.core.limits.check import Cause, Check, Outcome
from pytest_smload.core.limits.divergence import Divergence, divergence
from pytest_smload.core.limits.evidence import ScopeEvidence, unproven_words
from pytest_smload.core.limits.metrics import Metric, metric_named
from pytest_smload.core.limits.observed import Refusal
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from pytest_smload.core.limits.quantities import Quantity
    from pytest_smload.core.measure.scope import Scope
    from pytest_smload.core.measure.slowness import ClientSlowness
    from pytest_smload.core.statistics.bound import Bound


@dataclass(frozen=True, slots=True)
class Limit(Bounds):
    """One line of a budget.

    Attributes:
        metric: One of `METRICS`, with ``errors.KIND`` in place of ``errors``.
        at_least, at_most: The bounds, inclusive, or None: latency in ms, ``tps`` in requests/s, ``error_rate`` as a
            ratio 0..1, ``errors.KIND`` and ``requests`` as counts.
        relative: The bounds are shares 0..1 instead: of the offered rate (``tps``), of the requests (``errors.KIND``).
        text: What the user wrote.
        source: Where.
    """

    @property
    def row(self) -> Metric:
        """What is known of the metric."""
        return metric_named(self.metric)

    @property
    def quantity(self) -> Quantity:
        """What its values are."""
        return self.row.quantity

    @property
    def needs_rate(self) -> bool:
        """Whether only a load that offers a rate can be held against it."""
        share = self.row.quantity.share
        return self.relative and share is not None and share.needs_rate

    def settled_by(self, bound: Bound, base: float = 1.0) -> bool:
        """Return whether *bound*'s interval lies wholly on one side of this limit: all of it keeps to it, or none.

        Args:
            bound: Of this limit's metric.
            base: What a relative limit is a share of.
        """
        kept = self.allows(bound.lower, base) and self.allows(bound.upper, base)
        return kept or self._broken_by(bound, base)

    def _broken_by(self, bound: Bound, base: float) -> bool:
        """Whether *bound*'s interval lies wholly beyond this limit."""
        low, high = self.bounds(base)
        return (low is not None and bound.upper < low) or (high is not None and bound.lower > high)

    def hold(self, evidence: ScopeEvidence) -> Check:
        """Return the check of this limit on one scope.

        It passes when the estimate keeps to the limit, and would in a longer window (`divergence`). It fails besides,
        whatever the limit, when the scope has no sample and when requests were sent and none succeeded; a percentile of
        too few requests is INVALID. So is what the client's own slowness leaves undecided: the value would be on the
        other side of the limit had the client lost no time (`ClientSlowness.at_best`).
        """
        if evidence.scope is None:
            return Check(**self._itself(evidence, None), observed=math.nan, n=0, outcome="fail", note="no sample")
        scope = evidence.scope.limited_to(self._limit_ms)
        row = self.row
        base = self._base(scope)
        observed, bound = row.observe(scope), row.bound(scope, evidence.alpha)
        refusal = self._refusal(scope, base)
        scale = math.nan if base is None else base
        kept = refusal is None and self.allows(observed, scale)
        diverges = self._divergence(evidence.slowness, scope) if kept else None
        if diverges is not None:
            proven, kept = diverges.certain, not diverges.certain
        else:
            settled = refusal is not None and refusal.settled
            proven = settled or bound is None or self.settled_by(bound, scale)
        notes = [refusal.reason if refusal is not None else "", row.note(scope)]
        decided = refusal is not None or diverges is not None
        doubt = "" if decided else self._doubt(evidence.slowness, scope, observed, scale, kept=kept)
        if diverges is not None:
            words = "" if proven else f"{unproven_words(evidence.on_unproven)}: "
            notes.insert(0, f"{words}{diverges.note}")
        elif doubt:
            notes.insert(0, doubt)
        elif not proven and refusal is None:
            notes.append(_unproven_note(bound, scope.stats.tps, evidence.on_unproven))
        passed = kept and (proven or evidence.on_unproven == "estimate")
        cause: Cause | None = "client" if doubt else refusal.cause if refusal is not None else None
        outcome: Outcome = "invalid" if cause is not None else "pass" if passed else "fail"
        return Check(
            **self._itself(evidence, base),
            observed=observed,
            n=row.samples(scope),
            outcome=outcome,
            note="; ".join(filter(None, notes)),
            lower=bound.lower if bound is not None else None,
            upper=bound.upper if bound is not None else None,
            n_eff=bound.n_eff if bound is not None else None,
            proven=proven,
            cause=cause,
            projected=None if diverges is None else diverges.projected_ms,
        )

    def breaks_at(self, scope: Scope, alpha: float) -> bool:
        """Return whether an interval that misses *alpha* lies wholly beyond this limit."""
        scope = scope.limited_to(self._limit_ms)
        bound, base = self.row.bound(scope, alpha), self._base(scope)
        if bound is None or (self.relative and base is None):
            return False
        return self._broken_by(bound, math.nan if base is None else base)

    def _divergence(self, slowness: ClientSlowness | None, scope: Scope) -> Divergence | None:
        """How latency grows towards this limit; certain only where it does without what the client may have lost."""
        if self._limit_ms is None:
            return None
        found = divergence(self.row, scope, self.allows)
        if found is not None and found.certain and slowness is not None:
            at_best = divergence(self.row, slowness.at_best(scope, self._limit_ms), self.allows)
            return replace(found, certain=at_best is not None and at_best.certain)
        return found

    @property
    def _limit_ms(self) -> float | None:
        """What latencies are limited to from above; None where this limits something else."""
        return self.at_most if self.row.unit == "ms" else None

    def _doubt(self, slowness: ClientSlowness | None, scope: Scope, observed: float, base: float, *, kept: bool) -> str:
        """Why the client's slowness leaves this limit undecided, or ``""``.

        The truth lies between what was observed and what it would have been at best. Client lateness makes latencies
        longer and rates lower, never the other way round, so that one of the two is often enough.
        """
        if slowness is None or math.isnan(observed):
            return ""
        low, high = self.bounds(base)
        risky = high if self.row.at_least else low
        doubt_of_a_pass = ""
        if kept and observed and not self.row.at_least and not self.allows(observed * slowness.most_rise, base):
            doubt_of_a_pass = slowness.doubt_of_a_pass
        if kept and risky is None:
            return doubt_of_a_pass
        at_best = self.row.observe(slowness.at_best(scope, self._limit_ms))
        if self._side(observed, base) == self._side(at_best, base):
            return doubt_of_a_pass
        value = self.row.quantity.rounded(at_best)
        return f"undecided: without the time the client itself may have lost it would be {value}"

    def _side(self, value: float, base: float) -> int:
        """-1 below the limit, 1 above it, 0 within."""
        low, high = self.bounds(base)
        if low is not None and not reaches(value, low):
            return -1
        return int(high is not None and not reaches(high, value))

    def _base(self, scope: Scope) -> float | None:
        share = self.row.quantity.share
        return share.base(scope) if self.relative and share is not None else None

    def _refusal(self, scope: Scope, base: float | None) -> Refusal | None:
        refusal, share = self.row.refuse(scope), self.row.quantity.share
        if refusal is None and self.relative and share is not None and base is None:
            return Refusal(share.missing)
        return refusal

    def _itself(self, evidence: ScopeEvidence, base: float | None) -> dict[str, Any]:
        """What the check of one scope says of this limit itself."""
        at_least, at_most = self.bounds(base)
        return {
            "scope": str(evidence.name),
            "metric": self.metric,
            "limit": self.describe(base),
            "source": self.source,
            "at_least": at_least,
            "at_most": at_most,
            "unit": self.row.unit,
            "base": base,
        }


def _unproven_note(bound: Bound | None, tps: float, on_unproven: str) -> str:
    """How many samples it takes to bound a percentile, where that is what is missing, and how long that takes."""
    text = unproven_words(on_unproven)
    if bound is not None and bound.withheld:
        return f"{text}: slow spells last too long for this window to tell how often they come; load for longer"
    if bound is None or not bound.needed:
        return text
    text += f": an interval takes {bound.needed:,} samples, {bound.n:,} are there"
    return f"{text}; at {tps:.3g} TPS that is {format_duration(math.ceil(bound.needed / tps))}" if tps > 0 else text
