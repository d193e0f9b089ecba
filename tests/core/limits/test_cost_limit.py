"""Limits on what a million requests cost."""

from __future__ import annotations

from math import inf

import pytest

from pytest_smload.core.limits.cost_limit import CostLimit
from pytest_smload.core.limits.evidence import CostEvidence
from pytest_smload.core.limits.sources import parse_budget_table, parse_marker_limits


def limit(written: object) -> CostLimit:
    ((_, found),), problems = parse_marker_limits({"cost_per_million": written}, source="the mark")
    assert [] == problems
    assert isinstance(found, CostLimit)
    return found


@pytest.mark.parametrize(
    ("written", "words", "outcomes"),
    [
        (0.25, "<= $0.25", {0.2: "pass", 0.25: "pass", 0.26: "fail", inf: "fail"}),
        ("0.1..0.2", "$0.1..$0.2", {0.05: "fail", 0.15: "pass", 0.3: "fail"}),
    ],
)
def test_what_is_kept(written: object, words: str, outcomes: dict[float, str]) -> None:
    """A bare amount is the most; a load that answered nothing costs without end."""
    checks = {usd: limit(written).hold(CostEvidence(usd, 100)) for usd in outcomes}

    assert outcomes == {usd: check.outcome for usd, check in checks.items()}
    assert {(words, "usd", 100)} == {(check.limit, check.unit, check.n) for check in checks.values()}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"cost_per_million": "$1"}, "cost_per_million: '$1' is not an amount; write US dollars as a number: 1.5"),
        ({"cost_per_million": True}, "cost_per_million: True is not an amount"),
        ({"cost_per_million": 0}, "cost_per_million: 0: instances are never free"),
        ({"cost_per_million": 1, "model": "each"}, "cost_per_million: instances are paid for as a whole"),
    ],
)
def test_mistakes(fields: dict[str, object], why: str) -> None:
    """Each in a sentence that says what is allowed."""
    _, problems = parse_marker_limits(fields, source="the mark")

    assert [f"the mark: {why}"] == [problem[: len(why) + 10] for problem in problems]


def test_a_table_may_have_it() -> None:
    """As any other limit; a stage may not."""
    found, problems = parse_budget_table({"cost_per_million": 2}, source="smload.toml")
    assert ([], "<= $2") == (problems, found.limits[0][1].text and found.limits[0][1].describe())  # type: ignore[union-attr]
    _, problems = parse_budget_table({"stages": {"noon": {"cost_per_million": 2}}}, source="smload.toml")
    assert [
        'smload.toml stages."noon": cost_per_million: instances are paid for as a whole; limit it for the whole load'
    ] == problems
