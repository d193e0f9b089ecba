"""Says what a load's requests cost by the prices given, and holds its limits on that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_smload.core.limits.cost_limit import CostLimit
from pytest_smload.core.limits.evidence import CostEvidence
from pytest_smload.core.safety.cost import LoadCost, cost_per_million, hourly_cost
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.results.result import LoadResult


def cost_limits(request: LoadRequest) -> list[CostLimit]:
    """Return the limits on cost of *request*'s budget."""
    entries = request.budget.limits.values() if request.budget is not None else ()
    return [limit for limit in entries if isinstance(limit, CostLimit)]


def needs_prices(request: LoadRequest) -> bool:
    """Whether what hosts the endpoint is to be known for what it costs: a limit or a price says so."""
    return bool(request.safeguards.prices.instance_hour) or bool(cost_limits(request))


def check_prices(request: LoadRequest, hosting: Hosting | None) -> None:
    """Refuse a limit on cost where the cost cannot be told.

    Raises:
        ConfigurationError: so it is; nothing was sent.
    """
    limits = cost_limits(request)
    prices = request.safeguards.prices
    hourly_usd, unknown = hourly_cost(hosting, prices)
    if not unknown and not hourly_usd:
        unknown = f"the instances cost nothing by {prices.source}, so that nothing could break it"
    if limits and unknown:
        raise ConfigurationError(
            [f"{limit.source}: {limit.metric} {limit.describe()} cannot be held: {unknown}" for limit in limits]
        )


def with_cost(result: LoadResult, request: LoadRequest, hosting: Hosting | None) -> LoadResult:
    """Return *result* with its cost at the measured rate, where that is known, and the checks of its limits on it."""
    hourly_usd, unknown = hourly_cost(hosting, request.safeguards.prices)
    if unknown:
        return result
    million = cost_per_million(hourly_usd=hourly_usd, tps=result.tps)
    checks = tuple(limit.hold(CostEvidence(million, result.ok)) for limit in cost_limits(request))
    return replace(result, cost=LoadCost(hourly_usd, million), checks=(*result.checks, *checks))
