"""Application Auto Scaling's operations for the variants of one endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pytest_smload.emulator.control.call import ControlError, needed
from pytest_smload.emulator.control.scaling import SWITCHES, Policy, Target
from pytest_smload.emulator.control.scaling_answers import (
    CONFIGURATIONS,
    DIMENSION,
    NAMESPACE,
    TRACKING,
    alarm_names,
    shown_activity,
    shown_alarm,
    shown_policy,
    shown_target,
)
from pytest_smload.emulator.control.tracking import Tracker
from pytest_smload.emulator.credentials import ACCOUNT, REGION
from pytest_smload.emulator.permissions import denial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.control.hosting import Hosting
    from pytest_smload.emulator.control.scaling import Scaler
    from pytest_smload.emulator.permissions import Permissions

_RESOURCE: Final = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_NEEDED: Final = (
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DeleteAlarms",
)
"""What a caller who registers a target must be allowed besides (SageMaker's guide, automatic scaling prerequisites)."""
_MOST_RESULTS: Final = 50


class AutoScaling:
    """The operations, by name in `operations`."""

    def __init__(
        self,
        scaler: Scaler,
        hosting: Hosting,
        clock: Clock,
        permissions: Permissions,
        speed: float,
    ) -> None:
        self._scaler = scaler
        self._hosting = hosting
        self._clock = clock
        self._permissions = permissions
        self._speed = speed
        self.operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "RegisterScalableTarget": self.register_scalable_target,
            "DeregisterScalableTarget": self.deregister_scalable_target,
            "DescribeScalableTargets": self.describe_scalable_targets,
            "PutScalingPolicy": self.put_scaling_policy,
            "DeleteScalingPolicy": self.delete_scaling_policy,
            "DescribeScalingPolicies": self.describe_scaling_policies,
            "DescribeScalingActivities": self.describe_scaling_activities,
            "DescribeScheduledActions": self.describe_scheduled_actions,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    def register_scalable_target(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Register a variant, or change what the request names; its count is brought within the bounds either way."""
        for action in _NEEDED:
            if not self._permissions.may(action):
                raise ControlError("ValidationException", denial(action))
        endpoint, variant = self._resource(arguments)
        resource_id = arguments["ResourceId"]
        if not self._hosting.is_named(endpoint) or variant not in self._hosting.wanted:
            raise ControlError("ValidationException", f"SageMaker endpoint variant doesn't exist: {resource_id}")
        old = self._scaler.targets.get(resource_id)
        minimum = arguments.get("MinCapacity", None if old is None else old.minimum)
        maximum = arguments.get("MaxCapacity", None if old is None else old.maximum)
        if minimum is None or maximum is None:
            raise ControlError(
                "ValidationException", "MinCapacity and MaxCapacity must be set to register a scalable target."
            )
        if minimum > maximum:
            raise ControlError("ValidationException", "Maximum capacity cannot be less than minimum capacity.")
        target = old or Target(resource_id, endpoint, variant, minimum, maximum, self._clock.epoch_s())
        target.minimum, target.maximum = int(minimum), int(maximum)
        target.suspended |= {
            name: bool(value) for name, value in (arguments.get("SuspendedState") or {}).items() if name in SWITCHES
        }
        target.tags |= arguments.get("Tags") or {}
        self._scaler.targets[resource_id] = target
        self._scaler.bound(target)
        return {"ScalableTargetARN": target.arn}

    def deregister_scalable_target(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Forget a target, and its policies with it."""
        self._resource(arguments)
        self._target(arguments, "found")
        del self._scaler.targets[arguments["ResourceId"]]
        return {}

    def describe_scalable_targets(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the targets, all or by resource id."""
        self._check_namespace(arguments)
        only = arguments.get("ResourceIds") or self._scaler.targets
        found = [shown_target(target) for target in self._scaler.targets.values() if target.resource_id in only]
        return _page("ScalableTargets", found, arguments)

    def put_scaling_policy(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Add a policy to a target, or replace the one of its name; only one policy tracks a metric."""
        endpoint, variant = self._resource(arguments)
        target = self._target(arguments, "registered")
        name = needed(arguments, "PolicyName")
        old = target.policies.get(name)
        kind = arguments.get("PolicyType") or ("StepScaling" if old is None else old.kind)
        if kind not in CONFIGURATIONS or (old is not None and old.kind != kind):
            raise ControlError("ValidationException", f"Policy type {kind} is not supported for {name}.")
        configuration = needed(arguments, CONFIGURATIONS[kind])
        tracker = Tracker(configuration, endpoint, variant, self._speed) if kind == TRACKING else None
        for other in target.policies.values():
            if tracker and other.name != name and other.tracker and other.tracker.series == tracker.series:
                raise ControlError(
                    "ValidationException",
                    "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
                )
        alarms = alarm_names(target.resource_id, configuration) if tracker else []
        policy_id = f"{uuid4()}:resource/{NAMESPACE}/{target.resource_id}:policyName/{name}"
        policy = Policy(
            name=name,
            kind=kind,
            configuration=configuration,
            arn=f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{policy_id}" if old is None else old.arn,
            alarms=alarms,
            created_s=self._clock.epoch_s() if old is None else old.created_s,
            tracker=tracker,
        )
        target.policies[name] = policy
        return {"PolicyARN": policy.arn, "Alarms": [shown_alarm(alarm) for alarm in alarms]}

    def delete_scaling_policy(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Remove a policy, and its alarms with it."""
        self._resource(arguments)
        target = self._scaler.targets.get(arguments["ResourceId"])
        name = needed(arguments, "PolicyName")
        if target is None or name not in target.policies:
            raise ControlError(
                "ObjectNotFoundException", f"No scaling policy found for {_shown(arguments)}, policy name: {name}"
            )
        del target.policies[name]
        return {}

    def describe_scaling_policies(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the policies, all or by target and name."""
        self._check_namespace(arguments)
        resource_id, names = arguments.get("ResourceId"), arguments.get("PolicyNames")
        found = [
            shown_policy(target, policy)
            for target in self._scaler.targets.values()
            if resource_id in (None, target.resource_id)
            for policy in target.policies.values()
            if not names or policy.name in names
        ]
        return _page("ScalingPolicies", found, arguments)

    def describe_scaling_activities(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the activities, newest first."""
        self._check_namespace(arguments)
        resource_id = arguments.get("ResourceId")
        found = [
            shown_activity(activity)
            for activity in reversed(self._scaler.activities)
            if resource_id in (None, activity.resource_id)
        ]
        return _page("ScalingActivities", found, arguments)

    def describe_scheduled_actions(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return none: nothing here runs on a schedule."""
        self._check_namespace(arguments)
        return {"ScheduledActions": []}

    def tag_resource(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Add tags to a target, or change them."""
        self._by_arn(arguments).tags |= needed(arguments, "Tags")
        return {}

    def untag_resource(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from a target."""
        tags = self._by_arn(arguments).tags
        for key in needed(arguments, "TagKeys"):
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a target's tags."""
        return {"Tags": self._by_arn(arguments).tags}

    def _resource(self, arguments: dict[str, Any]) -> tuple[str, str]:
        """Return endpoint and variant of the resource id in a request."""
        self._check_namespace(arguments)
        match = _RESOURCE.fullmatch(needed(arguments, "ResourceId"))
        if match is None or needed(arguments, "ScalableDimension") != DIMENSION:
            raise ControlError(
                "ValidationException", "Unsupported service namespace, resource type or scalable dimension"
            )
        return match[1], match[2]

    def _target(self, arguments: dict[str, Any], word: str) -> Target:
        target = self._scaler.targets.get(arguments["ResourceId"])
        if target is None:
            raise ControlError("ObjectNotFoundException", f"No scalable target {word} for {_shown(arguments)}")
        return target

    def _by_arn(self, arguments: dict[str, Any]) -> Target:
        arn = needed(arguments, "ResourceARN")
        for target in self._scaler.targets.values():
            if target.arn == arn:
                return target
        raise ControlError("ResourceNotFoundException", f"The specified resource doesn't exist: {arn}")

    def _check_namespace(self, arguments: dict[str, Any]) -> None:
        if needed(arguments, "ServiceNamespace") != NAMESPACE:
            raise ControlError("ValidationException", "The embedded endpoint scales in the namespace sagemaker only.")


def _page(key: str, found: Sequence[dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    token = arguments.get("NextToken") or "0"
    if not token.isdecimal():
        raise ControlError("InvalidNextTokenException", "The next token specified is invalid.")
    start = int(token)
    end = start + int(arguments.get("MaxResults") or _MOST_RESULTS)
    page: dict[str, Any] = {key: found[start:end]}
    return page | {"NextToken": str(end)} if end < len(found) else page


def _shown(arguments: dict[str, Any]) -> str:
    return (
        f"service namespace: {NAMESPACE}, resource ID: {arguments['ResourceId']}, scalable dimension: "
        f"{arguments['ScalableDimension']}"
    )
