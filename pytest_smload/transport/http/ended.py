"""How a request ends other than with a whole response, and the failure each such end stands for."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade

from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.transport.errors import BAD_RESPONSE, CONNECTION, error_failure


class RequestEnded(BaseException):
    """Ends the request under way; no `except Exception` on its way may swallow it.

    Attributes:
        failure: What is known of its end.
    """

    def __init__(self, failure: InvocationFailure) -> None:
        self.failure = failure
        super().__init__(failure.message)


def bad(message: str) -> RequestEnded:
    """Return the end of a request whose response cannot be taken."""
    return RequestEnded(InvocationFailure(BAD_RESPONSE, message))


def lost(message: str) -> RequestEnded:
    """Return the end of a request whose connection broke off."""
    return RequestEnded(InvocationFailure(CONNECTION, message))


def end_failure(error: BaseException) -> InvocationFailure:
    """Return the failure of a request that *error* ended."""
    if isinstance(error, RequestEnded):
        return error.failure
    if isinstance(error, HttpParserUpgrade):
        return InvocationFailure(BAD_RESPONSE, "the endpoint switched protocols, which nobody asked for")
    if isinstance(error, HttpParserError):
        return InvocationFailure(BAD_RESPONSE, f"not an HTTP response: {error}")
    return error_failure(error)
