"""The one table from HTTP answers and exceptions to error kinds, shared by both transports."""

from __future__ import annotations

import errno
import json
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.aws.shown_url import without_urls
from pytest_smload.core.request import error_kinds
from pytest_smload.core.request.error_kinds import OWN_NAMES, is_wire_kind
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.transport.outside_text import kept_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_smload.aws.target import Credentials

TIMEOUT: Final = OWN_NAMES[error_kinds.TIMEOUT]
CONNECTION: Final = OWN_NAMES[error_kinds.CONNECTION]
BAD_RESPONSE: Final = OWN_NAMES[error_kinds.BAD_RESPONSE]
CLIENT: Final = OWN_NAMES[error_kinds.CLIENT]

KEPT_BODY_BYTES: Final = 64 * 1024
"""How much of an error's body is kept to read its code and message."""

KIND_BY_ERRNO: Final[dict[int, str]] = {
    errno.ETIMEDOUT: TIMEOUT,
    errno.EMFILE: CLIENT,
    errno.ENFILE: CLIENT,
    errno.ENOBUFS: CLIENT,
    errno.ENOMEM: CLIENT,
    errno.EADDRNOTAVAIL: CLIENT,  # no ephemeral port left on this machine
    errno.ENETUNREACH: CLIENT,  # no route from this machine: its network is down
    errno.ENETDOWN: CLIENT,
    errno.EBADF: CLIENT,
    errno.ECONNREFUSED: CONNECTION,
    errno.ECONNRESET: CONNECTION,
    errno.ECONNABORTED: CONNECTION,
    errno.EPIPE: CONNECTION,
    errno.EHOSTUNREACH: CONNECTION,
}
"""What the operating system says of a socket, by number."""

KIND_BY_CLASS: Final[dict[str, str]] = {
    # Name resolution, trust store and credentials are this machine's.
    "gaierror": CLIENT,
    "herror": CLIENT,
    "NameResolutionError": CLIENT,
    "SSLCertVerificationError": CLIENT,
    "NoCredentialsError": CLIENT,
    "PartialCredentialsError": CLIENT,
    "CredentialRetrievalError": CLIENT,
    "TokenRetrievalError": CLIENT,
    "SSOTokenLoadError": CLIENT,
    "UnauthorizedSSOTokenError": CLIENT,
    "NoRegionError": CLIENT,
    "ParamValidationError": CLIENT,
    "ProxyConnectionError": CLIENT,
    "TimeoutError": TIMEOUT,
    "ConnectTimeoutError": TIMEOUT,
    "ReadTimeoutError": TIMEOUT,
    # An answer that stops early is a lost connection; only an answer that is not HTTP or not JSON is a bad one.
    "RemoteDisconnected": CONNECTION,
    "IncompleteRead": CONNECTION,
    "IncompleteReadError": CONNECTION,
    "ResponseStreamingError": CONNECTION,
    "HttpParserError": BAD_RESPONSE,
    "BadStatusLine": BAD_RESPONSE,
    "LineTooLong": BAD_RESPONSE,
    "ResponseParserError": BAD_RESPONSE,
    "DecodeError": BAD_RESPONSE,
    "UnicodeDecodeError": BAD_RESPONSE,
    "HTTPException": BAD_RESPONSE,
    "ConnectionError": CONNECTION,
    "ConnectionClosedError": CONNECTION,
    "EndpointConnectionError": CONNECTION,
    "NewConnectionError": CONNECTION,
    "ProtocolError": CONNECTION,
    "SSLError": CONNECTION,
}
"""Exceptions of the standard library, botocore and urllib3, by class name; the nearest class in the MRO counts."""

_STRONGEST_FIRST: Final = (CLIENT, TIMEOUT, BAD_RESPONSE, CONNECTION)
_SIGNATURE_KINDS: Final = frozenset(
    {
        "IncompleteSignature",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_SHOWN_SKEW_S: Final = 5.0


def error_kind(error: BaseException) -> str:
    """Return the kind of an exception that kept a response from arriving.

    Causes are looked through, so that wrappers of botocore and urllib3 say what the operating system said. An exception
    nobody knows is the client's.
    """
    found = {_own_kind(link) for link in _chain(error)}
    return next((kind for kind in _STRONGEST_FIRST if kind in found), CLIENT)


def error_failure(error: BaseException) -> InvocationFailure:
    """Return the failure of a request that *error* ended."""
    name = type(error).__name__
    text = str(error).strip()
    return InvocationFailure(
        kind=error_kind(error), message=kept_line(without_urls(f"{name}: {text}") if text else name)
    )


def response_failure(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    credentials: Credentials | None = None,
) -> InvocationFailure:
    """Return the failure an HTTP answer with *status* stands for; whatever the answer says of itself, it is one.

    Args:
        status: HTTP status.
        headers: Response headers, names in lower case.
        body: Response body, or as much of it as was kept.
        now: Unix time at which the answer arrived, in seconds; compared with its Date header where a signature was
            refused.
        credentials: What the request was signed with; an answer that repeats them is not quoted with them.

    The kind is what botocore's ``RestJSONParser`` makes ``Error.Code``: header ``x-amzn-ErrorType``, else ``code`` or
    ``__type`` of a JSON body, where `is_wire_kind` accepts it; else the status as text. An answer >= 500 that is empty
    or HTML has only its status.
    """
    stripped = body.strip()
    if status >= 500 and (not stripped or stripped.startswith(b"<html>")):
        return InvocationFailure(kind=str(status), message=_phrase(status), status=status)
    content = _json_object(body)
    kind = _code(status, headers, content)
    said = kept_line(_text(content.get("message", content.get("Message", ""))), credentials)
    if kept_line(kind, credentials) != kind:
        kind = str(status)
    message = said or _phrase(status)
    if status == 403 and kind in _SIGNATURE_KINDS and now is not None:
        message += clock_skew_note(headers.get("date"), now)
    original = content.get("OriginalStatusCode") if kind == "ModelError" else None
    return InvocationFailure(
        kind=kind,
        message=message,
        status=status,
        original_status=original if type(original) is int else None,
    )


def clock_skew_note(date_header: str | None, now: float) -> str:
    """Return a clause saying how far this machine's clock (*now*, Unix seconds) is from the endpoint's, or ``""``."""
    if not date_header:
        return ""
    try:
        skew_s = now - parsedate_to_datetime(date_header).timestamp()
    except (ValueError, TypeError, OverflowError):
        return ""
    if abs(skew_s) < _SHOWN_SKEW_S:
        return " (this machine's clock agrees with the endpoint's Date header; check the secret key)"
    side = "ahead of" if skew_s > 0 else "behind"
    return f" (this machine's clock is {abs(skew_s):.0f} s {side} the endpoint's Date header; set it with NTP)"


def _phrase(status: int) -> str:
    return responses.get(status, f"HTTP {status}")


def _code(status: int, headers: Mapping[str, str], content: dict[str, Any]) -> str:
    code: Any = headers.get("x-amzn-errortype")
    if code is None:
        code = content.get("code", content.get("Code"))
    if code is None:
        code = content.get("__type")
    name = _text(code).split(":", 1)[0].rsplit("#", 1)[-1] if code is not None else ""
    return name if is_wire_kind(name) else str(status)


def _json_object(body: bytes) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    try:
        content = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        content = None
    return content if isinstance(content, dict) else {"message": text}


def _own_kind(error: BaseException) -> str | None:
    for cls in type(error).__mro__:
        kind = KIND_BY_CLASS.get(cls.__name__)
        if kind is not None:
            return kind
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    return KIND_BY_ERRNO.get(number) if number is not None else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop()
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        details = getattr(link, "kwargs", None)
        wrapped = details.get("error") if isinstance(details, dict) else None
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), wrapped, *link.args]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value)
    except (ValueError, RecursionError):
        return ""
