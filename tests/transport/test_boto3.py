"""The boto3 transport: the same errors as ours, deadlines, counts, and nothing left behind."""

from __future__ import annotations

import hashlib
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent
import pytest
from moto import mock_aws

from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.request.invocation import Payload, Route
from pytest_smload.core.request.transport import Connection, Transport
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.errors import InvocationError
from pytest_smload.transport.sdk.single import invoke_once
from pytest_smload.transport.sdk.transport import Boto3Transport

ROUTE = Route(0, "xgboost-0.tar.gz", (("TargetModel", "xgboost-0.tar.gz"), ("ContentType", "text/csv")))
BODY = b"0,0.455,0.365,0.095"
ROW = Payload(0, BODY, hashlib.sha256(BODY).hexdigest())
SUCCESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\n4.57"

Script = Callable[[Any], None]


def target_at(url: str) -> EndpointTarget:
    return local_target(
        url, access_key="AKIDPLANTED", secret_key="PLANTED-SECRET", endpoint_name="abalone", region="us-east-1"
    )


@pytest.fixture
def boto3_transport() -> Iterator[Callable[..., Boto3Transport]]:
    """Make a transport to a port of this machine; it is closed with the test."""
    with ExitStack() as stack:

        def make(port: int, **options: Any) -> Boto3Transport:
            transport = Boto3Transport(
                target_at(f"http://127.0.0.1:{port}"), **{"timeout_s": 60.0, "pool_size": 2, **options}
            )
            stack.callback(transport.close)
            return transport

        yield make


def error(status: int, body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 %d X" % status, *headers, b"Content-Length: %d" % len(body), b"", body]
    return b"\r\n".join(lines)


def answering(*responses: bytes) -> Script:
    """Answer requests with *responses* in turn, then with the last."""

    def script(connection: Any) -> None:
        waiting = list(responses)
        while True:
            connection.read()
            connection.send(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return script


def hanging_up(after: bytes = b"", *, reset: bool = False) -> Script:
    """Close the connection after having sent *after*."""

    def script(connection: Any) -> None:
        connection.read()
        if after:
            connection.send(after)
        if reset:
            connection.reset()

    return script


def silent(connection: Any) -> None:
    """Take the request and never answer."""
    connection.read()
    connection.wait_for_the_end()


def test_a_success(start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]) -> None:
    """The request carries the route's headers, and the outcome has times and bytes."""
    peer = start_peer(answering(SUCCESS))
    connection = boto3_transport(peer.port).connection()
    connection.open()
    before = perf_counter()

    code = connection.invoke(ROUTE, ROW)

    assert (code, connection.failure, connection.bytes_in) == (OK, None, 4)
    assert before <= connection.start < connection.end <= perf_counter()
    request = peer.requests[0].lower()
    assert b"x-amzn-sagemaker-target-model: xgboost-0.tar.gz\r\n" in request
    assert request.startswith(b"post /endpoints/abalone/invocations ")
    assert request.endswith(BODY)


def test_the_clock_starts_when_the_request_is_signed(
    start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]
) -> None:
    """However long the SDK takes for that: it is the client's delay, and no part of the endpoint's time."""
    transport = boto3_transport(start_peer(answering(SUCCESS)).port)
    signed: list[float] = []
    transport._client.meta.events.register_last(
        "before-sign.sagemaker-runtime", lambda **_: signed.append(perf_counter())
    )
    connection = transport.connection()
    code = connection.invoke(ROUTE, ROW)

    assert (OK, 1) == (code, len(signed))
    assert signed[0] < connection.start < connection.end


def test_it_is_a_transport(start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]) -> None:
    """It has what the engine's seam asks for."""
    transport: Transport = boto3_transport(start_peer(answering(SUCCESS)).port)
    connection: Connection = transport.connection()
    connection.close()

    assert (transport.name, transport.connects) == ("boto3", 0)


ANSWERS = {
    "model error": error(
        424, b'{"ErrorCode":"X_FROM_MODEL","Message":"Received server error (502)","OriginalStatusCode":502}',
        b"x-amzn-ErrorType: ModelError",
    ),
    "not ready": error(429, b'{"Message":"loading"}', b"x-amzn-ErrorType: ModelNotReadyException"),
    "throttled": error(400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'),
    "validation": error(400, b'{"Message":"Endpoint x not found."}', b"x-amzn-ErrorType: ValidationError:x"),
    "denied": error(403, b'{"Message":"no"}', b"x-amzn-ErrorType: AccessDeniedException"),
    "expired": error(403, b'{"message":"x"}', b"x-amzn-ErrorType: ExpiredTokenException"),
    "signature": error(
        403, b'{"message":"x"}', b"x-amzn-ErrorType: InvalidSignatureException", b"Date: Sat, 01 Jan 2000 00:00:00 GMT"
    ),
    "dependency": error(530, b'{"Message":"later"}', b"x-amzn-ErrorType: InternalDependencyException"),
    "bare 503": error(503, b""),
    "html": error(502, b"<html>Bad Gateway</html>"),
    "bare 404": error(404, b"nothing here"),
}  # fmt: skip
"""Error answers and nothing else."""
BREAKS = {
    "hangs up": hanging_up(),
    "reset": hanging_up(reset=True),
    "half a body": hanging_up(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n4.57"),
    "no http": hanging_up(b"SSH-2.0-OpenSSH_9.0\r\n\r\n"),
}
"""Connections that end too early."""


@pytest.mark.parametrize("case", [*ANSWERS, *BREAKS])
def test_errors_are_those_of_the_http_transport(
    case: str,
    start_peer: Callable[..., Any],
    boto3_transport: Callable[..., Boto3Transport],
    http_transport: Callable[..., Any],
) -> None:
    """Both transports give the same kind, status and OriginalStatusCode, from one attempt each."""
    peer = start_peer(answering(ANSWERS[case]) if case in ANSWERS else BREAKS[case])
    found = []
    for transport in (boto3_transport(peer.port), http_transport(peer)):
        connection = transport.connection()
        code = connection.invoke(ROUTE, ROW)
        failure = connection.failure
        assert failure is not None
        found.append((transport.kinds.name(code), failure.kind, failure.status, failure.original_status))
        assert failure.status == transport.kinds.statuses[code]
        if case in ANSWERS:
            found[-1] += (failure.message, connection.bytes_in)
        connection.close()

    assert found[0] == found[1]
    assert len(peer.requests) == 2


def test_a_refused_port(boto3_transport: Callable[..., Boto3Transport], http_transport: Callable[..., Any]) -> None:
    """Nobody listening is the endpoint's Connection error from both."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        kinds = []
        for transport in (boto3_transport(port), http_transport(f"http://127.0.0.1:{port}")):
            connection = transport.connection()
            kinds.append(transport.kinds.name(connection.invoke(ROUTE, ROW)))
            connection.close()

    assert kinds == ["Connection", "Connection"]


def dripping(connection: Any) -> None:
    """Answer a byte of the body now and then, so that no silence is ever long."""
    connection.read()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.send(b"x")
        gevent_free_pause.wait(0.005)


gevent_free_pause = threading.Event()


@pytest.mark.parametrize("script", [silent, dripping])
def test_the_sweeper_ends_what_is_too_old(
    script: Script, start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]
) -> None:
    """A request beyond the timeout is a Timeout, also where bytes keep trickling in."""
    transport = boto3_transport(start_peer(script).port)
    connection = transport.connection()
    request = gevent.spawn(connection.invoke, ROUTE, ROW)
    while not request.ready():
        gevent.sleep(0.01)
        if transport.connects:
            transport.sweep(perf_counter() + 61)

    assert transport.kinds.name(request.get()) == "Timeout"
    assert connection.failure is not None
    assert connection.failure.message == "no complete response within 60 s"


def test_younger_requests_are_left_alone(
    start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]
) -> None:
    """Sweeping ends nothing that still has time."""
    release = threading.Event()

    def patient(connection: Any) -> None:
        connection.read()
        release.wait()
        connection.send(SUCCESS)

    transport = boto3_transport(start_peer(patient).port)
    request = gevent.spawn(transport.connection().invoke, ROUTE, ROW)
    while not transport.connects:
        gevent.sleep(0.01)
    transport.sweep(perf_counter() + 59)
    release.set()

    assert request.get() == OK


def test_silence_is_a_timeout_by_itself(
    start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]
) -> None:
    """Without a sweeper the SDK's own read timeout gives the same kind."""
    transport = boto3_transport(start_peer(silent).port, timeout_s=0.2)

    assert transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) == "Timeout"


def test_the_hub_stays_free(start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]) -> None:
    """Requests wait in native threads, as many at once as the pool has; other greenlets run meanwhile."""
    both_here = threading.Barrier(2)

    def meeting(connection: Any) -> None:
        connection.read()
        both_here.wait(10)
        connection.send(SUCCESS)

    transport = boto3_transport(start_peer(meeting).port)
    requests = [gevent.spawn(transport.connection().invoke, ROUTE, ROW) for _ in range(2)]
    gevent.joinall(requests)

    assert [request.get() for request in requests] == [OK, OK]


def test_connections_are_kept_and_counted(
    start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport]
) -> None:
    """Requests one after another share a connection; connects says how many there were."""
    peer = start_peer(answering(SUCCESS))
    transport = boto3_transport(peer.port)
    connection = transport.connection()
    codes = [connection.invoke(ROUTE, ROW) for _ in range(5)]

    assert (codes, transport.connects, peer.connections) == ([OK] * 5, 1, 1)


def test_a_body_over_64_mib_is_a_bad_response(
    start_peer: Callable[..., Any], boto3_transport: Callable[..., Boto3Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading stops there."""
    monkeypatch.setattr("pytest_smload.transport.sdk.transport.MAX_BODY_BYTES", 3)
    transport = boto3_transport(start_peer(answering(SUCCESS)).port)

    assert transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) == "BadResponse"


def test_close_ends_everything_at_once(start_peer: Callable[..., Any]) -> None:
    """Requests under way are ended, and no thread, socket or file is left; a second close is fine."""
    peer = start_peer(silent)
    before = _threads()
    transport = Boto3Transport(target_at(f"http://127.0.0.1:{peer.port}"), timeout_s=60, pool_size=3)
    connections = [transport.connection() for _ in range(3)]
    requests = [gevent.spawn(connection.invoke, ROUTE, ROW) for connection in connections]
    while len(peer.requests) < 3:
        gevent.sleep(0.01)

    transport.close()
    transport.close()
    gevent.joinall(requests)

    assert [connection.failure.kind for connection in connections if connection.failure] == ["Connection"] * 3
    peer.close()
    assert _threads_left(before) <= before


def test_many_transports_leave_nothing(start_peer: Callable[..., Any]) -> None:
    """Ten loads in a row, and no thread more than before."""
    peer = start_peer(answering(SUCCESS))
    before = _threads()
    for _ in range(10):
        transport = Boto3Transport(target_at(f"http://127.0.0.1:{peer.port}"), timeout_s=60, pool_size=2)
        gevent.joinall([gevent.spawn(transport.connection().invoke, ROUTE, ROW) for _ in range(4)])
        transport.close()

    peer.join_connections()
    assert _threads_left(before) <= before


def _threads() -> int:
    """Native threads alive, those Python does not know included; ResourceWarnings tell of files left open."""
    return len(list(Path("/proc/self/task").iterdir()))


def _threads_left(expected: int) -> int:
    """How many are alive once those that are ending have ended: the system is given time, not the code."""
    for _ in range(500):
        if _threads() <= expected:
            break
        gevent.sleep(0.01)
    return _threads()


def test_a_patched_process(start_peer: Callable[..., Any]) -> None:
    """Where a user's conftest has patched the standard library, requests run in their greenlets and can be swept."""
    peer = start_peer(answering(SUCCESS))
    hanging = start_peer(silent)
    script = f"""
from gevent import monkey
monkey.patch_all()
import gevent
from time import perf_counter
from pytest_smload.aws.endpoint import local_target
from pytest_smload.core.request.invocation import Payload, Route
from pytest_smload.transport.sdk.transport import Boto3Transport

def users(port, sweep):
    target = local_target(
        f"http://127.0.0.1:{{port}}", access_key="a", secret_key="b", endpoint_name="c", region="us-east-1"
    )
    transport = Boto3Transport(target, timeout_s=60, pool_size=3)
    calls = [gevent.spawn(transport.connection().invoke, Route(0, "m", ()), Payload(0, b"x", "")) for _ in range(3)]
    while sweep and not all(call.ready() for call in calls):
        gevent.sleep(0.01)
        transport.sweep(perf_counter() + 61)
    print([transport.kinds.name(call.get()) for call in calls])
    transport.close()

users({peer.port}, False)
users({hanging.port}, True)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout.splitlines() == ["['ok', 'ok', 'ok']", "['Timeout', 'Timeout', 'Timeout']"], done.stderr


def test_nothing_secret_is_shown(
    start_peer: Callable[..., Any],
    boto3_transport: Callable[..., Boto3Transport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With everything at DEBUG, logs, reprs and failures hold no key, and levels come back with close."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="botocore")
    transport = boto3_transport(start_peer(answering(ANSWERS["denied"])).port)
    connection = transport.connection()
    connection.invoke(ROUTE, ROW)
    transport.close()

    assert "PLANTED" not in caplog.text
    assert "PLANTED" not in f"{transport!r} {connection!r} {connection.failure!r} {vars(transport)!r}"
    assert logging.getLogger("botocore").level == logging.DEBUG


def test_a_loopback_endpoint_has_no_proxy(
    start_peer: Callable[..., Any],
    boto3_transport: Callable[..., Boto3Transport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTP_PROXY does not come between us and this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert boto3_transport(start_peer(answering(SUCCESS)).port).connection().invoke(ROUTE, ROW) == OK


def test_a_proxy_is_gone_through(start_peer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where botocore has a proxy, the request goes to it, never to the endpoint directly."""

    def refuse(connection: Any) -> None:
        connection.send(error(403, b""))

    peer = start_peer(refuse)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{peer.port}")
    transport = Boto3Transport(target_at("https://runtime.sagemaker.us-east-1.amazonaws.com"), timeout_s=5, pool_size=1)
    kind = transport.kinds.name(transport.connection().invoke(ROUTE, ROW))
    transport.close()

    assert kind == "Client"
    assert peer.connections == 1


@mock_aws
def test_a_mock_answers() -> None:
    """Under mock_aws requests get moto's reply; no connection is made."""
    transport = Boto3Transport(
        target_at("https://runtime.sagemaker.us-east-1.amazonaws.com"), timeout_s=5, pool_size=4, mocked=True
    )
    connections = [transport.connection() for _ in range(4)]
    codes = [request.get() for request in [gevent.spawn(each.invoke, ROUTE, ROW) for each in connections]]
    transport.close()

    assert (codes, transport.connects, connections[0].bytes_in) == ([OK] * 4, 0, len(b"body"))


@mock_aws
def test_what_no_mock_answers_is_never_sent() -> None:
    """A host moto does not know stays inside the process."""
    transport = Boto3Transport(target_at("https://sagemaker.corp.example"), timeout_s=5, pool_size=1, mocked=True)
    connection = transport.connection()
    kind = transport.kinds.name(connection.invoke(ROUTE, ROW))
    transport.close()

    assert kind == "Client"
    assert connection.failure is not None
    assert "was not sent to the network" in connection.failure.message
    assert transport.connects == 0


def test_one_request(start_peer: Callable[..., Any]) -> None:
    """invoke_once returns the answer with its attributes."""
    peer = start_peer(
        answering(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nx-Amzn-Invoked-Production-Variant: blue\r\n"
            b"X-Amzn-SageMaker-Custom-Attributes: trace=1\r\nContent-Length: 4\r\n\r\n4.57"
        )
    )

    response = invoke_once(target_at(f"http://127.0.0.1:{peer.port}"), dict(ROUTE.fields), BODY, timeout_s=5)

    assert (response.body, response.text, response.content_type) == (b"4.57", "4.57", "text/csv")
    assert (response.variant, response.custom_attributes) == ("blue", "trace=1")
    assert response.latency_ms > 0


def test_one_request_that_fails(start_peer: Callable[..., Any]) -> None:
    """The error has the kind a load would count, and no traceback through the SDK."""
    peer = start_peer(answering(ANSWERS["model error"]))

    with pytest.raises(InvocationError) as caught:
        invoke_once(target_at(f"http://127.0.0.1:{peer.port}"), {}, BODY, timeout_s=5)

    assert (caught.value.kind, caught.value.status, caught.value.original_status) == ("ModelError", 424, 502)
    assert str(caught.value) == "ModelError: Received server error (502)"
    assert caught.value.__context__ is None
    assert "PLANTED" not in str(caught.getrepr(showlocals=True, style="long", chain=True))


@mock_aws
def test_one_request_under_a_mock() -> None:
    """A single request hears mocks as a load does."""
    target = target_at("https://runtime.sagemaker.us-east-1.amazonaws.com")

    assert invoke_once(target, {}, b"{}", timeout_s=5).text == "body"


def test_the_embedded_endpoint(tmp_path: Any) -> None:
    """The embedded endpoint, which checks signatures, answers and fails as its scenario says, and logs each request."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(
        'latency = { "*" = "1ms" }\n[[faults]]\nkind = "ModelError"\nrate = 0.5\noriginal_status = 503\n'
    )
    with EmulatorProcess.start(scenario) as emulator:
        target = local_target(
            emulator.url,
            access_key=emulator.access_key,
            secret_key=emulator.secret_key,
            endpoint_name="abalone",
            region=emulator.region,
        )
        transport = Boto3Transport(target, timeout_s=30, pool_size=2)
        connection = transport.connection()
        found = []
        for _ in range(4):
            kind = transport.kinds.name(connection.invoke(ROUTE, ROW))
            found.append((kind, connection.failure.original_status if connection.failure else None))
        transport.close()
        log = emulator.log()

    assert sorted(found) == [("ModelError", 503), ("ModelError", 503), ("ok", None), ("ok", None)]
    assert dict(log.models) == {"xgboost-0.tar.gz": 4}
