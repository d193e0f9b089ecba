"""How a request ends other than with a whole response, and the failure each such end stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade

from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.transport.errors import BAD_RESPONSE, CONNECTION, error_failure

if TYPE_CHECKING:
    from pytest_smload.transport.http.head import ResponseHead


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


def check_end(head: ResponseHead | None, body_bytes: int, *, early: bool, cut_off: bool) -> None:
    """Refuse a response with *body_bytes* bytes of body whose end nothing but the connection's end told.

    Args:
        head: Its head, or None where that is not whole.
        body_bytes: What was read of its body.
        early: Whether it came before the whole request was sent: then a refusal's head alone is the answer, for the
            rest of the request is what makes the peer's system cut its body short.
        cut_off: Whether the connection may have ended before the peer's last byte (RFC 9112, 9.8).

    Raises:
        RequestEnded: The connection was lost.
    """
    if head is None:
        raise lost("the endpoint closed the connection before a whole response head")
    if early and head.status >= 300:
        return
    if not head.ends_with_connection:
        raise lost(f"the endpoint closed the connection after {body_bytes:,} bytes of the response body")
    if cut_off and head.status < 300:
        raise lost(
            f"the endpoint closed the connection after {body_bytes:,} bytes of the response body without TLS's closing "
            "notice, so that more may be missing; have it send a Content-Length"
        )


def end_failure(error: BaseException) -> InvocationFailure:
    """Return the failure of a request that *error* ended."""
    if isinstance(error, RequestEnded):
        return error.failure
    if isinstance(error, HttpParserUpgrade):
        return InvocationFailure(BAD_RESPONSE, "the endpoint switched protocols, which nobody asked for")
    if isinstance(error, HttpParserError):
        return InvocationFailure(BAD_RESPONSE, f"not an HTTP response: {error}")
    return error_failure(error)
