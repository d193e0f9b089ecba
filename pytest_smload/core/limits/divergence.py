"""Says whether a limit on latency that was kept would be broken in a longer window, for latency grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.limits.metrics import Metric
    from pytest_smload.core.measure.scope import Scope

CERTAIN_ALPHA = 0.005
"""Growth that breaks a limit at the least it can be, but for this share of queues that only wander, fails it."""
LIKELY_ALPHA = 0.1
"""Growth that is only likely leaves the limit unproven."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """A limit kept so far that latency grows towards.

    Attributes:
        certain: Whether it is broken in a window twice as long even by the least the growth can be.
        projected_ms: What the metric would be in one.
        note: For the check's reader.
    """

    certain: bool
    projected_ms: float
    note: str


def divergence(metric: Metric, scope: Scope, allows: Callable[[float], bool]) -> Divergence | None:
    """Return how latency grows towards a limit of *metric* in an open load of one rate, or None.

    Args:
        allows: Whether a value of the metric is within the limit.
    """
    from pytest_smload.core.measure.projection import latency_growth, thinned, twice_as_long

    if not scope.one_rate:
        return None
    observed_ms, scope = metric.observe(scope), thinned(scope)
    grown = latency_growth(scope)
    if grown.least(LIKELY_ALPHA) <= 0:
        return None
    projected_ms = max(observed_ms, metric.observe(twice_as_long(scope, grown.estimate)))
    if allows(projected_ms):
        return None
    least_ms = grown.least(CERTAIN_ALPHA)
    certain = least_ms > 0 and not allows(metric.observe(twice_as_long(scope, least_ms)))
    note = (
        f"latency grows, by {format_ms(grown.estimate)} through the window: in one twice as long {metric.words} would "
        f"be {format_ms(projected_ms)}; the endpoint does not keep up with the rate, however long that takes to show"
    )
    return Divergence(certain, projected_ms, note)
