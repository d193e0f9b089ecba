"""Requests end in time, by the sweeper alone, and nothing is left of a transport that is closed."""

from __future__ import annotations

import gc
import os
import socket
import threading
from time import perf_counter
from typing import TYPE_CHECKING

import gevent
import pytest
from greenlet import greenlet
from scripted_peer import OK_RESPONSE, ROUTE, ROW, answers, payload_of

from pytest_smload.errors import EndpointError
from pytest_smload.transport.http import dialing

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_peer import Peer, PeerConnection

    from pytest_smload.transport.http.transport import HttpTransport

    StartPeer = Callable[..., Peer]
    MakeTransport = Callable[..., HttpTransport]
    Sweeping = Callable[[HttpTransport], None]

TIMEOUT_S = 0.05


def silent_after(data: bytes) -> Callable[[PeerConnection], None]:
    """Answer the first request on the first connection with *data* and then nothing; later connections are served."""

    def script(connection: PeerConnection) -> None:
        connection.read()
        if connection.number > 1:
            connection.send(OK_RESPONSE)
            connection.wait_until_closed()
        else:
            connection.send(data)
            connection.wait_for_the_end()

    return script


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "data", [b"", OK_RESPONSE[:20], OK_RESPONSE[:-1]], ids=["nothing", "half a head", "half a body"]
)
def test_a_response_that_stops_is_a_timeout(
    data: bytes, tls: bool, start_peer: StartPeer, http_transport: MakeTransport, sweeping: Sweeping
) -> None:
    """Whatever part of the response is missing, the sweeper ends the request, and the next one reconnects."""
    transport = http_transport(start_peer(silent_after(data), tls=tls), tls=tls, timeout_s=TIMEOUT_S)
    sweeping(transport)
    connection = transport.connection()
    first = transport.kinds.name(connection.invoke(ROUTE, ROW))

    assert (first, connection.end - connection.start >= TIMEOUT_S, connection.failure.message) == (
        "Timeout",
        True,
        "no complete response within 0.05 s",
    )
    transport._timeout_s = 60.0
    assert transport.kinds.name(connection.invoke(ROUTE, ROW)) == "ok"


@pytest.mark.parametrize("tls", [False, True])
def test_a_peer_that_stops_reading_is_a_timeout(
    tls: bool, start_peer: StartPeer, http_transport: MakeTransport, sweeping: Sweeping
) -> None:
    """A large body stuck in the socket's buffer ends by the sweeper too."""
    transport = http_transport(
        start_peer(lambda connection: connection.wait_for_the_end(), tls=tls), tls=tls, timeout_s=TIMEOUT_S
    )
    sweeping(transport)

    assert transport.kinds.name(transport.connection().invoke(ROUTE, payload_of(b"x" * 20_000_000))) == "Timeout"


def test_the_sweeper_ends_a_handshake_that_hangs(
    start_peer: StartPeer, http_transport: MakeTransport, sweeping: Sweeping
) -> None:
    """The request's deadline includes the connect it needs."""
    peer = start_peer(lambda connection: connection.wait_for_the_end())
    transport = http_transport(peer, tls=True, timeout_s=TIMEOUT_S)
    sweeping(transport)

    assert transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) == "Timeout"
    assert transport.connects == 0


def test_a_handshake_that_hangs_ends_at_the_connect_timeout(
    start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """Without a sweeper (the probe before a load) the connect timeout holds."""
    peer = start_peer(lambda connection: connection.wait_for_the_end())
    with pytest.raises(EndpointError, match=r"no TLS handshake with 127\.0\.0\.1:\d+ within 0\.05 s"):
        http_transport(peer, tls=True, connect_timeout_s=TIMEOUT_S).probe()


def test_a_connect_that_hangs_ends_at_the_connect_timeout(http_transport: MakeTransport) -> None:
    """A listener whose backlog is full never answers; the request is a Timeout."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        transport = http_transport(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout_s=TIMEOUT_S)
        kind = transport.kinds.name(transport.connection().invoke(ROUTE, ROW))
        for filler in fillers:
            filler.close()

    assert kind == "Timeout"


def test_an_expiry_that_comes_late_never_ends_the_next_request(
    start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """An expiry scheduled for a request whose answer has come meanwhile ends nothing."""
    answer = threading.Event()

    def script(connection: PeerConnection) -> None:
        connection.read()
        connection.send(OK_RESPONSE)
        connection.read()
        answer.wait()
        connection.send(OK_RESPONSE)
        connection.wait_until_closed()

    peer = start_peer(script)
    transport = http_transport(peer)
    connection = transport.connection()
    connection.invoke(ROUTE, ROW)
    stale_start = connection.start
    following = gevent.spawn(connection.invoke, ROUTE, ROW)
    while len(peer.requests) < 2:
        gevent.sleep(0.001)
    gevent.get_hub().loop.run_callback(connection._interrupt, stale_start, transport._expiry)
    gevent.sleep(0.001)
    answer.set()

    assert following.get() == 0


def test_sweeping_leaves_young_and_idle_requests_alone(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Only a request older than the timeout ends."""
    transport = http_transport(start_peer(answers(OK_RESPONSE)), timeout_s=30.0)
    connection = transport.connection()
    connection.open()
    transport.sweep(perf_counter() + 3_600)
    following = gevent.spawn(connection.invoke, ROUTE, ROW)
    gevent.sleep(0)
    transport.sweep(perf_counter())

    assert (following.get(), transport.connects) == (0, 1)


def test_a_killed_request_leaves_a_connection_that_reconnects(
    start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """The answer to a killed request is never taken for the next one's."""
    peer = start_peer(silent_after(OK_RESPONSE[:20]))
    transport = http_transport(peer)
    connection = transport.connection()
    killed = gevent.spawn(connection.invoke, ROUTE, ROW)
    while not peer.requests:
        gevent.sleep(0.001)
    killed.kill()

    assert (connection.invoke(ROUTE, ROW), transport.connects, transport.in_flight) == (0, 2, 0)


def test_closing_ends_requests_under_way(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A request whose transport is closed ends at once, as the client's failure."""
    peer = start_peer(silent_after(b""))
    transport = http_transport(peer)
    waiting = gevent.spawn(transport.connection().invoke, ROUTE, ROW)
    while not peer.requests:
        gevent.sleep(0.001)
    in_flight = transport.in_flight
    transport.close()

    assert (in_flight, transport.kinds.name(waiting.get()), transport.in_flight) == (1, "Client", 0)


def test_a_refused_port_is_the_endpoints_failure(http_transport: MakeTransport) -> None:
    """A port nobody listens on fails each request as Connection, and the probe names it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = http_transport(f"http://127.0.0.1:{port}")
    connection = transport.connection()
    connection.open()
    failure_after_open = connection.failure

    assert (failure_after_open, transport.kinds.name(connection.invoke(ROUTE, ROW))) == (None, "Connection")
    with pytest.raises(EndpointError, match=rf"http://127\.0\.0\.1:{port} \(from test\): Connection refused"):
        transport.probe()


def test_a_name_that_does_not_resolve_is_the_clients_failure(
    http_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS failures accuse this side, and the name is looked up once for all who ask at the same time."""
    lookups = []

    def unknown(host: str, *_: object) -> list[object]:
        lookups.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(dialing, "_getaddrinfo", unknown)
    transport = http_transport("https://runtime.invalid")
    greenlets = [gevent.spawn(transport.connection().invoke, ROUTE, ROW) for _ in range(50)]
    kinds = {transport.kinds.name(each.get()) for each in greenlets}

    assert (kinds, lookups) == ({"Client"}, ["runtime.invalid"])
    with pytest.raises(
        EndpointError, match=r"runtime\.invalid does not resolve: Name or service not known; check the reg"
    ):
        transport.probe()


def test_addresses_are_tried_in_turn(
    start_peer: StartPeer, http_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host with an address that refuses is reached by the next one."""
    peer = start_peer(answers(OK_RESPONSE))

    def two(host: str, port: int, *_: object) -> list[object]:
        refused = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1, 0, 0))
        return [refused, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(dialing, "_getaddrinfo", two)
    transport = http_transport(f"http://localhost:{peer.port}")

    assert [transport.connection().invoke(ROUTE, ROW) for _ in range(3)] == [0, 0, 0]


def test_running_out_of_file_descriptors_is_the_clients_failure(
    start_peer: StartPeer, http_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EMFILE accuses this machine's limits, not the endpoint."""

    def exhausted(*_: object) -> None:
        raise OSError(24, "Too many open files")

    transport = http_transport(start_peer(answers(OK_RESPONSE)))
    monkeypatch.setattr(dialing, "_Socket", exhausted)

    assert transport.kinds.name(transport.connection().invoke(ROUTE, ROW)) == "Client"


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://127.evil.example", "http://10.0.0.1:8080", "ftp://localhost"]
)
def test_unencrypted_requests_never_leave_this_machine(url: str, http_transport: MakeTransport) -> None:
    """http:// is for loopback addresses only, whatever their name begins with."""
    with pytest.raises(EndpointError, match="https://"):
        http_transport(url)


def test_a_closed_transport_leaves_nothing(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """No file descriptor, thread or greenlet outlives close()."""

    def left() -> tuple[int, int, int]:
        gc.collect()
        living = [each for each in gc.get_objects() if isinstance(each, greenlet) and not each.dead]
        return len(os.listdir("/proc/self/fd")), threading.active_count(), len(living)  # noqa: PTH208

    peer = start_peer(answers(OK_RESPONSE), tls=True)
    seen = []
    for _ in range(4):
        transport = http_transport(f"https://localhost:{peer.port}")
        users = [gevent.spawn(transport.connection().invoke, ROUTE, ROW) for _ in range(5)]
        codes = [user.get() for user in users]
        transport.close()
        peer.join_connections()
        seen.append((codes, left()))

    assert seen[1:] == [seen[1]] * 3
