"""A server of one test, in threads, that answers each request as told and logs what it received and did."""

from __future__ import annotations

import itertools
import re
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OK_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\n4.57"
_LONG_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000000\r\n\r\n"
_CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
_DRIBBLE_S = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_ACCESS_KEY = re.compile(rb"Credential=([^/]+)/")


@dataclass(frozen=True)
class Act:
    """What the peer does with one request.

    Attributes:
        kind: The kind a report must count it as.
        play: Sends the answer, if any; a connection it leaves open serves the next request.
        refuses: Whether the client is kept from a whole answer: the connection ends with this request.
    """

    kind: str
    play: Callable[[socket.socket], object]
    refuses: bool = True


def _reset_after(data: bytes) -> Callable[[socket.socket], None]:
    def play(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    return play


def _say(data: bytes) -> Callable[[socket.socket], None]:
    return lambda sock: sock.sendall(data)


def _dribble_after(data: bytes, endless: bytes) -> Callable[[socket.socket], None]:
    """Go on a few bytes at a time, each well before the last is forgotten, until the client has left."""

    def play(sock: socket.socket) -> None:
        sock.sendall(data)
        while True:
            sock.sendall(endless)
            time.sleep(_DRIBBLE_S)

    return play


def _flood_after(data: bytes, endless: bytes) -> Callable[[socket.socket], None]:
    def play(sock: socket.socket) -> None:
        sock.sendall(data)
        while True:
            sock.sendall(endless)

    return play


def _silence(sock: socket.socket) -> None:
    while sock.recv(65_536):
        pass


def error_act(status: int, code: str, message: str) -> Act:
    """Answer with an AWS error on a connection that stays open."""
    body = b'{"message": "%s"}' % message.encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nx-amzn-ErrorType: {code}\r\n"
    return Act(code, _say(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body), refuses=False)


OK = Act("ok", _say(OK_RESPONSE), refuses=False)
ABRUPT = {
    "reset before the answer": Act("Connection", _reset_after(b"")),
    "reset in the head": Act("Connection", _reset_after(b"HTTP/1.1 200 OK\r\nContent-")),
    "reset in the body": Act("Connection", _reset_after(_LONG_HEAD + b"0.5,")),
    "closed without an answer": Act("Connection", _say(b"")),
    "truncated head": Act("Connection", _say(b"HTTP/1.1 200 OK\r\nContent-")),
    "truncated body": Act("Connection", _say(_LONG_HEAD + b"0.5,")),
    "truncated chunks": Act("Connection", _say(_CHUNKED_HEAD + b"4\r\n0.5,\r\n")),
    "garbage": Act("BadResponse", _say(b"\x16\x03\x01 no HTTP at all\r\n\r\n")),
    "garbage for a chunk": Act("BadResponse", _say(_CHUNKED_HEAD + b"4\r\n0.5,\r\nfour\r\n0.5,\r\n")),
}
"""Answers that break off or make no sense."""
OVERSIZED = {
    "oversized body": Act("BadResponse", _say(_LONG_HEAD + b"0" * 1_000_000)),
    "endless chunks": Act("BadResponse", _flood_after(_CHUNKED_HEAD, b"4000\r\n" + b"0" * 0x4000 + b"\r\n")),
    "endless head": Act("BadResponse", _flood_after(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"0" * 1000 + b"\r\n")),
}
"""Answers longer than a client that wants to live reads."""
SLOW = {
    "silence": Act("Timeout", _silence),
    "slow head": Act("Timeout", _dribble_after(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n")),
    "slow body": Act("Timeout", _dribble_after(_LONG_HEAD, b"0")),
}
"""Answers that go on beyond any timeout."""


@dataclass(frozen=True)
class Received:
    """One request the peer received.

    Attributes:
        number: 1 for the first.
        connection: Number of the connection it came on.
        at_s: When, on the ``perf_counter`` clock.
        access_key: The key id it was signed with.
    """

    number: int
    connection: int
    at_s: float
    access_key: str


Script = "Callable[[Received], Act | None]"


class FaultyPeer:
    """Listens on the loopback interface until closed.

    Args:
        script: Chooses what to do with a request; None ends the whole peer as a crash does, all its connections with
            it, each when its next request has come.

    Attributes:
        log: Every request received, with the act that met it, in the order received.
        port: Where it listens.
    """

    def __init__(self, script: Callable[[Received], Act | None]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._gone = False
        self.port = self._listener.getsockname()[1]
        self.log: list[tuple[Received, Act]] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def kinds(self) -> Counter[str]:
        """How many requests met which kind."""
        return Counter(act.kind for _, act in self.log)

    def close(self) -> None:
        """End everything."""
        self._stop_listening()
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            for connection in itertools.count(1):
                sock, _ = self._listener.accept()
                with self._lock:
                    self._open.add(sock)
                thread = threading.Thread(target=self._serve, args=(sock, connection), daemon=True)
                self._threads.append(thread)
                thread.start()
        # A listener that is shut down but open would leave clients waiting in its backlog.
        self._listener.close()

    def _serve(self, sock: socket.socket, connection: int) -> None:
        rest = b""
        try:
            with sock, suppress(OSError):
                while True:
                    head, rest = _read_request(sock, rest)
                    act = self._note(head, connection)
                    if act is None:
                        self._stop_listening()
                        return
                    act.play(sock)
                    if act.refuses:
                        return
        finally:
            with self._lock:
                self._open.discard(sock)

    def _note(self, head: bytes, connection: int) -> Act | None:
        found = _ACCESS_KEY.search(head)
        access_key = found[1].decode() if found else ""
        with self._lock:
            received = Received(len(self.log) + 1, connection, time.perf_counter(), access_key)
            act = None if self._gone else self._script(received)
            self._gone = act is None
            self.log.append((received, act or ABRUPT["closed without an answer"]))
            return act


def _read_request(sock: socket.socket, data: bytes) -> tuple[bytes, bytes]:
    """Return the head of one request whose whole body has come, and the bytes after it; OSError at the stream's end."""
    while b"\r\n\r\n" not in data:
        data += _some(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += _some(sock)
    return head, body[length:]


def _some(sock: socket.socket) -> bytes:
    data = sock.recv(65_536)
    if not data:
        raise ConnectionError("closed by the client")
    return data
