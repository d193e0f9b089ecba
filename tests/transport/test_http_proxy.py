"""The HTTP transport through a CONNECT proxy: the endpoint's own TLS inside, and one line for each way it can fail."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
import pytest
import trustme
from connect_proxy import ConnectProxy
from scripted_peer import OK_RESPONSE, ROUTE, ROW, StaticSource, answers, payload_of

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError
from pytest_smload.transport.detours import Proxy, proxy_for
from pytest_smload.transport.http import dialing
from pytest_smload.transport.secretive import SecretiveBytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripted_peer import Certificates, Peer, PeerConnection

    from pytest_smload.transport.http.transport import HttpTransport

    StartPeer = Callable[..., Peer]
    StartProxy = Callable[..., ConnectProxy]
    MakeTransport = Callable[..., HttpTransport]
    Sweeping = Callable[[HttpTransport], None]

HOST = "endpoint.example"
URL = f"https://{HOST}"
PLACE = f"{HOST}:443"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture(autouse=True)
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the proxy knows where the endpoint is."""

    def refuse(host: str, *_: object) -> None:
        raise AssertionError(f"{host} was looked up here")

    monkeypatch.setattr(dialing, "_getaddrinfo", refuse)


@pytest.fixture
def start_proxy() -> Iterator[StartProxy]:
    """Start a proxy that knows `HOST` as *peer*; it ends with the test."""
    with ExitStack() as stack:

        def start(peer: Peer, **options: Any) -> ConnectProxy:
            return stack.enter_context(ConnectProxy({PLACE: peer.port}, **options))

        yield start


def at(port: int, *, tls: bool = False, authorization: bytes = b"") -> Proxy:
    return Proxy("127.0.0.1", port, tls, SecretiveBytes(authorization))


def from_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> Proxy | None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    return proxy_for(EndpointTarget("abalone", "us-east-1", URL, "test", StaticSource()))


@pytest.mark.parametrize("tls", [False, True], ids=["http proxy", "https proxy"])
def test_a_tunnel_carries_a_connections_requests(
    tls: bool, start_peer: StartPeer, start_proxy: StartProxy, http_transport: MakeTransport, certificates: Certificates
) -> None:
    """100 requests on one connection are one CONNECT; the name is the proxy's to look up."""
    peer = start_peer(answers(OK_RESPONSE), tls=True)
    proxy = start_proxy(peer, context=certificates.server if tls else None)
    transport = http_transport(URL, proxy=at(proxy.port, tls=tls))
    transport.probe()
    connection = transport.connection()

    assert [connection.invoke(ROUTE, ROW) for _ in range(100)] == [0] * 100
    assert (transport.connects, len(peer.requests), connection.bytes_in) == (1, 100, 4)
    assert (
        proxy.heads
        == [b"CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: pytest-smload\r\n\r\n" % ((PLACE.encode(),) * 2)] * 2
    )


@pytest.mark.parametrize("tls", [False, True], ids=["http proxy", "https proxy"])
def test_large_bodies_and_responses_pass(
    tls: bool, start_peer: StartPeer, start_proxy: StartProxy, http_transport: MakeTransport, certificates: Certificates
) -> None:
    """Bodies beyond every buffer arrive whole in both directions, through TLS within TLS too."""
    peer = start_peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"y" * 1_000_000), tls=True)
    proxy = start_proxy(peer, context=certificates.server if tls else None)
    payload = payload_of(bytes(range(256)) * 40_000)
    connection = http_transport(URL, proxy=at(proxy.port, tls=tls)).connection()

    assert [(connection.invoke(ROUTE, payload), connection.bytes_in) for _ in range(3)] == [(0, 1_000_000)] * 3
    assert [request.partition(b"\r\n\r\n")[2] == payload.body for request in peer.requests] == [True] * 3


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://me:pa%2Fss%40%C3%A9@127.0.0.1:{}", "me:pa/ss@\u00e9"),
        ("me:p@x@127.0.0.1:{}/", "me:p@x"),
        ("http://token@127.0.0.1:{}", "token:"),
        ("//me:\udcff@127.0.0.1:{}", "me:\udcff"),
    ],
)
def test_the_proxys_credentials_are_the_proxys_alone(
    url: str,
    said: str,
    start_peer: StartPeer,
    start_proxy: StartProxy,
    http_transport: MakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are decoded for CONNECT, which carries none of AWS's, and the endpoint sees nothing of them."""
    peer = start_peer(answers(OK_RESPONSE), tls=True)
    proxy = start_proxy(peer)
    found = from_environment(monkeypatch, url.format(proxy.port))
    code = http_transport(URL, proxy=found).connection().invoke(ROUTE, ROW)
    (head,) = proxy.heads

    line = b"\r\nProxy-Authorization: Basic " + base64.b64encode(os.fsencode(said)) + b"\r\n"
    assert (code, line in head, b"AKID" in head) == (0, True, False)
    assert b"Proxy-" not in peer.requests[0]
    assert (
        repr(found) == f"Proxy(host='127.0.0.1', port={proxy.port}, tls=False, authorization={found.authorization!r})"
    )
    assert "redacted" in repr(found)
    assert str(found) == f"http://127.0.0.1:{proxy.port}"


def test_the_certificate_has_to_be_the_endpoints(
    start_peer: StartPeer, start_proxy: StartProxy, http_transport: MakeTransport, certificates: Certificates
) -> None:
    """SNI and verification are of the endpoint's name: the proxy's own certificate vouches for nobody else."""
    names: list[str | None] = []
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    context.sni_callback = lambda _tls, name, _context: names.append(name)
    trusted = start_peer(answers(OK_RESPONSE), tls=True)
    proxy = ConnectProxy({PLACE: trusted.port, "other.example:443": trusted.port}, ends_tls=None)
    foreign = ConnectProxy({PLACE: trusted.port}, ends_tls=context)
    with proxy, foreign:
        good = http_transport(URL, proxy=at(proxy.port)).connection()
        wrong_name = http_transport("https://other.example", proxy=at(proxy.port))
        wrong_ca = http_transport(URL, proxy=at(foreign.port))
        kinds = [
            transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) for transport in (wrong_name, wrong_ca)
        ]
        with pytest.raises(EndpointError) as caught:
            wrong_name.probe()
        code = good.invoke(ROUTE, ROW)

    assert (code, kinds, set(names)) == (0, ["Client", "Client"], {HOST})
    assert str(caught.value).startswith(
        f"https://other.example (from test) through proxy http://127.0.0.1:{proxy.port}: TLS certificate refused: "
        "Hostname mismatch"
    )


def saying(answer: bytes, *, stays: bool = False) -> Callable[[PeerConnection], None]:
    """Take a CONNECT, say *answer*, and close, or say no more."""

    def script(connection: PeerConnection) -> None:
        connection.receive_some()
        connection.send(answer)
        if stays:
            connection.wait_until_closed()

    return script


REFUSALS = {
    "wants credentials": (
        b'HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm="PLANTED"\r\nContent-Length: 7\r\n\r\nPLANTED',
        "asks for a user name and password (407); write user:password@ before the host in HTTPS_PROXY",
    ),
    "wants what is not spoken": (
        b"HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n",
        "asks for Negotiate or NTLM authentication (407), and only Basic is spoken here",
    ),
    "forbids": (b"HTTP/1.0 403 PLANTED\r\n\r\n<html>PLANTED", f"refuses to connect to {PLACE} (403 Forbidden)"),
    "redirects": (b"HTTP/1.1 302 X\r\nLocation: http://PLANTED\r\n\r\n", f"refuses to connect to {PLACE} (302 Found)"),
    "has no way": (b"HTTP/1.1 503 X\r\n\r\n", f"did not get through to {PLACE} (503 Service Unavailable)"),
    "says more": (ESTABLISHED + b"220 ready", "sent 9 bytes behind its answer to CONNECT"),
    "has a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "sent 2 bytes behind its answer to CONNECT"),
    "is no proxy": (b"SSH-2.0-OpenSSH_9.6 PLANTED\r\n", "answered CONNECT with what is no HTTP response"),
    "speaks TLS": (b"\x15\x03\x01\x00\x02\x02\x46" * 3, "answered CONNECT with what is no HTTP response"),
    "speaks short nonsense": (b"X 200 \r\n\r\n", "answered CONNECT with what is no HTTP response"),
    "has a status of its own": (b"HTTP/1.1 2000 OK\r\n\r\n", "answered CONNECT with what is no HTTP response"),
    "never ends": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, "answered CONNECT with a head over 65,536 bytes"),
    "closes": (b"", "closed the connection instead of answering CONNECT"),
    "closes early": (b"HTTP/1.1 200 OK\r\nX:", "closed the connection instead of answering CONNECT"),
}


ANSWERED = [
    pytest.param(answer, told, stays, id=f"{name}, {'stays' if stays else 'goes'}")
    for name, (answer, told) in REFUSALS.items()
    for stays in ((False, True) if b"\n\r\n" in answer or "no HTTP" in told else (False,))
]


@pytest.mark.parametrize(("answer", "told", "stays"), ANSWERED)
def test_what_a_proxy_answers_is_told_in_one_line(
    answer: bytes, told: str, stays: bool, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """The client's failure, in a load as before it; nothing that the proxy said of itself is repeated."""
    peer = start_peer(saying(answer, stays=stays))
    transport = http_transport(URL, proxy=at(peer.port), connect_timeout_s=5.0)
    connection = transport.connection()
    kind = transport.kinds.name(connection.invoke(ROUTE, ROW))
    message = connection.failure.message
    with pytest.raises(EndpointError) as caught:
        transport.probe()
    peer.join_connections()

    assert kind == "Client"
    assert f"proxy http://127.0.0.1:{peer.port} {told}" in message
    assert f"{URL} (from test): proxy http://127.0.0.1:{peer.port} {told}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "PLANTED" not in f"{message} {caught.value}"


def test_refused_credentials_are_not_quoted(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Who gave a user name and password is told that they are wrong, not what they are."""
    peer = start_peer(saying(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\n\r\nme:PLANTED"))
    transport = http_transport(URL, proxy=at(peer.port, authorization=b"Basic " + base64.b64encode(b"me:PLANTED")))
    with pytest.raises(EndpointError) as caught:
        transport.probe()

    assert str(caught.value) == (
        f"{URL} (from test): proxy http://127.0.0.1:{peer.port} refuses the user name and password it was given (407); "
        "correct them in HTTPS_PROXY"
    )


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
def test_a_silent_proxy_ends_at_the_connect_timeout(
    answer: bytes, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """Whatever it began to say, and with no sweeper (the probe before a load) too."""
    peer = start_peer(saying(answer, stays=True))
    transport = http_transport(URL, proxy=at(peer.port), connect_timeout_s=0.05)
    connection = transport.connection()
    kind = transport.kinds.name(connection.invoke(ROUTE, ROW))

    assert (kind, connection.end - connection.start >= 0.05) == ("Client", True)
    with pytest.raises(EndpointError, match=rf"opened no tunnel to {HOST} within 0\.05 s; check HTTPS_PROXY"):
        transport.probe()


def test_a_request_whose_time_is_up_at_the_proxy_is_the_clients(
    start_peer: StartPeer, http_transport: MakeTransport, sweeping: Sweeping
) -> None:
    """The sweeper's end is no timeout of the endpoint's, which has not heard of the request."""
    peer = start_peer(saying(b"", stays=True))
    transport = http_transport(URL, proxy=at(peer.port), timeout_s=0.05)
    sweeping(transport)
    connection = transport.connection()

    assert transport.kinds.name(connection.invoke(ROUTE, ROW)) == "Client"
    assert "within the request's timeout" in connection.failure.message
    transport.close()
    assert transport.in_flight == 0


def test_a_proxys_tls_that_hangs_ends_too(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A proxy that answers no TLS handshake is the client's failure."""
    peer = start_peer(saying(b"", stays=True))
    transport = http_transport(URL, proxy=at(peer.port, tls=True), connect_timeout_s=0.05)
    with pytest.raises(EndpointError, match=r"cannot be reached: no TLS handshake with 127\.0\.0\.1:\d+ within 0\.05"):
        transport.probe()


def test_a_proxys_certificate_is_verified(http_transport: MakeTransport, start_peer: StartPeer) -> None:
    """An https:// proxy of an unknown CA is refused by name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ConnectProxy({PLACE: 1}, context=context) as proxy:
        transport = http_transport(URL, proxy=at(proxy.port, tls=True))
        kind = transport.kinds.name(transport.connection().invoke(ROUTE, ROW))
        with pytest.raises(EndpointError) as caught:
            transport.probe()

    assert kind == "Client"
    assert f"proxy https://127.0.0.1:{proxy.port} has a TLS certificate that is refused: " in str(caught.value)
    assert "AWS_CA_BUNDLE" in str(caught.value)


def test_a_proxy_that_cannot_be_reached(http_transport: MakeTransport) -> None:
    """A refused connection is the client's where the proxy refuses it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = http_transport(URL, proxy=at(port))
    with pytest.raises(EndpointError) as caught:
        transport.probe()

    assert transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) == "Client"
    assert str(caught.value) == (
        f"{URL} (from test): proxy http://127.0.0.1:{port} cannot be reached: Connection refused (127.0.0.1:{port}); "
        f"check HTTPS_PROXY, or put {HOST} into NO_PROXY"
    )


def test_a_proxy_that_does_not_resolve(http_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's name is the one that is looked up."""

    def unknown(host: str, *_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} unknown")

    monkeypatch.setattr(dialing, "_getaddrinfo", unknown)
    transport = http_transport(URL, proxy=Proxy("proxy.example", 3128, tls=False, authorization=SecretiveBytes()))
    with pytest.raises(EndpointError, match=r"proxy http://proxy\.example:3128 cannot be reached: proxy\.example does"):
        transport.probe()


@pytest.mark.parametrize("reset", [False, True])
def test_a_tunnel_that_ends_in_the_handshake_is_a_lost_connection(
    reset: bool, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """Once the tunnel stands, its end is the endpoint's as far as anyone can tell."""

    def script(connection: PeerConnection) -> None:
        connection.receive_some()
        connection.send(ESTABLISHED)
        connection.receive_some()
        if reset:
            connection.reset()

    transport = http_transport(URL, proxy=at(start_peer(script).port))

    assert transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) == "Connection"
    with pytest.raises(EndpointError, match=rf"^{URL} \(from test\) through proxy http://127\.0\.0\.1:\d+: "):
        transport.probe()


def test_a_tunnel_closed_while_idle_costs_a_connect_and_no_failure(
    start_peer: StartPeer, start_proxy: StartProxy, http_transport: MakeTransport
) -> None:
    """The next request opens another tunnel."""
    proxy = start_proxy(start_peer(answers(OK_RESPONSE), tls=True))
    transport = http_transport(URL, proxy=at(proxy.port))
    connection = transport.connection()
    codes = [connection.invoke(ROUTE, ROW)]
    proxy.drop_tunnels()
    gevent.sleep(0.05)
    codes.append(connection.invoke(ROUTE, ROW))

    assert (codes, transport.connects, len(proxy.heads)) == ([0, 0], 2, 2)


def test_opening_the_tunnel_is_inside_the_latency(
    start_peer: StartPeer, start_proxy: StartProxy, http_transport: MakeTransport
) -> None:
    """A connect that a request needs counts from before the proxy was asked."""
    proxy = start_proxy(start_peer(answers(OK_RESPONSE), tls=True))
    transport = http_transport(URL, proxy=at(proxy.port))
    connection = transport.connection()
    asked = []
    dial = transport.dialer.dial

    def noted() -> Any:
        stream = dial()
        asked.append((connection.start, perf_counter()))
        return stream

    transport.dialer.dial = noted  # type: ignore[method-assign]
    first = connection.invoke(ROUTE, ROW), connection.start, connection.end
    ((began, tunnelled),) = asked

    assert (first[0], transport.connects) == (0, 1)
    assert first[1] == began < tunnelled < first[2]


def test_failed_tunnels_leave_no_socket(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Every way of failing closes what it had opened."""
    peers = [start_peer(saying(answer, stays=b"\n\r\n" in answer)) for answer, _ in REFUSALS.values()]
    transports = [http_transport(URL, proxy=at(peer.port), connect_timeout_s=0.5) for peer in peers]
    connections = [transport.connection() for transport in transports]
    for connection in connections:
        connection.invoke(ROUTE, ROW)
    for peer in peers:
        peer.join_connections()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for connection in connections:
        connection.invoke(ROUTE, ROW)
    for peer in peers:
        peer.join_connections()

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
