"""Says whether the client disturbed a run too much for others to be compared with it."""

from __future__ import annotations

from math import isnan

from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.scope import Scope
from pytest_smload.core.measure.slowness import ClientSlowness

MOST_DISTURBED = 1.05
"""Observed / lowest possible, up to which a run is recorded: what is recorded is believed for many runs."""


def lowest_possible(scope: Scope, metric: str, slowness: ClientSlowness | None) -> float | None:
    """Return the best value of *metric* that the endpoint may have had in *scope*: as if the client's lateness had
    cost all it may have, disturbed requests counted as fast as can be; of ``tps`` the highest. None where it is not
    known, or is what was observed.
    """
    return METRICS[metric].observe(slowness.at_best(scope, None)) if slowness is not None else None


def disturbed_by(limit: RegressionLimit, scope: Scope, observed: float, slowness: ClientSlowness | None) -> float:
    """Return observed / lowest possible of the metric under *limit*, 1 or more: how much of it may be the client's."""
    best = lowest_possible(scope, limit.of, slowness)
    if best is None or isnan(best) or not 0 < observed < float("inf"):
        return 1.0
    worse, better = (best, observed) if limit.higher_is_better else (observed, best)
    return max(worse / better, 1.0) if better > 0 else float("inf")
