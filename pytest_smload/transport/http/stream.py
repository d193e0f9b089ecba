"""A connected, non-blocking byte stream, and the plainest one: a TCP socket."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Stream(Protocol):
    """A connected, non-blocking byte stream.

    Attributes:
        sock: The socket, to be watched for readiness.
        on_end: Called by a stream that learns of its end while it still has data to return.
    """

    sock: Any
    on_end: Callable[[], None] | None

    def send(self, data: Any, /) -> int:
        """Take over some of *data*, or raise BlockingIOError."""

    def recv(self, size: int, /) -> bytes:
        """Return what has arrived, or raise BlockingIOError; ``b""`` is the end."""

    def is_cut_off(self) -> bool:
        """Return whether an end that `recv` told may have come before the peer's last byte."""

    def flush(self) -> bool:
        """Send what is left over of taken bytes; return whether nothing is."""

    def is_stale(self) -> bool:
        """Return whether an idle stream can no longer be used."""

    def close(self) -> None:
        """Close the socket."""


class PlainStream:
    """A TCP connection; sending and receiving are the socket's own methods."""

    __slots__ = ("on_end", "recv", "send", "sock")

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.send = sock.send
        self.recv = sock.recv
        self.on_end: Callable[[], None] | None = None

    def is_cut_off(self) -> bool:
        """Return False: all that a plain connection says of its end is that."""
        return False

    def flush(self) -> bool:
        """Return True: a plain socket holds nothing back."""
        return True

    def is_stale(self) -> bool:
        """Return whether the peer closed, or sent what nobody asked for."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()
