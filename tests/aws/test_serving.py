"""Who serves an endpoint, as SageMaker describes it, through botocore's own client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.serving import serving
from pytest_smload.core.server.resolution import Resolution
from pytest_smload.core.server.variant import Variant

THEN = datetime(2026, 11, 1, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/abalone"


@pytest.fixture
def plane() -> Any:
    """A control plane nobody answers for."""
    target = local_target(
        "http://127.0.0.1:9", access_key="a", secret_key="b", endpoint_name="abalone", region="us-east-1"
    )
    made = ControlPlane(target)
    yield made
    made.close()


@pytest.fixture
def stub(plane: ControlPlane) -> Any:
    """botocore's client, answering what it is told."""
    with Stubber(plane._client("sagemaker")) as stubber:
        yield stubber


def endpoint(*variants: dict[str, Any]) -> dict[str, Any]:
    return {
        "EndpointName": "abalone",
        "EndpointArn": ARN,
        "EndpointConfigName": "abalone-3",
        "EndpointStatus": "InService",
        "CreationTime": THEN,
        "LastModifiedTime": THEN,
        "ProductionVariants": list(variants),
    }


def config(*variants: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {
        "EndpointConfigName": "abalone-3",
        "EndpointConfigArn": ARN,
        "CreationTime": THEN,
        "ProductionVariants": list(variants),
        **facts,
    }


def asked(
    plane: ControlPlane, stub: Stubber, described: dict[str, Any], configured: dict[str, Any], **said: Any
) -> Any:
    stub.add_response("describe_endpoint", described, {"EndpointName": "abalone"})
    stub.add_response("describe_endpoint_config", configured, {"EndpointConfigName": "abalone-3"})
    return serving(plane, **said)


BLUE = {"VariantName": "blue", "CurrentInstanceCount": 3, "CurrentWeight": 0.9}


def test_instances_and_what_each_has(plane, stub):
    """Counts and weights are the endpoint's, types its configuration's."""
    found = asked(plane, stub, endpoint(BLUE), config({"VariantName": "blue", "InstanceType": "ml.g5.12xlarge"}))

    assert ((Variant("blue", "ml.g5.12xlarge", 3, 0.9, 48, 4),), Resolution(60, 60)) == (
        found.variants,
        found.resolution,
    )
    assert ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"] == plane.calls


@pytest.mark.parametrize(
    ("metrics", "resolution"),
    [
        ({"MetricPublishFrequencyInSeconds": 10}, Resolution(60, 10)),
        ({"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 10}, Resolution(10, 10)),
        ({"EnableEnhancedMetrics": True}, Resolution(60, 60)),
        ({"EnableEnhancedMetrics": False, "MetricPublishFrequencyInSeconds": 300}, Resolution(60, 300)),
    ],
)
def test_how_finely_figures_are_published(plane, stub, metrics, resolution):
    """Requests keep to the minute unless metrics are enhanced."""
    found = asked(plane, stub, endpoint(BLUE), config({"VariantName": "blue"}, MetricsConfig=metrics))

    assert resolution == found.resolution


@pytest.mark.parametrize(
    ("configured", "variant"),
    [
        ({"InstanceType": "ml.x9.odd"}, Variant("blue", "ml.x9.odd", 3, 0.9, None, None)),
        ({}, Variant("blue", None, 3, 0.9, None, None)),
        (
            {
                "InstancePools": [
                    {"InstanceType": "ml.m5.large", "Priority": 1},
                    {"InstanceType": "ml.c5.large", "Priority": 2},
                ]
            },
            Variant("blue", None, 3, 0.9, 2, 0),
        ),
        (
            {
                "InstancePools": [
                    {"InstanceType": "ml.m5.large", "Priority": 1},
                    {"InstanceType": "ml.m5.xlarge", "Priority": 2},
                ]
            },
            Variant("blue", None, 3, 0.9, None, 0),
        ),
    ],
)
def test_what_is_not_known_is_not_guessed(plane, stub, configured, variant):
    """An unknown type, a serverless variant, a pool of types that are not alike."""
    if "InstancePools" in configured:
        shape = plane._client("sagemaker").meta.service_model.shape_for("ProductionVariant")
        if "InstancePools" not in shape.members:
            pytest.skip("this botocore knows no instance pools")
    found = asked(plane, stub, endpoint(BLUE), config({"VariantName": "blue", **configured}))

    assert (variant,) == found.variants


def test_the_users_word_is_taken_before_the_types(plane, stub):
    """vcpus and gpus of the endpoint's table."""
    found = asked(
        plane, stub, endpoint(BLUE), config({"VariantName": "blue", "InstanceType": "ml.x9.odd"}), vcpus=8, gpus=2
    )

    assert (Variant("blue", "ml.x9.odd", 3, 0.9, 8, 2),) == found.variants


@pytest.mark.parametrize("operation", ["describe_endpoint", "describe_endpoint_config"])
def test_what_is_denied_is_told(plane, stub, operation):
    """Which permission is missing."""
    if operation == "describe_endpoint_config":
        stub.add_response("describe_endpoint", endpoint(BLUE))
    stub.add_client_error(operation, "AccessDeniedException", "no")

    with pytest.raises(ControlPlaneError) as raised:
        serving(plane)

    assert raised.value.denied
    assert raised.value.action.partition(":")[2].lower() == operation.replace("_", "")
