"""How a TLS connection may end, begin, or be cut up, and what the HTTP transport makes of it."""

from __future__ import annotations

import errno
import ssl
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from scripted_peer import OK_RESPONSE, ROUTE, ROW, TlsSpeaker, payload_of

from pytest_smload.transport.http.tls import TlsStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_peer import Certificates, Peer, PeerConnection

    from pytest_smload.core.request.invocation import Payload
    from pytest_smload.transport.http.transport import HttpTransport

    StartPeer = Callable[..., Peer]
    MakeTransport = Callable[..., HttpTransport]
    Outcomes = Callable[..., tuple[list[tuple[str, int]], HttpTransport]]

ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n4.57"
"""Its body has no end but the connection's."""
BODY = payload_of(bytes(24_000_000))


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def context(request: pytest.FixtureRequest, certificates: Certificates) -> ssl.SSLContext:
    """What a peer speaks one version of TLS with."""
    found = certificates.context()
    found.minimum_version = found.maximum_version = request.param
    return found


@pytest.fixture
def outcomes(
    start_peer: StartPeer, http_transport: MakeTransport, sweeping: Callable[[HttpTransport], None]
) -> Outcomes:
    """Send requests over one connection to a peer that plays a script; returns kinds and bytes, and the transport."""

    def run(
        script: Callable[[PeerConnection], None], payload: Payload = ROW, requests: int = 3
    ) -> tuple[list[tuple[str, int]], HttpTransport]:
        transport = http_transport(start_peer(script), tls=True, timeout_s=20.0)
        sweeping(transport)
        connection = transport.connection()
        found = [
            (transport.kinds.name(connection.invoke(ROUTE, payload)), connection.bytes_in) for _ in range(requests)
        ]
        return found, transport

    return run


def speaking(
    context: ssl.SSLContext, then: Callable[[TlsSpeaker, PeerConnection], None]
) -> Callable[[PeerConnection], None]:
    """Shake hands, take the beginning of a request, and go on with *then*."""

    def script(connection: PeerConnection) -> None:
        tls = TlsSpeaker(connection, context)
        tls.handshake()
        tls.send()
        tls.read()
        then(tls, connection)

    return script


@pytest.mark.parametrize("response", [ENDLESS, ENDLESS + b"4.57" * 10_000], ids=["short", "several records"])
def test_a_closing_notice_behind_data_is_the_end(response: bytes, context: ssl.SSLContext, outcomes: Outcomes) -> None:
    """A response that ends with the connection ends with TLS's notice, though it comes in the data's own read."""

    def then(tls: TlsSpeaker, connection: PeerConnection) -> None:
        tls.say(response)
        tls.say_the_end()
        tls.send()
        connection.wait_until_closed()

    found, transport = outcomes(speaking(context, then))

    assert [("ok", len(response.partition(b"\r\n\r\n")[2]))] * 3 == found
    assert 3 == transport.connects


def test_a_closing_notice_behind_a_whole_response_ends_the_connections_use(
    context: ssl.SSLContext, outcomes: Outcomes
) -> None:
    """The next request, sent at once, opens a new connection rather than being lost on one known to be closed."""

    def then(tls: TlsSpeaker, connection: PeerConnection) -> None:
        tls.say(OK_RESPONSE)
        tls.say_the_end()
        tls.send()
        connection.wait_until_closed()

    found, transport = outcomes(speaking(context, then))

    assert [("ok", 4)] * 3 == found
    assert 3 == transport.connects


def test_a_closing_notice_on_an_idle_connection_is_noticed(
    context: ssl.SSLContext, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """Tickets and answers leave it usable, the notice does not, though TCP stays open."""

    def then(tls: TlsSpeaker, connection: PeerConnection) -> None:
        tls.send(OK_RESPONSE)
        tls.read()
        tls.send(OK_RESPONSE)
        tls.say_the_end()
        tls.send()
        connection.wait_until_closed()

    transport = http_transport(start_peer(speaking(context, then)), tls=True)
    connection = transport.connection()
    codes = [connection.invoke(ROUTE, ROW) for _ in range(2)]
    for _ in range(2_000):
        if connection._stale:
            break
        gevent.sleep(0.001)

    assert [0, 0, 0] == [*codes, connection.invoke(ROUTE, ROW)]
    assert 2 == transport.connects


@pytest.mark.parametrize("left_out", [0, 50], ids=["between records", "within a record"])
def test_a_body_that_is_cut_off_is_no_success(left_out: int, context: ssl.SSLContext, outcomes: Outcomes) -> None:
    """Without TLS's closing notice nobody knows whether a body that ends with the connection is whole."""

    def then(tls: TlsSpeaker, connection: PeerConnection) -> None:
        tls.say(ENDLESS)
        tls.say(bytes(1_000))
        records = tls.records.read()
        connection.send(records[: len(records) - left_out])

    connection_lost, transport = outcomes(speaking(context, then))

    assert ["Connection"] * 3 == [kind for kind, _ in connection_lost]
    assert 3 == transport.connects


@pytest.mark.parametrize(
    ("response", "kind"),
    [(OK_RESPONSE, "ok"), (b"HTTP/1.0 503 X\r\n\r\nbusy", "503")],
    ids=["with a length", "an error"],
)
def test_a_missing_closing_notice_is_forgiven_where_it_does_not_matter(
    response: bytes, kind: str, context: ssl.SSLContext, outcomes: Outcomes
) -> None:
    """A body of known length is whole without it, and an error is one, however much of its text is missing."""
    found, _ = outcomes(speaking(context, lambda tls, _: tls.send(response)), requests=1)

    assert [(kind, 4)] == found


@pytest.mark.parametrize("said", [b"", b"220 ready\r\n"], ids=["a closing notice", "a greeting"])
def test_what_comes_along_with_the_handshakes_end_is_not_overlooked(
    said: bytes, certificates: Certificates, outcomes: Outcomes
) -> None:
    """Nothing would wake the reader of bytes already taken from the socket: the connect fails at once."""
    context = certificates.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose server has the handshake's last word

    def script(connection: PeerConnection) -> None:
        tls = TlsSpeaker(connection, context)
        tls.handshake()
        if said:
            tls.say(said)
        else:
            tls.say_the_end()
        tls.send()
        connection.wait_until_closed()

    found, transport = outcomes(script)

    assert [("Connection", 0)] * 3 == found
    assert 0 == transport.connects


class Trickle:
    """A peer in memory, whose bytes arrive one by one."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.sock = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def send(self, data: Any) -> int:
        self._incoming.write(data)
        return len(data)

    def recv(self, _: int) -> bytes:
        if not self._outgoing.pending:
            raise BlockingIOError(errno.EAGAIN, "")
        return self._outgoing.read(1)

    def flush(self) -> bool:
        return True

    def advance(self) -> None:
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()


def test_records_may_be_cut_at_every_byte(context: ssl.SSLContext, certificates: Certificates) -> None:
    """Handshake, tickets, data and closing notice are understood, though no two bytes arrive together."""
    below = Trickle(context)
    trust = ssl.create_default_context(cafile=certificates.ca_file)
    stream = TlsStream(below, trust, "127.0.0.1")
    stream.handshake(below.advance, lambda: None)
    below.advance()
    below.tls.write(b"4.")
    below.tls.write(b"57")
    with pytest.raises(ssl.SSLWantReadError):
        below.tls.unwrap()
    got = []
    while not got or got[-1]:
        try:
            got.append(stream.recv(65_536))
        except BlockingIOError:
            continue

    assert [b"4.", b"57", b""] == got
    assert not stream.is_cut_off()


REFUSALS = {
    "with a length": b"HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig",
    "without one": b"HTTP/1.1 413 X\r\n\r\nbig",
    "cut short": b"HTTP/1.1 413 X\r\nContent-Length: 30\r\n\r\nbig",
}


@pytest.mark.parametrize(
    "end",
    [
        "closing",
        pytest.param(
            "reset",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="where a reset takes what has arrived along"),
        ),
    ],
)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_of_a_large_body_outlives_the_connection(
    refusal: str, end: str, context: ssl.SSLContext, outcomes: Outcomes
) -> None:
    """However the peer ends a connection with most of a request unread, the status it sent is what counts."""

    def then(tls: TlsSpeaker, connection: PeerConnection) -> None:
        tls.send(REFUSALS[refusal])
        if end == "reset":
            connection.reset()
        else:
            connection.say_no_more()
            connection.wait_for_the_end()

    found, transport = outcomes(speaking(context, then), BODY, requests=2)

    assert [("413", 3)] * 2 == found
    assert 2 == transport.connects


def test_an_early_success_that_is_cut_off_is_none(context: ssl.SSLContext, outcomes: Outcomes) -> None:
    """An answer that comes before the request's end has to be as whole as any other."""

    def then(tls: TlsSpeaker, connection: PeerConnection) -> None:
        tls.send(ENDLESS)
        connection.say_no_more()
        connection.wait_for_the_end()

    found, _ = outcomes(speaking(context, then), BODY, requests=2)

    assert ["Connection"] * 2 == [kind for kind, _ in found]
