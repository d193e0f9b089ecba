"""A load profile written down for reports."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.written import written_profile


def test_a_profile_in_the_users_words() -> None:
    """Durations stay text, unset fields and those of the other model are left out, stages are tables."""
    steady = written_profile(LoadProfile(tps=50, duration="5m", models={"m-{0..9}": 1}, payload="p.csv"))
    staged = written_profile(LoadProfile(stages=(Stage("30s", users=2), Stage("1m", users=9, name="peak")), wait="1s"))

    assert steady == {
        "tps": 50,
        "arrivals": "poisson",
        "duration": "5m",
        "warmup": "10s",
        "models": {"m-{0..9}": 1},
        "payload": "p.csv",
        "order": "shuffled",
        "prime": True,
        "prime_timeout": "10m",
        "timeout": "70s",
        "seed": 0,
        "on_unproven": "estimate",
        "invalid_retries": 1,
    }
    assert staged["stages"] == [
        {"duration": "30s", "users": 2},
        {"duration": "1m", "users": 9, "name": "peak"},
    ]
    assert {"duration", "arrivals"}.isdisjoint(staged)
    assert staged["wait"] == "1s"


def test_what_may_end_or_extend_a_load_is_in_its_profile() -> None:
    """max_duration, on_unproven, abort_on and priming read as they were written."""
    given: dict[str, Any] = {
        "prime": False,
        "prime_timeout": "5m",
        "max_duration": "10m",
        "on_unproven": "fail",
        "abort_on": {"error_rate": "50%", "for": "10s"},
    }
    kept = written_profile(LoadProfile(tps=1, **given))

    assert given == {name: kept[name] for name in given}


class Rows:
    """A payload source that is an object."""

    def __call__(self, model: str) -> bytes:
        return model.encode()


def rows_of(model: str, count: int = 1) -> bytes:
    return model.encode() * count


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"secret row", "literal, 10 bytes, sha256 "),
        (["secret", b"row"], "2 literal rows, 9 bytes, sha256 "),
        (Path("rows/a.csv"), str(Path("rows/a.csv"))),
        ("package.module:rows", "package.module:rows"),
        (rows_of, "function test_written:rows_of"),
        (functools.partial(rows_of, count=2), "function functools:partial"),
        (Rows(), "function test_written:Rows"),
    ],
)
def test_payloads_are_described(payload: Any, expected: str) -> None:
    """Never their bytes, and never an address in memory."""
    described = written_profile(LoadProfile(users=1, payload={"a": payload}))["payload"]["a"]

    assert described.startswith(expected)
    assert "secret" not in described
    assert "0x" not in described
    assert described == written_profile(LoadProfile(users=1, payload=payload))["payload"]


def test_different_payloads_are_told_apart() -> None:
    """Where rows begin and end is part of the digest."""
    first, second = (
        written_profile(LoadProfile(users=1, payload=rows))["payload"] for rows in (["ab", "c"], ["a", "bc"])
    )

    assert first != second


def test_thousands_of_models_are_kept_small() -> None:
    """Long tables are given by length, first entry and digest."""
    models = {f"m-{number}": number + 1 for number in range(10_000)}
    kept = written_profile(LoadProfile(users=1, models=models))["models"]
    other = written_profile(LoadProfile(users=1, models=models | {"m-7": 1}))["models"]

    assert (kept["entries"], kept["first"]) == (10_000, "m-0")
    assert kept["sha256"] != other["sha256"]
    assert len(json.dumps(kept)) < 100
