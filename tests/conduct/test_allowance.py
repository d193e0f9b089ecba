"""What a load may still send, take and cost, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_looks import FakeLoad, extendable

from pytest_smload.conduct.allowance import Allowance, Safeguards, Spending
from pytest_smload.core.hosting.hosting import Hosting, Variant
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.safety.cost import Prices
from pytest_smload.core.safety.limits import SafetyLimits
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.hooks import Running
from pytest_smload.errors import ConfigurationError

TWO = Hosting(
    status="InService",
    config_name="c",
    variants=(Variant("blue", instance_type="ml.c5.large", instances=2),),
)
PRICES = Prices(instance_hour={"ml.c5.large": 1800.0})
"""A dollar a second for two instances."""
CLOSED = LoadProfile(users=2, duration="10s", warmup="0s", payload=b"{}")


class Load:
    """A load under *limits*, whose endpoint is hosted as *hosting* says."""

    def __init__(
        self,
        profile: LoadProfile = CLOSED,
        *,
        hosting: Hosting | None = TWO,
        free: bool = False,
        spending: Spending | None = None,
        **limits: Any,
    ) -> None:
        self.hosting = hosting
        self.spending = spending or Spending()
        safety = SafetyLimits(**limits, source="[safety]")
        self.allowance = Allowance(
            Safeguards(safety, PRICES, spending=self.spending),
            LoadPlan.from_profile(profile, Path()),
            None if free else lambda: self.hosting,
        )

    def run(self, recording: Recording) -> None:
        """One run of the load that left *recording*."""
        self.allowance.next_plan()
        with self.allowance.run():
            self.allowance.ran(recording)

    def refusal(self) -> str:
        """Why there may be no other run."""
        with pytest.raises(ConfigurationError) as caught:
            self.allowance.next_plan()
        return str(caught.value)


def recorded(window_s: float = 10.0, **facts: Any) -> Recording:
    """A run of two requests a second."""
    return FakeLoad(**facts).recording(window_s)


def test_without_safety_nothing_changes() -> None:
    """The plan is the load's own, and nothing ends it."""
    load = Load()

    assert CLOSED == load.allowance.next_plan().profile
    assert not load.allowance.ends(Running(1e9, 10**9, primed=True))
    assert load.allowance.may_repeat


def test_a_load_that_would_exceed_limits_is_refused() -> None:
    """With a line per limit."""
    with pytest.raises(ConfigurationError) as caught:
        Load(LoadProfile(tps=100, duration="60s", payload=b"{}"), max_tps=1, max_requests=2, max_duration_s=3)

    assert 3 == len(caught.value.problems)


def test_max_requests_caps_each_run_by_what_is_left() -> None:
    """Of a closed load, whose requests nobody can foresee."""
    load = Load(max_requests=50)

    assert 50 == load.allowance.next_plan().profile.max_requests
    load.run(recorded())
    assert 30 == load.allowance.next_plan().profile.max_requests
    load.run(recorded())
    assert "[safety] max_requests = 50: 40 are sent, and another run sends 20" == load.refusal()
    assert not load.allowance.may_repeat


def test_a_smaller_cap_of_the_loads_own_stays() -> None:
    """And is no reason to distrust the measurement when it is reached."""
    load = Load(CLOSED.replace(max_requests=20), max_requests=50)

    assert 20 == load.allowance.next_plan().profile.max_requests
    load.run(recorded(5))
    assert load.allowance.finding is None


def test_a_load_that_max_requests_ended_is_none_to_trust() -> None:
    """It is not the load that was asked for, and there is no other run of it."""
    load = Load(max_requests=10)
    load.run(recorded(5))

    assert str(load.allowance.finding).startswith(
        "[safety] max_requests = 10 ended the load after 5s of its window; ask"
    )
    assert not load.allowance.may_repeat
    assert "max_requests = 10 ended the load" in load.refusal()


def test_an_extension_is_cut_to_max_duration() -> None:
    """And left out where there is no room for one; priming takes no longer either."""
    profile = extendable("40s", payload=b"{}", warmup="5s")

    assert (25.0, 30.0) == (
        (cut := Load(profile, max_duration_s=30).allowance.profile).max_duration_s,
        cut.prime_timeout_s,
    )
    assert Load(profile, max_duration_s=15).allowance.profile.max_duration is None
    assert 40.0 == Load(profile, max_duration_s=3600).allowance.profile.max_duration_s


def test_repetitions_count_towards_max_duration() -> None:
    """Two runs of ten seconds fit into twenty, three do not."""
    load = Load(max_duration_s=20)
    load.run(recorded())
    assert load.allowance.may_repeat
    load.run(recorded())
    assert "[safety] max_duration = 20s: another run of 10s would be more" == load.refusal()


def test_a_closed_load_faster_than_max_tps_is_ended() -> None:
    """By what it sent in two seconds, priming aside."""
    load = Load(max_tps=10)
    ends = load.allowance.ends

    assert not ends(Running(0.0, 500, primed=False))
    assert not any(ends(Running(0.1 * tick, 500 + tick // 2, primed=True)) for tick in range(1, 41))
    assert not ends(Running(4.1, 521, primed=True))
    assert ends(Running(4.2, 545, primed=True))
    load.allowance.ran(recorded(4))
    assert "max_tps = 10 ended the load: its users sent " in str(load.allowance.finding)


def test_an_open_load_is_not_measured_against_max_tps() -> None:
    """Its schedule was, and a Poisson process is uneven."""
    load = Load(LoadProfile(tps=10, duration="10s", payload=b"{}"), max_tps=10)

    assert not any(load.allowance.ends(Running(second, 100 * second, primed=True)) for second in range(9))


def test_cost_is_checked_before() -> None:
    """With what was spent before in this run of pytest."""
    with pytest.raises(ConfigurationError) as caught:
        Load(max_cost_usd=9.99).allowance.check_cost()
    assert "[safety] max_cost_usd = 9.99: the load costs about $10.00 ($3600.00 an hour); shorten it" in str(
        caught.value
    )

    spending = Spending()
    spending.usd = 2.5
    load = Load(max_cost_usd=12, spending=spending)
    assert "the load costs about $10.00 ($3600.00 an hour), $2.50 having been spent in this run" in load.refusal()


def test_cost_ends_a_load() -> None:
    """Its priming, say, takes longer than planned; an instance that comes meanwhile costs as well."""
    load = Load(max_cost_usd=12)
    load.allowance.check_cost()

    assert not load.allowance.ends(Running(11.9, 1, primed=True))
    load.hosting = replace(TWO, variants=(replace(TWO.variants[0], instances=3),))
    assert load.allowance.ends(Running(8.1, 1, primed=True))
    load.allowance.ran(recorded(5))
    assert "max_cost_usd = 12 ended the load: $12.1" in str(load.allowance.finding)


def test_an_extension_that_cost_ended_is_nothing_to_distrust() -> None:
    """The load asked for was measured; there is just no other run."""
    load = Load(extendable("40s", payload=b"{}"), max_cost_usd=12)

    assert load.allowance.ends(Running(12.1, 1, primed=True))
    load.allowance.ran(recorded(12))
    assert load.allowance.finding is None
    assert not load.allowance.may_repeat


def test_what_a_load_took_is_spent() -> None:
    """However it ended: the next load hears of it."""
    load = Load(max_cost_usd=100)
    with pytest.raises(KeyboardInterrupt), load.allowance.run():
        raise KeyboardInterrupt

    assert 0 < load.spending.usd < 1


@pytest.mark.parametrize(
    ("hosting", "why"),
    [
        (None, "what hosts the endpoint is not known"),
        (replace(TWO, variants=(replace(TWO.variants[0], instance_type="ml.m5.large"),)), "no price of ml.m5.large"),
    ],
)
def test_a_cost_that_cannot_be_told_is_refused(hosting: Hosting | None, why: str) -> None:
    """A limit that cannot be held is none."""
    with pytest.raises(ConfigurationError) as caught:
        Load(hosting=hosting, max_cost_usd=5).allowance.check_cost()

    assert str(caught.value).startswith("[safety] max_cost_usd cannot be held: ")
    assert why in str(caught.value)


def test_what_costs_nothing_is_not_refused() -> None:
    """The embedded endpoint, and moto's mock."""
    load = Load(hosting=None, free=True, max_cost_usd=0.01)
    load.run(recorded())

    assert not load.allowance.ends(Running(1e9, 1, primed=True))
    assert 0 == load.spending.usd


def test_a_plan_without_prices_of_data_counts_instances_only() -> None:
    """Nothing else is known to cost."""
    load = Load(max_cost_usd=10.5)
    load.run(recorded())

    assert 0 <= load.spending.usd < 1
