"""Sends one request and returns its response, for tests that look at an answer rather than at a load."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.aws.quiet import quiet_botocore
from pytest_smload.errors import InvocationError
from pytest_smload.transport.detours import is_mocked, proxy_for
from pytest_smload.transport.sdk.client import Answer, call_failure, runtime_client

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget


@dataclass(frozen=True, slots=True)
class InvokeResponse:
    """The answer to one request.

    Attributes:
        body: The response body, whole.
        content_type: Its ``Content-Type``, or None.
        variant: The production variant that answered, or None.
        custom_attributes: What the container sent back in ``X-Amzn-SageMaker-Custom-Attributes``, or None.
        headers: All response headers, names in lower case.
        latency_ms: From just before the request to the end of the body, in milliseconds; boto3's own work included.
    """

    body: bytes
    content_type: str | None
    variant: str | None
    custom_attributes: str | None
    headers: Mapping[str, str]
    latency_ms: float

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode()


def invoke_once(target: EndpointTarget, fields: Mapping[str, str], body: bytes, *, timeout_s: float) -> InvokeResponse:
    """Send one request through boto3, without retries, and wait for the answer.

    Args:
        fields: InvokeEndpoint input members other than EndpointName and Body (``TargetModel``, ``ContentType``, ...).
        timeout_s: Longest silence of the endpoint, in seconds.

    Raises:
        InvocationError: the request failed; its kind is the one a load would count.
        EndpointError: the proxy for the endpoint is none.
    """
    answers: list[Answer] = []
    mocked = is_mocked(target)
    if not mocked:
        proxy_for(target)
    with quiet_botocore():
        client = runtime_client(target, timeout_s=timeout_s, pool_size=1, mocked=mocked, on_answer=answers.append)
        try:
            start = time.perf_counter()
            response = client.invoke_endpoint(EndpointName=target.endpoint_name, Body=body, **fields)
            with response["Body"] as stream:
                content = stream.read()
            latency_ms = (time.perf_counter() - start) * 1000
        except Exception as error:  # whatever the SDK raises is one failed request
            failure = call_failure(error, answers[-1] if answers else None, target.credentials.current)
        else:
            return InvokeResponse(
                body=content,
                content_type=response.get("ContentType"),
                variant=response.get("InvokedProductionVariant"),
                custom_attributes=response.get("CustomAttributes"),
                headers=dict(response["ResponseMetadata"]["HTTPHeaders"]),
                latency_ms=latency_ms,
            )
        finally:
            client.close()
    # Raised outside the handler: the chained traceback would hold botocore's local variables.
    raise InvocationError(failure.kind, failure.message, status=failure.status, original_status=failure.original_status)
