"""boto3's own client against the embedded endpoint: types, codes and attributes are those of AWS."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.exceptions import ConnectionError as BotoConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

KINDS = {
    "ThrottlingException": 400,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "ModelError": 424,
    "ModelNotReadyException": 429,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "InternalDependencyException": 530,
    "404": 404,
    "418": 418,
}
MODELLED = {
    "ModelError",
    "ModelNotReadyException",
    "InternalFailure",
    "ServiceUnavailable",
    "InternalDependencyException",
}
# Every model is named for the fault that meets all its invocations.
SCENARIO = (
    'endpoint = "abalone"\nmulti_model = true\nlatency = "0ms"\n'
    "[response]\necho = true\n[variants]\nblue = 3\ngreen = 1\n"
    + "".join(f'[[faults]]\nkind = "{kind}"\nmodel = "{kind}"\nrate = 1.0\n' for kind in (*KINDS, "reset"))
)


@pytest.fixture(scope="module")
def emulator(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """An endpoint that echoes, except for models that always fail."""
    return start_emulator(SCENARIO)


@pytest.fixture(scope="module")
def client(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> Any:
    """A client with the right credentials."""
    return boto3_client(emulator)


def failure(client: Any, **arguments: Any) -> ClientError:
    """Return the error of an invocation."""
    with pytest.raises(ClientError) as caught:
        client.invoke_endpoint(**{"EndpointName": "abalone", "TargetModel": "m", "Body": b"1", **arguments})
    return caught.value


def test_a_binary_body_comes_back(client: Any) -> None:
    """Body, content type, variant and custom attributes arrive as boto3 shows those of AWS."""
    body = bytes(range(256)) * 1000
    answer = client.invoke_endpoint(
        EndpointName="abalone",
        TargetModel="a b/c!(1).tar.gz",
        Body=body,
        ContentType="application/x-npy",
        CustomAttributes="trace=1; x=e",
        InferenceId="id-1",
        TargetVariant="green",
    )

    assert body == answer["Body"].read()
    assert (
        answer["ContentType"],
        answer["InvokedProductionVariant"],
        answer["CustomAttributes"],
    ) == ("application/x-npy", "green", "trace=1; x=e")
    metadata = answer["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], len(metadata["RequestId"])) == (200, 36)
    assert metadata["HTTPHeaders"]["date"].endswith("GMT")


@pytest.mark.parametrize("kind", KINDS)
def test_error_types_codes_and_statuses(client: Any, kind: str) -> None:
    """Each kind has its code, its status, and its modelled exception class where the service model has one."""
    error = failure(client, TargetModel=kind)

    assert (kind, KINDS[kind]) == (
        error.response["Error"]["Code"],
        error.response["ResponseMetadata"]["HTTPStatusCode"],
    )
    assert error.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert (getattr(client.exceptions, kind) if kind in MODELLED else ClientError) is type(error)


def test_model_error_attributes(client: Any) -> None:
    """ModelError has the container's status and message, and the log stream."""
    response = failure(client, TargetModel="ModelError").response

    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (500, "the model failed on purpose")
    assert response["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/abalone")
    assert response["Error"]["Message"].startswith(
        'Received server error (500) from primary with message "the model failed on purpose". See https://'
    )


def test_another_endpoint_is_not_found(client: Any) -> None:
    """An unknown endpoint name is a ValidationError with the name and account."""
    error = failure(client, EndpointName="other")

    assert isinstance(error, client.exceptions.ValidationError)
    assert error.response["Error"]["Message"] == "Endpoint other of account 123456789012 not found."


def test_a_request_without_target_model(client: Any) -> None:
    """A multi-model endpoint names the request that lacks the header."""
    with pytest.raises(client.exceptions.ValidationError) as caught:
        client.invoke_endpoint(EndpointName="abalone", Body=b"1")

    response = caught.value.response
    request_id = response["ResponseMetadata"]["RequestId"]
    assert f"Request {request_id} is missing a target model header" == response["Error"]["Message"]


def test_a_connection_reset(client: Any, emulator: EmulatorProcess) -> None:
    """A reset has no response at all, and the endpoint serves on."""
    with pytest.raises((ConnectionClosedError, BotoConnectionError)):
        client.invoke_endpoint(EndpointName="abalone", TargetModel="reset", Body=b"1")

    assert invoke_status(client) == 200
    assert emulator.log().kinds["Connection"] >= 1


def invoke_status(client: Any) -> int:
    """Return the status of a plain invocation."""
    answer = client.invoke_endpoint(EndpointName="abalone", TargetModel="m", Body=b"1")
    answer["Body"].read()
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_a_body_over_25_mb(client: Any) -> None:
    """25 MB pass; one byte more is 413."""
    limit = 25 * 1024 * 1024
    answer = client.invoke_endpoint(EndpointName="abalone", TargetModel="m", Body=bytes(limit))
    assert limit == len(answer["Body"].read())

    error = failure(client, Body=bytes(limit + 1))
    assert (
        error.response["Error"]["Code"],
        error.response["Error"]["Message"],
    ) == ("413", "HTTP content length exceeded 26214400 bytes.")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIAOTHER"}, "UnrecognizedClientException"),
        ({"region_name": "eu-west-1"}, "InvalidSignatureException"),
    ],
)
def test_wrong_credentials(
    emulator: EmulatorProcess, boto3_client: Callable[..., Any], options: dict[str, str], code: str
) -> None:
    """Wrong secret, unknown key and another region have the codes AWS answers with."""
    error = failure(boto3_client(emulator, **options))

    assert (code, 403) == (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/endpoints/abalone/invocations"), ("POST", "/ping"), ("POST", "/endpoints/abalone/async-invocations")],
)
def test_other_paths_and_methods(emulator: EmulatorProcess, method: str, path: str) -> None:
    """What is not InvokeEndpoint is an unknown operation."""
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        response.read()
        assert (response.status, response.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    finally:
        connection.close()


def test_a_single_model_endpoint(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """A target model on an endpoint that is not multi-model is refused; without one it answers as configured."""
    emulator = start_emulator(
        'multi_model = false\ncheck_signatures = false\nlatency = "0ms"\n'
        '[response]\nbody = "0.7"\ncontent_type = "text/csv"\ncustom_attributes = "mine"\n'
    )
    client = boto3_client(emulator, aws_secret_access_key="any")
    answer = client.invoke_endpoint(EndpointName="any", Body=b"1", CustomAttributes="theirs")

    assert (
        answer["Body"].read(),
        answer["ContentType"],
        answer["CustomAttributes"],
        answer["InvokedProductionVariant"],
    ) == (b"0.7", "text/csv", "mine", "AllTraffic")
    assert (
        failure(client, EndpointName="any").response["Error"]["Message"]
        == "Endpoint any is not a multi-model endpoint and does not support target model header."
    )
    assert emulator.log().models == {"m": 1}


def test_queue_timeout_and_cold_errors(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """A slow load is ModelNotReadyException, a slow model ModelError with original status 0."""
    emulator = start_emulator(
        'model_timeout = "10ms"\nlatency = "1h"\n[cold]\nload_time = "30ms"\nload_timeout = "5ms"\n'
    )
    client = boto3_client(emulator)

    assert isinstance(failure(client, TargetModel="slow"), client.exceptions.ModelNotReadyException)
    log = emulator.log()
    while failure_kind(client, "slow") == "ModelNotReadyException":
        pass
    error = failure(client, TargetModel="slow")
    assert (error.response["OriginalStatusCode"], isinstance(error, client.exceptions.ModelError)) == (0, True)
    assert (log.requests, log.cold, log.loads) == (1, 1, 1)


def failure_kind(client: Any, model: str) -> str:
    """Return the error code of an invocation."""
    code: str = failure(client, TargetModel=model).response["Error"]["Code"]
    return code
