"""One scope's requests summarised: the whole load, one model, or one stage, with what its checks ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from pytest_smload.core.measure.cold import cold_starts, suspected_cold
from pytest_smload.core.measure.figures import Stats
from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.measure.silence import Silence
from pytest_smload.core.measure.window import LOST_KINDS, Window
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.statistics.columns import Flags, Floats, mean
from pytest_smload.core.statistics.percentiles import NAN, nearest_rank, percentile, percentile_of

SLICES = 20
"""The interval of a rate comes from its rates in so many equal slices of the span."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope's figures, and its requests as checks need them.

    Attributes:
        name: Whose they are.
        stats: The figures reported; percentiles over successes only.
        failures: How many there were of each error kind and HTTP status (None where nothing was answered), those that
            occurred; their sum is ``stats.errors``.
        latency_ms: Latencies of the successes, ascending.
        requests: All requests in order.
        touches_ms: First touch of each of the scope's models, ascending; inf for one that was asked and never answered.
        ended_ok: Successes that ended in each of `SLICES` equal slices of the scope's span, whenever they began.
        span_s: Length of that span.
        offered_tps: Requests per second asked of this scope (open model), else None.
        one_rate: Whether that was the same from the span's beginning to its end.
        silence: When nothing was answered for longer than the load explains (the whole of a closed load), else None.
        over_ms: What latencies are limited to, where that is known: a failure that took longer is too slow as well,
            whatever ended it. Fast failures are no latencies.
    """

    name: ScopeName
    stats: Stats
    failures: Mapping[tuple[str, int | None], int]
    latency_ms: Floats
    requests: Window
    touches_ms: Floats
    ended_ok: Sequence[int]
    span_s: float
    offered_tps: float | None = None
    one_rate: bool = False
    silence: Silence | None = None
    over_ms: float = inf

    def limited_to(self, over_ms: float | None) -> Scope:
        """Return this scope as a check of latencies up to *over_ms* sees it."""
        return self if over_ms is None else replace(self, over_ms=over_ms)

    @property
    def kinds(self) -> dict[str, int]:
        """Failures per error kind, those that occurred."""
        kinds: dict[str, int] = {}
        for (kind, _), count in self.failures.items():
            kinds[kind] = kinds.get(kind, 0) + count
        return kinds

    @property
    def lost(self) -> int:
        """Requests timed out or never sent."""
        return int(np.count_nonzero(np.isin(self.requests.kind, LOST_KINDS)))

    @property
    def too_slow(self) -> int:
        """Failures that stand as +infinity among latencies: lost, or longer than `over_ms`."""
        return int(np.count_nonzero(self._too_slow()))

    def _too_slow(self) -> Flags:
        kind = self.requests.kind
        too_slow: Flags = (kind != OK) & (np.isin(kind, LOST_KINDS) | (self.requests.took_ms > self.over_ms))
        return too_slow

    def checked_ms(self) -> Floats:
        """Return, in order, what order statistics are of: the latencies of successes, inf for what was too slow."""
        too_slow = self._too_slow()
        return np.where(too_slow, inf, self.requests.took_ms)[self.requests.answered | too_slow]

    def averaged_ms(self) -> Floats:
        """Return, in order, what mean and maximum are of: successes and what was too slow, at the time they took.

        inf where a request was never sent.
        """
        return self.requests.took_ms[self.requests.answered | self._too_slow()]

    def check_quantile_ms(self, per_mille: int) -> float:
        """Return the nearest-rank percentile over `checked_ms`: NaN of none.

        *per_mille* is the percentile in thousandths, 950 for p95.
        """
        count = len(self.latency_ms) + self.too_slow
        if count == 0:
            return NAN
        rank = nearest_rank(count, per_mille)
        return float(self.latency_ms[rank - 1]) if rank <= len(self.latency_ms) else inf

    def check_mean_ms(self) -> float:
        """Return the mean of `averaged_ms`: NaN of none."""
        values = self.averaged_ms()
        return mean(values) if len(values) else NAN

    def check_max_ms(self) -> float:
        """Return the largest of `averaged_ms`: NaN of none."""
        return float(np.max(self.averaged_ms(), initial=-inf)) if self.stats.ok or self.too_slow else NAN


def summarise(
    name: ScopeName,
    requests: Window,
    *,
    ended_ok: Sequence[int],
    span_s: float,
    body_bytes: tuple[int | None, int | None],
    offered_tps: float | None,
    touches_ms: Floats,
    suspected: int | None,
) -> Scope:
    """Return the scope *name* over *span_s* seconds.

    Args:
        ended_ok: As in `Scope`.
        body_bytes: Bytes received and sent.
        touches_ms: First touch of each of the scope's models; inf for one that never answered, NaN for one never asked.
        suspected: Requests that look like another load of their model; None to count them, where all are of one model:
            another model's median says nothing about a request.
    """
    answered = requests.answered
    latency = np.sort(requests.took_ms[answered])
    service = latency if requests.service_ms is None else requests.service_ms[answered]
    failures = requests.failures()
    ok, errors = len(latency), sum(failures.values())
    service_p50_ms = percentile_of(service, 500)
    touches_ms = np.sort(touches_ms[~np.isnan(touches_ms)])
    stats = Stats(
        requests=ok + errors,
        ok=ok,
        errors=errors,
        error_rate=errors / (ok + errors) if ok + errors else NAN,
        tps=sum(ended_ok) / span_s if span_s > 0 else NAN,
        mean_ms=mean(latency) if ok else NAN,
        min_ms=float(latency[0]) if ok else NAN,
        p50_ms=percentile(latency, 500),
        p90_ms=percentile(latency, 900),
        p95_ms=percentile(latency, 950),
        p99_ms=percentile(latency, 990),
        p99_9_ms=percentile(latency, 999),
        max_ms=float(latency[-1]) if ok else NAN,
        service_p50_ms=service_p50_ms,
        service_p95_ms=percentile_of(service, 950),
        bytes_in=body_bytes[0],
        bytes_out=body_bytes[1],
        cold=cold_starts(touches_ms, suspected_cold(service, service_p50_ms) if suspected is None else suspected),
    )
    return Scope(
        name=name,
        stats=stats,
        failures=failures,
        latency_ms=latency,
        # No check asks for service times; of ten million they are 80 MB a copy.
        requests=replace(requests, service_ms=None),
        touches_ms=touches_ms,
        ended_ok=ended_ok,
        span_s=span_s,
        offered_tps=offered_tps,
    )
