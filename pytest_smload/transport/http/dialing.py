"""From an endpoint's address to a connected stream: name resolution, TCP, proxy and TLS, cooperative and bounded in
time."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent import monkey
from gevent.lock import BoundedSemaphore
from gevent.socket import wait_read, wait_write
from gevent.threadpool import ThreadPool

from pytest_smload.aws.target import DEFAULT_PORTS
from pytest_smload.transport.errors import TIMEOUT
from pytest_smload.transport.http.ended import RequestEnded
from pytest_smload.transport.http.stream import PlainStream
from pytest_smload.transport.http.tls import TlsStream, client_context
from pytest_smload.transport.http.tunnel import open_tunnel, silent_proxy, unreachable_proxy

if TYPE_CHECKING:
    import ssl

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.transport.detours import Proxy
    from pytest_smload.transport.http.stream import Stream

# A user's conftest may have patched the process; ours are non-blocking sockets with their own watchers either way.
_Socket: Any = monkey.get_original("socket", "socket")
_getaddrinfo: Any = monkey.get_original("socket", "getaddrinfo")

_ADDRESSES_KEPT_S: Final = 5.0
"""One lookup serves all connections of a ramp; kept shorter than any DNS record worth having."""
_THREAD_END_S: Final = 1.0
"""How long closing waits for the resolver's thread; one stuck in a lookup ends by itself, later."""

Address = tuple[int, Any]
"""(address family, socket address)"""


class Dialer:
    """Opens streams to one endpoint, through a proxy where there is one."""

    def __init__(self, target: EndpointTarget, connect_timeout_s: float, proxy: Proxy | None = None) -> None:
        parts = target.parts
        self._host = parts.hostname or ""
        self._port = parts.port or DEFAULT_PORTS[parts.scheme]
        self._timeout_s = connect_timeout_s
        self._context: ssl.SSLContext | None = client_context(target) if parts.scheme == "https" else None
        self._proxy = proxy
        self._proxy_context = client_context(target) if proxy is not None and proxy.tls else None
        if proxy is None:
            self._addresses = Addresses(self._host, self._port, connect_timeout_s)
        else:
            self._addresses = Addresses(proxy.host, proxy.port, connect_timeout_s)

    def dial(self) -> Stream:
        """Connect, have the proxy open a tunnel if there is one, and shake hands for https.

        Raises:
            ProxyConnectionError: There is no way through the proxy.
            socket.gaierror: The host name does not resolve.
            ssl.SSLError: TLS failed.
            OSError: Anything else; TimeoutError after the connect timeout.
        """
        stream = self._connected() if self._proxy is None else self._tunnel(self._proxy)
        return stream if self._context is None else self._secure(stream, self._context, self._host, self._port)

    def close(self) -> None:
        """Release the resolver's thread."""
        self._addresses.close()

    def _connected(self) -> Stream:
        failure: OSError | None = None
        for family, address in self._addresses.next():
            try:
                return PlainStream(self._connect(family, address))
            except OSError as error:
                # A machine without IPv6 has no route to the fallback; what the address it can reach said counts.
                if failure is None or failure.errno == errno.ENETUNREACH:
                    failure = error
                if error.errno in {errno.EMFILE, errno.ENFILE}:
                    break
        raise failure or OSError(errno.EADDRNOTAVAIL, f"{self._addresses.host} has no address")

    def _connect(self, family: int, address: Any) -> Any:
        host, port = self._addresses.host, self._addresses.port
        sock = _Socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)  # noqa: FBT003 - the socket API's own spelling
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = sock.connect_ex(address)
            if code == errno.EINPROGRESS:
                wait_write(sock.fileno(), self._timeout_s, self._too_late("TCP connection", host, port))
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except BaseException:
            sock.close()
            raise
        if code:
            sock.close()
            raise OSError(code, f"{os.strerror(code)} ({host}:{port})")
        return sock

    def _tunnel(self, proxy: Proxy) -> Stream:
        """Return a stream that *proxy* has connected to the endpoint."""
        try:
            stream = self._connected()
            if self._proxy_context is not None:
                stream = self._secure(stream, self._proxy_context, proxy.host, proxy.port)
        except OSError as error:
            raise unreachable_proxy(proxy, self._host, error) from None
        except RequestEnded as ended:
            raise self._proxy_too_late(proxy, ended) from None
        fd = stream.sock.fileno()
        deadline = gevent.Timeout(self._timeout_s, silent_proxy(proxy, self._host, self._timeout_s))
        deadline.start()
        try:
            open_tunnel(stream, proxy, (self._host, self._port), lambda: wait_read(fd), lambda: wait_write(fd))
        except RequestEnded as ended:
            stream.close()
            raise self._proxy_too_late(proxy, ended) from None
        except BaseException:
            stream.close()
            raise
        finally:
            deadline.close()
        return stream

    def _proxy_too_late(self, proxy: Proxy, ended: RequestEnded) -> BaseException:
        """What a request that *ended* on its way to the proxy stands for: the endpoint has not heard of it."""
        return silent_proxy(proxy, self._host, None) if ended.failure.kind == TIMEOUT else ended

    def _secure(self, below: Stream, context: ssl.SSLContext, host: str, port: int) -> TlsStream:
        fd = below.sock.fileno()
        deadline = gevent.Timeout(self._timeout_s, self._too_late("TLS handshake", host, port))
        deadline.start()
        try:
            stream = TlsStream(below, context, host)
            stream.handshake(lambda: wait_read(fd), lambda: wait_write(fd))
        except BaseException:
            below.close()
            raise
        finally:
            deadline.close()
        return stream

    def _too_late(self, step: str, host: str, port: int) -> TimeoutError:
        return TimeoutError(errno.ETIMEDOUT, f"no {step} with {host}:{port} within {self._timeout_s:g} s")


class Addresses:
    """A host's addresses, looked up by one thread at a time and handed out in turn, as DNS round-robin would.

    Attributes:
        host: The name or address they are of.
        port: The port that goes with them.
    """

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self.host = host
        self.port = port
        self._timeout_s = timeout_s
        self._lock = BoundedSemaphore(1)
        self._pool: ThreadPool | None = None
        self._turn = 0
        self._known: list[Address] | str = []
        self._until = 0.0
        literal = _literal(host, port)
        if literal is not None:
            self._known, self._until = [literal], float("inf")

    def next(self) -> list[Address]:
        """Return the addresses to try, best first.

        Raises:
            socket.gaierror: The name does not resolve, or not within the connect timeout.
        """
        if time.monotonic() >= self._until:
            with self._lock:
                if time.monotonic() >= self._until:
                    self._known = self._resolve()
                    self._until = time.monotonic() + _ADDRESSES_KEPT_S
        if isinstance(self._known, str):
            raise socket.gaierror(socket.EAI_NONAME, self._known)
        # Only addresses of the family the resolver prefers take turns; the other family stays the fallback.
        preferred = [known for known in self._known if known[0] == self._known[0][0]]
        self._turn += 1
        first = self._turn % len(preferred)
        return preferred[first:] + preferred[:first] + self._known[len(preferred) :]

    def close(self) -> None:
        """End the resolver's thread."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.kill()
            if pool.manager is not None:
                pool.manager.join(_THREAD_END_S)

    def _resolve(self) -> list[Address] | str:
        """Return the addresses found, or why there are none."""
        if self._pool is None:
            self._pool = ThreadPool(1)
        try:
            with gevent.Timeout(self._timeout_s, TimeoutError()):
                found = self._pool.apply(_looked_up, (self.host, self.port))
        except TimeoutError:
            return f"no DNS answer for {self.host} within {self._timeout_s:g} s"
        if isinstance(found, OSError):
            return f"{self.host} does not resolve: {found.strerror}"
        if isinstance(found, UnicodeError):
            return f"{self.host} is not a host name"
        first = [(family, address) for family, _, _, _, address in found if family == found[0][0]]
        return first + [(family, address) for family, _, _, _, address in found if family != found[0][0]]


def _looked_up(host: str, port: int) -> Any:
    """What the resolver found, or its error: gevent prints the traceback of one that is raised in a thread of its."""
    try:
        return _getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error


def _literal(host: str, port: int) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return socket.AF_INET, (host, port)
    return socket.AF_INET6, (host, port, 0, 0)
