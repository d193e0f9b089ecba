"""The HTTP transport over TLS: verified, whole under any record boundaries, and clear about what failed."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from scripted_peer import OK_RESPONSE, ROUTE, ROW, StaticSource, answers, payload_of

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError
from pytest_smload.transport.http.tls import client_context
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scripted_peer import Peer, PeerConnection

    StartPeer = Callable[..., Peer]
    MakeTransport = Callable[..., HttpTransport]


def target(url: str, ca_bundle: str | None) -> EndpointTarget:
    return EndpointTarget("abalone", "us-east-1", url, "smload.toml", StaticSource(), ca_bundle)


def test_keep_alive_holds_over_tls(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Session tickets and idle moments cost no connection: 100 requests, one handshake."""
    peer = start_peer(answers(OK_RESPONSE), tls=True)
    transport = http_transport(peer, tls=True)
    connection = transport.connection()
    connection.open()

    assert [connection.invoke(ROUTE, ROW) for _ in range(100)] == [0] * 100
    assert (transport.connects, len(peer.requests), connection.bytes_in) == (1, 100, 4)


def test_records_need_not_follow_the_message(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Head and body in records of their own, sent together or byte by byte, are one response."""

    def script(connection: PeerConnection) -> None:
        while True:
            connection.read()
            connection.send(OK_RESPONSE[:-4])
            connection.send(OK_RESPONSE[-4:])
            connection.read()
            for byte in OK_RESPONSE:
                connection.send(bytes([byte]))

    transport = http_transport(start_peer(script, tls=True), tls=True)
    connection = transport.connection()

    assert [connection.invoke(ROUTE, ROW) for _ in range(10)] == [0] * 10
    assert transport.connects == 1


def test_large_bodies_and_responses_pass_through_tls(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Bodies beyond socket buffers arrive whole in both directions."""
    peer = start_peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"y" * 1_000_000), tls=True)
    transport = http_transport(peer, tls=True)
    payload = payload_of(bytes(range(256)) * 16_000)
    connection = transport.connection()

    assert (connection.invoke(ROUTE, payload), connection.bytes_in) == (0, 1_000_000)
    assert peer.requests[0].partition(b"\r\n\r\n")[2] == payload.body


def test_a_tls_peer_that_closes_is_a_connection_failure(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Closing before the response fails that request, and the next opens a new connection."""

    def script(connection: PeerConnection) -> None:
        connection.read()
        if connection.number > 1:
            connection.send(OK_RESPONSE)

    transport = http_transport(start_peer(script, tls=True), tls=True)
    connection = transport.connection()

    assert [transport.kinds.name(connection.invoke(ROUTE, ROW)) for _ in range(2)] == ["Connection", "ok"]


def test_the_probe_accepts_a_trusted_host(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """A host the CA bundle vouches for passes, and no request is sent."""
    peer = start_peer(answers(OK_RESPONSE), tls=True)
    http_transport(peer, tls=True).probe()

    assert peer.requests == []


def test_a_port_without_tls_is_told_from_a_bad_certificate(
    start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """https:// to a plain port says that the handshake failed."""

    def script(connection: PeerConnection) -> None:
        connection.receive_some()
        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.wait_until_closed()

    with pytest.raises(EndpointError, match=r"TLS handshake failed: .*; check that this port speaks TLS 1\.2 or newer"):
        http_transport(start_peer(script), tls=True).probe()


def test_trust_settings_are_strict() -> None:
    """Without a CA bundle botocore's is loaded; certificate, host name and TLS 1.2 are required."""
    context = client_context(target("https://example.com", None))

    assert (context.verify_mode, context.check_hostname, context.minimum_version, len(context.get_ca_certs()) > 50) == (
        ssl.CERT_REQUIRED,
        True,
        ssl.TLSVersion.TLSv1_2,
        True,
    )


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_an_unreadable_ca_bundle_is_named(content: str | None, tmp_path: Path) -> None:
    """A missing or broken CA file is refused before any load."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(EndpointError, match=r"CA bundle .*ca\.pem: .*AWS_CA_BUNDLE"):
        HttpTransport(target("https://example.com", str(path)), timeout_s=60)
