"""Numbers nobody means: each is refused in one short line, wherever a number may stand."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smload.core.limits.grammar import parse_limits
from pytest_smload.core.limits.regression_grammar import parse_baseline_required, parse_regression
from pytest_smload.core.limits.sources import parse_budget_table, parse_marker_limits
from pytest_smload.core.load.profile import LOAD_FIELDS, check_load_fields
from pytest_smload.core.quoting import quoted

ABSURD = {
    "ten to the 400": 10**400,
    "4,400 digits": 10**4400,
    "400 nines of seconds": "9" * 400 + "s",
    "400 nines": "9" * 400,
    "400 nines of percent": "9" * 400 + "%",
    "4,400 nines": "9" * 4400,
    "minus 4,400 digits": -(10**4400),
}
FIELDS = [name for name, row in LOAD_FIELDS.items() if name != "payload" and not row.traffic] + ["models", "batch"]
LIMITS = ("p50", "p95", "max", "mean", "cold_p95", "tps", "error_rate", "requests", "errors")


def assert_short_lines(problems: list[str]) -> None:
    assert problems
    for problem in problems:
        assert "\n" not in problem
        assert 500 > len(problem), problem


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD)
@pytest.mark.parametrize("name", FIELDS)
def test_a_load_field_says_so_in_one_line(name: str, value: Any) -> None:
    """No field of a load takes it, and none raises."""
    assert_short_lines(check_load_fields({name: value}))


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD)
@pytest.mark.parametrize(
    "place",
    [
        lambda value: {"stages": [{"duration": "1s", "tps": value}]},
        lambda value: {"stages": [{"duration": value, "users": 1}]},
        lambda value: {"abort_on": {"error_rate": value, "for": "1s"}},
        lambda value: {"abort_on": {"error_rate": "1%", "for": value}},
        lambda value: {"models": {"a": value}},
        lambda value: {"batch": {"a": value}},
        lambda value: {"stages": [value]},
    ],
    ids=["stage tps", "stage duration", "abort rate", "abort span", "weight", "batch per model", "stage"],
)
def test_so_do_the_numbers_within_fields(place: Any, value: Any) -> None:
    """Neither do stages, weights and rules."""
    assert_short_lines(check_load_fields(place(value)))


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD)
@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_says_so_in_one_line(name: str, value: Any) -> None:
    """No limit takes it, bare or per error kind."""
    assert_short_lines(parse_limits({name: value}, source="the mark")[1])
    assert_short_lines(parse_limits({"errors": {"ModelError": value}}, source="the mark")[1])


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD)
def test_so_do_budgets_around_limits(value: Any) -> None:
    """Nor does a regression budget, a table in its place, or a scope."""
    for table in (value, {"p95": "10%", "floor": value}):
        assert_short_lines(parse_regression(table, source="the mark")[1])
    assert_short_lines(parse_baseline_required(value, source="the mark")[1])
    for table in (value, {"profiles": value}, {"models": value}, {"each": value}, {"stages": {"a": value}}):
        assert_short_lines(parse_budget_table(table, source="smload.toml")[1])
    if not isinstance(value, str):
        assert_short_lines(parse_marker_limits({"model": value, "p95": "1s"}, source="the mark")[1])
        assert_short_lines(parse_marker_limits({"stage": value, "p95": "1s"}, source="the mark")[1])


def test_a_quoted_value_is_short_whatever_it_is() -> None:
    """A value of any size stands in a sentence of one line; a short one stands there whole."""
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert "'250ms'" == quoted("250ms")
    assert "a whole number of thousands of digits" == quoted(10**5000)
    assert "this list" == quoted(deep)
    assert "this list" == quoted([10**5000])
    assert 120 > len(quoted("x" * 5000))
