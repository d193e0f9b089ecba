"""CONNECT: has an HTTP proxy open a tunnel to the endpoint (RFC 9110, 9.3.6).

Whatever goes wrong before the tunnel stands is this side's: the endpoint has not heard of it. Nothing a proxy says of
itself is repeated, for it may quote the password it was given.
"""

from __future__ import annotations

import re
import ssl
from http.client import responses
from typing import TYPE_CHECKING, Final

from pytest_smload.transport.http.certificates import certificate_remedy
from pytest_smload.transport.http.head import ResponseHead, split_head
from pytest_smload.transport.secretive import SecretiveBytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.transport.detours import Proxy
    from pytest_smload.transport.http.stream import Stream

MAX_HEAD_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 65_536
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: |\r)")
_STATUS_CHARS: Final = len(b"HTTP/1.1 200 ")
_CHECK: Final = "; check that HTTPS_PROXY names an HTTP proxy, with https:// if it is spoken to over TLS"
_OFFERED: Final = re.compile(rb"\r\nproxy-authenticate:[ \t]*([A-Za-z0-9-]+)", re.IGNORECASE)


class ProxyConnectionError(OSError):
    """There is no way through the proxy; the name is botocore's, whose transport fails with it too."""


def open_tunnel(
    stream: Stream,
    proxy: Proxy,
    place: tuple[str, int],
    wait_read: Callable[[], None],
    wait_write: Callable[[], None],
) -> None:
    """Have *proxy*, at the other end of *stream*, connect it to *place* (host, port), calling the waiters whenever the
    socket is not ready.

    Raises:
        ProxyConnectionError: It does not, or does not say so as a proxy would.
    """
    host, port = place
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    raw = b""
    found = None
    try:
        _send(stream, _request(authority, proxy.authorization), wait_write)
        while found is None:
            data = _receive(stream, wait_read)
            raw += data
            found = split_head(raw)
            _check_so_far(raw, proxy, ended=not data, complete=found is not None)
    except ProxyConnectionError:
        raise
    except OSError as error:
        raise ProxyConnectionError(f"proxy {proxy} broke off: {error.strerror or error}{_CHECK}") from None
    head, behind = found
    if not 200 <= head.status < 300:
        raise _refusal(proxy, authority, host, head, raw)
    if behind:
        raise ProxyConnectionError(
            f"proxy {proxy} sent {len(behind):,} bytes behind its answer to CONNECT, where the endpoint's TLS has to "
            f"begin{_CHECK}"
        )


def unreachable_proxy(proxy: Proxy, host: str, error: OSError) -> ProxyConnectionError:
    """Return the error of a proxy to which *error* kept a connection from being made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProxyConnectionError(
            f"proxy {proxy} has a TLS certificate that is refused: {error.verify_message}; {certificate_remedy(error)}"
        )
    text = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return ProxyConnectionError(
        f"proxy {proxy} cannot be reached: {text or error}; check HTTPS_PROXY, or put {host} into NO_PROXY"
    )


def silent_proxy(proxy: Proxy, host: str, after_s: float | None) -> ProxyConnectionError:
    """Return the error of a proxy that had opened no tunnel *after_s*, or (None) when the request's time was up."""
    within = "the request's timeout" if after_s is None else f"{after_s:g} s"
    return ProxyConnectionError(
        f"proxy {proxy} opened no tunnel to {host} within {within}; check HTTPS_PROXY and what the proxy may reach"
    )


def _request(authority: str, authorization: SecretiveBytes) -> SecretiveBytes:
    head = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: pytest-smload\r\n".encode("ascii")
    if authorization:
        return SecretiveBytes(head + b"Proxy-Authorization: " + authorization + b"\r\n\r\n")
    return SecretiveBytes(head + b"\r\n")


def _send(stream: Stream, request: SecretiveBytes, wait_write: Callable[[], None]) -> None:
    rest = memoryview(request)
    while rest:
        try:
            rest = rest[abs(stream.send(rest)) :]
        except BlockingIOError:
            wait_write()
    while not stream.flush():
        wait_write()


def _receive(stream: Stream, wait_read: Callable[[], None]) -> bytes:
    while True:
        try:
            return stream.recv(_READ_BYTES)
        except BlockingIOError:
            wait_read()


def _check_so_far(raw: bytes, proxy: Proxy, *, ended: bool, complete: bool) -> None:
    """Refuse the beginning of an answer that no head of a response begins with, or that is all there is."""
    if ended:
        raise ProxyConnectionError(f"proxy {proxy} closed the connection instead of answering CONNECT{_CHECK}")
    if len(raw) > MAX_HEAD_BYTES:
        raise ProxyConnectionError(f"proxy {proxy} answered CONNECT with a head over {MAX_HEAD_BYTES:,} bytes{_CHECK}")
    if (complete or len(raw) >= _STATUS_CHARS) and not _STATUS_LINE.match(raw):
        raise ProxyConnectionError(f"proxy {proxy} answered CONNECT with what is no HTTP response{_CHECK}")


def _refusal(proxy: Proxy, authority: str, host: str, head: ResponseHead, raw: bytes) -> ProxyConnectionError:
    status = f"{head.status} {responses.get(head.status, '')}".strip()
    if head.status == 407:
        return ProxyConnectionError(_unauthorized(proxy, host, raw))
    if head.status >= 500:
        return ProxyConnectionError(
            f"proxy {proxy} did not get through to {authority} ({status}); check the endpoint's URL, and what the "
            "proxy may reach"
        )
    return ProxyConnectionError(
        f"proxy {proxy} refuses to connect to {authority} ({status}); have it allowed there, or put {host} into "
        "NO_PROXY if it is reachable without"
    )


def _unauthorized(proxy: Proxy, host: str, raw: bytes) -> str:
    offered = dict.fromkeys(name.decode("ascii") for name in _OFFERED.findall(raw))
    if offered and "basic" not in map(str.lower, offered):
        return (
            f"proxy {proxy} asks for {' or '.join(offered)} authentication (407), and only Basic is spoken here; let a "
            f"local proxy speak it, or put {host} into NO_PROXY"
        )
    if proxy.authorization:
        return f"proxy {proxy} refuses the user name and password it was given (407); correct them in HTTPS_PROXY"
    return (
        f"proxy {proxy} asks for a user name and password (407); write user:password@ before the host in HTTPS_PROXY, "
        "with / ? # \\ and @ of the password as %2F %3F %23 %5C and %40"
    )
