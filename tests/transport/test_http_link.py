"""The watched socket: a wait for readiness is a wait, never a spin."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from pytest_smload.transport.http.link import Link

if TYPE_CHECKING:
    from collections.abc import Iterator


class HoldsBack:
    """A stream that takes everything at once and sends it later, as TLS does with a full socket below it."""

    def __init__(self, sock: socket.socket, flushes: int) -> None:
        self.sock = sock
        self.left = flushes
        self.taken = 0

    def send(self, data: Any, /) -> int:
        self.taken += len(data)
        return -len(data)

    def flush(self) -> bool:
        self.left -= 1
        return self.left < 0

    def recv(self, _size: int, /) -> bytes:
        raise BlockingIOError

    def is_stale(self) -> bool:
        return False

    def close(self) -> None:
        self.sock.close()


class Sends(Link):
    """A link that counts how often it waited."""

    waits = 0

    def _wait_until_ready(self, stream: Any) -> None:
        self.waits += 1
        super()._wait_until_ready(stream)

    def _answered_early(self) -> bool:
        return False


@pytest.fixture
def link() -> Iterator[Sends]:
    made = Sends()
    yield made
    made.close()


def test_what_a_stream_holds_back_is_waited_for(link: Sends) -> None:
    """Between two attempts to flush the loop runs: others get their turn, and deadlines hold."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream = HoldsBack(ours, flushes=3)
    dialer: Any = type("Dialed", (), {"dial": lambda _self: stream})()
    link._dial(dialer)
    turns = []
    other = gevent.spawn(lambda: [turns.append(gevent.sleep(0)) for _ in range(3)])
    sent = gevent.spawn(link._send_all, stream, b"body").get()
    other.join()
    theirs.close()

    assert (sent, stream.taken, link.waits, len(turns)) == (True, 4, 3, 3)
