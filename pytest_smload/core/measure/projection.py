"""Projects a scope whose latencies grow onto a window twice as long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pytest_smload.core.measure.scope import Scope
from pytest_smload.core.statistics.growth import Growth, growth

_ENOUGH = 200_000
"""So many requests, evenly chosen, tell a trend; ten million doubled would be a gigabyte."""


def thinned(scope: Scope) -> Scope:
    """Return *scope* with at most `_ENOUGH` of its requests, the same share of each part of it."""
    step = -(-len(scope.requests.kind) // _ENOUGH)
    if step <= 1:
        return scope
    requests = scope.requests.take(slice(None, None, step))
    return replace(scope, requests=requests, latency_ms=np.sort(requests.took_ms[requests.answered]))


def latency_growth(scope: Scope) -> Growth:
    """Return by how many ms the latencies of *scope* grow over its span."""
    return growth(scope.averaged_ms())


def twice_as_long(scope: Scope, growth_ms: float) -> Scope:
    """Return *scope* as it would be had it lasted twice as long: the second half as the first, *growth_ms* slower."""
    first = scope.requests
    second = replace(first, took_ms=np.where(first.answered, first.took_ms + growth_ms, first.took_ms))
    latency_ms = np.concatenate((scope.latency_ms, scope.latency_ms + growth_ms))
    return replace(scope, requests=first.followed_by(second), latency_ms=np.sort(latency_ms))
