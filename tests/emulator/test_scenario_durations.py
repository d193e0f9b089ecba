"""Durations and distributions of scenario files."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.emulator.durations import Constant, Lognormal, Uniform, parse_distribution, parse_duration_s


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [("200us", 0.0002), ("20ms", 0.02), ("1.5s", 1.5), ("2m", 120), ("1h1m30s", 3690), ("0s", 0)],
)
def test_duration_texts(text: str, expected_s: float) -> None:
    """A duration is one or more numbers with units, added up."""
    assert expected_s == pytest.approx(parse_duration_s(text))


@pytest.mark.parametrize("value", ["20", 20, 0.02, "ms", "20 ms", "-1s", "", None, ["1s"]])
def test_not_a_duration(value: object) -> None:
    """Anything without a unit is refused with what is allowed."""
    with pytest.raises(ValueError, match=r"is not a duration; allowed: a number with a unit"):
        parse_duration_s(value)


def test_distributions() -> None:
    """A latency is a duration, or a table of one of three shapes."""
    assert Constant(0.02) == parse_distribution("20ms")
    assert Constant(0.02) == parse_distribution({"constant": "20ms"})
    assert Lognormal(0.02, 0.06) == parse_distribution({"lognormal": {"p50": "20ms", "p95": "60ms"}})
    assert Uniform(0.005, 0.009) == parse_distribution({"uniform": ["5ms", "9ms"]})


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"normal": "3ms"},
        {"constant": "1ms", "uniform": ["1ms", "2ms"]},
        {"lognormal": {"p50": "2ms", "p95": "1ms"}},
        {"lognormal": {"p50": "0ms", "p95": "1ms"}},
        {"lognormal": "1ms"},
        {"uniform": ["2ms", "1ms"]},
        {"uniform": "1ms"},
    ],
)
def test_not_a_distribution(value: object) -> None:
    """Unknown shapes and contradicting numbers are refused."""
    with pytest.raises(ValueError, match=r"allowed|needs"):
        parse_distribution(value)


@settings(max_examples=20, deadline=None)
@given(p50_ms=st.floats(0.1, 1000), factor=st.floats(1, 10), seed=st.integers(0, 1000))
def test_lognormal_has_the_percentiles_asked_for(p50_ms: float, factor: float, seed: int) -> None:
    """Half of the draws are below p50, and about 95 in 100 below p95."""
    wanted = Lognormal(p50_ms / 1000, p50_ms * factor / 1000)
    random = Random(seed)
    drawn = sorted(wanted.sample_s(random) for _ in range(2000))

    assert wanted.p50_s == pytest.approx(drawn[1000], rel=0.1 * factor)
    assert sum(value <= wanted.p95_s * (1 + 1e-9) for value in drawn) / 2000 > 0.92


def test_uniform_stays_between_its_ends() -> None:
    """Every draw is between low and high, and the middle is typical."""
    wanted = Uniform(0.005, 0.009)
    random = Random(1)

    assert all(0.005 <= wanted.sample_s(random) <= 0.009 for _ in range(100))
    assert pytest.approx(wanted.typical_s) == 0.007
