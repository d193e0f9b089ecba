"""What a load costs: the endpoint's instances for as long as it takes, and the data in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import Hosting

_GB = 2**30
_HOUR_S = 3600.0
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """``[prices]`` of a settings file, in US dollars.

    Attributes:
        instance_hour: Of an hour of each instance type: ``{"ml.c5.large": 0.119}``.
        data_gb: Of a GB (2^30 bytes) of request and response bodies.
        source: Where they were written, for messages: ``smload.toml [prices]``.
    """

    instance_hour: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    data_gb: float = 0.0
    source: str = "[prices]"

    def of(self, *, hourly_usd: float, seconds: float, data_bytes: float) -> float:
        """Return what *seconds* of instances at *hourly_usd* and *data_bytes* of bodies cost."""
        return hourly_usd * seconds / _HOUR_S + self.data_gb * data_bytes / _GB


@dataclass(frozen=True, slots=True)
class LoadCost:
    """What a load cost in US dollars: an hour of the instances, and a million requests at its TPS (inf at none)."""

    hourly_usd: float
    usd_per_million: float


def cost_per_million(*, hourly_usd: float, tps: float) -> float:
    """Return US dollars per million requests of instances at *hourly_usd* that answer *tps*; inf where that is 0."""
    return hourly_usd / (tps * _HOUR_S) * _MILLION if tps > 0 else inf


def hourly_cost(hosting: Hosting | None, prices: Prices) -> tuple[float, str]:
    """Return what an hour of the endpoint's instances costs in US dollars and ``""``, or 0 and why it is not known."""
    if hosting is None:
        return 0.0, "what hosts the endpoint is not known (sagemaker:DescribeEndpoint must be allowed)"
    if any(variant.serverless is not None for variant in hosting.variants):
        return 0.0, "the endpoint is serverless, which has no instance hours"
    counts = hosting.instances_by_type()
    if counts is None:
        return 0.0, "the endpoint's instance types are not known (sagemaker:DescribeEndpointConfig must be allowed)"
    unpriced = [kind for kind in counts if kind not in prices.instance_hour]
    if unpriced:
        return 0.0, f'there is no price of {unpriced[0]}; add "{unpriced[0]}" = USD per hour to {prices.source}'
    return sum(prices.instance_hour[kind] * count for kind, count in counts.items()), ""


def usd(amount: float) -> str:
    """Return an amount for people: ``"$0.0123"`` below a dollar, ``"$12.30"`` from there."""
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.3g}"
