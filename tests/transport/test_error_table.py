"""Answers and exceptions become the error kinds botocore would name, whatever wraps them."""

from __future__ import annotations

import errno
import json
import socket
import ssl
from email.utils import formatdate
from http.client import IncompleteRead, RemoteDisconnected

import pytest
from botocore import exceptions as boto
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.exceptions import NewConnectionError, ProtocolError

from pytest_smload.transport.errors import clock_skew_note, error_failure, error_kind, response_failure

codes = st.sampled_from(["ModelError", "com.amazon#ThrottlingException", "ValidationError:http://x/", "a#b:c", ""])
objects = st.dictionaries(
    st.sampled_from(["code", "Code", "__type", "message", "Message", "OriginalStatusCode"]), codes, max_size=4
)
bodies = objects.map(lambda content: json.dumps(content).encode()) | st.sampled_from(
    [b"", b" ", b"<html>503</html>", b"plain text", b"{broken"]
)


@settings(max_examples=200, deadline=None)
@given(status=st.sampled_from([301, 400, 403, 404, 424, 429, 500, 503, 530]), header=st.none() | codes, body=bodies)
def test_kinds_and_messages_are_botocores(status: int, header: str | None, body: bytes) -> None:
    """For any status, header and body kind and message are Code and Message of botocore's rest-json parser."""
    headers = {} if header is None else {"x-amzn-errortype": header}
    parsed = create_parser("rest-json").parse(
        {"status_code": status, "headers": HeadersDict(headers), "body": body}, None
    )["Error"]
    failure = response_failure(status, headers, body)

    assert failure.kind == (parsed["Code"] or str(status))
    if parsed["Message"].strip():
        assert failure.message == " ".join(parsed["Message"].split())
    assert failure.status == status


def test_a_model_error_keeps_the_containers_status() -> None:
    """OriginalStatusCode is kept for ModelError, 0 (the 60 s model timeout) included, and for nothing else."""
    body = json.dumps({"Message": "timed out", "OriginalStatusCode": 0}).encode()
    kept = response_failure(424, {"x-amzn-errortype": "ModelError"}, body)
    other = response_failure(500, {"x-amzn-errortype": "InternalFailure"}, body)

    assert (kept.original_status, other.original_status) == (0, None)


@pytest.mark.parametrize("body", [b"[1, 2]", b"42", b"\xff\xfe", b'{"code": 42}', b'{"message": {"a": 1}}'])
def test_unexpected_bodies_are_quoted_not_fatal(body: bytes) -> None:
    """A body of the wrong shape still gives a kind and a one-line message."""
    failure = response_failure(400, {}, body)

    assert (failure.kind in {"400", "42"}, "\n" in failure.message, failure.message != "") == (True, False, True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "Connection"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "Connection"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "Connection"),
        (TimeoutError(errno.ETIMEDOUT, "timed out"), "Timeout"),
        (TimeoutError("timed out"), "Timeout"),
        (OSError(errno.EMFILE, "Too many open files"), "Client"),
        (OSError(errno.ENFILE, "Too many open files in system"), "Client"),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "Client"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Client"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "Client"),
        (ssl.SSLError(1, "handshake failure"), "Connection"),
        (IncompleteRead(b"4.5"), "Connection"),
        (RemoteDisconnected("closed"), "Connection"),
        (boto.ConnectTimeoutError(endpoint_url="u"), "Timeout"),
        (boto.ReadTimeoutError(endpoint_url="u"), "Timeout"),
        (boto.ConnectionClosedError(endpoint_url="u"), "Connection"),
        (boto.EndpointConnectionError(endpoint_url="u", error=NewConnectionError(None, "refused")), "Connection"),
        (boto.EndpointConnectionError(endpoint_url="u", error=socket.gaierror(-2, "unknown")), "Client"),
        (boto.HTTPClientError(error=OSError(errno.EMFILE, "Too many open files")), "Client"),
        (boto.HTTPClientError(error=ProtocolError("x", ConnectionResetError(104, "reset"))), "Connection"),
        (boto.SSLError(endpoint_url="u", error=ssl.SSLCertVerificationError(1, "self-signed")), "Client"),
        (boto.ResponseStreamingError(error=IncompleteRead(b"")), "Connection"),
        (boto.NoCredentialsError(), "Client"),
        (RuntimeError("nobody knows"), "Client"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)  # fmt: skip
def test_exceptions_have_one_kind(error: Exception, kind: str) -> None:
    """This side's limits, names, trust and keys are Client; the peer's doing is Connection or Timeout."""
    assert error_kind(error) == kind


def test_causes_are_looked_through() -> None:
    """A wrapper that says nothing has the kind of its cause."""
    wrapper = RuntimeError("wrapped")
    wrapper.__cause__ = TimeoutError("timed out")

    assert error_kind(wrapper) == "Timeout"


def test_an_exceptions_failure_is_one_line() -> None:
    """The message names the exception, and line ends in it are gone."""
    assert error_failure(ConnectionResetError(errno.ECONNRESET, "reset\nby peer")).message == (
        "ConnectionResetError: [Errno 104] reset by peer"
    )


@pytest.mark.parametrize(
    ("skew_s", "said"),
    [(400.0, "400 s ahead of"), (-3_600.0, "3600 s behind"), (1.0, "agrees with")],
)
def test_a_refused_signature_says_how_far_the_clock_is_off(skew_s: float, said: str) -> None:
    """A 403 about the signature compares this machine's clock with the Date header."""
    headers = {"x-amzn-errortype": "InvalidSignatureException", "date": formatdate(1_800_000_000, usegmt=True)}
    failure = response_failure(403, headers, b'{"message":"Signature expired"}', now=1_800_000_000 + skew_s)

    assert failure.message.startswith("Signature expired (this machine's clock ")
    assert said in failure.message


def test_other_refusals_say_nothing_about_clocks() -> None:
    """A 403 for want of permission, and one without a readable date, have the endpoint's words alone."""
    date = formatdate(0, usegmt=True)
    denied = response_failure(
        403, {"x-amzn-errortype": "AccessDeniedException", "date": date}, b'{"message":"no"}', now=1e9
    )

    assert (denied.message, clock_skew_note(None, 0.0), clock_skew_note("yesterday", 0.0)) == ("no", "", "")


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.ENETDOWN, errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL])
def test_what_this_machine_lacks_is_the_clients(number: int) -> None:
    """A route, a descriptor, a port: the endpoint never heard of the request."""
    assert error_kind(OSError(number, "said by the system")) == "Client"


def test_a_name_that_no_longer_resolves_is_the_clients() -> None:
    """DNS is asked by this machine."""
    assert error_kind(socket.gaierror(socket.EAI_NONAME, "Name or service not known")) == "Client"
