"""Protocols of the control plane on the wire: old clients' forms, refusals in each service's shape, HEAD, pages."""

from __future__ import annotations

import http.client
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

XMLNS = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
ALLOWED = ["sagemaker:InvokeEndpoint", "application-autoscaling:*", "cloudwatch:GetMetricData", "s3:ListBucket"]


@pytest.fixture(scope="module")
def emulator(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """A plain endpoint with metrics every second."""
    return start_emulator('endpoint = "abalone"\nlatency = "1ms"\n[hosting]\nmetrics_period = "1s"\n')


@pytest.fixture(scope="module")
def denying(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """An endpoint whose credentials may do little."""
    return start_emulator(f'endpoint = "abalone"\n[hosting]\nallow = {json.dumps(ALLOWED)}\n')


def sent(
    emulator: EmulatorProcess,
    service: str,
    body: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    path: str = "/",
    secret: str = SECRET_KEY,
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Send a signed request; return status, body and headers."""
    request = AWSRequest(method, emulator.url + path, data=body, headers=headers)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(ACCESS_KEY, secret), service, REGION).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, dict(request.headers.items()))
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def form(emulator: EmulatorProcess, service: str, fields: dict[str, str], **options: Any) -> tuple[int, ET.Element]:
    """Send a call of the query protocol; return status and the root of the answer."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    status, body, _ = sent(emulator, service, urlencode(fields).encode(), headers, **options)
    return status, ET.fromstring(body)


def query_fields(**more: str) -> dict[str, str]:
    """Return GetMetricData for Invocations as botocore 1.38 writes it."""
    metric = "MetricDataQueries.member.1.MetricStat.Metric."
    return {
        "Action": "GetMetricData",
        "Version": "2010-08-01",
        "MetricDataQueries.member.1.Id": "n",
        f"{metric}Namespace": "AWS/SageMaker",
        f"{metric}MetricName": "Invocations",
        f"{metric}Dimensions.member.1.Name": "EndpointName",
        f"{metric}Dimensions.member.1.Value": "abalone",
        f"{metric}Dimensions.member.2.Name": "VariantName",
        f"{metric}Dimensions.member.2.Value": "AllTraffic",
        "MetricDataQueries.member.1.MetricStat.Period": "60",
        "MetricDataQueries.member.1.MetricStat.Stat": "Sum",
        "MetricDataQueries.member.1.ReturnData": "true",
        "StartTime": (datetime.now(UTC) - timedelta(minutes=5)).isoformat().replace("+00:00", "Z"),
        "EndTime": (datetime.now(UTC) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
        **more,
    }


def test_the_query_protocol_of_older_clients(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> None:
    """GetMetricData as a form is answered in XML with the same figures."""
    emulator.reset()
    client = boto3_client(emulator)
    for _ in range(7):
        client.invoke_endpoint(EndpointName="abalone", Body=b"1")
    time.sleep(1.1)
    status, root = form(emulator, "monitoring", query_fields())
    result = root.find(f"{XMLNS}GetMetricDataResult/{XMLNS}MetricDataResults/{XMLNS}member")

    assert status == 200
    assert result is not None
    assert (result.findtext(f"{XMLNS}Id"), result.findtext(f"{XMLNS}StatusCode")) == ("n", "Complete")
    values = [float(value.text or "nan") for value in result.findall(f"{XMLNS}Values/{XMLNS}member")]
    assert sum(values) == 7
    assert len(values) == len(result.findall(f"{XMLNS}Timestamps/{XMLNS}member"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"NextToken": "nonsense"}, "InvalidNextToken"),
        ({"MetricDataQueries.member.1.MetricStat.Period": "7"}, "ValidationError"),
        ({"MetricDataQueries.member.1.MetricStat.Stat": "tm90"}, "ValidationError"),
        ({"EndTime": "2020-01-01T00:00:00Z"}, "ValidationError"),
        ({"StartTime": "yesterday"}, "ValidationError"),
        ({"EndTime": ""}, "ValidationError"),
        ({"Action": "PutMetricData"}, "UnknownOperationException"),
    ],
)
def test_wrong_queries(emulator: EmulatorProcess, change: dict[str, str], code: str) -> None:
    """What CloudWatch refuses is a 400 with its code, in the older protocol's shape."""
    status, root = form(emulator, "monitoring", query_fields(**change))

    assert (status, root.findtext(f"{XMLNS}Error/{XMLNS}Code")) == (400, code)


def test_a_refusal_in_json_says_the_older_code(emulator: EmulatorProcess) -> None:
    """Newer clients find the query protocol's code in a header."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "GraniteServiceVersion20100801.GetMetricData",
        "x-amzn-query-mode": "true",
    }
    status, body, found = sent(emulator, "monitoring", b'{"MetricDataQueries": []}', headers)

    assert (status, found["x-amzn-query-error"]) == (400, "ValidationError;Sender")
    assert json.loads(body)["__type"] == "ValidationError"


@pytest.mark.parametrize("moment", ["Infinity", "NaN", "1e400", "{}", "true"])
def test_times_that_no_client_sends(emulator: EmulatorProcess, moment: str) -> None:
    """Numbers that are no time are refused."""
    query = '{"Id": "a", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {"Namespace": "n", "MetricName": "m"}}}'
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "GraniteServiceVersion20100801.GetMetricData",
    }
    body = f'{{"StartTime": 1, "EndTime": {moment}, "MetricDataQueries": [{query}]}}'.encode()

    assert sent(emulator, "monitoring", body, headers)[0] == 400


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"EndpointName": 1}', b"\xff"])
def test_bodies_that_no_client_sends(emulator: EmulatorProcess, body: bytes) -> None:
    """Hostile bodies are refused, and the endpoint goes on."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "SageMaker.DescribeEndpoint"}
    status, _, _ = sent(emulator, "sagemaker", body, headers)

    assert status == 400
    assert sent(emulator, "sagemaker", b'{"EndpointName": "abalone"}', headers)[0] == 200


@pytest.mark.parametrize(
    ("service", "target", "code", "status"),
    [
        ("sagemaker", "SageMaker.DescribeEndpoint", "InvalidSignatureException", 400),
        (
            "application-autoscaling",
            "AnyScaleFrontendService.DescribeScalableTargets",
            "InvalidSignatureException",
            400,
        ),
        ("monitoring", "GraniteServiceVersion20100801.GetMetricData", "SignatureDoesNotMatch", 403),
    ],
)
def test_wrong_signatures(emulator: EmulatorProcess, service: str, target: str, code: str, status: int) -> None:
    """A wrong secret is refused by every service in its own words."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    found, body, _ = sent(emulator, service, b"{}", headers, secret="wrong")

    assert (found, json.loads(body)["__type"]) == (status, code)


def test_a_signature_is_for_one_service(emulator: EmulatorProcess) -> None:
    """What is signed for CloudWatch opens nothing else."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "SageMaker.DescribeEndpoint"}
    status, body, _ = sent(emulator, "monitoring", b'{"EndpointName": "abalone"}', headers)

    assert (status, json.loads(body)["message"]) == (
        400,
        "Credential should be scoped to correct service: 'sagemaker'.",
    )


@pytest.mark.parametrize("path", ["/", "/endpoints/abalone/invocations", "/_emulator/log"])
def test_head_is_answered_at_once(emulator: EmulatorProcess, path: str) -> None:
    """A HEAD has no body to wait for; the connection serves the next request."""
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=2)
    statuses = []
    for _ in range(2):
        connection.request("HEAD", path)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()

    assert statuses[0] == statuses[1]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("sagemaker", "describe_endpoint", {"EndpointName": "abalone"}, "AccessDeniedException"),
        (
            "cloudwatch",
            "get_metric_statistics",
            {
                "Namespace": "n",
                "MetricName": "m",
                "StartTime": 0,
                "EndTime": 60,
                "Period": 60,
                "Statistics": ["Sum"],
            },
            "AccessDenied",
        ),
        (
            "application-autoscaling",
            "register_scalable_target",
            {
                "ServiceNamespace": "sagemaker",
                "ResourceId": "endpoint/abalone/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
            "ValidationException",
        ),
        ("s3", "get_object", {"Bucket": "smload-emulator", "Key": "models/model.tar.gz"}, "AccessDenied"),
    ],
)
def test_denied_calls(
    denying: EmulatorProcess,
    boto3_client: Callable[..., Any],
    service: str,
    operation: str,
    arguments: dict[str, Any],
    code: str,
) -> None:
    """An action that is not allowed is denied in the service's shape, and logged with its code."""
    with pytest.raises(ClientError) as caught:
        getattr(boto3_client(denying, service=service), operation)(**arguments)

    assert caught.value.response["Error"]["Code"] == code
    assert "is not authorized to perform: " in caught.value.response["Error"]["Message"]
    assert denying.log().calls[-1].code == code


def test_what_is_allowed(denying: EmulatorProcess, boto3_client: Callable[..., Any]) -> None:
    """Allowed actions are done; asking who calls cannot be denied."""
    boto3_client(denying).invoke_endpoint(EndpointName="abalone", Body=b"1")
    boto3_client(denying, service="sts").get_caller_identity()
    boto3_client(denying, service="application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")

    assert [("sts:GetCallerIdentity", ""), ("application-autoscaling:DescribeScalableTargets", "")] == [
        (call.action, call.code) for call in denying.log().calls[-2:]
    ]


def test_invoking_can_be_denied(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """The runtime denies too."""
    emulator = start_emulator('[hosting]\nallow = ["sagemaker:Describe*"]\n')
    with pytest.raises(ClientError) as caught:
        boto3_client(emulator).invoke_endpoint(EndpointName="abalone", Body=b"1")

    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_pages_of_data_points(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> None:
    """With few data points a page, one result comes in several, and together they are all."""
    emulator.reset()
    time.sleep(2.2)
    cloudwatch = boto3_client(emulator, service="cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": "abalone"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metric = {"Namespace": "/aws/sagemaker/Endpoints", "MetricName": "DiskUtilization", "Dimensions": dimensions}
    arguments = {
        "MetricDataQueries": [
            {"Id": name, "MetricStat": {"Metric": metric, "Period": 1, "Stat": "Maximum"}} for name in ("a", "b")
        ],
        "StartTime": datetime.now(UTC) - timedelta(seconds=30),
        "EndTime": datetime.now(UTC),
    }
    whole = cloudwatch.get_metric_data(**arguments)["MetricDataResults"]
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(**arguments, MaxDatapoints=1))

    assert len(whole[0]["Values"]) >= 2
    assert len(pages) == len(whole[0]["Values"]) + len(whole[1]["Values"])
    assert "PartialData" in {result["StatusCode"] for result in pages[0]["MetricDataResults"]}
    for result in whole:
        parts = [part for page in pages for part in page["MetricDataResults"] if part["Id"] == result["Id"]]
        assert [time for part in parts for time in part["Timestamps"]] == result["Timestamps"]
