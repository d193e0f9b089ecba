"""uvicorn's HTTP connection, with what ASGI has no word for: one write per response, resets, clients that have left."""

from __future__ import annotations

import socket
import struct
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

STATE_KEY = "smload.connection"
_LINGER_ZERO = struct.pack("ii", 1, 0)
_HEAD_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100"
MAX_HEAD_BYTES: Final = 64 * 1024
_ENDLESS_HEAD: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Connection:
    """The transport as uvicorn sees it.

    uvicorn writes the head and the body of a response apart, which a client would receive as two segments and pay for
    with two reads; a head is therefore held until its body comes.

    Attributes:
        is_lost: Whether the connection has ended, from either side.
        received_s: When the first byte of the latest request was read, on the ``monotonic`` clock; the application
            hears of it one turn of the event loop later.
        head_too_long: Whether the latest request's head is longer than `MAX_HEAD_BYTES`.
    """

    __slots__ = ("_head", "_transport", "head_too_long", "is_lost", "received_s")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_lost = False
        self.received_s = 0.0
        self.head_too_long = False

    def write(self, data: bytes) -> None:
        """Write *data*, or hold it where it is a response's head."""
        if self._head:
            self._transport.write(self._head + data)
            self._head = b""
        elif data.endswith(_HEAD_END) and not data.startswith(_CONTINUE):
            self._head = data
        elif data:
            self._transport.write(data)

    def flush(self) -> None:
        """Write a head that no body follows: the answer to a HEAD request."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        """Close after everything written has been sent."""
        self.flush()
        self._transport.close()

    def reset(self) -> None:
        """Abort with a TCP reset, as the kernel of a crashed peer sends it: a lingering time of zero does that."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class ConnectionProtocol(HttpToolsProtocol):
    """uvicorn's protocol over a `Connection`, which the application finds in the scope's state."""

    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the connection between uvicorn and *transport*."""
        connection = Connection(transport)
        self.app_state = {STATE_KEY: connection}
        super().connection_made(connection)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Parse *data*; a head that does not end is given up once it is too long, give or take what one read brings."""
        goes_on = self._in_head
        super().data_received(data)
        if goes_on and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._in_head = False
                self.transport.write(_ENDLESS_HEAD)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Note when a request came in."""
        self.app_state[STATE_KEY].received_s = monotonic()
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what a chunked body ends with is none, and nobody reads it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note whether the head is too long, for the application to refuse it."""
        self._in_head = False
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        self.app_state[STATE_KEY].head_too_long = head_bytes > MAX_HEAD_BYTES
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember the end for requests that are still being answered."""
        self.app_state[STATE_KEY].is_lost = True
        super().connection_lost(exc)
