"""One watched socket, the greenlet that waits on it, and how a wait ends: readiness, the sweeper, or closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gevent import get_hub, getcurrent

from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.transport.errors import CLIENT
from pytest_smload.transport.http.ended import RequestEnded

if TYPE_CHECKING:
    from pytest_smload.transport.http.dialing import Dialer
    from pytest_smload.transport.http.stream import Stream

READ_BYTES: Final = 65_536
_READABLE: Final = 1
_WRITABLE: Final = 2
_ABANDONED: Final = InvocationFailure(CLIENT, "the connection was closed by this side while its request was under way")


class Link:
    """The socket of one connection.

    It is watched for readability from connect to close, so that waiting registers nothing. While a request waits,
    readiness switches to its greenlet; while none does, readiness means that the peer closed or sent what nobody asked
    for, and the link is stale. Only a greenlet that waits, in the very request that was meant, is ever thrown into.

    Attributes:
        start: ``perf_counter()`` at which the request under way, or the last one, began, in seconds.
    """

    __slots__ = ("_greenlet", "_hub", "_recv", "_send", "_stale", "_stream", "_switch", "_watcher", "start")

    def __init__(self) -> None:
        self.start = 0.0
        self._hub: Any = get_hub()
        self._switch = self._hub.switch
        self._greenlet: Any = None
        self._stream: Stream | None = None
        self._watcher: Any = None
        self._send: Any = None
        self._recv: Any = None
        self._stale = True

    @property
    def in_flight(self) -> bool:
        """Whether a request, or the connect it needs, is waiting."""
        return self._greenlet is not None

    def expire_if_older(self, began_before: float, failure: InvocationFailure) -> None:
        """End the request under way with *failure* if it began before *began_before* (``perf_counter()`` seconds)."""
        if self._greenlet is not None and self.start < began_before:
            self._hub.loop.run_callback(self._interrupt, self.start, failure)

    def close(self) -> None:
        """Close the socket; a request still under way ends as a failure of the client."""
        self._drop()
        if self._greenlet is not None and self._greenlet is not getcurrent():
            self._hub.loop.run_callback(self._interrupt, self.start, _ABANDONED)

    def _dial(self, dialer: Dialer) -> None:
        """Replace the socket by a new one.

        Raises:
            OSError: It cannot be opened (see `Dialer.dial`).
            RequestEnded: The sweeper or a close came first.
        """
        self._drop()
        self._greenlet = getcurrent()
        try:
            stream = dialer.dial()
        finally:
            self._greenlet = None
        self._stream, self._send, self._recv = stream, stream.send, stream.recv
        stream.on_end = self._hear_end
        self._watcher = self._hub.loop.io(stream.sock.fileno(), _READABLE)
        self._watcher.start(self._on_readable)
        self._stale = False

    def _drop(self) -> None:
        stream, watcher = self._stream, self._watcher
        self._stream = self._watcher = self._send = self._recv = None
        self._stale = True
        if watcher is not None:
            watcher.stop()
            watcher.close()
        if stream is not None:
            stream.close()

    def _usable(self) -> bool:
        return not self._stale and self._stream is not None and not self._stream.is_stale()

    def _receive(self) -> bytes:
        """Wait for bytes and return them; ``b""`` is the end of the stream."""
        while True:
            self._greenlet = getcurrent()
            self._switch()
            self._greenlet = None
            try:
                data: bytes = self._recv(READ_BYTES)
            except BlockingIOError:
                continue
            return data

    def _send_all(self, stream: Stream, data: bytes | memoryview) -> bool:
        """Send all of *data* without copying it, and what *stream* still holds back, waiting as often as needed.

        Return False, with some of it unsent, where the peer has answered meanwhile.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[abs(stream.send(rest)) :]
            except BlockingIOError:
                self._wait_until_ready(stream)
                if self._answered_early():
                    return False
        while not stream.flush():
            self._wait_until_ready(stream)
            if self._answered_early():
                return False
        return True

    def _answered_early(self) -> bool:
        """Take what has arrived, if anything, and return whether it ends the sending."""
        raise NotImplementedError

    def _wait_until_ready(self, stream: Stream) -> None:
        """Wait until *stream* takes or has bytes."""
        self._watcher.stop()
        ready = self._hub.loop.io(stream.sock.fileno(), _READABLE | _WRITABLE)
        self._greenlet = getcurrent()
        try:
            self._hub.wait(ready)
        finally:
            self._greenlet = None
            ready.close()
        self._watcher.start(self._on_readable)

    def _hear_end(self) -> None:
        """Note that the stream serves no further request, though the one under way may still get its answer."""
        self._stale = True

    # Called in the hub.

    def _on_readable(self) -> None:
        greenlet = self._greenlet
        if greenlet is not None:
            greenlet.switch()
        elif self._stream is None or self._stream.is_stale():
            self._watcher.stop()
            self._stale = True

    def _interrupt(self, start: float, failure: InvocationFailure) -> None:
        # The response may have come since this was scheduled, and the next request may be under way.
        if self._greenlet is not None and self.start == start:
            self._greenlet.throw(RequestEnded(failure))
