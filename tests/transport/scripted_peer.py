"""Scripted peers: servers of one test, in threads, that say byte for byte what a transport has to cope with."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.target import Credentials
from pytest_smload.core.request.invocation import Payload, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    import trustme

OK_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\n4.57"
ROUTE = Route(
    index=0, name="xgboost-0.tar.gz", fields=(("TargetModel", "xgboost-0.tar.gz"), ("ContentType", "text/csv"))
)


def payload_of(body: bytes, index: int = 0) -> Payload:
    """Return *body* as a payload."""
    return Payload(index=index, body=body, sha256=hashlib.sha256(body).hexdigest())


ROW = payload_of(b"0,0.455,0.365,0.095")


@dataclass
class StaticSource:
    """Credentials that stay the same."""

    current: Credentials = field(default_factory=lambda: Credentials("AKIDEXAMPLE", "secret"))
    method: str = "test"


class Peer:
    """Accepts connections one after another and plays *script* on each; what arrives is kept in ``requests``."""

    def __init__(self, script: Callable[[PeerConnection], None], context: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._accepted: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self.done = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._accepted.append(sock)
                thread = threading.Thread(target=self._play, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _play(self, sock: socket.socket) -> None:
        with suppress(OSError), ExitStack() as stack:
            if self._context is not None:
                sock = stack.enter_context(self._context.wrap_socket(sock, server_side=True))
            stack.enter_context(sock)
            self._script(PeerConnection(self, sock))

    def join_connections(self) -> None:
        """Wait until every script started so far has ended and closed its connection."""
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Stop accepting, end every script and close every socket."""
        self.done.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for sock in self._accepted:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join()


class PeerConnection:
    """The peer's end of one connection.

    Attributes:
        number: 1 for the first connection the peer accepted.
    """

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self._peer = peer
        self._sock = sock
        self._rest = b""
        self.number = peer.connections

    def read(self) -> bytes:
        """Take one whole request; OSError once the client has closed."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        self._rest = body[length:]
        request = head + b"\r\n\r\n" + body[:length]
        self._peer.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send *data*."""
        self._sock.sendall(data)

    def send_at_once(self) -> None:
        """From now on, do not hold back small pieces while earlier ones are not acknowledged."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reset(self) -> None:
        """Close with RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._sock.close()

    def say_no_more(self) -> None:
        """Close this side's half of the connection."""
        self._sock.shutdown(socket.SHUT_WR)

    def receive_some(self) -> bytes:
        """Take some bytes of a request."""
        return self._more()

    def wait_for_the_end(self) -> None:
        """Say nothing more, with the connection open, until the test is over."""
        self._peer.done.wait()

    def wait_until_closed(self) -> None:
        """Wait until the client closes."""
        while self._sock.recv(65_536):
            pass

    def _more(self) -> bytes:
        data = self._sock.recv(65_536)
        if not data:
            raise ConnectionError("closed by the client")
        return data


class TlsSpeaker:
    """TLS over a peer's plain connection, for scripts that say which records are sent together.

    Attributes:
        records: What is encrypted and not yet sent.
    """

    def __init__(self, connection: PeerConnection, context: ssl.SSLContext) -> None:
        self._connection = connection
        self._incoming = ssl.MemoryBIO()
        self.records = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self.records, server_side=True)
        connection.send_at_once()

    def handshake(self) -> None:
        """Shake hands; what ends the handshake is not yet sent."""
        self._until_done(self._tls.do_handshake)

    def read(self) -> bytes:
        """Take some of a request."""
        return self._until_done(lambda: self._tls.read(65_536))

    def say(self, data: bytes) -> None:
        """Encrypt *data*."""
        self._tls.write(data)

    def say_the_end(self) -> None:
        """Encrypt TLS's closing notice."""
        with suppress(ssl.SSLError):
            self._tls.unwrap()

    def send(self, data: bytes = b"") -> None:
        """Encrypt *data*, and send all that is encrypted in one piece."""
        if data:
            self.say(data)
        self._connection.send(self.records.read())

    def _until_done(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._connection.send(self.records.read())
                self._incoming.write(self._connection.receive_some())


def answers(*responses: bytes) -> Callable[[PeerConnection], None]:
    """Return a script that answers requests on each connection with *responses* in turn, then goes on with the last."""

    def script(connection: PeerConnection) -> None:
        for response in responses:
            connection.read()
            connection.send(response)
        while True:
            connection.read()
            connection.send(responses[-1])

    return script


@dataclass(frozen=True)
class Certificates:
    """A CA, its file, and a server context for 127.0.0.1, localhost and endpoint.example."""

    ca_file: str
    server: ssl.SSLContext
    authority: trustme.CA

    def context(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        """Return a server context of its own, with *certificate* or one for 127.0.0.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (certificate or self.authority.issue_cert("127.0.0.1")).configure_cert(context)
        return context
