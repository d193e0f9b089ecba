"""Reads and changes how many instances a production variant has, through SageMaker and Application Auto Scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smload.core.scaling.calls import AUTOSCALING, DIMENSION, SAGEMAKER, Variant, configuration_of
from pytest_smload.core.scaling.state import ScalableTarget, ScalingPolicy, Suspension, VariantState
from pytest_smload.core.wording import unknown_name
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
    from pytest_smload.core.scaling.calls import Call

IN_SERVICE = "InService"
CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
"""EndpointStatus of an endpoint whose change takes its time, and ends."""


@dataclass(frozen=True, slots=True)
class VariantLook:
    """One answer of DescribeEndpoint, of one of its variants.

    Attributes:
        name: VariantName.
        status: EndpointStatus.
        current, desired: CurrentInstanceCount and DesiredInstanceCount.
        arn, created_at: EndpointArn, and CreationTime as ISO 8601.
        failure: FailureReason, or ``""``.
    """

    name: str
    status: str
    current: int
    desired: int
    arn: str
    created_at: str
    failure: str

    @property
    def changing(self) -> bool:
        """Whether the endpoint is busy with a change, and refuses another."""
        return self.status in CHANGING

    def settled_at(self, instances: int) -> bool:
        """Whether it serves with *instances*, and means to."""
        return self.status == IN_SERVICE and self.current == self.desired == instances


@dataclass(frozen=True, slots=True)
class Activity:
    """One of DescribeScalingActivities.

    Attributes:
        activity_id, description, cause, status: ActivityId, Description, Cause and StatusCode.
        begin, end: StartTime and EndTime; None where it has not ended.
    """

    activity_id: str
    description: str
    cause: str
    status: str
    begin: datetime
    end: datetime | None


class UnknownVariantError(EndpointError):
    """The endpoint has no variant of that name."""


def is_gone(error: ControlPlaneError) -> bool:
    """Whether DescribeEndpoint says that there is no such endpoint: it has no error code of its own for that."""
    return error.code in {"ValidationException", "ResourceNotFound"} and "could not find" in str(error).casefold()


class InstanceControl:
    """The instances of one endpoint's variants.

    Args:
        control: How to reach its control plane.
    """

    def __init__(self, control: ControlPlane) -> None:
        self.control = control
        self.endpoint_name = control.target.endpoint_name

    def look(self, variant: str | None) -> VariantLook:
        """Return what DescribeEndpoint says of *variant*, or of the only one where it is None.

        Raises:
            ControlPlaneError: the call failed.
            EndpointError: there is no such variant, or its instances are not ours to count.
        """
        answer = self.control.call(SAGEMAKER, "DescribeEndpoint", EndpointName=self.endpoint_name)
        variants = {each["VariantName"]: each for each in answer.get("ProductionVariants") or ()}
        found = self._chosen(variants, variant)
        return VariantLook(
            name=found["VariantName"],
            status=answer["EndpointStatus"],
            current=found.get("CurrentInstanceCount", 0),
            desired=found["DesiredInstanceCount"],
            arn=answer["EndpointArn"],
            created_at=answer["CreationTime"].isoformat(),
            failure=answer.get("FailureReason") or "",
        )

    def state(self, look: VariantLook) -> VariantState:
        """Return all that determines the count of the variant of *look*.

        Raises:
            ControlPlaneError: a call failed.
        """
        resource = Variant(self.endpoint_name, look.name).resource
        target = self.targets([look.name]).get(look.name)
        policies: list[ScalingPolicy] = []
        actions: list[Mapping[str, Any]] = []
        if target is not None:
            for page in self.control.pages(AUTOSCALING, "DescribeScalingPolicies", **resource):
                policies += [
                    ScalingPolicy(each["PolicyName"], each["PolicyType"], configuration_of(each))
                    for each in page["ScalingPolicies"]
                ]
            for page in self.control.pages(AUTOSCALING, "DescribeScheduledActions", **resource):
                actions += [_json_values(each) for each in page["ScheduledActions"]]
        return VariantState(
            endpoint_name=self.endpoint_name,
            variant=look.name,
            endpoint_arn=look.arn,
            created_at=look.created_at,
            instances=look.desired,
            target=target,
            policies=tuple(sorted(policies, key=lambda policy: policy.name)),
            scheduled_actions=tuple(sorted(actions, key=lambda action: str(action["ScheduledActionName"]))),
        )

    def targets(self, variants: Sequence[str]) -> dict[str, ScalableTarget]:
        """Return the scalable targets of *variants* by name, without those that are not registered.

        Raises:
            ControlPlaneError: the call failed.
        """
        resources = {Variant(self.endpoint_name, name).resource["ResourceId"]: name for name in variants}
        found: dict[str, ScalableTarget] = {}
        for page in self.control.pages(
            AUTOSCALING,
            "DescribeScalableTargets",
            ServiceNamespace=SAGEMAKER,
            ScalableDimension=DIMENSION,
            ResourceIds=list(resources),
        ):
            found |= {resources[each["ResourceId"]]: _target(each) for each in page["ScalableTargets"]}
        return found

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of the scalable target *arn*.

        Raises:
            ControlPlaneError: the call failed.
        """
        found: dict[str, str] = self.control.call(AUTOSCALING, "ListTagsForResource", ResourceARN=arn).get("Tags") or {}
        return found

    def ended_activities(self, variant: str) -> frozenset[str]:
        """Return the newest scaling activities of *variant* that have ended, by ActivityId.

        Raises:
            ControlPlaneError: the call failed.
        """
        page = next(self._activity_pages(variant))
        return frozenset(each.activity_id for each in page if each.end is not None)

    def activities_since(self, variant: str, ended: frozenset[str]) -> list[Activity]:
        """Return the scaling activities of *variant* that are none of *ended*, nor older than those; oldest first.

        What was asked before tells them apart, whatever this machine's clock says.

        Raises:
            ControlPlaneError: the call failed.
        """
        found: list[Activity] = []
        for page in self._activity_pages(variant):
            found += [each for each in page if each.activity_id not in ended]
            if any(each.activity_id in ended for each in page):
                break
        return sorted(found, key=lambda activity: activity.begin)

    def _activity_pages(self, variant: str) -> Iterator[list[Activity]]:
        """Pages of activities, newest first: six weeks of them are kept."""
        resource = Variant(self.endpoint_name, variant).resource
        for page in self.control.pages(AUTOSCALING, "DescribeScalingActivities", **resource):
            yield [
                Activity(
                    activity_id=each["ActivityId"],
                    description=each.get("Description", ""),
                    cause=each.get("Cause", ""),
                    status=each["StatusCode"],
                    begin=each["StartTime"],
                    end=each.get("EndTime"),
                )
                for each in page["ScalingActivities"]
            ]

    def make(self, call: Call) -> None:
        """Make *call*.

        Raises:
            ControlPlaneError: it failed.
        """
        self.control.call(call.service, call.operation, **call.arguments)

    def _chosen(self, variants: Mapping[str, Mapping[str, Any]], variant: str | None) -> Mapping[str, Any]:
        if variant is not None and variant not in variants:
            raise UnknownVariantError(f"endpoint {self.endpoint_name!r}: {unknown_name('variant', variant, variants)}")
        if variant is None and len(variants) != 1:
            names = ", ".join(map(repr, variants))
            raise EndpointError(
                f"endpoint {self.endpoint_name!r} has the variants {names}: say whose instances are meant, variant=..."
            )
        found = variants[variant] if variant is not None else next(iter(variants.values()))
        name = found["VariantName"]
        managed = found.get("ManagedInstanceScaling") or {}
        if managed.get("Status") == "ENABLED":
            raise EndpointError(
                f"endpoint {self.endpoint_name!r}: variant {name!r} has ManagedInstanceScaling and resizes itself; its "
                "count cannot be held: test a variant without it"
            )
        if "DesiredInstanceCount" not in found:
            raise EndpointError(
                f"endpoint {self.endpoint_name!r}: variant {name!r} has no instance count (it is serverless, or has "
                "pools of instances); leave pinned and autoscaled out"
            )
        return found


def _target(answer: Mapping[str, Any]) -> ScalableTarget:
    state = answer.get("SuspendedState") or {}
    return ScalableTarget(
        minimum=answer["MinCapacity"],
        maximum=answer["MaxCapacity"],
        suspension=Suspension(
            scale_in=state.get("DynamicScalingInSuspended", False),
            scale_out=state.get("DynamicScalingOutSuspended", False),
            scheduled=state.get("ScheduledScalingSuspended", False),
        ),
        arn=answer.get("ScalableTargetARN"),
        role_arn=answer.get("RoleARN"),
    )


def _json_values(action: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in action.items()}
