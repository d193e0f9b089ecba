"""Which calls make of what was found what is asked for, and which make of what is there what was found."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smload.core.scaling.calls import Call, Variant, tag, untag
from pytest_smload.core.scaling.state import (
    INVOCATIONS_METRIC,
    SUSPENDED,
    TARGET_TRACKING,
    ScalableTarget,
    ScalingPolicy,
    Suspension,
    VariantState,
)
from pytest_smload.core.scaling.tag import TAG_KEYS, tags_of
from pytest_smload.core.scaling.wish import Pinned, ScalingWish, counted

OWN_POLICY = "pytest-smload"
"""Name of the policy added where a variant has none on its invocations."""
_NO_VARIANT = "pytest-smload-rehearsal"
_SCALING = Suspension(scheduled=True)
"""While a test scales: a scheduled action that came due would change the bounds it asked for."""


def changing_calls(found: VariantState, wish: ScalingWish, run: str) -> list[Call]:
    """Return the calls that make *wish* of *found*, in their order.

    Scaling is suspended and the bounds widened before the count is set: whatever is sent to a scalable target pulls the
    count into its bounds, and a policy would move it.

    Args:
        run: Who asks, for the tag.
    """
    variant = _variant(found)
    count = wish.instances if isinstance(wish, Pinned) else wish.start
    tags = tags_of(found, autoscaled=not isinstance(wish, Pinned), run=run)
    calls: list[Call] = []
    if found.target is not None:
        if found.target.arn is not None:
            calls.append(tag(found.target.arn, tags))
        calls.append(_hold_still(variant, found.target, found.instances, count))
    elif not isinstance(wish, Pinned):
        bounds = ScalableTarget(wish.minimum, wish.maximum)
        calls.append(_hold_still(variant, bounds, found.instances, count, tags))
    if found.instances != count:
        calls.append(variant.set_count(count))
    if not isinstance(wish, Pinned):
        there = found.invocations_policy
        cooldowns = {"ScaleInCooldown": wish.scale_in_cooldown_s, "ScaleOutCooldown": wish.scale_out_cooldown_s}
        configuration = {
            "PredefinedMetricSpecification": {"PredefinedMetricType": INVOCATIONS_METRIC},
            **(there.configuration if there is not None else {}),
            "TargetValue": wish.invocations_per_instance,
            **{name: seconds for name, seconds in cooldowns.items() if seconds is not None},
        }
        name = there.name if there is not None else OWN_POLICY
        calls.append(variant.put_policy(ScalingPolicy(name, TARGET_TRACKING, configuration)))
        calls.append(variant.register(wish.minimum, wish.maximum, _SCALING))
    return calls


def rehearsing_calls(found: VariantState, wish: ScalingWish) -> list[Call]:
    """Return calls that change nothing, and take those rights of restoring *found* that changing it does not take.

    What they delete is not there: our tag, and the target and policy of a variant that no endpoint has.
    """
    nobody = Variant(found.endpoint_name, _NO_VARIANT)
    calls = releasing_calls(found)
    if isinstance(wish, Pinned):
        return calls
    if found.target is None:
        calls += [nobody.describe_policies(), nobody.describe_actions(), nobody.deregister()]
    if found.invocations_policy is None:
        calls.append(nobody.delete_policy(OWN_POLICY))
    return calls


def restoring_calls(before: VariantState, now: VariantState, *, autoscaled: bool) -> list[Call]:
    """Return the calls that make *before* of *now*, in their order; the tag goes with `releasing_calls`.

    The count comes first, while nothing scales; then the policy; then bounds and switches. Only a count that was
    outside its own bounds comes after them, as they would pull it in. What somebody else took away meanwhile stays
    away, and what somebody else added stays.

    Args:
        autoscaled: Whether it was changed to scale (a target or policy of ours may be there), rather than pinned.
    """
    variant = _variant(before)
    count = [variant.set_count(before.instances)] if now.instances != before.instances else []
    if now.target is None or (before.target is None and not autoscaled):
        return count
    still = (
        []
        if now.target.suspension == SUSPENDED
        else [_hold_still(variant, now.target, now.instances, before.instances)]
    )
    policy = _policy_calls(before, now) if autoscaled else []
    if before.target is None:
        return [*still, *count, *policy, variant.deregister()]
    if not count and _same_target(before.target, now.target):
        return policy
    back = variant.register(before.target.minimum, before.target.maximum, before.target.suspension)
    if before.target.holds(before.instances):
        return [*(still if count else []), *count, *policy, back]
    return [*still, *policy, back, variant.set_count(before.instances)]


def all_restoring_calls(before: VariantState, *, autoscaled: bool) -> list[Call]:
    """Return the calls that make *before* of whatever is there, for who makes them by hand."""
    variant, target = _variant(before), before.target
    count = [variant.set_count(before.instances)]
    if target is None:
        return [*([variant.deregister()] if autoscaled else []), *count]
    was = before.invocations_policy
    policy = [variant.put_policy(was) if was is not None else variant.delete_policy(OWN_POLICY)] if autoscaled else []
    bounds = [*policy, variant.register(target.minimum, target.maximum, target.suspension)]
    ordered = [*count, *bounds] if target.holds(before.instances) else [*bounds, *count]
    return [*ordered, *releasing_calls(before)]


def releasing_calls(before: VariantState) -> list[Call]:
    """Return the calls that take our tags off what is as it was *before*."""
    target = before.target
    return [untag(target.arn, TAG_KEYS)] if target is not None and target.arn is not None else []


def differences(before: VariantState, now: VariantState, *, autoscaled: bool) -> list[str]:
    """Return in what *now* differs from *before*, a phrase each: what is restored has none.

    A scalable target that is gone, or is somebody else's, is not ours to restore. A count that scaling has moved within
    its bounds since it was let go is as it should be.
    """
    found = []
    if now.instances != before.instances and not _scales(now):
        found.append(f"it has {counted(now.instances)} instead of {before.instances}")
    if before.target is None and now.target is not None and autoscaled:
        found.append("the scalable target of this run is still registered")
    elif before.target is not None and now.target is not None:
        bounds = [f"{each.minimum}..{each.maximum}" for each in (now.target, before.target)]
        if bounds[0] != bounds[1]:
            found.append(f"its bounds are {bounds[0]} instead of {bounds[1]}")
        if now.target.suspension != before.target.suspension:
            words = [_words(each.suspension) for each in (now.target, before.target)]
            found.append(f"scaling is suspended for {words[0]} instead of {words[1]}")
    if autoscaled and now.target is not None and before.target is not None:
        was = before.invocations_policy
        is_now = now.policy(was.name if was is not None else OWN_POLICY)
        if was is not None and (is_now is None or is_now.configuration != was.configuration):
            found.append(f"the policy {was.name!r} is not as it was")
        elif was is None and is_now is not None and before.policy(OWN_POLICY) is None:
            found.append(f"the policy {OWN_POLICY!r} of this run is still there")
    return found


def is_held(before: VariantState, now: VariantState) -> bool:
    """Whether the scalable target may be as a run of ours leaves it, scaling suspended wholly or for scheduled actions
    alone; not where it is as it was *before*."""
    if now.target is None or before.target is None or _same_target(before.target, now.target):
        return False
    return now.target.suspension in (SUSPENDED, _SCALING)


def _variant(state: VariantState) -> Variant:
    return Variant(state.endpoint_name, state.variant)


def _hold_still(
    variant: Variant, target: ScalableTarget, now: int, then: int, tags: Mapping[str, str] | None = None
) -> Call:
    """Suspend all scaling of *target*, its bounds wide enough for the count there is and the one to come."""
    return variant.register(min(target.minimum, now, then), max(target.maximum, now, then), SUSPENDED, tags)


def _policy_calls(before: VariantState, now: VariantState) -> list[Call]:
    """Put back the configuration of the policy on invocations; delete our own."""
    variant, was = _variant(before), before.invocations_policy
    if was is not None:
        is_now = now.policy(was.name)
        changed = is_now is None or is_now.configuration != was.configuration
        return [variant.put_policy(was)] if changed else []
    ours = now.policy(OWN_POLICY) is not None and before.policy(OWN_POLICY) is None
    return [variant.delete_policy(OWN_POLICY)] if ours else []


def _same_target(one: ScalableTarget, other: ScalableTarget) -> bool:
    return (one.minimum, one.maximum, one.suspension) == (other.minimum, other.maximum, other.suspension)


def _scales(state: VariantState) -> bool:
    """Whether a policy may have moved the count."""
    target = state.target
    if target is None or not state.policies or not target.holds(state.instances):
        return False
    return not (target.suspension.scale_in and target.suspension.scale_out)


def _words(suspension: Suspension) -> str:
    kinds = {"in": suspension.scale_in, "out": suspension.scale_out, "scheduled": suspension.scheduled}
    return "+".join(name for name, suspended in kinds.items() if suspended) or "nothing"
