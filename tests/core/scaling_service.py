"""SageMaker and Application Auto Scaling for one variant, as documented: whatever is registered clamps the count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_smload.core.scaling.calls import Call, configuration_of
from pytest_smload.core.scaling.state import ScalableTarget, ScalingPolicy, Suspension, VariantState

ENDPOINT = "abalone-mme-staging"
VARIANT = "AllTraffic"
ARN = f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{ENDPOINT}"
TARGET_ARN = "arn:aws:application-autoscaling:us-east-1:111122223333:scalable-target/0ec5abc"
CREATED = "2026-11-01T08:00:00+00:00"
MISSING = f"Could not find endpoint {ARN}."


class RefusedError(Exception):
    """An error answer: code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


@dataclass
class ScalingService:
    """What is there, and what was called.

    Attributes:
        instances: DesiredInstanceCount.
        current: CurrentInstanceCount.
        looks: How often DescribeEndpoint says Updating after a change of the count.
        quota: Instances the account may have.
        denied: Actions that are not allowed, ``"sagemaker:DescribeEndpoint"``.
        deleted: Whether the endpoint is gone.
        activities: As DescribeScalingActivities answers, newest first.
        calls: Operations called, in order.
        counts: Each instance count it was set to, in order.
    """

    instances: int = 2
    target: ScalableTarget | None = None
    policies: dict[str, ScalingPolicy] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    looks: int = 0
    quota: int = 100
    denied: set[str] = field(default_factory=set)
    deleted: bool = False
    managed: bool = False
    created: str = CREATED
    activities: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    current: int = 0
    updating: int = 0

    def __post_init__(self) -> None:
        self.current = self.instances

    @property
    def state(self) -> VariantState:
        """What a reader finds."""
        return VariantState(
            ENDPOINT, VARIANT, ARN, self.created, self.instances, self.target, tuple(self.policies.values())
        )

    def apply(self, call: Call) -> None:
        """Do what *call* asks for."""
        self.answer(f"{call.service}:{call.operation}", call.arguments)

    def answer(self, action: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            RefusedError: it is an error.
        """
        operation = action.partition(":")[2]
        self.calls.append(action)
        if action in self.denied:
            text = f"User: arn:aws:iam::111122223333:user/ci is not authorized to perform: {action}"
            code = "ValidationException" if operation == "RegisterScalableTarget" else "AccessDeniedException"
            raise RefusedError(code, text)
        do = getattr(self, f"_{operation}", None)
        if do is None:
            raise RefusedError("AccessDeniedException", f"{action} is none of those this service has")
        answer: dict[str, Any] | None = do(given)
        return answer or {}

    def _set(self, instances: int) -> None:
        if instances != self.instances:
            self.instances, self.updating = instances, self.looks
            self.current = instances if not self.looks else self.current
            self.counts.append(instances)

    def _DescribeEndpoint(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if self.deleted:
            raise RefusedError("ValidationException", MISSING)
        status = "Updating" if self.updating else "InService"
        if self.updating:
            self.updating -= 1
        else:
            self.current = self.instances
        variant: dict[str, Any] = {
            "VariantName": VARIANT,
            "CurrentInstanceCount": self.current,
            "DesiredInstanceCount": self.instances,
        }
        if self.managed:
            variant["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 4}
        return {
            "EndpointName": ENDPOINT,
            "EndpointArn": ARN,
            "EndpointConfigName": "abalone-config",
            "EndpointStatus": status,
            "CreationTime": self.created,
            "LastModifiedTime": self.created,
            "ProductionVariants": [variant],
        }

    def _UpdateEndpointWeightsAndCapacities(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if self.deleted:
            raise RefusedError("ValidationException", MISSING)
        if self.updating:
            raise RefusedError("ValidationException", f"Cannot update in-progress endpoint {ARN}.")
        (wanted,) = given["DesiredWeightsAndCapacities"]
        assert VARIANT == wanted["VariantName"]
        count = wanted["DesiredInstanceCount"]
        if count > self.quota:
            raise RefusedError(
                "ResourceLimitExceeded",
                f"The account-level service limit 'ml.m5.large for endpoint usage' is {self.quota} Instances, with "
                f"current utilization of {self.instances} Instances and a request delta of {count - self.instances}.",
            )
        self._set(count)
        return {"EndpointArn": ARN}

    def _DescribeScalableTargets(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if self.target is None:
            return {"ScalableTargets": []}
        suspension = self.target.suspension
        found = {
            **self._resource,
            "MinCapacity": self.target.minimum,
            "MaxCapacity": self.target.maximum,
            "RoleARN": self.target.role_arn or "arn:aws:iam::111122223333:role/aws-service-role/sagemaker",
            "CreationTime": CREATED,
            "SuspendedState": {
                "DynamicScalingInSuspended": suspension.scale_in,
                "DynamicScalingOutSuspended": suspension.scale_out,
                "ScheduledScalingSuspended": suspension.scheduled,
            },
        }
        return {"ScalableTargets": [{**found, **({"ScalableTargetARN": self.target.arn} if self.target.arn else {})}]}

    def _RegisterScalableTarget(self, given: Mapping[str, Any]) -> dict[str, Any]:
        state = given["SuspendedState"]
        before = self.target
        target = ScalableTarget(
            given["MinCapacity"],
            given["MaxCapacity"],
            Suspension(
                state["DynamicScalingInSuspended"],
                state["DynamicScalingOutSuspended"],
                state["ScheduledScalingSuspended"],
            ),
            arn=TARGET_ARN if before is None else before.arn,
            role_arn=before.role_arn if before is not None else None,
        )
        assert target.minimum <= target.maximum
        if given.get("Tags"):
            assert before is None, "Tags are for new targets"
            self.tags = dict(given["Tags"])
        self.target = target
        self._set(min(max(self.instances, target.minimum), target.maximum))
        return {"ScalableTargetARN": target.arn or TARGET_ARN}

    def _DeregisterScalableTarget(self, given: Mapping[str, Any]) -> None:
        self._needs_target()
        self._needs_variant(given)
        self.target, self.policies, self.tags = None, {}, {}

    def _DescribeScalingPolicies(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "ScalingPolicies": [
                {
                    **self._resource,
                    "PolicyARN": f"arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:1:policyName/{policy.name}",
                    "PolicyName": policy.name,
                    "PolicyType": policy.kind,
                    f"{policy.kind}PolicyConfiguration": dict(policy.configuration),
                    "CreationTime": CREATED,
                }
                for policy in self.policies.values()
            ]
        }

    def _PutScalingPolicy(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._needs_target()
        answer = {"PolicyType": given["PolicyType"], **{k: v for k, v in given.items() if k.endswith("Configuration")}}
        policy = ScalingPolicy(given["PolicyName"], given["PolicyType"], configuration_of(answer))
        others = [each for each in self.policies.values() if each.name != policy.name]
        if policy.tracks_invocations and any(each.tracks_invocations for each in others):
            raise RefusedError(
                "ValidationException", "Only one TargetTrackingScaling policy for a given metric is allowed."
            )
        self.policies[policy.name] = policy
        return {"PolicyARN": "arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:1"}

    def _DeleteScalingPolicy(self, given: Mapping[str, Any]) -> None:
        self._needs_variant(given)
        if self.policies.pop(given["PolicyName"], None) is None:
            raise RefusedError("ObjectNotFoundException", "No scaling policy found")

    def _DescribeScheduledActions(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScheduledActions": []}

    def _DescribeScalingActivities(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScalingActivities": list(self.activities)}

    def _TagResource(self, given: Mapping[str, Any]) -> None:
        self._needs_target(given["ResourceARN"])
        self.tags |= given["Tags"]

    def _UntagResource(self, given: Mapping[str, Any]) -> None:
        self._needs_target(given["ResourceARN"])
        for key in given["TagKeys"]:
            self.tags.pop(key, None)

    def _ListTagsForResource(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._needs_target(given["ResourceARN"])
        return {"Tags": dict(self.tags)}

    def _GetCallerIdentity(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"Account": "111122223333"}

    @property
    def _resource(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{ENDPOINT}/variant/{VARIANT}",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }

    def _needs_variant(self, given: Mapping[str, Any]) -> None:
        if given["ResourceId"] != self._resource["ResourceId"]:
            raise RefusedError("ObjectNotFoundException", "No scalable target registered")

    def _needs_target(self, arn: str | None = None) -> None:
        if self.target is None or (arn is not None and arn != self.target.arn):
            raise RefusedError("ObjectNotFoundException", "No scalable target registered")
