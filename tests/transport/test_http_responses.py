"""What the HTTP transport makes of every kind of response, from peers that send it byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest
from scripted_peer import OK_RESPONSE, ROUTE, ROW, answers, payload_of

from pytest_smload.transport.http import connection as exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_peer import Peer, PeerConnection

    from pytest_smload.transport.http.transport import HttpTransport

    StartPeer = Callable[..., Peer]
    MakeTransport = Callable[..., HttpTransport]


def kinds_of(transport: HttpTransport, requests: int) -> list[str]:
    connection = transport.connection()
    return [transport.kinds.name(connection.invoke(ROUTE, ROW)) for _ in range(requests)]


def then_close(data: bytes) -> Callable[[PeerConnection], None]:
    def script(connection: PeerConnection) -> None:
        connection.read()
        connection.send(data)

    return script


def in_pieces(*pieces: bytes) -> Callable[[PeerConnection], None]:
    """Send *pieces* one at a time; each request asks for the next response."""

    def script(connection: PeerConnection) -> None:
        while True:
            connection.read()
            for piece in pieces:
                connection.send(piece)

    return script


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n4.57\r\n3\r\n,12\r\n0\r\n\r\n"


def test_a_thousand_requests_share_one_connection(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Keep-alive holds: 1,000 requests open one connection, and the peer sees all of them."""
    peer = start_peer(answers(OK_RESPONSE))
    transport = http_transport(peer)

    assert kinds_of(transport, 1_000) == ["ok"] * 1_000
    assert (transport.connects, peer.connections, len(peer.requests)) == (1, 1, 1_000)


def test_the_clock_spans_the_request(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """start, end and bytes_in are those of the last request."""
    transport = http_transport(start_peer(answers(OK_RESPONSE)))
    connection = transport.connection()
    connection.open()
    connection.invoke(ROUTE, ROW)
    first_end = connection.end
    connection.invoke(ROUTE, ROW)

    assert (first_end < connection.start < connection.end, connection.bytes_in, connection.failure) == (True, 4, None)


@pytest.mark.parametrize(
    ("response", "bytes_in"),
    [
        pytest.param(CHUNKED, 7, id="chunked"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK_RESPONSE, 4, id="interim first"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, id="empty"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 0, id="204"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000, 300_000, id="long"),
    ],
)
@pytest.mark.parametrize("piece_bytes", [None, 7])
def test_whole_responses_succeed_and_keep_the_connection(
    response: bytes,
    bytes_in: int,
    piece_bytes: int | None,
    start_peer: StartPeer,
    http_transport: MakeTransport,
) -> None:
    """However a response is framed and cut, its body is counted and the connection serves the next request."""
    cut = min(len(response), 700)
    step = piece_bytes or len(response)
    pieces = [response[i : i + step] for i in range(0, cut, step)] if piece_bytes else [response]
    pieces.append(response[sum(map(len, pieces)) :])
    transport = http_transport(start_peer(in_pieces(*pieces)))
    connection = transport.connection()
    seen = [(transport.kinds.name(connection.invoke(ROUTE, ROW)), connection.bytes_in) for _ in range(3)]

    assert seen == [("ok", bytes_in)] * 3
    assert transport.connects == 1


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n4.57", id="Connection: close"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n4.57", id="HTTP/1.0, ended by closing"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n4.57", id="HTTP/1.1, ended by closing"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n4.57", id="interim, ended by closing"),
    ],
)
def test_responses_that_end_the_connection_succeed(
    response: bytes, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """Each such response is a success, and each next request opens a connection."""
    transport = http_transport(start_peer(then_close(response)))
    connection = transport.connection()
    seen = [(transport.kinds.name(connection.invoke(ROUTE, ROW)), connection.bytes_in) for _ in range(3)]

    assert seen == [("ok", 4)] * 3
    assert transport.connects == 3


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        pytest.param(b"", "Connection", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "Connection", id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n4.57", "Connection", id="half a body"),
        pytest.param(CHUNKED[:-7], "Connection", id="half the chunks"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "BadResponse", id="another protocol"),
        pytest.param(b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n", "BadResponse", id="no status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: four\r\n\r\n4.57", "BadResponse", id="bad length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 80_000, "BadResponse", id="endless head"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "BadResponse", id="101"
        ),
    ],
)
def test_broken_responses_fail_by_kind(
    response: bytes, kind: str, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """A response that stops early is the connection's failure, one that is not HTTP a bad response; both reconnect."""
    transport = http_transport(start_peer(then_close(response)))

    assert kinds_of(transport, 3) == [kind] * 3
    assert transport.connects == 3


def test_a_reset_is_a_connection_failure(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A reset before or during the body fails that request only."""

    def script(connection: PeerConnection) -> None:
        connection.read()
        if connection.number == 1:
            connection.reset()
        elif connection.number == 2:
            connection.send(OK_RESPONSE[:-2])
            connection.reset()
        else:
            connection.send(OK_RESPONSE)
            connection.wait_until_closed()

    transport = http_transport(start_peer(script))

    assert kinds_of(transport, 3) == ["Connection", "Connection", "ok"]


def test_a_body_over_the_limit_is_a_bad_response(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Reading stops at the limit, and the connection is not used again."""
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    transport = http_transport(start_peer(answers(long)), max_body_bytes=100_000)
    connection = transport.connection()

    assert transport.kinds.name(connection.invoke(ROUTE, ROW)) == "BadResponse"
    assert connection.failure is not None
    assert connection.failure.message == "the response body is longer than 100,000 bytes"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("response", [OK_RESPONSE, CHUNKED], ids=["with a length", "chunked"])
@pytest.mark.parametrize(
    "surplus", [b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", b"\r\n\0", b"H"]
)
def test_bytes_behind_a_response_never_answer_the_next_request(
    surplus: bytes, response: bytes, start_peer: StartPeer, http_transport: MakeTransport, *, tls: bool
) -> None:
    """A response with a surplus succeeds and its connection is left, so that answers cannot shift by one."""
    peer = start_peer(answers(response + surplus), tls=tls)
    transport = http_transport(peer, tls=tls)

    assert kinds_of(transport, 3) == ["ok"] * 3
    assert (transport.connects, len(peer.requests)) == (3, 3)


def test_an_unasked_answer_on_an_idle_connection_is_not_taken(
    start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """A 408 sent to an idle connection reopens it instead of answering the next request."""

    def script(connection: PeerConnection) -> None:
        connection.read()
        connection.send(OK_RESPONSE)
        if connection.number == 1:
            connection.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            return
        connection.wait_until_closed()

    transport = http_transport(start_peer(script))
    connection = transport.connection()
    first = connection.invoke(ROUTE, ROW)
    wait_until_stale(connection)

    assert [first, connection.invoke(ROUTE, ROW)] == [0, 0]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_connection_closed_while_idle_is_quietly_reopened(
    start_peer: StartPeer, http_transport: MakeTransport, *, tls: bool
) -> None:
    """The peer's closing between requests costs a connect, not an error, and no request is sent twice."""
    peer = start_peer(then_close(OK_RESPONSE), tls=tls)
    transport = http_transport(peer, tls=tls)
    connection = transport.connection()
    codes = []
    for _ in range(3):
        codes.append(connection.invoke(ROUTE, ROW))
        wait_until_stale(connection)

    assert (codes, transport.connects, len(peer.requests)) == ([0, 0, 0], 3, 3)


def test_an_idle_connection_is_polled_even_if_the_loop_did_not_run(
    start_peer: StartPeer, http_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the idle time the socket itself is asked, for blocking code may have kept the event loop from noticing."""
    monkeypatch.setattr(exchange, "IDLE_S", -1.0)
    peer = start_peer(then_close(OK_RESPONSE))
    transport = http_transport(peer)
    connection = transport.connection()
    codes = []
    for _ in range(3):
        codes.append(connection.invoke(ROUTE, ROW))
        peer.join_connections()

    assert (codes, transport.connects) == ([0, 0, 0], 3)


def test_large_bodies_arrive_whole(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A body far larger than socket buffers is sent as it is, with its signature's digest."""
    peer = start_peer(answers(OK_RESPONSE))
    transport = http_transport(peer)
    payload = payload_of(bytes(range(256)) * 16_000)
    connection = transport.connection()

    assert [connection.invoke(ROUTE, payload), connection.invoke(ROUTE, ROW)] == [0, 0]
    assert [request.partition(b"\r\n\r\n")[2] for request in peer.requests] == [payload.body, ROW.body]


class SlowSocket:
    """A socket whose buffer has room for 10 bytes, then for none, then for all."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def send(self, data: Any) -> int:
        self._calls += 1
        if self._calls == 2:
            raise BlockingIOError
        return self._sock.send(data[:10] if self._calls == 1 else data)


@pytest.mark.parametrize("tls", [False, True])
def test_a_request_that_goes_out_in_pieces_goes_out_once(
    tls: bool, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """A small request that meets a full buffer is completed, not repeated, before its response is awaited."""
    peer = start_peer(answers(OK_RESPONSE), tls=tls)
    transport = http_transport(peer, tls=tls)
    connection = transport.connection()
    connection.open()
    stream = connection._stream
    stream.sock = SlowSocket(stream.sock)
    if not tls:
        stream.send = connection._send = stream.sock.send

    assert [connection.invoke(ROUTE, ROW) for _ in range(2)] == [0, 0]
    assert [request.partition(b"\r\n\r\n")[2] for request in peer.requests] == [ROW.body] * 2


def test_an_answer_to_half_a_large_body_is_the_answer(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A peer that refuses a large body and closes is quoted, not called a broken pipe."""

    def script(connection: PeerConnection) -> None:
        connection.receive_some()
        connection.send(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    transport = http_transport(start_peer(script))
    connection = transport.connection()

    assert transport.kinds.name(connection.invoke(ROUTE, payload_of(b"x" * 8_000_000))) in {"413", "Connection"}


MODEL_ERROR = (
    b'{"ErrorCode":"INTERNAL_FAILURE_FROM_MODEL","LogStreamArn":"arn:x",'
    b'"Message":"Received server error (502) from primary","OriginalMessage":"boom","OriginalStatusCode":502}'
)


def error_response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    ("response", "kind", "original_status"),
    [
        (error_response("424 Failed Dependency", MODEL_ERROR, "x-amzn-ErrorType: ModelError"), "ModelError", 502),
        (error_response("400 Bad", b"{}", "X-Amzn-ErrorType: ValidationError:http://x/"), "ValidationError", None),
        (error_response("400 Bad", b'{"__type":"aws#ThrottlingException"}'), "ThrottlingException", None),
        (error_response("429 Too Many", b'{"code":"ModelNotReadyException"}'), "ModelNotReadyException", None),
        (error_response("503 Service Unavailable", b""), "503", None),
        (error_response("404 Not Found", b"not json"), "404", None),
    ],
)  # fmt: skip
def test_error_statuses_keep_the_connection_and_their_code(
    response: bytes, kind: str, original_status: int | None, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """The kind is the code botocore would report, and an error answered properly costs no connection."""
    transport = http_transport(start_peer(answers(response, OK_RESPONSE)))
    connection = transport.connection()

    assert transport.kinds.name(connection.invoke(ROUTE, ROW)) == kind
    assert connection.failure is not None
    assert connection.failure.original_status == original_status
    assert (connection.invoke(ROUTE, ROW), connection.failure, transport.connects) == (0, None, 1)


def test_only_the_start_of_an_error_body_is_kept(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A long error body is counted in full and quoted in part."""
    transport = http_transport(start_peer(answers(error_response("500 Oops", b"x" * 200_000))))
    connection = transport.connection()

    assert transport.kinds.name(connection.invoke(ROUTE, ROW)) == "500"
    assert connection.failure is not None
    assert (connection.bytes_in, len(connection.failure.message)) == (200_000, 1_000)


def wait_until_stale(connection: exchange.HttpConnection) -> None:
    for _ in range(2_000):
        if connection._stale:
            return
        gevent.sleep(0.001)
    pytest.fail("the peer's closing went unnoticed")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    ("response", "kind"),
    [
        pytest.param(b'HTTP/1.1 413 X\r\nContent-Length: 19\r\n\r\n{"message": "long"}', "413", id="413"),
        pytest.param(b"HTTP/1.1 413 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "413", id="413 and closing"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", "503", id="interim"),
        pytest.param(OK_RESPONSE, "ok", id="200"),
    ],
)
def test_an_answer_that_comes_while_a_large_body_is_sent_is_read(
    response: bytes,
    kind: str,
    start_peer: StartPeer,
    http_transport: MakeTransport,
    sweeping: Callable[[HttpTransport], None],
    *,
    tls: bool,
) -> None:
    """A peer that answers after the head and takes no more is heard at once, and its connection left."""

    def script(connection: PeerConnection) -> None:
        connection.receive_some()
        for byte in response[:20]:
            connection.send(bytes([byte]))
        connection.send(response[20:])
        connection.wait_for_the_end()

    transport = http_transport(start_peer(script, tls=tls), tls=tls, timeout_s=10.0)
    sweeping(transport)
    connection = transport.connection()
    payload = payload_of(bytes(24_000_000))

    assert [kind] * 2 == [transport.kinds.name(connection.invoke(ROUTE, payload)) for _ in range(2)]
    assert 2 == transport.connects


def test_an_interim_answer_does_not_end_the_sending(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """100 Continue, sent while a large body is on its way, is passed over, and the body arrives whole."""

    def script(connection: PeerConnection) -> None:
        while True:
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.read()
            connection.send(OK_RESPONSE)

    peer = start_peer(script)
    transport = http_transport(peer)
    payload = payload_of(bytes(range(256)) * 32_000)
    connection = transport.connection()

    assert 0 == connection.invoke(ROUTE, payload)
    assert [payload.body] == [request.partition(b"\r\n\r\n")[2] for request in peer.requests]


def test_a_peer_that_closes_in_the_middle_of_a_body_is_a_connection_failure(
    start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """An end without an answer, seen while the body is being sent, is a lost connection."""

    def script(connection: PeerConnection) -> None:
        connection.receive_some()
        connection.say_no_more()
        connection.wait_for_the_end()

    transport = http_transport(start_peer(script))
    code = transport.connection().invoke(ROUTE, payload_of(bytes(24_000_000)))

    assert "Connection" == transport.kinds.name(code)
