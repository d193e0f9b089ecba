"""Which endpoints and loads safety refuses, by what is known before a request."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_smload.core.load.planned import planned_requests
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.schedule import Schedule
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.safety.limits import SafetyLimits, endpoint_refusal, load_refusals, tag_refusal

PROD = SafetyLimits(production=("*prod*",), source="smload.toml [safety]")


def refusal(safety: SafetyLimits, name: str, **more: Any) -> str:
    """Why the endpoint *name* of the table ``t`` may not be loaded."""
    given = {"table": "t", "marked": "", "allow_production": False, **more}
    return endpoint_refusal(safety, endpoint_name=name, **given)


def test_an_endpoint_that_is_marked() -> None:
    """In one line, with both ways out; without any [safety]."""
    assert (
        "endpoint 'abalone' is production ([endpoints.staging] says production = true): loads on it are refused; name "
        "another endpoint than t, or add --smload-allow-production if this one is meant"
    ) == refusal(SafetyLimits(), "abalone", marked="staging")


@pytest.mark.parametrize("name", ["abalone-prod", "Prod", "PRODUCTION-1"])
def test_names_that_match(name: str) -> None:
    """Whatever the case."""
    assert f"({name!r} matches '*prod*' of smload.toml [safety] production)" in refusal(PROD, name)


def test_the_name_of_the_table_counts_too() -> None:
    """``[endpoints.production]`` is production, whatever the endpoint is called."""
    assert "'production' matches '*prod*'" in refusal(PROD, "abalone", table="production")


def test_production_that_is_asked_for() -> None:
    """By the switch; the list of what may be loaded holds all the same."""
    assert "" == refusal(PROD, "abalone-prod", marked="staging", allow_production=True)
    assert "allow" in refusal(SafetyLimits(allow=("staging-*",)), "abalone-prod", allow_production=True)


def test_only_what_is_allowed() -> None:
    """A name that no pattern of the list matches is refused."""
    safety = SafetyLimits(allow=("staging-*", "dev"), source="smload.toml [safety]")

    assert ["", ""] == [refusal(safety, name) for name in ("staging-1", "dev")]
    assert refusal(safety, "develop").startswith(
        "smload.toml [safety] allow: endpoint 'develop' is none of 'staging-*', 'dev', and only these may be loaded"
    )


@pytest.mark.parametrize(
    ("pattern", "tags", "refused"),
    [
        ("*prod*", {"env": "prod"}, True),
        ("prod", {"env": "Prod"}, True),
        ("*prod*", {"production": "true"}, True),
        ("production=true", {"production": "true"}, True),
        ("production=true", {"production": "false"}, False),
        ("*=prod*", {"product": "abalone"}, False),
        ("prod", {"env": "nonprod"}, False),
        ("*prod*", {}, False),
    ],
)
def test_tags(pattern: str, tags: dict[str, str], refused: bool) -> None:
    """A pattern is held against a tag's value, and against ``key=value``."""
    said = tag_refusal(SafetyLimits(production=(pattern,)), table="t", endpoint_name="abalone", tags=tags)

    assert refused == bool(said)
    assert not said or f"its tag '{next(iter(tags))}={next(iter(tags.values()))}' matches" in said


def test_rates_of_open_loads() -> None:
    """The highest of the stages counts; a closed load has none to be refused for."""
    safety = SafetyLimits(max_tps=50)

    assert [] == load_refusals(safety, LoadProfile(tps=50, duration="1s", warmup="0s"))
    assert "max_tps = 50: the load is 51 TPS" in load_refusals(safety, LoadProfile(tps=51))[0]
    stages = (Stage("1s", tps=10), Stage("1s", tps=60))
    assert "the load is 60 TPS" in load_refusals(safety, LoadProfile(stages=stages))[0]
    assert [] == load_refusals(safety, LoadProfile(users=1000))


@pytest.mark.parametrize(
    ("profile", "models"),
    [
        (LoadProfile(tps=40, duration="10s", warmup="2s"), 3),
        (LoadProfile(tps=7.3, duration="11s", warmup="3s", arrivals="uniform"), 1),
        (LoadProfile(tps=5, duration="1s", warmup="0s"), 1),
        (LoadProfile(tps=0.1, duration="1s", warmup="1s"), 1),
        (LoadProfile(stages=(Stage("2s", tps=10), Stage("3s", tps=5)), warmup="2s"), 2),
    ],
)
def test_planned_requests_are_those_of_the_schedule(profile: LoadProfile, models: int) -> None:
    """And one per model primed."""
    primed = models if profile.warmup_s else 0

    assert len(Schedule.of(profile, np.full(models, 1 / models).tolist())) + primed == planned_requests(
        profile, models=models
    )


def test_requests() -> None:
    """Those an open load plans; its own max_requests makes them fewer. A closed load's users send one each."""
    safety = SafetyLimits(max_requests=100)
    profile = LoadProfile(tps=10, duration="10s", warmup="2s")

    assert "max_requests = 100: the load sends 116 requests" in load_refusals(safety, profile, models=1)[0]
    assert [] == load_refusals(safety, profile.replace(max_requests=100))
    assert [] == load_refusals(safety, LoadProfile(users=50))
    assert load_refusals(safety, LoadProfile(users=101, warmup="0s"))


def test_durations() -> None:
    """Warm-up and window; an extension is cut, not refused."""
    safety = SafetyLimits(max_duration_s=60)

    assert [] == load_refusals(safety, LoadProfile(tps=1, duration="50s", warmup="10s", max_duration="5m"))
    assert (
        "max_duration = 1m: the load takes 1m1s"
        in load_refusals(safety, LoadProfile(tps=1, duration="51s", warmup="10s"))[0]
    )


def test_every_refusal_is_told() -> None:
    """One line each."""
    assert 3 == len(load_refusals(SafetyLimits(max_tps=1, max_requests=1, max_duration_s=1), LoadProfile(tps=2)))
