"""How a load's latencies and failures are spread, as its result has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_smload.core.measure.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where a load's latencies lie, those of successes in its window; and where its failures do.

    Attributes:
        total: Of the whole load.
        routes: Per model, or whatever else the weights name, that answered; empty where nothing has weights.
        slice_s: Length of the equal slices of the window that follow.
        over_time: Per slice, by when requests were due or begun; in wider bins.
        routes_p95_ms: Per route and slice, about: NaN where nothing answered. Of those with the most
            requests.
        errors_over_time: Per error kind and slice, those that occurred.
        errors_by_route: Per route with failures: count per error kind.
        client_lag_ms: Per slice, about when: by how much the client's own loop was late at most, in any generator.
    """

    total: Histogram
    routes: Mapping[str, Histogram]
    slice_s: float
    over_time: tuple[Histogram, ...]
    routes_p95_ms: Mapping[str, tuple[float, ...]]
    errors_over_time: Mapping[str, tuple[int, ...]]
    errors_by_route: Mapping[str, Mapping[str, int]]
    client_lag_ms: tuple[float, ...] = ()
