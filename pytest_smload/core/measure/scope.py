"""One scope's samples summarised: the whole load, one model, or one stage, with what its checks ask for."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, inf, isfinite

from pytest_smload.core.measure.cold import cold_starts, suspected_cold
from pytest_smload.core.measure.figures import Stats
from pytest_smload.core.statistics.percentiles import NAN, nearest_rank, percentile

LOST_KINDS = ("Timeout", "Unsent")
"""Failures that were too slow rather than refused: in checks of latency they stand as +infinity."""
SLICES = 20
"""The interval of a rate comes from its rates in so many equal slices of the span."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope's figures, and its samples as checks need them.

    Attributes:
        name: ``"total"``, a model's name, or ``"stage NAME"``.
        stats: The figures reported; percentiles over successes only.
        kinds: Failures per error kind, those that occurred; their sum is ``stats.errors``.
        latency_ms: Latencies of the successes, ascending.
        outcome_ms: Per request, in the order they were due or begun, those never sent last: its latency, inf where it
            was lost, NaN where it failed otherwise.
        ended_ok: Successes that ended in each of `SLICES` equal slices of the scope's span.
        span_s: Length of that span.
        lost: Requests timed out or never sent, which stand as +infinity in latency checks.
        offered_tps: Requests per second asked of this scope (open model), else None.
    """

    name: str
    stats: Stats
    kinds: Mapping[str, int]
    latency_ms: array[float]
    lost: int
    outcome_ms: array[float]
    ended_ok: Sequence[int]
    span_s: float
    offered_tps: float | None = None

    def check_quantile_ms(self, per_mille: int) -> float:
        """Return the nearest-rank percentile over successes and lost requests: NaN without either, inf among the lost.

        *per_mille* is the percentile in thousandths, 950 for p95.
        """
        count = len(self.latency_ms) + self.lost
        if count == 0:
            return NAN
        rank = nearest_rank(count, per_mille)
        return self.latency_ms[rank - 1] if rank <= len(self.latency_ms) else inf

    def check_max_ms(self) -> float:
        """Return the longest latency; inf where a request was lost, NaN without successes and losses."""
        return inf if self.lost else self.stats.max_ms


@dataclass(slots=True)
class Tally:
    """What one scope's samples add up to while they are gone through.

    Attributes:
        outcome_ms: As in `Scope`.
        service_ms: Service time of each success; stays empty in the closed model, where it is the latency.
        kinds: Failures per error kind.
        ended_ok: As in `Scope`; successes count whenever they began.
        unsent: Arrivals never sent; among *kinds* too.
        touches_ms: First touch of each of its models, where there was one.
        suspected_cold: Samples that look like another load of their model; known once the models are summarised.
    """

    outcome_ms: array[float] = field(default_factory=lambda: array("d"))
    service_ms: array[float] = field(default_factory=lambda: array("d"))
    kinds: dict[str, int] = field(default_factory=dict)
    ended_ok: list[int] = field(default_factory=lambda: [0] * SLICES)
    unsent: int = 0
    touches_ms: array[float] = field(default_factory=lambda: array("d"))
    suspected_cold: int = 0

    def fail(self, kind: str) -> None:
        """Count a failure of *kind*."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.outcome_ms.append(inf if kind in LOST_KINDS else NAN)

    def leave_unsent(self) -> None:
        """Count an arrival that was never sent."""
        self.unsent += 1
        self.fail("Unsent")

    @property
    def sent(self) -> int:
        """Requests of the window that were sent."""
        return len(self.outcome_ms) - self.unsent

    def add_counts(self, parts: Iterable[Tally]) -> None:
        """Take over everything of *parts* but the outcomes, whose common order they do not know."""
        for part in parts:
            self.service_ms.extend(part.service_ms)
            self.unsent += part.unsent
            self.ended_ok = [ours + theirs for ours, theirs in zip(self.ended_ok, part.ended_ok, strict=True)]
            self.touches_ms.extend(part.touches_ms)
            self.suspected_cold += part.suspected_cold
            for kind, count in part.kinds.items():
                self.kinds[kind] = self.kinds.get(kind, 0) + count


def summarise(
    name: str,
    tally: Tally,
    *,
    span_s: float,
    body_bytes: tuple[int | None, int | None],
    offered_tps: float | None,
    one_model: bool = False,
    parts: Iterable[Scope] = (),
) -> Scope:
    """Return the scope *name* over *span_s* seconds; leaves the tally's service times sorted.

    Merging columns that are sorted already makes sorting the whole cheap. *body_bytes* are those received and sent.
    Cold suspects are looked for where the scope is *one_model*: another model's median says nothing about a sample.
    *parts* are scopes that hold the same samples.
    """
    latency = array("d")
    for part in parts:
        latency.extend(part.latency_ms)
    latency = array("d", sorted(latency or filter(isfinite, tally.outcome_ms)))
    service = tally.service_ms = array("d", sorted(tally.service_ms))
    touches = array("d", sorted(tally.touches_ms))
    if one_model:
        tally.suspected_cold = suspected_cold(service or latency)
    ok, errors = len(latency), sum(tally.kinds.values())
    stats = Stats(
        requests=ok + errors,
        ok=ok,
        errors=errors,
        error_rate=errors / (ok + errors) if ok + errors else NAN,
        tps=sum(tally.ended_ok) / span_s if span_s > 0 else NAN,
        mean_ms=fsum(latency) / ok if ok else NAN,
        min_ms=latency[0] if ok else NAN,
        p50_ms=percentile(latency, 500),
        p90_ms=percentile(latency, 900),
        p95_ms=percentile(latency, 950),
        p99_ms=percentile(latency, 990),
        p99_9_ms=percentile(latency, 999),
        max_ms=latency[-1] if ok else NAN,
        service_p50_ms=percentile(service or latency, 500),
        service_p95_ms=percentile(service or latency, 950),
        bytes_in=body_bytes[0],
        bytes_out=body_bytes[1],
        cold=cold_starts(touches, tally.suspected_cold),
    )
    return Scope(
        name=name,
        stats=stats,
        kinds=dict(tally.kinds),
        latency_ms=latency,
        lost=sum(tally.kinds.get(kind, 0) for kind in LOST_KINDS),
        outcome_ms=tally.outcome_ms,
        ended_ok=tally.ended_ok,
        span_s=span_s,
        offered_tps=offered_tps,
    )
