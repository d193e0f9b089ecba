"""Regression budgets: their grammar, their mistakes, and whose budget holds for which scope."""

from __future__ import annotations

import pytest

from pytest_smload.core.limits.budget import Level, looser_notes, merge
from pytest_smload.core.limits.regression_grammar import parse_regression
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.limits.sources import (
    budget_from_sources,
    override_budget,
    parse_budget_table,
    parse_marker_limits,
)

ALLOWED = "(allowed: p50, p90, p95, p99, p99_9, mean, tps, floor)"
EXAMPLE = '{ p95 = "10%", floor = "5ms" }'


def mark(**kwargs):
    """The entries of one ``perf_budget`` mark without mistakes."""
    entries, problems = parse_marker_limits(kwargs, source="the mark")
    assert problems == []
    return entries


def file_table(**keys):
    """One budget table of the file without mistakes."""
    table, problems = parse_budget_table(keys, source="smload.toml [budgets.x]")
    assert problems == []
    return table


def said(regressions):
    """(scope, metric, budget, floor) of each."""
    return [(str(scope), limit.of, limit.budget, limit.floor_ms) for scope, limit in regressions]


def test_a_table_is_a_budget_per_metric_and_its_floor_is_the_latencies():
    """The floor stands beside latencies; tps has none."""
    limits, problems = parse_regression({"p95": "10%", "tps": "5%", "floor": "5ms"}, source="here")
    assert problems == []
    assert limits == [
        RegressionLimit("p95", 0.1, 5.0, "10%", "here"),
        RegressionLimit("tps", 0.05, 0.0, "5%", "here"),
    ]
    assert [limit.describe() for limit in limits] == ["10% over the baseline, or 5 ms", "5% under the baseline"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("10%", f"regression: '10%' is not a table such as {EXAMPLE}"),
        ({}, f"regression: the table is empty; write {EXAMPLE}"),
        ({"p59": "10%"}, f"regression: unknown key 'p59'; did you mean 'p99'? {ALLOWED}"),
        ({"max": "10%"}, f"regression: unknown key 'max' {ALLOWED}"),
        ({"p95": 10}, 'regression p95: 10 is not a change in percent; write one like "10%"'),
        ({"p95": 0.1}, 'regression p95: 0.1 is not a change in percent; write one like "10%"'),
        ({"p95": "5ms"}, "regression p95: '5ms' is not a change in percent; write one like \"10%\""),
        ({"p95": "0%"}, "regression p95: '0%': two runs are never the same; allow some change, such as \"10%\""),
        ({"tps": "100%"}, "regression tps: '100%' less TPS would be none at all; write less than 100%"),
        ({"p95": "10%", "floor": 5}, 'regression floor: 5 needs a unit: write "5ms" or "5s"'),
        (
            {"p95": "10%", "floor": ">= 5ms"},
            "regression floor: '>= 5ms' is not a latency; write one with its unit, like \"5ms\"",
        ),
        (
            {"tps": "5%", "floor": "5ms"},
            f"regression: the floor is for latencies, and none is limited beside it; write {EXAMPLE}",
        ),
    ],
)
def test_each_mistake_is_one_sentence(value, problem):
    """It names the key, what is allowed and the nearest match."""
    assert parse_regression(value, source="here")[1] == [problem]


def test_mistakes_of_a_table_are_reported_together():
    """Those of limits and those of the regression table, with where they are."""
    _, problems = parse_budget_table(
        {"p95": 3, "regression": {"p95": 3, "tbs": "5%"}, "baseline_required": 1, "each": {"baseline_required": True}},
        source="F",
    )
    assert problems[:4] == [
        'F: p95: 3 needs a unit: write "3ms" or "3s"',
        'F: regression p95: 3 is not a change in percent; write one like "10%"',
        f"F: regression: unknown key 'tbs'; did you mean 'tps'? {ALLOWED}",
        "F: baseline_required: 1 is neither true nor false",
    ]
    assert problems[4].startswith("F each: unknown key 'baseline_required'")


def test_baseline_required_is_not_of_a_model():
    """It is said once, for the whole load."""
    _, problems = parse_marker_limits({"model": "a", "baseline_required": True}, source="the mark")
    assert problems == ["the mark: baseline_required holds for the whole load; write it in a perf_budget of its own"]


def test_each_goes_to_every_model_without_a_budget_of_its_own():
    """As limits do; beside limits on the same metric of the same scope."""
    table = file_table(
        p95="1s",
        regression={"p95": "10%"},
        each={"regression": {"p99": "20%", "p95": "15%"}},
        models={"b": {"regression": {"p95": "30%", "floor": "2ms"}}},
    )
    resolved = merge(table.levels("key", None))[0].resolve(routes=["a", "b"], open_model=True)
    assert [limit.metric for _, limit in resolved.limits] == ["p95"]
    assert said(resolved.regressions) == [
        ("total", "p95", 0.1, 0.0),
        ("a", "p95", 0.15, 0.0),
        ("a", "p99", 0.2, 0.0),
        ("b", "p95", 0.3, 2.0),
        ("b", "p99", 0.2, 0.0),
    ]


def test_the_file_replaces_the_marks_budget_metric_by_metric():
    """Weakest first: default table, marks, keys of the file; a looser one of the file is noted."""
    budget, problems, notes = budget_from_sources(
        "tests/test_x.py::test_y",
        marks=[mark(regression={"p95": "10%", "p99": "20%"}, baseline_required=True)],
        tables={
            "default": file_table(regression={"tps": "5%", "p95": "50%"}),
            "tests/test_x.py": file_table(regression={"p95": "12%"}, baseline_required=False),
        },
    )
    resolved = budget.resolve(routes=(), open_model=True)
    assert problems == []
    assert said(resolved.regressions) == [
        ("total", "p95", 0.12, 0.0),
        ("total", "p99", 0.2, 0.0),
        ("total", "tps", 0.05, 0.0),
    ]
    assert resolved.baseline_required is False
    assert notes == [
        "smload.toml [budgets.x] regression p95 12% over the baseline is looser than the mark's 10% over the baseline",
        "smload.toml [budgets.x] baseline_required false is looser than the mark's true",
    ]


def test_a_profile_has_regression_budgets_of_its_own():
    """``profiles.NAME`` holds when that profile runs."""
    table = file_table(regression={"p95": "10%"}, profiles={"smoke": {"regression": {"p95": "40%"}}})
    for profile, expected in (("smoke", 0.4), (None, 0.1)):
        resolved = merge(table.levels("key", profile))[0].resolve(routes=(), open_model=True)
        assert [limit.budget for _, limit in resolved.regressions] == [expected]


def test_the_same_metric_twice_at_one_level_is_a_mistake():
    """Two marks of one function, say."""
    level = Level("mark", [*mark(regression={"p95": "10%"}), *mark(regression={"p95": "20%"})])
    assert merge([level])[1] == ["the mark: regression p95 is limited twice, to 10% and to 20%; keep one"]


def test_a_model_without_traffic_is_a_mistake():
    """As for any limit."""
    budget = merge([Level("mark", mark(model="x", regression={"p95": "10%"}))])[0]
    (problem,) = budget.resolve(routes=["xgb", "y"], open_model=True).problems
    assert problem.startswith("the mark: model 'x' is not in this load's traffic")


def test_a_budget_given_to_a_load_may_hold_regressions():
    """``load(budget={...})`` speaks the grammar of a budget table."""
    budget = override_budget({"regression": {"mean": "10%"}, "baseline_required": True}, source="load(budget=...)")
    assert budget is not None
    resolved = budget.resolve(routes=(), open_model=True)
    assert said(resolved.regressions) == [("total", "mean", 0.1, 0.0)]
    assert resolved.baseline_required is True


def test_a_tighter_budget_of_the_file_is_not_noted():
    """Only what the mark's author must know of is."""
    levels = [Level("mark", mark(regression={"p95": "10%"})), Level("key", mark(regression={"p95": "5%"}))]
    assert looser_notes(levels) == []
