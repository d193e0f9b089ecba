"""The boto3 client that the boto3 transport and single requests share: no retries, no surprises, no way past a mock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.endpoint import SERVICE
from pytest_smload.aws.session import session_with
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.transport.errors import BAD_RESPONSE, CLIENT, KEPT_BODY_BYTES, error_failure, response_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import Credentials, EndpointTarget

_CONNECT_TIMEOUT_S = 5.0
_NOWHERE = "http://127.0.0.1:0"
"""A proxy that cannot exist: nobody can listen on port 0."""

Answer = tuple[int, dict[str, str], Any, float]
"""Status, headers (names in lower case), body, and arrival in Unix seconds."""


def runtime_client(
    target: EndpointTarget,
    *,
    timeout_s: float,
    pool_size: int,
    mocked: bool,
    on_answer: Callable[[Answer], None],
) -> Any:
    """Return a ``sagemaker-runtime`` client for *target*.

    Args:
        timeout_s: Longest silence of the endpoint, in seconds; connecting has 5 s of it at most.
        pool_size: Connections kept open.
        mocked: Whether a mock must answer every request; one it leaves unanswered fails instead of being sent.
        on_answer: Called with every answer, in the thread of the call; the body of a success is a stream.
    """
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=pool_size,
        read_timeout=timeout_s,
        connect_timeout=min(_CONNECT_TIMEOUT_S, timeout_s),
        parameter_validation=False,
        # The address is resolved already; botocore refuses these switches beside an explicit one.
        use_fips_endpoint=False,
        use_dualstack_endpoint=False,
        proxies=_proxies(target, mocked=mocked),
    )
    client = session_with(target.credentials).create_client(
        SERVICE, region_name=target.region, endpoint_url=target.url, verify=target.ca_bundle, config=config
    )

    def answered(response_dict: dict[str, Any], **_: object) -> None:
        if response_dict["status_code"] < 200:
            # It would be a success: urllib3 passes over 100 alone, and botocore fails from 300 on.
            raise _InterimError(response_dict["status_code"])
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        on_answer((response_dict["status_code"], headers, response_dict["body"], time.time()))

    # Before botocore's parser sees it: an answer that breaks the parser is an answer too.
    client.meta.events.register(f"before-parse.{SERVICE}", answered)
    return client


def _proxies(target: EndpointTarget, *, mocked: bool) -> dict[str, str] | None:
    """Return the proxies of a client; None leaves them to the environment."""
    if target.is_loopback:
        return {}
    # moto answers before a connection is made; what it leaves unanswered must not reach the real endpoint.
    return {"http": _NOWHERE, "https": _NOWHERE} if mocked else None


class _InterimError(Exception):
    """An answer whose status announces another one, which never came."""


def call_failure(error: Exception, answer: Answer | None, credentials: Credentials) -> InvocationFailure:
    """Return the failure of a call that raised *error*, read from the error's *answer* where one arrived, as the http
    transport reads it; *credentials* are those in force."""
    if answer is not None and answer[0] >= 300:
        status, headers, body, arrived = answer
        return response_failure(status, headers, body[:KEPT_BODY_BYTES], now=arrived, credentials=credentials)
    if isinstance(error, _InterimError):
        return InvocationFailure(BAD_RESPONSE, f"HTTP status {error} is none that ends an answer", status=error.args[0])
    if type(error).__name__ == "ProxyConnectionError" and _NOWHERE in str(error):
        return InvocationFailure(CLIENT, "the active mock does not answer this request; it was not sent to the network")
    return error_failure(error)
