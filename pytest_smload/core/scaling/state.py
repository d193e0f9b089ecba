"""What determines how many instances a production variant has, as it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

INVOCATIONS_METRIC = "SageMakerVariantInvocationsPerInstance"
"""PredefinedMetricType of the invocations of a variant per instance and minute."""
TARGET_TRACKING = "TargetTrackingScaling"


@dataclass(frozen=True, slots=True)
class Suspension:
    """SuspendedState of a scalable target: which kinds of scaling do nothing."""

    scale_in: bool = False
    scale_out: bool = False
    scheduled: bool = False


SUSPENDED = Suspension(scale_in=True, scale_out=True, scheduled=True)


@dataclass(frozen=True, slots=True)
class ScalableTarget:
    """What Application Auto Scaling knows of a variant.

    Attributes:
        minimum, maximum: MinCapacity and MaxCapacity.
        suspension: SuspendedState.
        arn: ScalableTargetARN; None for a target registered before there were such.
        role_arn: RoleARN.
    """

    minimum: int
    maximum: int
    suspension: Suspension = Suspension()
    arn: str | None = None
    role_arn: str | None = None

    def holds(self, instances: int) -> bool:
        """Whether *instances* are within the bounds."""
        return self.minimum <= instances <= self.maximum


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """One scaling policy of a variant.

    Attributes:
        name, kind: PolicyName and PolicyType.
        configuration: Its configuration, as PutScalingPolicy takes it.
    """

    name: str
    kind: str
    configuration: Mapping[str, Any]

    @property
    def tracks_invocations(self) -> bool:
        """Whether it is target tracking on `INVOCATIONS_METRIC`: a variant can have one such policy only."""
        predefined = self.configuration.get("PredefinedMetricSpecification") or {}
        return self.kind == TARGET_TRACKING and predefined.get("PredefinedMetricType") == INVOCATIONS_METRIC


@dataclass(frozen=True, slots=True)
class VariantState:
    """How many instances a variant is to have, and what may change that.

    Attributes:
        endpoint_name, variant: Which.
        endpoint_arn, created_at: EndpointArn and CreationTime (ISO 8601): the endpoint itself, whoever has its name.
        instances: DesiredInstanceCount.
        target: None where the variant is not registered with Application Auto Scaling.
        policies: By name, ascending.
        scheduled_actions: As answered, times as ISO 8601, by name, ascending.
    """

    endpoint_name: str
    variant: str
    endpoint_arn: str
    created_at: str
    instances: int
    target: ScalableTarget | None = None
    policies: tuple[ScalingPolicy, ...] = ()
    scheduled_actions: tuple[Mapping[str, Any], ...] = ()

    @property
    def invocations_policy(self) -> ScalingPolicy | None:
        """The policy on `INVOCATIONS_METRIC`, or None."""
        return next((policy for policy in self.policies if policy.tracks_invocations), None)

    def policy(self, name: str) -> ScalingPolicy | None:
        """The policy called *name*, or None."""
        return next((policy for policy in self.policies if policy.name == name), None)


def state_record(state: VariantState) -> dict[str, Any]:
    """Return *state* as JSON values."""
    return asdict(state)


def state_from(record: Mapping[str, Any]) -> VariantState:
    """Return the state `state_record` made *record* of.

    Raises:
        KeyError, TypeError, AttributeError: *record* is none.
    """
    target = record["target"]
    texts = {name: record[name] for name in ("endpoint_name", "variant", "endpoint_arn", "created_at")}
    counts = [record["instances"], *([target["minimum"], target["maximum"]] if target is not None else [])]
    if not all(isinstance(text, str) for text in texts.values()) or not all(type(count) is int for count in counts):
        raise TypeError("a text or a count is of another type")
    named = [(policy["name"], policy["kind"]) for policy in record["policies"]]
    tables = [policy["configuration"] for policy in record["policies"]] + list(record["scheduled_actions"])
    if not all(isinstance(text, str) for pair in named for text in pair) or not all(
        isinstance(table, dict) for table in tables
    ):
        raise TypeError("a policy or a scheduled action is of another type")
    if target is not None:
        optional, switches = (target["arn"], target["role_arn"]), target["suspension"].values()
        if not all(text is None or isinstance(text, str) for text in optional) or not all(
            isinstance(switch, bool) for switch in switches
        ):
            raise TypeError("what is known of the target is of another type")
    return VariantState(
        **texts,
        instances=record["instances"],
        target=None
        if target is None
        else ScalableTarget(**{**target, "suspension": Suspension(**target["suspension"])}),
        policies=tuple(ScalingPolicy(**policy) for policy in record["policies"]),
        scheduled_actions=tuple(record["scheduled_actions"]),
    )
