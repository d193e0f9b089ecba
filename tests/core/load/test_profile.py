"""What a load may be: its fields, its mistakes, and how profiles change."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from pytest_smload.core.load.profile import LOAD_FIELDS, LoadProfile, check_load_fields
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.values import MAX_USERS
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError


def test_defaults() -> None:
    """A window of a minute after ten seconds of warm-up, Poisson arrivals, a shuffled order, 70 s for a request."""
    profile = LoadProfile(tps=50)

    assert (profile.duration_s, profile.warmup_s, profile.timeout_s, profile.wait_s) == (60, 10, 70, 0)
    assert (profile.arrivals, profile.order, profile.seed, profile.spawn_rate) == ("poisson", "shuffled", 0, None)


def test_durations_are_seconds() -> None:
    """Texts with units become seconds."""
    profile = LoadProfile(users=1, duration="1h30m", warmup="0s", timeout="1s", wait="100ms")

    assert (profile.duration_s, profile.warmup_s, profile.timeout_s, profile.wait_s) == (
        5_400,
        0,
        1,
        pytest.approx(0.1),
    )


@pytest.mark.parametrize(
    ("shape", "open_model", "has_shape"),
    [
        ({"users": 5}, False, True),
        ({"tps": 0.5}, True, True),
        ({"stages": (Stage("1s", users=1),)}, False, True),
        ({"stages": (Stage("1s", tps=1),)}, True, True),
        ({}, False, False),
    ],
)
def test_shape_decides_the_model(shape: dict[str, Any], *, open_model: bool, has_shape: bool) -> None:
    """Users wait for answers, tps follows a schedule, stages are either."""
    profile = LoadProfile(**shape)

    assert (profile.open_model, profile.has_shape) == (open_model, has_shape)


def test_stages_add_up() -> None:
    """The window of a staged load is its stages' sum; mappings, as files have them, become stages."""
    profile = LoadProfile(stages=[{"duration": "30s", "tps": 10}, Stage("1m", tps=20, name="peak")])

    assert profile.duration_s == 90
    assert profile.stages == (Stage("30s", tps=10), Stage("1m", tps=20, name="peak"))
    assert profile.stages[1].duration_s == 60


def test_profile_is_frozen() -> None:
    """A profile is changed by replacing it only."""
    profile = LoadProfile(users=1)

    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.users = 2


def test_profiles_of_one_meaning_are_equal() -> None:
    """Profiles compare by what they say."""
    assert LoadProfile(tps=1, models={"a": 1}) == LoadProfile(models={"a": 1}, tps=1)
    assert LoadProfile(tps=1) != LoadProfile(tps=2)


def test_repr_leaves_the_payload_out() -> None:
    """Bodies, which may be large or private, are not shown."""
    assert "secret" not in repr(LoadProfile(users=1, payload=b"secret"))


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"tps": 5}, (None, 5, None)),
        ({"users": 7}, (7, None, None)),
        ({"stages": (Stage("1s", tps=1),)}, (None, None, (Stage("1s", tps=1),))),
        ({"seed": 3}, (2, None, None)),
    ],
)
def test_replace_clears_the_other_shapes(changes: dict[str, Any], shape: tuple[object, ...]) -> None:
    """Setting one of users, tps and stages clears the others; any other change keeps the shape."""
    replaced = LoadProfile(users=2).replace(**changes)

    assert (replaced.users, replaced.tps, replaced.stages) == shape


def test_replace_refuses_what_the_constructor_refuses() -> None:
    """Two shapes at once, bad values and unknown keys are mistakes in replace too."""
    profile = LoadProfile(users=2)

    with pytest.raises(ConfigurationError, match="users and tps are both given"):
        profile.replace(users=1, tps=1)
    with pytest.raises(ConfigurationError, match="tps: 0 is not a number above 0"):
        profile.replace(tps=0)
    with pytest.raises(ConfigurationError, match=r"unknown key 'duratoin'; did you mean 'duration'\?"):
        profile.replace(duratoin="5s")


def test_all_mistakes_are_reported_together() -> None:
    """One error holds a sentence per wrong field, each naming it."""
    with pytest.raises(ConfigurationError) as raised:
        LoadProfile(tps=-1, duration=60, order="random", models={"a": 0})

    fields = [problem.split(":")[1].strip() for problem in raised.value.problems]
    assert fields == ["tps", "duration", "models", "order"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"users": 0}, "users: 0 is not a whole number from 1 to 5,000"),
        ({"users": MAX_USERS + 1}, "users: 5001 is not a whole number from 1 to 5,000"),
        ({"users": True}, "users: True is not a whole number"),
        ({"users": 2.0}, "users: 2.0 is not a whole number"),
        ({"users": "5"}, "users: '5' is not a whole number from 1 to 5,000; write 5, without quotes"),
        ({"users": 1, "spawn_rate": 0}, "spawn_rate: 0 is not a number above 0"),
        ({"tps": 5, "spawn_rate": 1}, "spawn_rate: goes with users"),
        ({"users": 1, "wait": 0.1}, 'wait: 0.1 needs a unit: write "0.1s" or "0.1ms"'),
        ({"tps": math.nan}, "tps: nan is not a number above 0"),
        ({"tps": math.inf}, "tps: inf is not a number above 0"),
        ({"tps": "50"}, "tps: '50' is not a number above 0; write 50, without quotes"),
        ({"tps": "fast"}, "tps: 'fast' is not a number above 0"),
        ({"arrivals": "constant"}, "arrivals: 'constant' is not one of 'poisson', 'uniform'"),
        ({"duration": "0s"}, "duration: must be longer than 0s"),
        ({"duration": "1 minute"}, "duration: '1 minute' is not a duration; write one like"),
        ({"warmup": 10}, 'warmup: 10 needs a unit: write "10s" or "10ms"'),
        ({"timeout": "0ms"}, "timeout: must be longer than 0s"),
        ({"models": "abc"}, "models: 'abc' is not a traffic mix"),
        ({"models": {"a": -1}}, "models: weight of 'a' is -1"),
        ({"content_type": 5}, "content_type: 5 is neither text nor a table of text per model"),
        ({"accept": {"a": 5}}, "accept: 'a': 5 is not text"),
        ({"batch": 0}, "batch: 0 is not a whole number from 1"),
        ({"batch": {"a": 1.5}}, "batch: 'a': 1.5 is not a whole number from 1"),
        ({"order": "sorted"}, "order: 'sorted' is not one of 'shuffled', 'smooth'"),
        ({"max_in_flight": 0}, "max_in_flight: 0 is not a whole number from 1 to 5,000"),
        ({"max_requests": 0}, "max_requests: 0 is not a whole number from 1"),
        ({"seed": -1}, "seed: -1 is not a whole number from 0"),
        ({"users": 1, "tps": 1}, "users and tps are both given; a load has exactly one of users, tps and stages"),
        ({"stages": [Stage("1s", tps=1)], "tps": 1}, "tps and stages are both given"),
        ({"stages": []}, "stages: [] is not a list of stages; write [Stage("),
        ({"stages": "30s"}, "stages: '30s' is no shape; write one like 'ramp(10..200 tps over 2m)'"),
        ({"stages": [5]}, "stages: stage 1: 5 is not a Stage; stages are written [Stage('30s', tps=10), "),
        (
            {"stages": [("30s", 50)]},
            "stages: stage 1: ('30s', 50) is not a Stage; stages are written [Stage('30s', tps=10), ",
        ),
        ({"stages": [{"duration": "1s"}]}, "stages: stage 1: needs exactly one of users and tps"),
        ({"stages": [Stage("1s", tps=1), Stage("1s")]}, "stages: stage 2: needs exactly one of users and tps"),
        ({"stages": [Stage("0s", tps=1)]}, "stages: stage 1: duration: must be longer than 0s"),
        ({"stages": [{"tps": 1}]}, "stages: stage 1: duration: None is not a duration"),
        ({"stages": [Stage("1s", users=0)]}, "stages: stage 1: users: 0 is not a whole number"),
        ({"stages": [{"duration": "1s", "rps": 1, "tps": 1}]}, "stage 1: unknown key 'rps'; did you mean 'tps'?"),
        ({"stages": [Stage("1s", users=1), Stage("1s", tps=1)]}, "stages: all stages are either users (closed loop)"),
        ({"stages": [Stage("1s", tps=1)], "duration": "5s"}, "duration: stages have their own durations; leave it out"),
        ({"tsp": 5}, "unknown key 'tsp'; did you mean 'tps'? (allowed: users, spawn_rate,"),
        (
            {"control": "stable"},
            'control is no load field; a test\'s mark names it: @pytest.mark.perf(control="NAME")',
        ),
        ({"zzz": 5}, "unknown key 'zzz' (allowed: users,"),
    ],
)
def test_mistakes_in_fields_as_written(fields: dict[str, object], problem: str) -> None:
    """Each mistake is a sentence with field, value, and what is allowed."""
    problems = check_load_fields(fields)

    assert len(problems) == 1
    assert problem in problems[0]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"users": 1, "spawn_rate": 0.5, "wait": "0s", "warmup": "0s"},
        {"tps": 0.1, "arrivals": "uniform", "max_in_flight": MAX_USERS, "max_requests": 1},
        {"models": ["a", "zipf(1.1)"], "order": "smooth", "seed": 2**64},
        {"content_type": {"a": "text/csv", "*": "application/json"}, "batch": {"a": 4}},
        {"users": None, "tps": 5, "duration": "90s"},
        {"stages": [{"duration": "1s", "tps": 1, "name": "low"}, Stage("1s", tps=2)]},
    ],
)
def test_good_fields_have_no_problems(fields: dict[str, object]) -> None:
    """What the table of fields allows passes; None stands for not given."""
    assert check_load_fields(fields) == []


@pytest.mark.parametrize("name", [name for name, row in LOAD_FIELDS.items() if row.fingerprint == "duration"])
def test_a_compared_duration_is_there_in_seconds(name: str) -> None:
    """Fingerprints compare durations by their length, which the profile gives under the field's name with its unit."""
    assert 90.0 == getattr(LoadProfile(users=1, **{name: "1m30s"}), f"{name}_s")


def test_help_explains_every_field() -> None:
    """What the reference says of a field is what help() says."""
    for name, row in LOAD_FIELDS.items():
        assert f"{name}: {row.summary}\n" in str(LoadProfile.__doc__)


def test_unknown_field_lists_what_is_allowed_where_it_is_asked() -> None:
    """The sentence is of the keys allowed in that place."""
    assert unknown_field("endpont", ["endpoint", "profile"]) == (
        "unknown key 'endpont'; did you mean 'endpoint'? (allowed: endpoint, profile)"
    )
