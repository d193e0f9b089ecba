"""SigV4 over HTTP/1.1 keep-alive: the default transport."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from pytest_smload.aws.shown_url import shown_url, split_url
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.request.transport import MAX_BODY_BYTES
from pytest_smload.errors import EndpointError
from pytest_smload.transport.errors import CLIENT, TIMEOUT, error_kind
from pytest_smload.transport.http.certificates import certificate_remedy
from pytest_smload.transport.http.connection import HttpConnection
from pytest_smload.transport.http.connections import Connections
from pytest_smload.transport.http.dialing import Dialer
from pytest_smload.transport.http.signing import RequestSigner
from pytest_smload.transport.http.tunnel import ProxyConnectionError

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.request.sendings import Sendings
    from pytest_smload.transport.detours import Proxy


class HttpTransport:
    """Connections to one endpoint, for one load in one thread.

    Attributes:
        name: ``"http"``.
        kinds: Error kinds of this load.
        variants: Production variants that answered in this load.
        connects: Connections established so far.
        dialer: Opens their sockets.
    """

    name = "http"
    reads_in_loop = True

    def __init__(
        self,
        target: EndpointTarget,
        *,
        timeout_s: float,
        connect_timeout_s: float = 5.0,
        max_body_bytes: int = MAX_BODY_BYTES,
        proxy: Proxy | None = None,
    ) -> None:
        """
        Args:
            target: Where requests go.
            timeout_s: Longest a request may take, its connect included; enforced by `sweep`.
            connect_timeout_s: Longest each of name resolution, TCP connect, CONNECT and TLS handshake may take.
            max_body_bytes: Longest response body read.
            proxy: What connects to the endpoint, or None for a direct connection.

        Raises:
            EndpointError: The URL or credentials cannot be used, requests would travel unencrypted, or the CA bundle
                cannot be read.
        """
        _check_scheme(target)
        self._target = target
        self._timeout_s = timeout_s
        self._expiry = InvocationFailure(TIMEOUT, f"no complete response within {timeout_s:g} s")
        signer = RequestSigner(target)
        self._proxy = proxy
        self.dialer = Dialer(target, connect_timeout_s, proxy)
        self._shared = Connections(self.dialer, signer, target.credentials, max_body_bytes)
        self.kinds = self._shared.kinds
        self.variants = self._shared.variants

    @property
    def connects(self) -> int:
        """Connections established so far."""
        return self._shared.connects

    @property
    def sendings(self) -> Sendings:
        """Requests that waited for the loop before they were sent."""
        return self._shared.sendings

    def connection(self) -> HttpConnection:
        """Return a new, not yet opened connection for one user."""
        return HttpConnection(self._shared)

    def probe(self) -> None:
        """Open one connection and close it, sending no request.

        Raises:
            EndpointError: One line saying which of DNS, TCP, proxy and TLS failed, for which host, and what to do.
        """
        try:
            self.dialer.dial().close()
        except OSError as error:
            raise EndpointError(_probe_problem(self._target, self._proxy, error)) from None

    @property
    def in_flight(self) -> int:
        """Requests, and connects they need, waiting now."""
        return sum(connection.in_flight for connection in self._shared.live)

    def sweep(self, now: float) -> None:
        """End every request older than the timeout as ``Timeout``; *now* is ``time.perf_counter()`` in seconds."""
        began_before = now - self._timeout_s
        for connection in self._shared.live:
            connection.expire_if_older(began_before, self._expiry)

    def stop_looking_for_variants(self) -> None:
        """Let the production variant of further answers be unknown."""
        self._shared.looks_for_variants = False
        for connection in self._shared.live:
            connection.stop_looking_for_variant()

    def close(self) -> None:
        """Close all connections and end the resolver's thread; requests still under way fail."""
        for connection in list(self._shared.live):
            connection.close()
        self.dialer.close()


def _check_scheme(target: EndpointTarget) -> None:
    if split_url(target.url) is None:
        raise EndpointError(f"the URL from {target.url_source} names no host and port; write https://host[:port]")
    scheme = target.parts.scheme
    if scheme not in {"http", "https"}:
        raise EndpointError(
            f"{shown_url(target.url)!r} (from {target.url_source}) must begin with https://, or with http:// for this "
            "machine"
        )
    if scheme == "http" and not target.is_loopback:
        raise EndpointError(
            f"{shown_url(target.url)} (from {target.url_source}) would send signed requests unencrypted; use https://. "
            "http:// is for localhost, 127.0.0.0/8 and ::1 only"
        )


def _probe_problem(target: EndpointTarget, proxy: Proxy | None, error: OSError) -> str:
    place = f"{shown_url(target.url)} (from {target.url_source})"
    if isinstance(error, ProxyConnectionError):
        return f"{place}: {error}"
    if proxy is not None:
        place += f" through proxy {proxy}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{place}: TLS certificate refused: {error.verify_message}; {certificate_remedy(error)}"
    if isinstance(error, ssl.SSLError):
        return f"{place}: TLS handshake failed: {error.reason or error}; check that this port speaks TLS 1.2 or newer"
    detail = error.strerror or str(error)
    if error_kind(error) == CLIENT:
        return f"{place}: {detail}; check the region, the URL, and this machine's DNS and limits"
    return f"{place}: {detail}; check the URL, and that it is reachable from here (VPC, security group, port)"
