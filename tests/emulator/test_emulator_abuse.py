"""Clients that misbehave: whatever arrives, the endpoint goes on, and its log counts no work that nobody asked for."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

PATH = "/endpoints/local/invocations"
LINE = f"POST {PATH} HTTP/1.1\r\n".encode()
MODEL = "X-Amzn-SageMaker-Target-Model"


@pytest.fixture(scope="module")
def running(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """A healthy endpoint."""
    return start_emulator("")


@pytest.fixture(scope="module")
def trusting(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """A multi-model endpoint that checks no signatures."""
    return start_emulator('check_signatures = false\nworkers = 1\nlatency = "1ms"\n[cold]\nload_time = "1ms"\n')


@pytest.fixture
def emulator(running: EmulatorProcess) -> EmulatorProcess:
    """A healthy endpoint whose log is empty."""
    running.reset()
    return running


def signed_head(emulator: EmulatorProcess, body: bytes, **headers: str) -> bytes:
    """Return request line and headers of an invocation without its length."""
    host = urlsplit(emulator.url).netloc
    request = AWSRequest("POST", emulator.url + PATH, data=body, headers={"host": host, MODEL: "m", **headers})
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "sagemaker", REGION).add_auth(request)
    return LINE + "".join(f"{name}: {value}\r\n" for name, value in request.headers.items()).encode()


def connect(emulator: EmulatorProcess) -> socket.socket:
    parts = urlsplit(emulator.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def answer(emulator: EmulatorProcess, data: bytes) -> bytes:
    """Send *data*, close this side, and return all that comes."""
    found = b""
    with connect(emulator) as sock, suppress(ConnectionResetError):
        sock.sendall(data)
        while more := sock.recv(65_536):
            found += more
    return found


def is_alive(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> bool:
    response = boto3_client(emulator).invoke_endpoint(EndpointName="local", TargetModel="m", Body=b"1")
    return response["Body"].read() == b"[0.5]"


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: -1", b""),
        (b"Content-Length: 99999999999999999999999", b"1"),
        (b"Content-Length: 3\r\nContent-Length: 4", b"1,2,"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"3\r\n1,2\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"zz\r\n1,2\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"fffffffffffffffffff\r\n1"),
        (b"Transfer-Encoding: chunked", b"5\r\n1,2\r\n0\r\n\r\n"),
        (b"Host: x\r\nA\0B: c", b""),
    ],
)
def test_malformed_framing(
    framing: bytes, body: bytes, emulator: EmulatorProcess, boto3_client: Callable[..., Any]
) -> None:
    """Such a request is a 400, its connection is closed, and nothing is left in flight."""
    assert answer(emulator, signed_head(emulator, b"1,2") + framing + b"\r\n\r\n" + body).startswith(b"HTTP/1.1 400 ")
    assert is_alive(emulator, boto3_client)
    log = emulator.log()
    assert (0, 1) == (log.in_flight, log.kinds["ok"])


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_other_protocols(data: bytes, emulator: EmulatorProcess) -> None:
    """TLS and HTTP/2 on a plain port are answered as what they are there: no HTTP/1.1."""
    assert answer(emulator, data).startswith(b"HTTP/1.1 400 ")
    assert 0 == emulator.log().requests


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 30", b"Content-Length: 9999999999999999", b"Transfer-Encoding: chunked"]
)
def test_a_request_that_is_cut_off_never_reaches_a_model(framing: bytes, trusting: EmulatorProcess) -> None:
    """A body whose sender leaves is no body: no model is loaded and no worker taken for what has come of it."""
    trusting.reset()
    with connect(trusting) as sock:
        sock.sendall(LINE + MODEL.encode() + b": m\r\nHost: x\r\n" + framing + b"\r\n\r\n1\r\n1")
        sock.shutdown(socket.SHUT_WR)
        assert b"" == sock.recv(1_000)
    log = trusting.log()

    assert ({"ClientGone": 1}, 0, 0) == (log.kinds, log.loads, log.in_flight)


def test_trailers_are_no_headers(emulator: EmulatorProcess) -> None:
    """What follows the last chunk is dropped: it names no model, adds no token, and takes no memory."""
    trailers = f"{MODEL}: other\r\nX-Amz-Security-Token: added\r\n".encode() * 2_000
    chunks = b"3\r\n1,2\r\n0\r\n" + trailers + b"\r\n"
    head = signed_head(emulator, b"1,2") + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    assert answer(emulator, head + chunks).startswith(b"HTTP/1.1 200 ")
    assert ({"m": 1}, {"ok": 1}) == (emulator.log().models, emulator.log().kinds)


def test_a_host_no_url_can_have(emulator: EmulatorProcess) -> None:
    """It is a wrong signature like any other, and the invocation is over."""
    host = urlsplit(emulator.url).netloc.encode()
    head = (
        signed_head(emulator, b"").replace(b"host: " + host, b"Host: [")
        + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    found = answer(emulator, head)

    assert found.startswith(b"HTTP/1.1 403 ")
    assert b"InvalidSignatureException" in found
    assert ({"InvalidSignatureException": 1}, 0) == (emulator.log().kinds, emulator.log().in_flight)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"X-Amz-Target: SageMaker.DescribeEndpoint", b"[" * 100_000),
        (b"X-Amz-Target: SageMaker.DescribeEndpoint", b'{"a":' + b"9" * 5_000 + b"}"),
        (b"Content-Type: application/x-www-form-urlencoded", b"Version=2010-08-01&Action=x&" + b"a." * 20_000 + b"b=1"),
        (b"Content-Type: application/x-www-form-urlencoded", b"Version=2010-08-01&Action=x&a=1&a.b=2"),
    ],
    ids=["deep JSON", "endless number", "deep form", "a value with members"],
)
def test_calls_that_cannot_be_read(headers: bytes, body: bytes, emulator: EmulatorProcess) -> None:
    """The control plane refuses them as its callers' mistakes, not as its own."""
    length = b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)

    assert answer(emulator, b"POST / HTTP/1.1\r\nHost: x\r\n" + headers + length + body).startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in emulator._said()


def test_many_that_never_finish_their_head(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> None:
    """Hundreds of connections that stop in a header keep nobody else waiting."""
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(emulator)).sendall(LINE + b"X: ")

        assert is_alive(emulator, boto3_client)
    assert {"ok": 1} == emulator.log().kinds


def test_two_at_once_and_a_port_that_is_taken(
    emulator: EmulatorProcess, trusting: EmulatorProcess, boto3_client: Callable[..., Any]
) -> None:
    """Each has its own port, log and secret; a port given by hand that is taken is named, and nothing is served."""
    trusting.reset()
    assert is_alive(emulator, boto3_client)
    assert (1, 0) == (emulator.log().requests, trusting.log().requests)
    assert emulator._secret != trusting._secret
    port = str(urlsplit(emulator.url).port)
    done = subprocess.run(
        [sys.executable, "-m", "pytest_smload.emulator", "--port", port],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert f"cannot serve on port {port} of 127.0.0.1: Address already in use\n" == done.stderr
