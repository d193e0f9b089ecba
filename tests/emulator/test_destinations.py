"""Variants, containers and inference components: what is invoked, and what is refused."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pytest_smload.emulator.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess


def refused(client: Any, **arguments: Any) -> str:
    """Return the message of a ValidationError."""
    with pytest.raises(client.exceptions.ValidationError) as caught:
        client.invoke_endpoint(EndpointName="abalone", Body=b"1", **arguments)
    return str(caught.value.response["Error"]["Message"])


def test_containers(start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]) -> None:
    """Direct invocation needs a container that exists; the model lists them."""
    emulator = start_emulator('endpoint = "abalone"\ncontainers = { one = "1ms", two = "2ms" }\n')
    client = boto3_client(emulator)
    client.invoke_endpoint(EndpointName="abalone", Body=b"1", TargetContainerHostname="two")

    assert "is required" in refused(client)
    assert "Target container three not found" in refused(client, TargetContainerHostname="three")
    log = emulator.log()
    assert log.destinations[log.destination[0] - 1] == ("AllTraffic", "", "two")
    assert pytest.approx(0.002) == log.model_time_s[0]
    model = boto3_client(emulator, service="sagemaker").describe_model(ModelName="smload-emulator-AllTraffic")
    assert ["one", "two"] == [container["ContainerHostname"] for container in model["Containers"]]
    assert model["InferenceExecutionConfig"] == {"Mode": "Direct"}


def test_components(start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]) -> None:
    """An endpoint of inference components needs one that exists; each is described and has metrics of its own."""
    emulator = start_emulator(
        'endpoint = "abalone"\n[components]\nfast = "1ms"\nslow = { latency = "3ms", copies = 2 }\n'
        '[hosting]\nmetrics_period = "1s"\n'
    )
    client = boto3_client(emulator)
    for name in ("fast", "slow", "slow"):
        client.invoke_endpoint(EndpointName="abalone", Body=b"1", InferenceComponentName=name)

    assert refused(client).startswith("Inference Component Name header is required for endpoints to which you plan to")
    assert "Inference Component none of endpoint abalone not found." == refused(client, InferenceComponentName="none")
    sagemaker = boto3_client(emulator, service="sagemaker")
    listed = sagemaker.list_inference_components(EndpointNameEquals="abalone")["InferenceComponents"]
    assert ["fast", "slow"] == [one["InferenceComponentName"] for one in listed]
    described = sagemaker.describe_inference_component(InferenceComponentName="slow")
    assert (described["InferenceComponentStatus"], described["RuntimeConfig"]["CurrentCopyCount"]) == ("InService", 2)
    with pytest.raises(ClientError, match="Could not find inference component"):
        sagemaker.describe_inference_component(InferenceComponentName="none")
    time.sleep(1.1)
    points = boto3_client(emulator, service="cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": "InferenceComponentName", "Value": "slow"}],
        StartTime=datetime.now(UTC) - timedelta(minutes=2),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in points) == 2


def test_weights_follow_an_update(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """Variants are drawn by the weights in force; TargetVariant is obeyed even at weight 0."""
    emulator = start_emulator(
        'endpoint = "abalone"\n[variants]\nblue = 1\ngreen = { weight = 0, latency = "1ms", instances = 2 }\n'
        '[hosting]\nstart_up = "100ms"\n'
    )
    client, sagemaker = boto3_client(emulator), boto3_client(emulator, service="sagemaker")

    def drawn() -> Counter[str]:
        answers = (client.invoke_endpoint(EndpointName="abalone", Body=b"1") for _ in range(40))
        return Counter(answer["InvokedProductionVariant"] for answer in answers)

    before = drawn()
    aimed = client.invoke_endpoint(EndpointName="abalone", Body=b"1", TargetVariant="green")
    wishes = [{"VariantName": "blue", "DesiredWeight": 0.0}, {"VariantName": "green", "DesiredWeight": 2.0}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="abalone", DesiredWeightsAndCapacities=wishes)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="abalone", WaiterConfig={"Delay": 1})
    variants = sagemaker.describe_endpoint(EndpointName="abalone")["ProductionVariants"]

    assert before == {"blue": 40}
    assert aimed["InvokedProductionVariant"] == "green"
    assert drawn() == {"green": 40}
    assert [("blue", 0.0, 1), ("green", 2.0, 2)] == [
        (one["VariantName"], one["CurrentWeight"], one["CurrentInstanceCount"]) for one in variants
    ]
    with pytest.raises(ClientError, match="At least one variant must have a weight above 0"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="abalone", DesiredWeightsAndCapacities=[{"VariantName": "green", "DesiredWeight": 0.0}]
        )
    with pytest.raises(ClientError, match=r'The variant name\(s\) "red" is/are not present'):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="abalone", DesiredWeightsAndCapacities=[{"VariantName": "red", "DesiredWeight": 1.0}]
        )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"components": {"c": {"variant": "none"}}}, "component 'c' is on variant 'none', which is none of"),
        ({"components": {"c": {}}, "containers": {"a": "1ms", "b": "1ms"}}, "components exclude containers"),
        ({"components": {"c": {}}, "models": ["m"]}, "components exclude containers, cold, models"),
        ({"variants": {"a": 0}}, "one variant at least needs a weight above 0"),
        ({"variants": {"a": True}}, "is not a variant"),
        ({"containers": {"a": "1ms"}}, "at least 2 items"),
        ({"hosting": {"metrics_period": "1500ms"}}, "every whole second to"),
        ({"hosting": {"instance_type": "m5.large"}}, "match pattern"),
        ({"hosting": {"allow": ["InvokeEndpoint"]}}, "match pattern"),
        ({"autoscaling": {"speed": 0.5}}, "greater than or equal to 1"),
    ],
)
def test_scenarios_that_contradict_themselves(keys: dict[str, Any], message: str) -> None:
    """What cannot be hosted is refused with the reason."""
    with pytest.raises(ValueError, match=message):
        Scenario.model_validate(keys)
