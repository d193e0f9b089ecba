"""Compares capacities of several endpoints or configurations: rate, latency, price, and the cheapest that keeps up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan

from pytest_smload.core.capacity.capacity import Capacity
from pytest_smload.core.quoting import quoted
from pytest_smload.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One capacity in a comparison.

    Attributes:
        name: Its label, else its endpoint's name; with a number where another before it has the same.
        tps: Highest rate that keeps the budget.
        p95_ms: At that rate; NaN without one.
        hourly_usd, usd_per_million: What its instances cost; NaN where no price is known.
        price_latency: US dollars per million times p95 in seconds: less is better of both.
        kept: Whether a rate that keeps the budget was found, and what was asked of it was kept.
        confirmed: Whether a run of its own has confirmed that rate; one that is not may be off either way.
    """

    name: str
    tps: float
    p95_ms: float
    hourly_usd: float
    usd_per_million: float
    price_latency: float
    kept: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Capacities beside each other.

    Attributes:
        rows: In the order given.
        cheapest: The name of the one that keeps its budget, confirmed, for the least per million requests, of several
            the one with the lowest p95; None where none has a price.
        one_budget: Whether all were held to the same limits.
    """

    rows: tuple[CapacityRow, ...]
    cheapest: str | None
    one_budget: bool = True


def compare_capacities(capacities: Sequence[Capacity]) -> Comparison:
    """Return *capacities* beside each other: TPS, p95, cost per hour and per million, price x latency.

    Prices are those of ``[prices]``; a row without one is compared by rate and latency only.

    Raises:
        ConfigurationError: nothing to compare, or something that is no capacity.
    """
    found = list(capacities)
    if not found:
        raise ConfigurationError("compare_capacities: give what sm_endpoint.capacity returned, two or more; not []")
    stranger = next((each for each in found if not isinstance(each, Capacity)), None)
    if stranger is not None:
        raise ConfigurationError(
            f"compare_capacities: {quoted(stranger)} is not a Capacity; give what sm_endpoint.capacity returned"
        )
    rows = tuple(map(_row, found, _names(found)))
    priced = [row for row in rows if row.kept and row.confirmed and isfinite(row.usd_per_million)]
    cheapest = min(priced, key=lambda row: (row.usd_per_million, row.p95_ms), default=None)
    budgets = {frozenset(limits) for each in found if (limits := _limits(each))}
    return Comparison(rows, cheapest.name if cheapest is not None else None, len(budgets) < 2)


def _names(found: Sequence[Capacity]) -> list[str]:
    names: list[str] = []
    for each in found:
        name = own = each.label or each.endpoint.name
        while name in names:
            name = f"{own} #{len(names) + 1}"
        names.append(name)
    return names


def _limits(capacity: Capacity) -> set[tuple[str, str, str]]:
    """What its probes were held to; what a probe broke besides has a limit of its own."""
    kept = [level for level in capacity.levels if level.verdict == "kept"]
    return {(check.scope, check.metric, check.limit) for level in kept[:1] for check in level.checks}


def _row(capacity: Capacity, name: str) -> CapacityRow:
    best = capacity.best
    p95_ms = best.p95_ms.value if best is not None else nan
    hourly_usd = nan if capacity.hourly_usd is None else capacity.hourly_usd
    million = nan if capacity.hourly_usd is None else capacity.cost_per_million() if capacity.tps else inf
    return CapacityRow(
        name=name,
        tps=capacity.tps,
        p95_ms=p95_ms,
        hourly_usd=hourly_usd,
        usd_per_million=million,
        price_latency=million * p95_ms / 1000,
        kept=capacity.verdict == "pass",
        confirmed=capacity.confirmed,
    )
