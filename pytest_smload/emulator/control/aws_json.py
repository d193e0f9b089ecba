"""The awsJson protocols, 1.0 and 1.1: calls named by ``X-Amz-Target``, bodies and errors in JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.emulator.control.call import Call, ControlError
from pytest_smload.emulator.protocol import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET: Final = b"x-amz-target"
_SERVICES: Final = {
    "SageMaker": ("sagemaker", "1.1"),
    "AnyScaleFrontendService": ("application-autoscaling", "1.1"),
    "GraniteServiceVersion20100801": ("cloudwatch", "1.0"),
}
"""IAM's name and the protocol's version, by the prefix of the target (botocore's service models)."""


def decoded(headers: Mapping[bytes, bytes], body: bytes) -> Call | None:
    """Return the call in a request, or None for one that is no awsJson.

    Raises:
        ControlError: ``SerializationException``, where the body is no JSON object.
    """
    prefix, _, operation = headers.get(TARGET, b"").decode("latin-1").partition(".")
    if prefix not in _SERVICES:
        return None
    try:
        arguments = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise ControlError("SerializationException", "The request's body is not a JSON object")
    return Call(_SERVICES[prefix][0], operation, arguments)


def success(call: Call, result: dict[str, Any]) -> Answer:
    """Return the answer with *result*."""
    return _answer(call.service, "", 200, result)


def failure(service: str, error: ControlError) -> Answer:
    """Return the answer with *error*; CloudWatch's says its older, query protocol's code in a header."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if service == "cloudwatch":
        side = "Sender" if error.status < 500 else "Receiver"
        headers = ((b"x-amzn-query-error", f"{error.code};{side}".encode()),)
    found = _answer(service, error.code, error.status, {"__type": error.code, "message": error.message})
    return Answer(found.kind, found.status, found.body, (*found.headers, *headers))


def _answer(service: str, kind: str, status: int, content: dict[str, Any]) -> Answer:
    version = next(version for name, version in _SERVICES.values() if name == service)
    body = json.dumps(content, default=_as_number).encode()
    headers = (
        (b"content-type", b"application/x-amz-json-" + version.encode()),
        (b"content-length", b"%d" % len(body)),
    )
    return Answer(kind, status, body, headers)


def _as_number(value: object) -> float:
    assert isinstance(value, datetime)  # noqa: S101 - handlers answer with JSON's own types, and times
    return value.timestamp()
