"""When target tracking scales, on periods that the tests count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.emulator.control.autoscaling import AutoScaling
from pytest_smload.emulator.control.call import ControlError
from pytest_smload.emulator.control.clock import Clock
from pytest_smload.emulator.control.hosting import Hosting
from pytest_smload.emulator.control.metrics import Metrics
from pytest_smload.emulator.control.scaling import Scaler
from pytest_smload.emulator.control.scaling_answers import DIMENSION
from pytest_smload.emulator.control.tallies import Tallies
from pytest_smload.emulator.control.tracking_clock import TrackingClock
from pytest_smload.emulator.endpoint import Endpoint
from pytest_smload.emulator.permissions import Permissions
from pytest_smload.emulator.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

RESOURCE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/abalone/variant/AllTraffic",
    "ScalableDimension": DIMENSION,
}
SPEED = 60.0
TARGET = 600.0


class World:
    """An endpoint with a policy, a second of whose time is a minute of the policy's."""

    def __init__(
        self, *, most: int = 8, start_up: str = "2s", permissions: Permissions | None = None, **keys: Any
    ) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, Callable[[], None]]] = []
        hosting = {"start_up": start_up, **keys.pop("hosting", {})}
        scenario = Scenario.model_validate({"latency": "0ms", "hosting": hosting, **keys})
        endpoint = self.endpoint = Endpoint(scenario)
        clock = Clock(lambda: self.now_s, lambda: 1_000_000_000.0)
        self.hosting = Hosting(scenario, endpoint, clock, self._later)
        tallies = self.tallies = Tallies(endpoint.log, endpoint.fleet, clock, 1000)
        metrics = Metrics(scenario, endpoint.fleet, tallies, clock)
        self.scaler = Scaler(self.hosting, clock)
        self.tracking = TrackingClock(self.scaler, metrics, tallies, clock, SPEED)
        self.api = AutoScaling(self.scaler, self.hosting, clock, permissions or Permissions(None), SPEED)
        self.api.register_scalable_target({**RESOURCE, "MinCapacity": 1, "MaxCapacity": most})

    @property
    def count(self) -> int:
        """Instances in service."""
        return self.hosting.current("AllTraffic").count

    @property
    def causes(self) -> list[str]:
        """Why counts were set, oldest first."""
        return [activity.cause.split(" in state")[0] for activity in self.scaler.activities]

    def put(self, name: str = "p", **configuration: Any) -> None:
        """Put a policy that tracks InvocationsPerInstance, unless it says otherwise."""
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        found = {"TargetValue": TARGET, "PredefinedMetricSpecification": metric, **configuration}
        self.api.put_scaling_policy(
            {
                **RESOURCE,
                "PolicyName": name,
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    key: value for key, value in found.items() if value is not None
                },
            }
        )

    def seconds(self, count: int, invocations: int) -> None:
        """Let seconds pass, with so many invocations in each."""
        for _ in range(count):
            for _ in range(invocations):
                self._invoke(self.now_s + 0.5)
            self._pass(1.0)
            self.tallies.count(len(self.endpoint.log.ended))
            self.tracking.evaluate(round((1_000_000_000.0 + self.now_s) * 1000))

    def _invoke(self, at_s: float) -> None:
        row = self.endpoint.log.begin(at_s, "")
        self.endpoint.log.destination[row] = 1
        self.endpoint.log.worked(row, 0, at_s, at_s, at_s, at_s)
        self.endpoint.log.end(row, at_s, "ok")

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._due.append((self.now_s + delay_s, action))

    def _pass(self, seconds: float) -> None:
        self.now_s += seconds
        due, self._due = self._due, []
        for at_s, action in due:
            if at_s <= self.now_s:
                action()
            else:
                self._due.append((at_s, action))


def test_scaling_out_after_three_periods() -> None:
    """Three minutes of 1,800 invocations where 600 are wanted: two minutes do nothing, the third makes it three."""
    world = World()
    world.put()
    world.seconds(2, 30)
    before = world.scaler.activities.copy()
    world.seconds(1, 30)

    assert before == []
    assert world.hosting.status == "Updating"
    assert (world.count, world.hosting.wanted["AllTraffic"].count) == (1, 3)

    world.seconds(2, 30)

    assert (world.hosting.status, world.count) == ("InService", 3)
    assert world.scaler.activities[0].status == "Successful"
    assert world.causes[0].startswith("monitor alarm TargetTracking-endpoint/abalone/variant/AllTraffic-AlarmHigh-")
    assert world.scaler.activities[0].cause.endswith("in state ALARM triggered policy p")


def test_the_maximum_is_kept() -> None:
    """More than MaxCapacity is never set, and at it nothing is tried again."""
    world = World(most=2)
    world.put()
    world.seconds(40, 90)

    assert (world.count, len(world.scaler.activities)) == (2, 1)


def test_the_cooldown_holds_back() -> None:
    """After scaling out the next one waits for five minutes, or as long as the policy says."""
    waited = []
    for cooldown in (None, 60):
        world = World(start_up="1s")
        world.put(ScaleOutCooldown=cooldown)
        world.seconds(4, 11)
        world.seconds(30, 60)
        first, second = world.scaler.activities[:2]
        assert first.ended_s is not None
        waited.append(second.begun_s - first.ended_s)

    assert waited[0] >= 5.0 > waited[1] >= 1.0


def test_scaling_in_after_fifteen_periods() -> None:
    """Fourteen minutes far below the target do nothing, the fifteenth scales in."""
    world = World(instances=4)
    world.put()
    world.seconds(14, 11)
    before = world.scaler.activities.copy()
    world.seconds(3, 11)

    assert before == []
    assert world.count == 2
    assert "AlarmLow" in world.causes[0]


def test_no_traffic_scales_nothing_in() -> None:
    """Without invocations there is no metric, and an alarm without data does nothing."""
    world = World(instances=4)
    world.put()
    world.seconds(40, 0)

    assert world.scaler.activities == []


def test_a_little_below_the_target_scales_nothing_in() -> None:
    """Between nine tenths of the target and the target nothing happens."""
    world = World(instances=4)
    world.put()
    world.seconds(40, 38)

    assert world.scaler.activities == []


def test_disable_scale_in() -> None:
    """A policy with DisableScaleIn has one alarm and never scales in."""
    world = World(instances=4)
    world.put(DisableScaleIn=True)
    world.seconds(40, 4)

    assert world.scaler.activities == []
    assert len(world.scaler.targets[RESOURCE["ResourceId"]].policies["p"].alarms) == 1


@pytest.mark.parametrize(("switch", "instances", "invocations"), [("Out", 1, 90), ("In", 4, 4)])
def test_suspended_scaling(switch: str, instances: int, invocations: int) -> None:
    """What is suspended does not happen; resumed, it does."""
    world = World(instances=instances)
    world.put()
    name = f"DynamicScaling{switch}Suspended"
    world.api.register_scalable_target({**RESOURCE, "SuspendedState": {name: True}})
    world.seconds(40, invocations)
    suspended = world.scaler.activities.copy()
    world.api.register_scalable_target({**RESOURCE, "SuspendedState": {name: False}})
    world.seconds(3, invocations)

    assert suspended == []
    assert len(world.scaler.activities) == 1


def test_all_policies_must_agree_to_scale_in() -> None:
    """One policy above its target keeps instances that another would let go."""
    world = World(instances=4)
    custom = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "EndpointName", "Value": "abalone"}, {"Name": "VariantName", "Value": "AllTraffic"}],
        "Statistic": "Sum",
    }
    world.put()
    world.put("q", PredefinedMetricSpecification=None, CustomizedMetricSpecification=custom, TargetValue=240.0)
    world.seconds(40, 4)

    assert world.scaler.activities == []


def test_pinning_brings_the_count_within_the_bounds_while_updating() -> None:
    """A registration during an update takes effect when that is over."""
    world = World(instances=2)
    world.hosting.update("abalone", counts={"AllTraffic": 5})
    world.api.register_scalable_target({**RESOURCE, "MaxCapacity": 3})
    running = world.scaler.activities.copy()
    world.seconds(2, 0)

    assert running == []
    assert ["maximum capacity was set to 3"] == world.causes

    world.seconds(2, 0)

    assert world.count == 3


def test_a_quota_fails_an_activity() -> None:
    """Beyond the quota the activity is Failed with the service's words, and the count stays."""
    world = World(hosting={"quota": 2})
    world.api.register_scalable_target({**RESOURCE, "MinCapacity": 4})
    (activity,) = world.scaler.activities

    assert (activity.status, world.hosting.status, world.count) == ("Failed", "InService", 1)
    assert activity.message.startswith(
        "Failed to set desired instance count to 4. Reason: The account-level service limit 'ml.m5.large for endpoint "
        "usage' is 2 Instances"
    )


def test_registering_checks_the_callers_other_rights() -> None:
    """Without a right on SageMaker or CloudWatch, registering is a ValidationException and not a denial."""
    with pytest.raises(ControlError) as caught:
        World(permissions=Permissions(["application-autoscaling:*", "sagemaker:*"]))

    assert caught.value.code == "ValidationException"
    assert "is not authorized to perform: cloudwatch:PutMetricAlarm" in caught.value.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ResourceId": "endpoint/abalone/variant/blue"}, "SageMaker endpoint variant doesn't exist"),
        ({"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}, "Unsupported service namespace"),
        ({"MinCapacity": 9}, "Maximum capacity cannot be less than minimum capacity."),
        ({"ServiceNamespace": "ecs"}, "scales in the namespace sagemaker only"),
    ],
)
def test_wrong_registrations(change: dict[str, Any], message: str) -> None:
    """What AWS refuses is refused, and nothing changes."""
    world = World()
    with pytest.raises(ControlError, match=message) as caught:
        world.api.register_scalable_target({**RESOURCE, **change})

    assert caught.value.code == "ValidationException"
    assert (1, 8) == (
        world.scaler.targets[RESOURCE["ResourceId"]].minimum,
        world.scaler.targets[RESOURCE["ResourceId"]].maximum,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"TargetValue": 0}, "target value must be above 0"),
        ({"ScaleInCooldown": -1}, "ScaleInCooldown must not be negative"),
        (
            {
                "PredefinedMetricSpecification": None,
                "CustomizedMetricSpecification": {"Namespace": "n", "MetricName": "m", "Statistic": "p99"},
            },
            "statistic p99 is none of",
        ),
        (
            {"PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"}},
            "only supports the following predefined metric types",
        ),
    ],
)
def test_wrong_policies(change: dict[str, Any], message: str) -> None:
    """A policy that could not be evaluated is refused when it is put, not when its time has come."""
    world = World()
    with pytest.raises(ControlError, match=message):
        world.put(**change)

    assert world.scaler.targets[RESOURCE["ResourceId"]].policies == {}
