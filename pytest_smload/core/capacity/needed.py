"""Says how many requests a probe takes for its limits to be proven kept by an endpoint that keeps them well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, log
from typing import TYPE_CHECKING

from pytest_smload.core.limits.metrics import METRICS, metric_family
from pytest_smload.core.statistics.bound import LOOKS, look_alpha

if TYPE_CHECKING:
    from pytest_smload.core.limits.budget import ScopedLimit
    from pytest_smload.core.limits.limit import Limit
    from pytest_smload.core.measure.scope_name import ScopeName

_NONE = 0.01
"""No error at all is shown by as many requests as this rate takes."""
_PER_MILLE = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}


def needed_requests(limits: Iterable[ScopedLimit], shares: Mapping[ScopeName, float]) -> tuple[int, str]:
    """Return how many requests the limit that takes most needs, and that limit in words; 0 and ``""`` without any.

    None among n above a percentile p shows that the true one is no higher at level a where p^n <= a/2, and no error
    among n that the rate is at most r where (1-r)^n <= a/2; a is that of one of three looks.

    Args:
        limits: A budget's.
        shares: Part of the traffic of each scope that is not the total.
    """
    most, words = 0, ""
    for scope, limit in limits:
        count = ceil(_needed(limit) / shares.get(scope, 1.0))
        if count > most:
            of = "" if scope not in shares else f" of {scope}"
            most, words = count, f"{limit.metric}{of} {limit.describe()}"
    return most, words


def _needed(limit: Limit) -> int:
    miss = look_alpha(LOOKS) / 2
    if limit.metric in _PER_MILLE:
        return ceil(log(miss) / log(_PER_MILLE[limit.metric] / 1000))
    if limit.metric == "error_rate" and limit.at_most is not None and limit.at_most < 1:
        return ceil(log(miss) / log(1 - (limit.at_most or _NONE)))
    row = METRICS.get(metric_family(limit.metric))
    return row.needed if row is not None else 1
