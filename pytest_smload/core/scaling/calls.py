"""The calls that change how many instances a variant has, as data: what is sent, and the command that does the same."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smload.core.scaling.state import TARGET_TRACKING, ScalingPolicy, Suspension

SAGEMAKER = "sagemaker"
AUTOSCALING = "application-autoscaling"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
UPDATE_COUNT = "UpdateEndpointWeightsAndCapacities"
_CONFIGURATIONS = {
    TARGET_TRACKING: "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
"""Member of PutScalingPolicy that holds a policy's configuration, by PolicyType."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an AWS service.

    Attributes:
        service: ``"sagemaker"`` or ``"application-autoscaling"``.
        operation: In the API's own spelling.
        arguments: Its members.
    """

    service: str
    operation: str
    arguments: Mapping[str, Any]

    @property
    def instances(self) -> int | None:
        """The instance count it asks for; None where it is about something else."""
        if self.operation != UPDATE_COUNT:
            return None
        (wanted,) = self.arguments["DesiredWeightsAndCapacities"]
        count: int = wanted["DesiredInstanceCount"]
        return count


@dataclass(frozen=True, slots=True)
class Variant:
    """Which production variant of which endpoint."""

    endpoint_name: str
    name: str

    @property
    def resource(self) -> dict[str, str]:
        """The members by which Application Auto Scaling knows it."""
        return {
            "ServiceNamespace": SAGEMAKER,
            "ResourceId": f"endpoint/{self.endpoint_name}/variant/{self.name}",
            "ScalableDimension": DIMENSION,
        }

    def set_count(self, instances: int) -> Call:
        """Set the instance count."""
        wanted = {"VariantName": self.name, "DesiredInstanceCount": instances}
        return Call(
            SAGEMAKER,
            UPDATE_COUNT,
            {"EndpointName": self.endpoint_name, "DesiredWeightsAndCapacities": [wanted]},
        )

    def register(
        self, minimum: int, maximum: int, suspension: Suspension, tags: Mapping[str, str] | None = None
    ) -> Call:
        """Register the scalable target, or change the one there is: bounds and all three switches.

        Either pulls the instance count into the bounds, even where they are not among what is sent.

        Args:
            tags: For a target that is new; one that is there takes them by `tag` only.
        """
        arguments = {
            **self.resource,
            "MinCapacity": minimum,
            "MaxCapacity": maximum,
            "SuspendedState": {
                "DynamicScalingInSuspended": suspension.scale_in,
                "DynamicScalingOutSuspended": suspension.scale_out,
                "ScheduledScalingSuspended": suspension.scheduled,
            },
            **({"Tags": dict(tags)} if tags else {}),
        }
        return Call(AUTOSCALING, "RegisterScalableTarget", arguments)

    def deregister(self) -> Call:
        """Deregister the scalable target, its policies with it."""
        return Call(AUTOSCALING, "DeregisterScalableTarget", self.resource)

    def put_policy(self, policy: ScalingPolicy) -> Call:
        """Add *policy*, or replace the configuration of the one of its name."""
        arguments = {
            "PolicyName": policy.name,
            **self.resource,
            "PolicyType": policy.kind,
            _CONFIGURATIONS[policy.kind]: dict(policy.configuration),
        }
        return Call(AUTOSCALING, "PutScalingPolicy", arguments)

    def describe_policies(self) -> Call:
        """Read its policies."""
        return Call(AUTOSCALING, "DescribeScalingPolicies", self.resource)

    def describe_actions(self) -> Call:
        """Read its scheduled actions."""
        return Call(AUTOSCALING, "DescribeScheduledActions", self.resource)

    def delete_policy(self, name: str) -> Call:
        """Delete the policy called *name*."""
        return Call(AUTOSCALING, "DeleteScalingPolicy", {"PolicyName": name, **self.resource})


def configuration_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of a policy as DescribeScalingPolicies answers it."""
    found: Mapping[str, Any] = answer.get(_CONFIGURATIONS.get(answer["PolicyType"], "")) or {}
    return found


def tag(arn: str, tags: Mapping[str, str]) -> Call:
    """Add *tags* to the scalable target *arn*."""
    return Call(AUTOSCALING, "TagResource", {"ResourceARN": arn, "Tags": dict(tags)})


def untag(arn: str, keys: Sequence[str]) -> Call:
    """Take the tags called *keys* off the scalable target *arn*."""
    return Call(AUTOSCALING, "UntagResource", {"ResourceARN": arn, "TagKeys": list(keys)})


def command_line(call: Call, *, region: str, url: str | None = None) -> str:
    """Return the command of AWS's own command line that makes *call*.

    Args:
        region: Of the endpoint.
        url: Address of the control plane where it is not AWS's own.
    """
    words = ["aws", call.service, _kebab(call.operation)]
    for name, value in call.arguments.items():
        words += [f"--{_kebab(name)}"]
        words += (
            map(str, value)
            if isinstance(value, list) and all(isinstance(item, str) for item in value)
            else [value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))]
        )
    words += ["--region", region, *(["--endpoint-url", url] if url is not None else [])]
    return shlex.join(words)


def _kebab(name: str) -> str:
    """Return ``resource-arn`` for ``ResourceARN``, as botocore's ``xform_name`` does."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
