"""boto3's own clients against the embedded endpoint's control plane: they are understood, and get what AWS gives."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

ACCOUNT = "123456789012"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/abalone/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
SCENARIO = """
endpoint = "abalone"
models = ["a.tar.gz", "b.tar.gz"]
workers = 2
instances = 1
latency = "2ms"
[hosting]
instance_type = "ml.c5.xlarge"
tags = { team = "ml" }
data_capture = 20
metrics_period = "1s"
start_up = "300ms"
quota = 3
"""


@pytest.fixture(scope="module")
def emulator(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """A multi-model endpoint with hosting."""
    return start_emulator(SCENARIO)


@pytest.fixture
def service(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> Callable[[str], Any]:
    """Make a client for a service of the emulator, which is reset."""
    emulator.reset()
    return lambda name: boto3_client(emulator, service=name)


def in_service(sagemaker: Any) -> dict[str, Any]:
    """Return the endpoint's description once it is in service."""
    for _ in range(100):
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName="abalone")
        if found["EndpointStatus"] == "InService":
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """Return code and message of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_who_is_calling(service: Callable[[str], Any]) -> None:
    """STS names the account of every ARN."""
    assert service("sts").get_caller_identity()["Account"] == ACCOUNT


def test_an_endpoint_is_described(service: Callable[[str], Any]) -> None:
    """Counts and weights are in the endpoint, the instance type in its configuration, the mode in its model."""
    sagemaker = service("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName="abalone")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])

    assert endpoint["EndpointStatus"] == "InService"
    assert abs(endpoint["CreationTime"] - datetime.now(UTC)) < timedelta(minutes=5)
    (variant,) = endpoint["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (
        "AllTraffic",
        1,
        1,
    )
    assert variant["CurrentWeight"] == variant["DesiredWeight"] == 1.0
    assert "InstanceType" not in variant
    assert endpoint["DataCaptureConfig"]["CurrentSamplingPercentage"] == 20
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.c5.xlarge"
    assert model["PrimaryContainer"]["Mode"] == "MultiModel"
    assert model["PrimaryContainer"]["ModelDataUrl"] == "s3://smload-emulator/models/"


def test_without_a_scenario_any_name_is_the_endpoint(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """The default endpoint takes requests with and without models, and so says no mode; its artifact exists."""
    emulator = start_emulator("")
    sagemaker = boto3_client(emulator, service="sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName="whatever")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])

    assert endpoint["EndpointArn"].endswith(":endpoint/whatever")
    assert "MetricsConfig" not in config
    assert "Mode" not in model["PrimaryContainer"]
    assert model["PrimaryContainer"]["ModelDataUrl"] == "s3://smload-emulator/models/model.tar.gz"


def test_tags(service: Callable[[str], Any]) -> None:
    """Tags of the scenario are listed; they can be added and deleted."""
    sagemaker = service("sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName="abalone")["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])

    assert [{"Key": "team", "Value": "ml"}, {"Key": "a", "Value": "1"}] == sagemaker.list_tags(ResourceArn=arn)["Tags"]

    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])

    assert [{"Key": "team", "Value": "ml"}] == sagemaker.list_tags(ResourceArn=arn)["Tags"]


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        (
            "describe_endpoint",
            {"EndpointName": "other"},
            f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/other".',
        ),
        (
            "describe_endpoint_config",
            {"EndpointConfigName": "other"},
            f'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint-config/other".',
        ),
        (
            "describe_model",
            {"ModelName": "other"},
            f'Could not find model "arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/other".',
        ),
    ],
)
def test_what_is_absent(service: Callable[[str], Any], operation: str, arguments: dict[str, str], message: str) -> None:
    """An unknown name is a ValidationException in SageMaker's words."""
    assert refusal(getattr(service("sagemaker"), operation), **arguments) == ("ValidationException", message)


def test_an_update_takes_its_time(service: Callable[[str], Any]) -> None:
    """Updating with the old count, then InService with the new one; meanwhile a second update is refused."""
    sagemaker = service("sagemaker")
    wishes = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="abalone", DesiredWeightsAndCapacities=wishes)
    updating = sagemaker.describe_endpoint(EndpointName="abalone")
    second = refusal(
        sagemaker.update_endpoint_weights_and_capacities,
        EndpointName="abalone",
        DesiredWeightsAndCapacities=wishes,
    )
    after = in_service(sagemaker)

    assert updating["EndpointStatus"] == "Updating"
    (variant,) = updating["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 2)
    assert second == (
        "ValidationException",
        f'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/abalone".',
    )
    (variant,) = after["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredWeight"]) == (2, 1.0)
    assert after["CreationTime"] == updating["CreationTime"]
    assert after["LastModifiedTime"] > after["CreationTime"]


def test_a_quota_is_kept(service: Callable[[str], Any]) -> None:
    """More instances than the account may have are ResourceLimitExceeded, and nothing changes."""
    sagemaker = service("sagemaker")
    code, message = refusal(
        sagemaker.update_endpoint_weights_and_capacities,
        EndpointName="abalone",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}],
    )

    assert code == "ResourceLimitExceeded"
    assert "'ml.c5.xlarge for endpoint usage' is 3 Instances" in message
    assert sagemaker.describe_endpoint(EndpointName="abalone")["EndpointStatus"] == "InService"


def test_a_deleted_endpoint_is_gone(service: Callable[[str], Any]) -> None:
    """After DeleteEndpoint, control plane and runtime know it no more."""
    sagemaker = service("sagemaker")
    sagemaker.delete_endpoint(EndpointName="abalone")

    assert refusal(sagemaker.describe_endpoint, EndpointName="abalone")[0] == "ValidationException"
    assert refusal(
        service("sagemaker-runtime").invoke_endpoint, EndpointName="abalone", TargetModel="a.tar.gz", Body=b"1"
    ) == ("ValidationError", f"Endpoint abalone of account {ACCOUNT} not found.")


def test_metrics_count_invocations(emulator: EmulatorProcess, service: Callable[[str], Any]) -> None:
    """GetMetricData has what the log has: counts, and the percentile of ModelLatency in microseconds."""
    runtime, cloudwatch = service("sagemaker-runtime"), service("cloudwatch")
    begun = datetime.now(UTC)
    for index in range(20):
        runtime.invoke_endpoint(EndpointName="abalone", TargetModel=f"{'ab'[index % 2]}.tar.gz", Body=b"1")
    found = metric_data(cloudwatch, begun, {"n": ("Invocations", "Sum"), "p95": ("ModelLatency", "p95")})

    assert sum(found["n"]) == 20
    times_us = sorted(time_s * 1e6 for time_s in emulator.log().model_time_s)
    assert found["p95"][0] == pytest.approx(times_us[18], rel=1e-9) or len(found["p95"]) > 1


def metric_data(cloudwatch: Any, begun: datetime, wanted: dict[str, tuple[str, str]]) -> dict[str, list[float]]:
    """Return the values of metrics since *begun*, once what was sent then is published."""
    time.sleep(1.2)
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": [
                        {"Name": "VariantName", "Value": "AllTraffic"},
                        {"Name": "EndpointName", "Value": "abalone"},
                    ],
                },
                "Period": 60,
                "Stat": statistic,
            },
        }
        for name, (metric, statistic) in wanted.items()
    ]
    found = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=begun, EndTime=datetime.now(UTC) + timedelta(seconds=60)
    )
    return {result["Id"]: result["Values"] for result in found["MetricDataResults"]}


def test_scalable_targets(service: Callable[[str], Any]) -> None:
    """A target is registered, described, changed in part and deregistered, with its policies."""
    scaling = service("application-autoscaling")
    arn = scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2, Tags={"a": "1"})["ScalableTargetARN"]
    scaling.register_scalable_target(
        **TARGET,
        SuspendedState={
            "DynamicScalingInSuspended": True,
            "DynamicScalingOutSuspended": True,
            "ScheduledScalingSuspended": True,
        },
    )
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]

    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (1, 2, arn)
    assert set(target["SuspendedState"].values()) == {True}
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "1"}

    scaling.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])

    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}

    tracking = {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    put = scaling.put_scaling_policy(
        PolicyName="p", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=tracking, **TARGET
    )
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]

    assert [alarm["AlarmName"].split("-")[-6] for alarm in put["Alarms"]] == ["AlarmHigh", "AlarmLow"]
    assert (policy["PolicyARN"], policy["TargetTrackingScalingPolicyConfiguration"]) == (put["PolicyARN"], tracking)
    assert refusal(
        scaling.put_scaling_policy,
        PolicyName="q",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
        **TARGET,
    ) == (
        "ValidationException",
        "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
    )

    scaling.deregister_scalable_target(**TARGET)

    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert refusal(scaling.deregister_scalable_target, **TARGET)[0] == "ObjectNotFoundException"
    assert refusal(scaling.delete_scaling_policy, PolicyName="p", **TARGET)[0] == "ObjectNotFoundException"
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []


def test_registering_brings_the_count_within_the_bounds(service: Callable[[str], Any]) -> None:
    """A minimum above the count scales out, as an activity that ends when the endpoint is in service."""
    scaling, sagemaker = service("application-autoscaling"), service("sagemaker")
    scaling.register_scalable_target(**TARGET, MinCapacity=2, MaxCapacity=3)
    (running,) = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    after = in_service(sagemaker)
    (ended,) = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]

    assert (running["StatusCode"], running["Description"], running["Cause"]) == (
        "InProgress",
        "Setting desired instance count to 2.",
        "minimum capacity was set to 2",
    )
    assert "EndTime" not in running
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert ended["StatusCode"] == "Successful"
    assert ended["EndTime"] > ended["StartTime"]
    assert ended["StatusMessage"] == (
        "Successfully set desired instance count to 2. Change successfully fulfilled by sagemaker."
    )
