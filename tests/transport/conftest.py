"""Peers, certificates and transports that end with their test."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
import pytest
import trustme
from scripted_peer import Certificates, Peer, PeerConnection, StaticSource

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate authority of this test run."""
    authority = trustme.CA()
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "endpoint.example").configure_cert(context)
    return Certificates(str(path), context, authority)


@pytest.fixture
def start_peer(certificates: Certificates) -> Iterator[Callable[..., Peer]]:
    """Start a peer for a script, over TLS if asked; it ends with the test."""
    with ExitStack() as stack:

        def start(script: Callable[[PeerConnection], None], *, tls: bool = False) -> Peer:
            peer = Peer(script, certificates.server if tls else None)
            stack.callback(peer.close)
            return peer

        yield start


@pytest.fixture
def http_transport(certificates: Certificates) -> Iterator[Callable[..., HttpTransport]]:
    """Make a transport to a peer (or a URL); it is closed with the test."""
    with ExitStack() as stack:

        def make(peer: Peer | str, *, tls: bool = False, **options: Any) -> HttpTransport:
            url = peer if isinstance(peer, str) else f"{'https' if tls else 'http'}://127.0.0.1:{peer.port}"
            target = EndpointTarget("abalone", "us-east-1", url, "test", StaticSource(), certificates.ca_file)
            transport = HttpTransport(target, **{"timeout_s": 60.0, **options})
            stack.callback(transport.close)
            return transport

        yield make


@pytest.fixture
def sweeping() -> Iterator[Callable[[HttpTransport], None]]:
    """Sweep a transport's deadlines in the background, as the engine does."""
    greenlets = []

    def sweep(transport: HttpTransport) -> None:
        def run() -> None:
            while True:
                gevent.sleep(0.005)
                transport.sweep(perf_counter())

        greenlets.append(gevent.spawn(run))

    yield sweep
    gevent.killall(greenlets)
