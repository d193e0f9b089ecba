"""Quantities with units, as people write and read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.units import format_duration, format_ms, format_share, parse_duration_s, parse_share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5_400),
        ("1h1m1s", 3_661),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        ("500us", 0.0005),
        (" 2s ", 2),
        ("0s", 0),
        ("1s500ms", 1.5),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """A duration is numbers with units, added up."""
    assert parse_duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "5", "5 s", "-5s", "5sec", "1h30", "5s!", "1e3s", ".5s", "ms5", None, [], True, b"5s"]
)
def test_other_text_is_no_duration(text: object) -> None:
    """Anything else is refused with an example of what is allowed."""
    with pytest.raises(ValueError, match=r'is not a duration; write one like "250ms", "90s", "5m" or "1h30m"$'):
        parse_duration_s(text)


@pytest.mark.parametrize(("number", "shown"), [(250, '"250s" or "250ms"'), (0.5, '"0.5s" or "0.5ms"'), (0, '"0s"')])
def test_bare_number_needs_a_unit(number: float, shown: str) -> None:
    """A number without a unit is refused with both ways to mean it."""
    with pytest.raises(ValueError, match="needs a unit: write ") as raised:
        parse_duration_s(number)
    assert shown in str(raised.value)


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.5%", 0.005), (" 96 % ", 0.96), ("0%", 0), ("100%", 1)])
def test_shares_are_read(text: str, share: float) -> None:
    """A percentage is a ratio."""
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "1", "%", "-1%", "1%%", "one%", "1e1%"])
def test_other_text_is_no_share(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ValueError, match="is not a percentage; write one like"):
        parse_share(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (1, "1s"), (1.5, "1.5s"), (60, "1m"), (90, "1m30s"), (3_600, "1h"), (5_400, "1h30m")],
)
def test_durations_are_written(seconds: float, text: str) -> None:
    """The shortest common text of a duration."""
    assert format_duration(seconds) == text


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 359_999))
def test_written_durations_read_the_same(tenths: int) -> None:
    """What is written is what would be read."""
    assert parse_duration_s(format_duration(tenths / 10)) == pytest.approx(tenths / 10)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (0.1234, "0.123 ms"),
        (8.4213, "8.42 ms"),
        (99.94, "99.9 ms"),
        (253.4, "253 ms"),
        (1_000, "1 s"),
        (1_533, "1.53 s"),
        (70_000, "70 s"),
        (3_600_000, "3600 s"),
        (math.inf, "∞"),
        (math.nan, "-"),
    ],
)
def test_latencies_are_written(milliseconds: float, text: str) -> None:
    """Three significant digits and a unit."""
    assert format_ms(milliseconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.005, "0.5%"), (0.0101, "1.01%"), (0.1, "10%"), (1 / 3, "33.33%"), (1, "100%"), (math.nan, "-")],
)
def test_shares_are_written(share: float, text: str) -> None:
    """A percentage with up to two decimals, zeros at the end left out."""
    assert format_share(share) == text
