"""Limits on scaling: how they are written, held against a record, and refused where nothing scales."""

from __future__ import annotations

from math import isnan

import pytest

from pytest_smload.core.limits.evidence import ScalingEvidence
from pytest_smload.core.limits.scaling_limit import ScalingLimit, scaling_problems
from pytest_smload.core.limits.sources import budget_from_sources, parse_budget_table, parse_marker_limits
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.scaling.record import InstanceCount, ScalingActivity, ScalingRecord
from pytest_smload.core.scaling.wish import Autoscaled, Pinned

SCALED = Autoscaled(minimum=1, maximum=4, invocations_per_instance=50.0, start=1)


def limit(**written: object) -> ScalingLimit:
    """The limit that a mark says."""
    ((scope, found),), problems = parse_marker_limits(written, source="the mark")
    assert [] == problems
    assert TOTAL == scope
    assert isinstance(found, ScalingLimit)
    return found


def record(to: int, done_s: float | None = 200.0) -> ScalingRecord:
    """A load that scaled out from one instance."""
    activity = ScalingActivity(100.0, done_s, 1, to, "Successful" if done_s else "InProgress", "")
    counts = (InstanceCount(-10.0, 1), *((InstanceCount(done_s, to),) if done_s else ()))
    return ScalingRecord("autoscaled", "AllTraffic", -10.0, counts, (activity,))


@pytest.mark.parametrize(
    ("written", "words", "outcomes"),
    [
        ({"scaled_to": 2}, ">= 2 instances", {1: "fail", 2: "pass", 4: "pass"}),
        ({"scaled_to": "2..3"}, "2..3 instances", {1: "fail", 3: "pass", 4: "fail"}),
    ],
)
def test_scaled_to(written: dict[str, object], words: str, outcomes: dict[int, str]) -> None:
    """A bare number is the least that is to be reached."""
    found = limit(**written)
    assert words == found.describe()
    assert outcomes == {
        to: found.hold(ScalingEvidence(record(to, 200.0 if to > 1 else None))).outcome for to in outcomes
    }


@pytest.mark.parametrize(("within", "outcome"), [("4m", "pass"), ("3m30s", "pass"), ("209s", "fail")])
def test_scale_out_within(within: str, outcome: str) -> None:
    """A bare time is the longest allowed, from the load's first request to the new instance in service."""
    check = limit(scale_out_within=within).hold(ScalingEvidence(record(2)))

    assert (outcome, 210_000, "ms", "total") == (check.outcome, check.observed, check.unit, check.scope)


def test_what_never_came_fails() -> None:
    """No scale-out is not a quick one; and no evidence is none either."""
    check = limit(scale_out_within="4m").hold(ScalingEvidence(record(2, None)))
    assert ("fail", "no scale-out was completed during the load") == (check.outcome, check.note)
    for written in ({"scale_out_within": "4m"}, {"scaled_to": 2}):
        check = limit(**written).hold(ScalingEvidence(None, "not allowed"))
        assert ("fail", "not allowed") == (check.outcome, check.note)
        assert isnan(check.observed)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"scaled_to": "two"}, "scaled_to: 'two' is not a count; write a whole number"),
        ({"scale_out_within": 240}, "scale_out_within: 240 needs a unit"),
        ({"scale_out_within": "soon"}, "scale_out_within: 'soon' is not a latency"),
        ({"scaled_to": 2, "model": "each"}, "scaled_to: an endpoint scales as a whole; limit it for the whole load"),
    ],
)
def test_mistakes(written: dict[str, object], words: str) -> None:
    """Each is a sentence that says what to write."""
    _, problems = parse_marker_limits(written, source="the mark")
    assert words in "\n".join(problems)


def test_a_stage_does_not_scale() -> None:
    """Nor does a model, in a table either."""
    _, problems = parse_budget_table({"stages": {"noon": {"scaled_to": 2}}}, source="smload.toml")
    assert [
        'smload.toml stages."noon": scaled_to: an endpoint scales as a whole; limit it for the whole load'
    ] == problems


def test_limits_that_do_not_go_with_the_load() -> None:
    """Without scaling, out of reach, or kept whatever happens: refused, with what to write."""
    two, five, one = (limit(scaled_to=count) for count in (2, 5, 1))
    soon = limit(scale_out_within="4m")

    assert [] == scaling_problems([two, soon], SCALED)
    (unheld,) = scaling_problems([two], None)
    assert "nothing may scale during this load; give the test perf(autoscaled={...})" in unheld
    (pinned,) = scaling_problems([soon], Pinned(instances=2))
    assert "the mark: scale_out_within <= 240 s: the load is pinned to 2 instances" in pinned
    (beyond,) = scaling_problems([five], SCALED)
    assert "cannot be reached: the load is autoscaled 1..4" in beyond
    (trivial,) = scaling_problems([one], SCALED)
    assert "is kept whatever happens: the load begins with 1; ask for more" in trivial


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"scaled_to": "<= 4"}, "scaled_to <= 4 instances is kept whatever happens"),
        ({"scaled_to": "1..4"}, "scaled_to 1..4 instances is kept whatever happens"),
        ({"scaled_to": "<= 0"}, "scaled_to <= 0 instances cannot be kept: the load begins with 1"),
        ({"scale_out_within": ">= 1s"}, "scale_out_within >= 1 s is kept by the slowest there is"),
        ({"scale_out_within": "0s"}, "scale_out_within <= 0 ms cannot be kept"),
        ({"scaled_to": "<= 3"}, ""),
        ({"scaled_to": "2..4"}, ""),
    ],
)
def test_a_limit_that_is_always_or_never_kept_is_refused(written: dict[str, str], problem: str) -> None:
    """Of a load that is autoscaled 1..4, whichever way it is written."""
    found = scaling_problems([limit(**written)], SCALED)

    assert bool(problem) == bool(found)
    assert not problem or problem in found[0]


def test_the_default_table_is_for_loads_that_scale() -> None:
    """Its limits on scaling are left out where a load does not; a mark's are not."""
    table, _ = parse_budget_table({"scaled_to": 2}, source="smload.toml [budgets.default]")
    budget, _, _ = budget_from_sources("test_a.py::test", marks=[], tables={"default": table})
    assert [] == budget.scaling(autoscaled=False)
    assert ["scaled_to"] == [each.metric for each in budget.scaling(autoscaled=True)]
    marked, _ = parse_marker_limits({"scale_out_within": "4m"}, source="the mark")
    budget, _, _ = budget_from_sources("test_a.py::test", marks=[marked], tables={"default": table})
    assert ["scale_out_within"] == [each.metric for each in budget.scaling(autoscaled=False)]
