"""What a capacity search found: the highest rate that keeps the budget, its bracket, and the curve up to there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from pytest_smload.core.capacity.level import Level
from pytest_smload.core.capacity.sizing import autoscaling_target, check_price, instances_for
from pytest_smload.core.limits.check import Check
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.safety.cost import cost_per_million
from pytest_smload.core.trust.health import Finding
from pytest_smload.errors import ConfigurationError

CapacityVerdict = Literal["pass", "fail", "invalid", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Capacity:
    """What ``sm_endpoint.capacity`` found.

    Attributes:
        label: The name given to it, or None.
        endpoint: Where.
        profile: The load of a probe as `pytest_smload.core.load.written.written_profile` writes it, its rate the first.
        tps: The highest offered rate proven to keep the budget below all that were not, requests/s; 0 where none was.
        not_kept_tps: The lowest rate above it that was not; inf where none was probed.
        binding: The limit that was broken, or not proven, at *not_kept_tps*; None without one.
        confirmed: Whether a run of its own, twice as long, has confirmed *tps*.
        levels: The probes in order.
        ended: Why the search ended before it was done, in words, or ``""``.
        reasons: Why it cannot be trusted: the client, or the endpoint's instances.
        check: ``at_least``, held; None where nothing was asked for.
        instances: How many instances carried it; 1 where nobody could tell.
        instances_known: Whether *instances* was told, by the endpoint or the caller.
        hourly_usd: What an hour of them costs by ``[prices]``; None where that is not known.
        interrupted: Ctrl-C ended it.
        notes: Remarks.
    """

    label: str | None
    endpoint: EndpointFacts
    profile: Mapping[str, Any]
    started_at: str
    tps: float
    not_kept_tps: float
    binding: Check | None
    confirmed: bool
    levels: tuple[Level, ...]
    ended: str = ""
    reasons: tuple[Finding, ...] = ()
    check: Check | None = None
    instances: int = 1
    instances_known: bool = False
    hourly_usd: float | None = None
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        label = f" {self.label!r}" if self.label else ""
        bound = f", bound by {self.binding.metric}" if self.binding is not None else ""
        return f"<Capacity{label} {self.verdict}: {self.tps:.4g} TPS{bound}, {len(self.levels)} probes>"

    @property
    def bracket(self) -> tuple[float, float]:
        """The highest rate kept and the lowest not kept: capacity is between them."""
        return self.tps, self.not_kept_tps

    @property
    def curve(self) -> tuple[Level, ...]:
        """The levels by rate: TPS against p50, p95, p99 and error rate."""
        return tuple(sorted(self.levels, key=lambda level: level.offered_tps))

    @property
    def best(self) -> Level | None:
        """The last level measured at *tps*."""
        return next((level for level in reversed(self.levels) if level.offered_tps == self.tps), None)

    @property
    def verdict(self) -> CapacityVerdict:
        """``invalid`` where the search could not be trusted to its end, but for a check that was proven before.

        A search that finds no rate that keeps the budget fails.
        """
        if self.interrupted:
            return "interrupted"
        if self.check is not None:
            return self.check.outcome
        return "invalid" if self.reasons else "pass" if self.tps else "fail"

    @property
    def per_instance_tps(self) -> float:
        """*tps* of one instance, where *instances* is known."""
        return self.tps / self.instances

    def instances_for(self, tps: float, *, headroom: float = 0.3) -> int:
        """Return how many instances carry *tps* requests/s with room for *headroom* (0.3: 30 %) more.

        Raises:
            ConfigurationError: an argument is none, no rate kept the budget, or how many instances carried it is not
                known.
        """
        self._check_instances("instances_for")
        return instances_for(tps, per_instance_tps=self.per_instance_tps, headroom=headroom)

    def cost_per_million(self, *, instance_hour_usd: float | None = None) -> float:
        """Return US dollars per million requests at *tps*: instances only, by the hour.

        Args:
            instance_hour_usd: Price of an hour of one instance; ``[prices]`` of the settings file where left out.

        Raises:
            ConfigurationError: there is no price, or how many instances it is of is not known.
        """
        if instance_hour_usd is None and self.hourly_usd is None:
            raise ConfigurationError(
                "cost_per_million: no price is known; give instance_hour_usd, or the instance type's in [prices]"
            )
        if instance_hour_usd is None:
            return cost_per_million(hourly_usd=self.hourly_usd or 0.0, tps=self.tps)
        check_price(instance_hour_usd)
        self._check_instances("cost_per_million")
        return cost_per_million(hourly_usd=instance_hour_usd * self.instances, tps=self.tps)

    def autoscaling_target(self, *, safety: float = 0.5) -> float:
        """Return the target of a policy on SageMakerVariantInvocationsPerInstance, invocations per instance and minute.

        AWS's formula, (MAX_RPS * SAFETY_FACTOR) * 60
        (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-loadtest.html).

        Raises:
            ConfigurationError: *safety* is not in (0, 1], no rate kept the budget, or how many instances carried it is
                not known.
        """
        self._check_instances("autoscaling_target")
        return autoscaling_target(self.per_instance_tps, safety=safety)

    def _check_instances(self, what: str) -> None:
        if not self.instances_known:
            raise ConfigurationError(
                f"{what}: how many instances carried {self.tps:g} TPS is not known (sagemaker:DescribeEndpoint must be "
                "allowed); say so by capacity(instances=1)"
            )


def at_least_check(
    least_tps: float,
    *,
    tps: float,
    not_kept_tps: float | None,
    probes: int,
    kept: bool,
    decided: bool,
    why: str,
) -> Check:
    """Return the check of ``at_least``.

    Args:
        tps: The highest rate kept.
        kept: Whether a rate as high was shown to be kept.
        decided: Where it was not, whether it was shown not to be: the search could be trusted to its end.
        why: What stood in the way.
    """
    return Check(
        scope="total",
        metric="tps",
        limit=f">= {least_tps:g} TPS of capacity",
        source="capacity(at_least=...)",
        observed=tps,
        n=probes,
        outcome="pass" if kept else "fail" if decided else "invalid",
        note=why,
        lower=tps,
        upper=inf if not_kept_tps is None else not_kept_tps,
        at_least=least_tps,
        unit="requests/s",
        cause=None if kept or decided else "incomplete",
    )
