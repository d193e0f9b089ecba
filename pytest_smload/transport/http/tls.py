"""TLS over a non-blocking stream: the client's trust settings, and records encrypted and decrypted in memory.

OpenSSL reads a socket twice per record (its length, then itself); from memory it needs one system call for both.
"""

from __future__ import annotations

import errno
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.transport.http.stream import Stream

_READ_BYTES: Final = 65_536
_ENCRYPT_BYTES: Final = 65_536
"""Plain bytes encrypted ahead of the socket; bounds the memory a large body takes."""


def client_context(target: EndpointTarget) -> ssl.SSLContext:
    """Return the context to verify *target*'s certificate with: its CA bundle, else botocore's default.

    Raises:
        EndpointError: The CA bundle cannot be read.
    """
    # gevent's class also holds in a process where the standard library's has been patched after its import.
    from gevent.ssl import SSLContext

    context: ssl.SSLContext = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    bundle = target.ca_bundle or _botocore_bundle()
    try:
        if Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise EndpointError(
            f"CA bundle {bundle}: {error.strerror or error}; set AWS_CA_BUNDLE, or ca_bundle of the AWS "
            "profile, to a file of PEM certificates"
        ) from None
    return context


def _botocore_bundle() -> str:
    from botocore.httpsession import get_cert_path

    return str(get_cert_path(True))  # noqa: FBT003 - botocore's own spelling of "the default bundle"


class TlsStream:
    """A TLS connection with the calls of a non-blocking socket.

    Attributes:
        sock: The connected, non-blocking socket at the bottom.
        on_end: Called where the peer's closing notice comes along with data, which is returned first.
    """

    __slots__ = (
        "_below",
        "_incoming",
        "_notified",
        "_outgoing",
        "_pending",
        "_recv_below",
        "_send_below",
        "_tls",
        "on_end",
        "sock",
    )

    def __init__(self, below: Stream, context: ssl.SSLContext, host: str) -> None:
        """
        Args:
            below: What carries the records: a connected socket, or another TLS connection (to a proxy).
            context: Whom to trust.
            host: Whose certificate it has to be.
        """
        self.sock = below.sock
        self._below = below
        self._send_below = below.send
        self._recv_below = below.recv
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._pending: memoryview | None = None
        self._notified = False
        self.on_end: Callable[[], None] | None = None
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self, wait_read: Callable[[], None], wait_write: Callable[[], None]) -> None:
        """Shake hands, calling the waiters whenever the socket is not ready.

        Raises:
            ssl.SSLError: The peer's certificate or protocol is refused, or the peer refused ours.
            ConnectionResetError: The peer closed the connection meanwhile, or said more than its part of the handshake.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush(wait_write)
                wait_read()
                self._fill()
            except ssl.SSLError:
                # The peer learns the reason from the alert that OpenSSL has left to send.
                self._flush(wait_write)
                raise
            else:
                self._flush(wait_write)
                if self._incoming.pending:
                    self._refuse_the_unasked()
                return

    def send(self, data: bytes | memoryview) -> int:
        """Take over up to 64 KiB of *data*; return how much, as a negative number if `flush` must send the rest of it.

        Raises:
            BlockingIOError: Nothing was taken: the socket's buffer is full.
        """
        if self._pending is not None and not self.flush():
            raise BlockingIOError(errno.EAGAIN, "socket buffer full")
        taken = self._tls.write(data if len(data) <= _ENCRYPT_BYTES else memoryview(data)[:_ENCRYPT_BYTES])
        records = self._outgoing.read()
        try:
            sent = self._send_below(records)
        except BlockingIOError:
            sent = 0
        if sent != len(records):
            self._pending = memoryview(records)[abs(sent) :]
            return -taken
        return taken

    def flush(self) -> bool:
        """Send encrypted bytes that are left over; return whether none are."""
        while self._pending:
            try:
                self._pending = self._pending[abs(self._send_below(self._pending)) :]
            except BlockingIOError:
                return False
        if not self._below.flush():
            return False
        self._pending = None
        return True

    def recv(self, size: int) -> bytes:
        """Return what has arrived, ``b""`` at the end of the stream.

        Raises:
            BlockingIOError: No whole record is there.
        """
        incoming = self._incoming
        data: bytes = self._recv_below(size)
        if not data:
            return b""
        incoming.write(data)
        try:
            plain = self._tls.read(size)
        except ssl.SSLWantReadError:
            raise BlockingIOError(errno.EAGAIN, "no whole record") from None
        if not plain:
            self._notified = True
        elif incoming.pending:
            plain += self._further_records(size)
        return plain

    def is_cut_off(self) -> bool:
        """Return whether the end came without TLS's closing notice: anybody on the way can end a TCP connection."""
        return not self._notified

    def is_stale(self) -> bool:
        """Return whether an idle connection can no longer be used: closed, or with bytes nobody asked for.

        Session tickets and key updates are taken in and leave it usable.
        """
        try:
            self.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close the socket, without a closing handshake."""
        self.sock.close()

    def _further_records(self, size: int) -> bytes:
        parts = []
        while self._incoming.pending:
            try:
                part = self._tls.read(size)
            except ssl.SSLWantReadError:
                break
            if not part:
                # The peer's last word came along with data: the next read of the socket must be its end.
                self._notified = True
                with suppress(OSError):
                    self.sock.shutdown(socket.SHUT_RD)
                if self.on_end is not None:
                    self.on_end()
                break
            parts.append(part)
        return b"".join(parts)

    def _refuse_the_unasked(self) -> None:
        """Look at what came along with the handshake's end; nothing would wake a reader of it later."""
        try:
            self._tls.read(_READ_BYTES)
        except ssl.SSLWantReadError:
            return
        raise ConnectionResetError(errno.ECONNRESET, "the peer closed, or spoke unasked, right after the TLS handshake")

    def _fill(self) -> None:
        try:
            data = self._recv_below(_READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "the peer closed the connection during the TLS handshake")
        self._incoming.write(data)

    def _flush(self, wait_write: Callable[[], None]) -> None:
        records = self._outgoing.read()
        if records:
            self._pending = memoryview(records)
        while not self.flush():
            wait_write()
