"""A CONNECT proxy of one test, in threads: it knows where each host is, which nobody's DNS does."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConnectProxy:
    """Tunnels to the ports of this machine that *places* has for ``host:port``, and to nowhere else.

    Args:
        places: Port by authority.
        context: Speaks TLS to its clients.
        ends_tls: Speaks TLS in the endpoint's place behind the tunnel, and passes on what is inside.
        answer: What it says once it has connected.

    Attributes:
        heads: The request heads it was sent.
    """

    def __init__(
        self,
        places: Mapping[str, int],
        *,
        context: ssl.SSLContext | None = None,
        ends_tls: ssl.SSLContext | None = None,
        answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n",
    ) -> None:
        self._places = dict(places)
        self._context = context
        self._ends_tls = ends_tls
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = self._listener.getsockname()[1]
        self.heads: list[bytes] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def drop_tunnels(self) -> None:
        """Close every tunnel there is."""
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()

    def close(self) -> None:
        """Stop accepting and close everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        self.drop_tunnels()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(accepted)
            client = Secured(accepted, self._context) if self._context is not None else accepted
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(65_536)
                if not data:
                    return
                head += data
            self.heads.append(head)
            authority = head.split(b" ", 2)[1].decode()
            if authority not in self._places:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            upstream = stack.enter_context(socket.create_connection(("127.0.0.1", self._places[authority])))
            client.sendall(self._answer)
            inside = Secured(client, self._ends_tls) if self._ends_tls is not None else client
            back = threading.Thread(target=pump, args=(upstream, inside, accepted), daemon=True)
            back.start()
            pump(inside, upstream, upstream)
            back.join()


def pump(source: Any, sink: Any, ends: socket.socket) -> None:
    """Carry bytes from *source* to *sink* until either ends, then end the socket *ends*."""
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        ends.shutdown(socket.SHUT_RDWR)


class Secured:
    """The server's end of TLS over anything with ``recv`` and ``sendall``, TLS itself included."""

    def __init__(self, below: Any, context: ssl.SSLContext) -> None:
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._lock = threading.Lock()
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                self._flush()
                return

    def recv(self, size: int) -> bytes:
        """Return what has arrived, ``b""`` at the end."""
        while True:
            try:
                with self._lock:
                    return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._fill()

    def sendall(self, data: bytes) -> None:
        """Send *data*."""
        with self._lock:
            self._tls.write(data)
            records = self._outgoing.read()
        self._below.sendall(records)

    def _flush(self) -> None:
        records = self._outgoing.read()
        if records:
            self._below.sendall(records)

    def _fill(self) -> None:
        data = self._below.recv(65_536)
        if not data:
            raise ConnectionError("closed by the client")
        with self._lock:
            self._incoming.write(data)
