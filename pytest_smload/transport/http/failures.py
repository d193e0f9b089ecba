"""Says what ended a request over a connection."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade

from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.transport.errors import BAD_RESPONSE, error_failure
from pytest_smload.transport.http.link import RequestEnded


def failure_of(error: BaseException) -> InvocationFailure:
    """Return the failure of a request that *error* ended."""
    if isinstance(error, RequestEnded):
        return error.failure
    if isinstance(error, HttpParserUpgrade):
        return InvocationFailure(BAD_RESPONSE, "the endpoint switched protocols, which nobody asked for")
    if isinstance(error, HttpParserError):
        return InvocationFailure(BAD_RESPONSE, f"not an HTTP response: {error}")
    return error_failure(error)
