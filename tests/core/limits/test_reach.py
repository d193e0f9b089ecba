"""What a described load can reach and be judged by, told before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smload.core.limits.budget import BUILT_IN, Level, merge
from pytest_smload.core.limits.reach import offers, too_short, unreachable
from pytest_smload.core.limits.sources import parse_budget_table
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.weights import resolve_weights


def foreseen(budget: dict[str, Any], **load: Any) -> tuple[list[str], str]:
    """What is said of *budget* on a load: limits it cannot reach, and percentiles it is too short for."""
    profile = LoadProfile(**load)
    shares = resolve_weights(profile.models) if profile.models is not None else {}
    table, problems = parse_budget_table(budget, source="the table")
    assert problems == []
    stages = [stage.name or str(number) for number, stage in enumerate(profile.stages or (), start=1)]
    resolved = merge([BUILT_IN, Level("key", table.limits)])[0].resolve(
        routes=list(shares), stages=stages, open_model=profile.open_model
    )
    assert resolved.problems == ()
    offered = offers(profile, shares)
    return unreachable(resolved.limits, offered), too_short(resolved, offered)


LET = "too few to be judged: let the load"
STEPS = [Stage("10s", tps=10, name="low"), Stage("30s", tps=50, name="high")]


@pytest.mark.parametrize(
    ("budget", "load", "said"),
    [
        ({"tps": 50}, {"tps": 40}, "tps >= 50 TPS cannot be reached: the load offers 40 requests/s"),
        ({"tps": "45..60"}, {"tps": 40}, "tps 45..60 TPS cannot be reached"),
        ({"tps": 41}, {"stages": STEPS}, "the load offers 40 requests/s"),
        ({"stages": {"low": {"tps": 11}}}, {"stages": STEPS}, "tps of stage low >= 11 TPS cannot be reached"),
        ({"models": {"a": {"tps": 31}}}, {"tps": 40, "models": {"a": 3, "b": 1}}, "the load offers 30 requests/s"),
        ({"requests": 601}, {"tps": 10}, "requests >= 601 cannot be reached: the load sends 600 requests at most"),
        ({"requests": 101}, {"users": 5, "max_requests": 100}, "the load sends 100 requests at most"),
        ({"models": {"b": {"requests": 151}}}, {"tps": 10, "models": {"a": 3, "b": 1}}, "150 requests at most"),
    ],
)
def test_limits_out_of_reach(budget: dict[str, Any], load: dict[str, Any], said: str) -> None:
    """However well the endpoint does, the load falls short of them: the sentence says by what, and what to do."""
    (problem,), _ = foreseen(budget, **load)

    assert problem.startswith("the table: ")
    assert said in problem
    assert "ask for less, or " in problem


@pytest.mark.parametrize(
    ("budget", "load"),
    [
        ({"tps": 40}, {"tps": 40}),
        ({"tps": "<= 50"}, {"tps": 40}),
        ({"tps": "100%"}, {"tps": 40}),
        ({"tps": 40}, {"stages": STEPS}),
        ({"stages": {"high": {"tps": 50}}}, {"stages": STEPS}),
        ({"tps": 5000}, {"users": 1}),
        ({"tps": 2}, {"tps": 0.1, "duration": "500ms"}),
        ({"requests": 1200}, {"tps": 10, "max_duration": "2m"}),
        ({"requests": 10**6}, {"users": 1}),
        ({"models": {"a": {"requests": 1}}}, {"tps": 10, "models": {"a": 1e-9, "b": 1}}),
    ],
)
def test_limits_within_reach(budget: dict[str, Any], load: dict[str, Any]) -> None:
    """Exactly what is offered can be reached, and of a closed load nobody knows the rate."""
    assert foreseen(budget, **load)[0] == []


@pytest.mark.parametrize(
    ("budget", "load", "said"),
    [
        ({"p99": "1s"}, {"tps": 2}, f"p99 needs 368 requests and gets 120 at most, {LET} last 3m4s, or limit a lower"),
        (
            {"p95": "1s", "models": {"b": {"p95": "1s"}}},
            {"tps": 4, "models": {"a": 9, "b": 1}},
            f"p95 of b needs 72 requests and gets 24 at most, {LET} last 3m, or limit a lower percentile",
        ),
        (
            {"p99": "1s", "p99_9": "1s"},
            {"tps": 5},
            f"p99.9 needs 3,688 requests and gets 300 at most (and 1 more), {LET}",
        ),
        ({"stages": {"low": {"p99": "1s"}}}, {"stages": STEPS}, "let the stage last 37s"),
        ({"p95": "1s"}, {"users": 5, "max_requests": 50}, "gets 50 at most, too few to be judged: raise max_requests"),
        ({"p95": "1s"}, {"tps": 100, "max_requests": 50}, "raise max_requests"),
        ({"regression": {"p99": "10%"}}, {"tps": 2}, "p99 needs 368 requests and gets 120 at most"),
        (
            {"each": {"p99": "1s"}},
            {"tps": 10, "models": ["a", "b"]},
            "p99 of a needs 368 requests",
        ),
    ],
)
def test_percentiles_that_get_too_few_requests(budget: dict[str, Any], load: dict[str, Any], said: str) -> None:
    """One sentence says which needs most, how many it gets, and how long the load has to be."""
    problems, warning = foreseen(budget, **load)

    assert problems == []
    assert said in warning


@pytest.mark.parametrize(
    ("budget", "load"),
    [
        ({"p95": "1s"}, {"tps": 1.2}),
        ({"p99": "1s"}, {"tps": 2, "max_duration": "4m"}),
        ({"p99_9": "1s"}, {"users": 1, "duration": "1s"}),
        ({"max": "1s", "mean": "1s", "error_rate": "1%"}, {"tps": 1, "duration": "1s"}),
    ],
)
def test_nothing_is_said_of_loads_that_may_be_long_enough(budget: dict[str, Any], load: dict[str, Any]) -> None:
    """One that sends as many as it takes, may be extended to it, or whose rate nobody knows beforehand."""
    assert foreseen(budget, **load)[1] == ""


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"tps": 0}, "tps >= 0 TPS is kept whatever happens"),
        ({"tps": "0%"}, "is kept whatever happens"),
        ({"requests": 0}, "requests >= 0 is kept whatever happens"),
        ({"error_rate": "0%..100%"}, "error_rate 0%..100% is kept whatever happens"),
        ({"error_rate": ">= 0%"}, "is kept by the worst endpoint there is; write '<= 0%', or a range"),
        ({"p95": ">= 1ms"}, "p95 >= 1 ms is kept by the worst endpoint there is; write '<= 1ms', or a range"),
        ({"models": {"a": {"p95": ">= 1ms"}}}, "p95 of a >= 1 ms is kept by the worst"),
    ],
)
def test_limits_that_nothing_breaks(budget: dict[str, Any], said: str) -> None:
    """However badly the endpoint does: refused, with what was probably meant."""
    (problem,), _ = foreseen(budget, tps=40, models=["a"])

    assert said in problem


@pytest.mark.parametrize("budget", [{"error_rate": "100%"}, {"p95": "1ms..5ms"}, {"tps": "0..60"}, {"requests": 1}])
def test_wide_limits_that_something_breaks_are_kept(budget: dict[str, Any]) -> None:
    """Allowing every error says that errors are of no interest; a range can be broken."""
    problems, _ = foreseen(budget, tps=40)

    assert [] == problems
