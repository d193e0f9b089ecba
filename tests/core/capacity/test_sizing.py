"""What a capacity says, and what follows from it for size and cost."""

from __future__ import annotations

from math import inf, isnan, nan
from typing import Any

import pytest
from capacities import capacity, check, level

from pytest_smload import compare_capacities
from pytest_smload.core.capacity.capacity import at_least_check
from pytest_smload.core.capacity.level import Interval
from pytest_smload.core.safety.cost import cost_per_million
from pytest_smload.core.trust.health import Finding
from pytest_smload.errors import ConfigurationError

SLOW_CLIENT = (Finding("the client was too slow", "use a quicker one"),)


def asked(least: float, tps: float, *, decided: bool = True, not_kept: float | None = 100.0) -> Any:
    kept = tps >= least
    return at_least_check(least, tps=tps, not_kept_tps=not_kept, probes=5, kept=kept, decided=decided, why="")


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, "pass"),
        ({"tps": 0.0}, "fail"),
        ({"reasons": SLOW_CLIENT}, "invalid"),
        ({"tps": 0.0, "reasons": SLOW_CLIENT}, "invalid"),
        ({"check": asked(150.0, 200.0)}, "pass"),
        ({"check": asked(250.0, 200.0)}, "fail"),
        ({"check": asked(250.0, 200.0, decided=False), "reasons": SLOW_CLIENT}, "invalid"),
        ({"check": asked(150.0, 200.0, decided=False), "reasons": SLOW_CLIENT}, "pass"),
        ({"interrupted": True, "check": asked(150.0, 200.0)}, "interrupted"),
    ],
)
def test_verdict(facts: dict[str, Any], verdict: str) -> None:
    """A client that cannot make the rate is INVALID, unless what was asked for had been proven; nothing found fails."""
    assert verdict == capacity(**facts).verdict


def test_bracket_and_curve() -> None:
    """From the highest rate kept to the lowest not kept; levels by rate."""
    found = capacity(levels=(level(200.0), level(300.0, "broken"), level(100.0), level(200.0, why="again")))

    assert (200.0, 208.0) == found.bracket
    assert [100.0, 200.0, 200.0, 300.0] == [each.offered_tps for each in found.curve]
    assert found.best is not None
    assert "again" == found.best.why


@pytest.mark.parametrize(
    ("tps", "headroom", "instances", "needed"),
    [
        (1000, 0.0, 1, 5),
        (1000, 0.2, 1, 6),
        (1000, 0.3, 1, 7),
        (1001, 0.0, 1, 6),
        (1, 0.3, 1, 1),
        (1e-9, 0.3, 1, 1),
        (1000, 0.0, 2, 10),
    ],
)
def test_instances(tps: float, headroom: float, instances: int, needed: int) -> None:
    """200 TPS an instance: five for 1,000, six with a fifth more; of two instances each carries half."""
    assert needed == capacity(instances=instances).instances_for(tps, headroom=headroom)


def test_cost_per_million() -> None:
    """An hour of the instances over the requests of an hour: 0.72 dollars over 720,000."""
    assert pytest.approx(1.0) == capacity().cost_per_million(instance_hour_usd=0.72)
    assert pytest.approx(2.0) == capacity(instances=2).cost_per_million(instance_hour_usd=0.72)
    assert pytest.approx(1.5) == capacity(hourly_usd=1.08, instances=2).cost_per_million()
    assert inf == cost_per_million(hourly_usd=1.0, tps=0.0)


def test_autoscaling_target() -> None:
    """MAX_RPS * SAFETY_FACTOR * 60 of AWS's guide, of one instance."""
    assert 6000.0 == capacity().autoscaling_target()
    assert pytest.approx(4200.0) == capacity(instances=2).autoscaling_target(safety=0.7)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: capacity().instances_for(0), "tps is a number above 0"),
        (lambda: capacity().instances_for("1000"), "tps is a number above 0"),
        (lambda: capacity().instances_for(nan), "tps is a number above 0"),
        (lambda: capacity().instances_for(10, headroom=-0.1), "headroom is a share"),
        (lambda: capacity().instances_for(10, headroom=nan), "headroom is a share"),
        (lambda: capacity(0.0).instances_for(10), "nothing to size by"),
        (lambda: capacity(instances_known=False).instances_for(10), "say so by capacity\\(instances=1\\)"),
        (lambda: capacity(instances_known=False).autoscaling_target(), "autoscaling_target: how many instances"),
        (lambda: capacity(instances_known=False).cost_per_million(instance_hour_usd=1), "how many instances carried"),
        (lambda: capacity().cost_per_million(), "no price is known"),
        (lambda: capacity().cost_per_million(instance_hour_usd=-1), "instance_hour_usd is US dollars"),
        (lambda: capacity().cost_per_million(instance_hour_usd="1"), "instance_hour_usd is US dollars"),
        (lambda: capacity().autoscaling_target(safety=0), "safety is a share above 0"),
        (lambda: capacity().autoscaling_target(safety=50), "safety is a share above 0"),
        (lambda: capacity(0.0).autoscaling_target(), "nothing to size by"),
        (lambda: compare_capacities([]), "give what sm_endpoint.capacity returned"),
        (lambda: compare_capacities([200.0]), "200.0 is not a Capacity"),
    ],
)
def test_refused(call: Any, why: str) -> None:
    """One line that says what is allowed."""
    with pytest.raises(ConfigurationError, match=why) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_the_cheapest_that_keeps_its_budget_is_named() -> None:
    """By dollars per million, not per hour; neither one that keeps nothing, nor one without a price."""
    small = capacity(100.0, label="small", hourly_usd=0.5)
    large = capacity(400.0, label="large", hourly_usd=1.0)
    broken = capacity(0.0, label="broken", hourly_usd=0.01)
    unpriced = capacity(9000.0, label="unpriced")
    falls_short = capacity(900.0, label="short", hourly_usd=0.1, check=asked(1000.0, 900.0))

    compared = compare_capacities([small, large, broken, unpriced, falls_short])

    assert "large" == compared.cheapest
    assert ["small", "large", "broken", "unpriced", "short"] == [row.name for row in compared.rows]
    row = compared.rows[1]
    assert pytest.approx(1.0 / (400 * 3600) * 1e6) == row.usd_per_million
    assert pytest.approx(row.usd_per_million * 0.12) == row.price_latency
    assert isnan(compared.rows[3].usd_per_million)
    assert compare_capacities([unpriced]).cheapest is None


def test_who_is_cheapest_of_several_alike() -> None:
    """Of equal prices the quicker; two of one name are told apart; one that is not confirmed is not named."""
    slow = capacity(hourly_usd=1.0, levels=(level(200.0, p95_ms=Interval(240.0, 230.0, 250.0)),))
    quick = capacity(hourly_usd=1.0)
    unconfirmed = capacity(hourly_usd=0.1, confirmed=False)

    compared = compare_capacities([slow, quick, unconfirmed])

    assert ["staging", "staging #2", "staging #3"] == [row.name for row in compared.rows]
    assert "staging #2" == compared.cheapest
    assert [True, True, False] == [row.confirmed for row in compared.rows]
    assert "free" == compare_capacities([quick, capacity(hourly_usd=0.0, label="free")]).cheapest


def test_budgets_that_differ_are_told() -> None:
    """Then each keeps its own, and they are not alike."""
    loose = capacity(levels=(level(200.0, checks=(check("p99"),)),))

    assert compare_capacities([capacity(), capacity()]).one_budget
    assert not compare_capacities([capacity(), loose]).one_budget
