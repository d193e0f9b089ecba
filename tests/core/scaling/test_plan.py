"""What is called for a wish, and to undo it: against a service that clamps, any state comes back exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scaling_service import TARGET_ARN, ScalingService

from pytest_smload.core.scaling.plan import (
    OWN_POLICY,
    changing_calls,
    differences,
    releasing_calls,
    restoring_calls,
)
from pytest_smload.core.scaling.state import (
    INVOCATIONS_METRIC,
    SUSPENDED,
    TARGET_TRACKING,
    ScalableTarget,
    ScalingPolicy,
    Suspension,
    VariantState,
    state_from,
    state_record,
)
from pytest_smload.core.scaling.tag import note_of, tags_of
from pytest_smload.core.scaling.wish import Autoscaled, Pinned, ScalingWish

RUN = "ci-7:4321 2026-11-29T12:00:00Z"
COUNTS = st.integers(1, 9)
FLAGS = st.booleans()


@st.composite
def targets(draw: st.DrawFn) -> ScalableTarget:
    """Any scalable target."""
    minimum = draw(COUNTS)
    suspension = Suspension(draw(FLAGS), draw(FLAGS), draw(FLAGS))
    return ScalableTarget(minimum, draw(st.integers(minimum, 12)), suspension, TARGET_ARN)


def tracking(name: str, value: float, **more: Any) -> ScalingPolicy:
    """A target-tracking policy on invocations."""
    metric = {"PredefinedMetricType": INVOCATIONS_METRIC}
    return ScalingPolicy(name, TARGET_TRACKING, {"TargetValue": value, "PredefinedMetricSpecification": metric, **more})


CPU = ScalingPolicy(
    "on-cpu", TARGET_TRACKING, {"TargetValue": 60.0, "CustomizedMetricSpecification": {"MetricName": "CPUUtilization"}}
)
POLICIES = st.one_of(
    st.just({}),
    st.just({"on-cpu": CPU}),
    st.builds(
        lambda value, cooldown: {"steady": tracking("steady", value, ScaleInCooldown=cooldown, DisableScaleIn=True)},
        st.floats(1, 1e5),
        st.integers(0, 600),
    ),
)


@st.composite
def services(draw: st.DrawFn) -> ScalingService:
    """Any variant, its count within its bounds or not."""
    target = draw(st.none() | targets())
    return ScalingService(
        instances=draw(COUNTS), target=target, policies=dict(draw(POLICIES)) if target is not None else {}
    )


@st.composite
def wishes(draw: st.DrawFn) -> ScalingWish:
    """Any pin, and any autoscaling."""
    if draw(FLAGS):
        return Pinned(instances=draw(COUNTS))
    minimum = draw(COUNTS)
    maximum = draw(st.integers(minimum + 1, 12))
    cooldown = draw(st.none() | st.integers(0, 300))
    return Autoscaled(
        minimum=minimum,
        maximum=maximum,
        invocations_per_instance=draw(st.floats(1, 1e5)),
        start=draw(st.integers(minimum, maximum)),
        scale_out_cooldown_s=cooldown,
    )


def scaled(wish: ScalingWish) -> bool:
    """Whether *wish* is to scale."""
    return isinstance(wish, Autoscaled)


def restore(service: ScalingService, before: VariantState, wish: ScalingWish) -> None:
    """Restore *before*."""
    for call in restoring_calls(before, service.state, autoscaled=scaled(wish)):
        service.apply(call)
    for call in releasing_calls(before):
        service.apply(call)


@given(services(), wishes(), st.data())
def test_what_was_there_comes_back_from_any_point(
    service: ScalingService, wish: ScalingWish, data: st.DataObject
) -> None:
    """However many of the changing calls were made, and whatever scaling did since, restoring leaves what was there."""
    before = service.state
    calls = changing_calls(before, wish, RUN)
    for call in calls[: data.draw(st.integers(0, len(calls)))]:
        service.apply(call)
    if scaled(wish) and service.target is not None and service.target.suspension != SUSPENDED:
        service.instances = data.draw(st.integers(service.target.minimum, service.target.maximum))

    restore(service, before, wish)

    assert before == service.state
    assert {} == service.tags
    assert [] == differences(before, service.state, autoscaled=scaled(wish))
    assert [] == restoring_calls(before, service.state, autoscaled=scaled(wish))


@given(services(), wishes(), st.data())
def test_restoring_may_itself_break_off(service: ScalingService, wish: ScalingWish, data: st.DataObject) -> None:
    """Restoring that ended anywhere is finished by restoring again."""
    before = service.state
    for call in changing_calls(before, wish, RUN):
        service.apply(call)
    calls = restoring_calls(before, service.state, autoscaled=scaled(wish))
    for call in calls[: data.draw(st.integers(0, len(calls)))]:
        service.apply(call)

    restore(service, before, wish)

    assert before == service.state


@given(services(), COUNTS)
def test_a_pin_holds_the_count(service: ScalingService, instances: int) -> None:
    """The count is the one asked for, nothing scales it, and bounds are wider only where the counts lay outside."""
    before = service.state
    for call in changing_calls(before, Pinned(instances=instances), RUN):
        service.apply(call)

    now = service.state
    assert instances == now.instances
    assert before.policies == now.policies
    if before.target is None:
        assert now.target is None
        return
    assert now.target is not None
    assert SUSPENDED == now.target.suspension
    if before.target.holds(instances) and before.target.holds(before.instances):
        assert (before.target.minimum, before.target.maximum) == (now.target.minimum, now.target.maximum)


@given(services(), wishes())
def test_no_count_between_is_seen(service: ScalingService, wish: ScalingWish) -> None:
    """On its way there the variant never has a third count: neither clamping nor scaling moved it."""
    before, wanted = service.state, wish.start if isinstance(wish, Autoscaled) else wish.instances
    for call in changing_calls(before, wish, RUN):
        service.apply(call)
        assert service.instances in {before.instances, wanted}


@given(services(), wishes())
def test_autoscaling_is_as_asked_for(service: ScalingService, wish: ScalingWish) -> None:
    """Bounds, count and policy are the test's; scheduled actions wait; a policy on another metric stays."""
    if not isinstance(wish, Autoscaled):
        return
    before = service.state
    for call in changing_calls(before, wish, RUN):
        service.apply(call)

    now = service.state
    assert now.target is not None
    assert (wish.minimum, wish.maximum, wish.start) == (now.target.minimum, now.target.maximum, now.instances)
    assert Suspension(scheduled=True) == now.target.suspension
    policy = now.invocations_policy
    assert policy is not None
    assert wish.invocations_per_instance == policy.configuration["TargetValue"]
    others = [[each for each in state.policies if not each.tracks_invocations] for state in (before, now)]
    assert others[0] == others[1]


@given(services(), wishes())
def test_the_tag_alone_restores(service: ScalingService, wish: ScalingWish) -> None:
    """Without a journal, the tag on the target and what is there now tell what was there before."""
    before = service.state
    for call in changing_calls(before, wish, RUN):
        service.apply(call)
    if service.target is None:
        return

    note = note_of(service.tags)

    assert note is not None
    assert (RUN, scaled(wish)) == (note.run, note.autoscaled)
    told = note.before(service.state)
    restore(service, told, wish)
    assert differences(before, service.state, autoscaled=True) == []


@given(services())
def test_a_tag_is_allowed(service: ScalingService) -> None:
    """It has at most 256 characters, all of them allowed in tags of every service."""
    run = "a-host-of-a-very-long-name" * 9 + ":1 {odd} 'characters'"
    for value in tags_of(service.state, autoscaled=True, run=run).values():
        assert len(value) <= 256
        assert not set(value) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-=._:/@")


@given(services())
def test_a_state_is_written_and_read(service: ScalingService) -> None:
    """JSON loses nothing of it."""
    import json

    state = replace(
        service.state, scheduled_actions=({"ScheduledActionName": "night", "Schedule": "cron(0 2 * * ? *)"},)
    )
    record = json.loads(json.dumps(state_record(state)))

    assert record == json.loads(json.dumps(state_record(state_from(record))))
    assert (state.target, state.instances, state.policies) == (
        state_from(record).target,
        state_from(record).instances,
        state_from(record).policies,
    )


TARGET = ScalableTarget(2, 4, Suspension(scheduled=True), TARGET_ARN)


def operations(service: ScalingService, wish: ScalingWish) -> list[str]:
    """The operations that make *wish*."""
    return [call.operation for call in changing_calls(service.state, wish, RUN)]


def test_an_unregistered_variant_is_pinned_by_its_count_alone() -> None:
    """There is nothing to suspend; and nothing at all to do where the count is right already."""
    assert ["UpdateEndpointWeightsAndCapacities"] == operations(ScalingService(instances=2), Pinned(instances=1))
    assert [] == operations(ScalingService(instances=1), Pinned(instances=1))


def test_a_pin_is_tagged_and_suspended_before_the_count() -> None:
    """A tag before any change; the switches before the count."""
    service = ScalingService(instances=3, target=TARGET)

    assert ["TagResource", "RegisterScalableTarget", "UpdateEndpointWeightsAndCapacities"] == operations(
        service, Pinned(instances=1)
    )


def test_restoring_sets_the_count_before_the_bounds() -> None:
    """The other way round, bounds would pull in a count that is still the test's."""
    service = ScalingService(instances=3, target=TARGET)
    before = service.state
    for call in changing_calls(before, Pinned(instances=1), RUN):
        service.apply(call)

    count, bounds = restoring_calls(before, service.state, autoscaled=False)

    assert 3 == count.instances
    assert (2, 4) == (bounds.arguments["MinCapacity"], bounds.arguments["MaxCapacity"])
    assert {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    } == bounds.arguments["SuspendedState"]


def test_a_policy_on_the_metric_is_changed_in_place() -> None:
    """AWS allows one per metric; what the test does not ask for stays as it was."""
    there = tracking("steady", 900.0, ScaleInCooldown=120, DisableScaleIn=True)
    service = ScalingService(instances=2, target=TARGET, policies={"steady": there})
    wish = Autoscaled(minimum=1, maximum=4, invocations_per_instance=50.0, start=1, scale_out_cooldown_s=10)

    (put,) = [call for call in changing_calls(service.state, wish, RUN) if call.operation == "PutScalingPolicy"]

    assert "steady" == put.arguments["PolicyName"]
    assert {
        **there.configuration,
        "TargetValue": 50.0,
        "ScaleOutCooldown": 10,
    } == put.arguments["TargetTrackingScalingPolicyConfiguration"]


def test_only_a_target_of_ours_is_deregistered() -> None:
    """A target that was there, and one that somebody registered during a pin, stay."""
    there, pinned, ours = ScalingService(target=TARGET), ScalingService(), ScalingService()
    wish = Autoscaled(minimum=1, maximum=4, invocations_per_instance=50.0, start=1)
    before = {id(each): each.state for each in (there, pinned, ours)}
    for service, asked in ((there, wish), (pinned, Pinned(instances=1)), (ours, wish)):
        for call in changing_calls(service.state, asked, RUN):
            service.apply(call)
    pinned.target = TARGET

    undone = [
        [call.operation for call in restoring_calls(before[id(each)], each.state, autoscaled=each is not pinned)]
        for each in (there, pinned, ours)
    ]

    assert ["DeregisterScalableTarget" in each for each in undone] == [False, False, True]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"instances": 1}, "it has 1 instance instead of 3"),
        ({"target": replace(TARGET, minimum=1)}, "its bounds are 1..4 instead of 2..4"),
        (
            {"target": replace(TARGET, suspension=SUSPENDED)},
            "scaling is suspended for in+out+scheduled instead of scheduled",
        ),
        ({"policies": (tracking(OWN_POLICY, 1.0),)}, "the policy 'pytest-smload' of this run is still there"),
    ],
)
def test_what_was_not_restored_is_named(now: dict[str, Any], words: str) -> None:
    """Each difference is a phrase of its own."""
    before = ScalingService(instances=3, target=TARGET).state

    assert [words] == differences(before, replace(before, **now), autoscaled=True)
