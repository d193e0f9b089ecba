"""What scaling did is told from what AWS answers: activities, the count over time, latency before, during and after."""

from __future__ import annotations

from math import isnan

import pytest
from recordings import Row, recording

from pytest_smload.core.scaling.phases import first_request_s, phases_of
from pytest_smload.core.scaling.record import (
    ActivityAnswer,
    InstanceCount,
    ScalingActivity,
    ScalingRecord,
    activities_of,
    counts_of,
)

ALARM = "monitor alarm TargetTracking-endpoint/a-AlarmHigh in state ALARM triggered policy p"


def answer(begin_s: float, end_s: float | None, to: int, status: str = "Successful") -> ActivityAnswer:
    """An activity as AWS tells of it."""
    return ActivityAnswer(begin_s, end_s, f"Setting desired instance count to {to}.", status, ALARM)


def record(*answers: ActivityAnswer, first: int = 1, last: int | None = None, begin_s: float = -10.0) -> ScalingRecord:
    """The record of a load that began with *first* instances."""
    activities = activities_of(answers, first)
    counts = counts_of(activities, first=first, last=last, begin_s=begin_s, end_s=300.0)
    return ScalingRecord("autoscaled", "AllTraffic", begin_s, counts, activities)


def test_activities_follow_one_another() -> None:
    """Each begins with what the one before asked for; one that failed changed nothing."""
    found = activities_of(
        [answer(10, 60, 2), answer(70, 71, 9, "Failed"), answer(90, None, 4, "InProgress")],
        1,
    )

    assert [(1, 2, 60), (2, 9, None), (2, 4, None)] == [
        (each.from_instances, each.to_instances, each.done_s) for each in found
    ]


def test_an_activity_on_the_bounds_moves_no_count() -> None:
    """A scheduled action describes other things."""
    (found,) = activities_of(
        [ActivityAnswer(1, 2, "Setting min capacity to 3 and max capacity to 9", "Successful", "")], 2
    )

    assert (2, 2) == (found.from_instances, found.to_instances)


def test_the_count_changes_when_an_activity_is_done() -> None:
    """Not when it begins; and it is what was seen last, whatever activities say."""
    found = record(answer(10, 60, 2), answer(90, None, 4, "InProgress"), last=2)
    assert (InstanceCount(-10.0, 1), InstanceCount(60, 2)) == found.instances
    found = record(answer(10, 60, 2), answer(90, None, 4, "InProgress"), last=4)
    assert InstanceCount(300.0, 4) == found.instances[-1]


def test_time_to_scale_out_counts_from_the_load() -> None:
    """From its first request, warm-up included, to the end of the first activity that had added instances."""
    assert 70 == record(answer(-5, -1, 1), answer(10, 60, 3), answer(80, 100, 4), first=2).scale_out_s
    assert record(answer(10, None, 2, "InProgress")).scale_out_s is None
    assert record(answer(10, 20, 1), first=3).scale_out_s is None
    assert 3 == record(answer(10, 60, 3), answer(80, 90, 1)).most_instances


def rows() -> list[Row]:
    """A request a second of 100 s: slow up to the scaling, middling during it, fast after."""
    took = [1.0] * 30 + [0.5] * 20 + [0.1] * 50
    return [Row(float(second), float(second), second + each) for second, each in enumerate(took)]


def activity(begin_s: float, end_s: float | None) -> ScalingActivity:
    return ScalingActivity(begin_s, end_s, 1, 2, "Successful" if end_s is not None else "InProgress", "")


def test_latency_before_during_and_after() -> None:
    """By when requests were due, split at the first activity's begin and the last one's end."""
    found = phases_of(recording(rows(), 0.0, 100.0, multi_model=False), [activity(30, 35), activity(40, 50)])

    assert [("before", 0, 30, 30), ("during", 30, 50, 20), ("after", 50, 100, 50)] == [
        (each.name, each.begin_s, each.end_s, each.requests) for each in found
    ]
    assert [1000, 500, 100] == pytest.approx([each.p95_ms for each in found])
    assert [1000, 500, 100] == pytest.approx([each.p50_ms for each in found])


def test_phases_that_are_not_there() -> None:
    """Scaling that began before the window has no before, that did not end no after; none outside has phases."""
    made = recording(rows(), 0.0, 100.0, multi_model=False)
    assert ["during", "after"] == [each.name for each in phases_of(made, [activity(-20, 50)])]
    assert ["before", "during"] == [each.name for each in phases_of(made, [activity(30, None)])]
    assert () == phases_of(made, [activity(-20, -1), activity(100, 130)])
    assert () == phases_of(made, [])


def test_failures_are_in_no_latency() -> None:
    """A phase without a success has none."""
    failed = [row._replace(kind=6) for row in rows()]
    (before, during, _) = phases_of(recording(failed, 0.0, 100.0, multi_model=False), [activity(30, 50)])

    assert (30, 0, 20, 0) == (before.requests, before.ok, during.requests, during.ok)
    assert isnan(before.p95_ms)


def test_the_warm_up_is_the_loads_begin() -> None:
    """Its first request came before the window; of a load that sent nothing there is none."""
    warmed = recording([Row(-7.0, -6.5, -6.0), *rows()], 0.0, 100.0, multi_model=False)
    assert -6.5 == first_request_s(warmed)
    assert 0 == first_request_s(recording([], 0.0, 100.0, multi_model=False))
