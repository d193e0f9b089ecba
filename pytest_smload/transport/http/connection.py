"""One request and its response over one keep-alive connection: the hot path."""

from __future__ import annotations

import time
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from gevent import getcurrent
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.request.variant_names import UNNAMED
from pytest_smload.transport.errors import KEPT_BODY_BYTES, response_failure
from pytest_smload.transport.http.ended import RequestEnded, bad, check_end, end_failure, lost
from pytest_smload.transport.http.head import read_head
from pytest_smload.transport.http.link import READ_BYTES, Link
from pytest_smload.transport.http.signing import JOINED_BODY_BYTES

if TYPE_CHECKING:
    from pytest_smload.core.request.invocation import Payload, Route
    from pytest_smload.transport.http.connections import Connections

MAX_HEAD_BYTES: Final = 64 * 1024
_STATUS_ZERO: Final = -1
"""A status line may say 000, and 0 stands for none yet."""
_NO_ANSWER_YET: Final = b"\0"
"""No answer begins with it."""
IDLE_S: Final = 1.0
"""A connection unused for longer is asked whether its peer has closed it."""


class HttpConnection(Link):
    """One user's connection; see `pytest_smload.core.request.transport.Connection` for the attributes."""

    __slots__ = (
        "_early",
        "_looks",
        "_parser",
        "_parts",
        "_reusable",
        "_shared",
        "_signer",
        "_source",
        "_status",
        "_variant_at",
        "_variant_line",
        "_wires",
        "bytes_in",
        "end",
        "failure",
        "on_body",
        "variant",
    )

    def __init__(self, shared: Connections) -> None:
        super().__init__()
        self.end = 0.0
        self.bytes_in = 0
        self.failure: InvocationFailure | None = None
        self.variant = UNNAMED
        self._looks = False
        self._variant_line, self._variant_at = _NO_ANSWER_YET, 0
        self._shared = shared
        self._signer = shared.signer
        self._wires = shared.signer.wires
        self._source = shared.source
        self._parser: Any = None
        self._status = 0
        self._reusable = False
        self._early = b""
        self._parts: list[bytes] = []
        # The parser calls list.append itself, which saves a Python frame per piece of body.
        self.on_body = self._parts.append

    def open(self) -> None:
        """Connect ahead of the first request; a failure is left for the request to meet again."""
        if self._stale:
            self._connect(perf_counter())
            self.failure = None
            self.end = perf_counter()

    # One function with its rare branches in line: each call would cost every request.
    def invoke(self, route: Route, payload: Payload) -> int:  # noqa: PLR0912, PLR0915
        """Send one request and wait for its whole response; return the error kind's code (0 is success)."""
        signer = self._signer
        body = None
        now = perf_counter()
        if (self._stale or now - self.end > IDLE_S) and not self._usable():
            if failed := self._connect(now):
                return failed
            if perf_counter() >= signer.valid_until or signer.credentials is not self._source.current:
                signer.renew()
            wire = signer.sign(route, payload)
            if len(payload.body) > JOINED_BODY_BYTES:
                body = payload.body
        else:
            if now >= signer.valid_until or signer.credentials is not self._source.current:
                signer.renew()
            wire = self._wires.get(route.index << 32 | payload.index)  # type: ignore[assignment]
            if wire is None:
                wire = signer.sign(route, payload)
                if len(payload.body) > JOINED_BODY_BYTES:
                    body = payload.body
                now = perf_counter()
        self.start, self._status = now, 0
        try:
            try:
                sent = self._send(wire)
            except BlockingIOError:
                sent = 0
            if sent != len(wire) or body is not None:
                return self._long_exchange(memoryview(wire)[abs(sent) :], body)
            self._greenlet = getcurrent()
            self._switch()
            self._greenlet = None
            try:
                data = self._recv(READ_BYTES)
                self._parser.feed_data(data)
            except BlockingIOError:
                data = self._next_data()
            except HttpParserError:
                if not self._status:
                    raise
            if self._status != 200 or not self._reusable:
                return self._finish(data)
            self.end = perf_counter()
            parts = self._parts
            self.bytes_in = len(parts.pop()) if parts else 0
            if parts:
                self.bytes_in += sum(map(len, parts))
                parts.clear()
            if self._looks and not data.startswith(self._variant_line, self._variant_at):
                self._look_for_variant(data)
            self.failure = None
        except (OSError, HttpParserError, HttpParserUpgrade, RequestEnded) as error:
            return self._fail(error)
        except BaseException:
            # Killed or interrupted: its answer may still come, so the connection cannot serve another request.
            self._greenlet = None
            self._drop()
            raise
        return OK

    def close(self) -> None:
        """Close the connection; the next request would open a new one, one under way fails."""
        super().close()
        self._shared.live.discard(self)

    def stop_looking_for_variant(self) -> None:
        """Let the variant of further answers be unknown."""
        self._looks = False
        self.variant = UNNAMED

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Notice bytes after the response: they would be taken for the answer to the next request."""
        if self._status:
            self._reusable = False

    def on_message_complete(self) -> None:
        """Note the status of the final response; interim ones (1xx) are passed over."""
        if not self._status:
            status = self._parser.get_status_code()
            if not 100 <= status < 200:
                self._status = status or _STATUS_ZERO
                self._reusable = self._parser.should_keep_alive()

    # Beside the fast path.

    def _look_for_variant(self, raw: bytes) -> None:
        """Note which variant answered; as long as answers name it in the same place, nobody looks again."""
        self._variant_line, self._variant_at, self.variant = self._shared.variant_line(raw)

    def _connect(self, now: float) -> int:
        self.start = now
        self._shared.live.add(self)
        try:
            self._dial(self._shared.dialer)
        except (OSError, RequestEnded) as error:
            return self._fail(error)
        self._parser = HttpResponseParser(self)
        self._looks = self._shared.looks_for_variants
        self._shared.connects += 1
        self._shared.sendings.note(now, perf_counter())
        return OK

    def _drop(self) -> None:
        super()._drop()
        self._parser = None
        self._parts.clear()
        self._variant_line, self._variant_at = _NO_ANSWER_YET, 0

    def _fail(self, error: BaseException) -> int:
        self.end = perf_counter()
        self._greenlet = None
        self._drop()
        self.bytes_in = 0
        self.failure = end_failure(error)
        return self._shared.kinds.code(self.failure.kind, self.failure.status)

    def _next_data(self) -> bytes:
        data = self._receive()
        self._feed(data)
        return data

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            # Garbage behind a complete response is no part of it; `on_message_begin` keeps the connection from reuse.
            if not self._status:
                raise

    def _long_exchange(self, rest: memoryview, body: bytes | None) -> int:
        """Send what did not go out at once, then take the response."""
        stream = self._stream
        if stream is None:
            raise ConnectionAbortedError("the connection was closed by this side")
        self._early = b""
        try:
            if self._send_all(stream, rest) and self._send_all(stream, body or b""):
                self._shared.sendings.note(self.start, perf_counter())
                return self._finish(self._early or self._next_data())
        except (BrokenPipeError, ConnectionResetError) as broken:
            # A peer that refuses a large body may answer before it closes; the answer says more than the broken pipe.
            try:
                data = self._recv(READ_BYTES)
            except OSError:
                raise broken from None
            self._feed(data)
            self._early += data
        code = self._finish(self._early, early=True)
        # What is left of the body was never sent; the peer would take it for the next request.
        self._drop()
        return code

    def _answered_early(self) -> bool:
        """Take what has arrived while the request is being sent; return whether that is a final response's head."""
        try:
            data = self._recv(READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise lost("the endpoint closed the connection before it had the whole request")
        self._feed(data)
        self._early += data
        if len(self._early) > MAX_HEAD_BYTES:
            return True
        return read_head(self._early) is not None

    def _finish(self, data: bytes, *, early: bool = False) -> int:
        """Take the rest of a response that is long, ends the connection, came *early*, or is not a plain 200."""
        raw = data
        head = read_head(raw)
        kept: list[bytes] = []
        body_bytes = 0
        while True:
            body_bytes += self._take_parts(kept, body_bytes)
            if body_bytes > self._shared.max_body_bytes:
                raise bad(f"the response body is longer than {self._shared.max_body_bytes:,} bytes")
            if self._status:
                break
            if not data:
                check_end(head, body_bytes, early=early, cut_off=self._stream.is_cut_off())  # type: ignore[union-attr]
                self._status, self._reusable = self._parser.get_status_code(), False
                break
            data = self._rest_of_early() if early else self._next_data()
            if head is None:
                raw += data
                head = read_head(raw)
                if head is None and len(raw) > MAX_HEAD_BYTES:
                    raise bad(f"the response head is longer than {MAX_HEAD_BYTES:,} bytes")
        self.end = perf_counter()
        self.bytes_in = body_bytes
        if self._status < 100:
            raise bad(f"{max(self._status, 0):03} is not an HTTP status")
        if not self._reusable:
            self._drop()
        self.failure = None
        if self._status < 300:
            if self._looks and not raw.startswith(self._variant_line, self._variant_at):
                self._look_for_variant(raw)
            return OK
        self.failure = response_failure(
            self._status,
            head.headers if head else {},
            b"".join(kept),
            now=time.time(),
            credentials=self._signer.credentials,
        )
        return self._shared.kinds.code(self.failure.kind, self.failure.status)

    def _take_parts(self, kept: list[bytes], bytes_before: int) -> int:
        taken = sum(map(len, self._parts))
        if taken and bytes_before < KEPT_BODY_BYTES and self._parser.get_status_code() >= 300:
            kept.append(b"".join(self._parts)[: KEPT_BODY_BYTES - bytes_before])
        self._parts.clear()
        return taken

    def _rest_of_early(self) -> bytes:
        try:
            return self._next_data()
        except ConnectionResetError:
            # A peer that closes with some of the request unread resets the connection behind its refusal.
            if self._parser.get_status_code() < 300:
                raise
            return b""
