"""Targets, policies and activities as Application Auto Scaling's answers show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pytest_smload.emulator.control.clock import moment
from pytest_smload.emulator.control.tracking import HIGH, LOW
from pytest_smload.emulator.credentials import ACCOUNT, REGION

if TYPE_CHECKING:
    from pytest_smload.emulator.control.scaling import Activity, Policy, Target

NAMESPACE: Final = "sagemaker"
DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"
_ROLE: Final = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
TRACKING: Final = "TargetTrackingScaling"
CONFIGURATIONS: Final = {
    TRACKING: "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}


def shown_target(target: Target) -> dict[str, Any]:
    """Return a ``ScalableTarget``."""
    return {
        **_named(target.resource_id),
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": _ROLE,
        "CreationTime": moment(target.created_s),
        "SuspendedState": target.suspended,
        "ScalableTargetARN": target.arn,
    }


def shown_policy(target: Target, policy: Policy) -> dict[str, Any]:
    """Return a ``ScalingPolicy``."""
    return {
        **_named(target.resource_id),
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        CONFIGURATIONS[policy.kind]: policy.configuration,
        "Alarms": [shown_alarm(alarm) for alarm in policy.alarms],
        "CreationTime": moment(policy.created_s),
    }


def shown_activity(activity: Activity) -> dict[str, Any]:
    """Return a ``ScalingActivity``."""
    found = {
        **_named(activity.resource_id),
        "ActivityId": activity.activity_id,
        "Description": f"Setting desired instance count to {activity.count}.",
        "Cause": activity.cause,
        "StartTime": moment(activity.begun_s),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
    }
    return found if activity.ended_s is None else {**found, "EndTime": moment(activity.ended_s)}


def _named(resource_id: str) -> dict[str, Any]:
    return {"ServiceNamespace": NAMESPACE, "ResourceId": resource_id, "ScalableDimension": DIMENSION}


def alarm_names(resource_id: str, configuration: dict[str, Any]) -> list[str]:
    """Return new names for the alarms of a policy that tracks a target."""
    kinds = (HIGH,) if configuration.get("DisableScaleIn") else (HIGH, LOW)
    return [f"TargetTracking-{resource_id}-{kind}-{uuid4()}" for kind in kinds]


def shown_alarm(name: str) -> dict[str, str]:
    """Return an ``Alarm``."""
    return {"AlarmName": name, "AlarmARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"}
