"""The ASGI application: InvokeEndpoint by a scenario, the control plane, and paths for the process that owns it."""

from __future__ import annotations

import json
import uuid
from hmac import compare_digest
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_smload.core.request.invocation import MAX_BODY_BYTES
from pytest_smload.core.request.members import TARGET_MODEL
from pytest_smload.emulator import protocol
from pytest_smload.emulator.alarm import Alarm
from pytest_smload.emulator.connection import MAX_HEAD_BYTES, STATE_KEY
from pytest_smload.emulator.control.plane import ControlPlane
from pytest_smload.emulator.control.s3 import S3
from pytest_smload.emulator.credentials import SECRET_HEADER
from pytest_smload.emulator.endpoint import Endpoint
from pytest_smload.emulator.signatures import SignatureChecker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_smload.emulator.connection import Connection
    from pytest_smload.emulator.fleet import Destination
    from pytest_smload.emulator.protocol import Answer
    from pytest_smload.emulator.scenario import Scenario

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

LOG_PATH = b"/_emulator/log"
RESET_PATH = b"/_emulator/reset"
GONE = "ClientGone"
_PREFIX, _SUFFIX = b"/endpoints/", b"/invocations"
_TARGET_MODEL = TARGET_MODEL.header_key
_MAX_PATHS = 1024


class EmulatorApp:
    """One endpoint, as an ASGI 3 application on an event loop of its own."""

    def __init__(self, scenario: Scenario, reset_secret: str | None = None) -> None:
        """
        Args:
            scenario: How it behaves.
            reset_secret: What a reset must bring; without one there is none.
        """
        self._reset_secret = None if reset_secret is None else reset_secret.encode()
        self._scenario = scenario
        self._endpoint = Endpoint(scenario)
        self._signatures = SignatureChecker() if scenario.check_signatures else None
        self._artifacts = S3(scenario)
        self._plane = ControlPlane(scenario, self._endpoint, self._signatures, self._artifacts)
        self._names: dict[bytes, str] = {}
        run = uuid.uuid4().hex
        self._request_id = f"{run[:8]}-{run[8:12]}-4{run[13:16]}-8{run[17:20]}-%012x"
        self._requests = 0
        self._alarm = Alarm()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        raw_path: bytes = scope["raw_path"]
        if scope["state"][STATE_KEY].head_too_long:
            await self._send(send, protocol.head_too_long(MAX_HEAD_BYTES), self._next_id())
            return
        name = self._names.get(raw_path) or self._endpoint_name(raw_path)
        if name and scope["method"] == "POST":
            await self._invocation(scope, receive, send, name)
            return
        if raw_path in {LOG_PATH, RESET_PATH}:
            await self._control(scope, send)
        else:
            await self._call(scope, receive, send)
        scope["state"][STATE_KEY].flush()

    async def _invocation(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        connection: Connection = scope["state"][STATE_KEY]
        received_s = connection.received_s
        # A reset makes a new endpoint; an invocation stays with the one it arrived at.
        endpoint = self._endpoint
        headers: dict[bytes, bytes] = dict(scope["headers"])
        model = headers.get(_TARGET_MODEL, b"").decode("latin-1")
        row = endpoint.log.begin(received_s, model)
        request_id = self._next_id()
        answer: Answer | None = None
        try:
            body = await _read(receive)
        except _CutOffError:
            endpoint.log.end(row, monotonic(), GONE)
            return
        if body is None:
            answer = protocol.too_large()
        elif self._signatures is not None:
            answer = self._signatures.refusal(scope["raw_path"], scope["query_string"], scope["headers"], body)
        if answer is None:
            answer = endpoint.refusal(name, model, headers, request_id)
        if answer is None:
            destination = endpoint.fleet.destination(headers)
            answer = await self._serve(endpoint, destination, name, model, row, received_s)
            if answer is None:
                answer = endpoint.success(destination, headers, body or b"")
        kind = answer.kind
        if connection.is_lost:
            kind = GONE
        elif kind == protocol.RESET:
            connection.reset()
            await receive()  # returns when the connection is lost, until when uvicorn would miss a response
        else:
            await self._send(send, answer, request_id)
        endpoint.log.end(row, monotonic(), kind, answer.family)

    async def _serve(
        self, endpoint: Endpoint, destination: Destination, name: str, model: str, row: int, received_s: float
    ) -> Answer | None:
        """Wait as long as the scenario says, and return the error it ends with, if any."""
        fault = endpoint.strike(model, received_s)
        if fault is not None and fault.kind != "ModelError":
            if fault.kind not in protocol.NEVER_AT_A_MODEL:
                endpoint.log.destination[row] = destination.number
            answered_s, rejection = endpoint.rejection(fault, model, received_s)
            await self._alarm.sleep_until(answered_s)
            return rejection
        endpoint.log.destination[row] = destination.number
        instance, ready_s, give_up_s = endpoint.place(destination, model, received_s)
        begin_s = received_s
        if ready_s > received_s:
            endpoint.log.mark_cold(row)
            await self._alarm.sleep_until(min(ready_s, give_up_s))
            if ready_s > give_up_s:
                return protocol.error("ModelNotReadyException")
            begin_s = ready_s
        due_s, failure = endpoint.process(row, destination, instance, name, model, begin_s, fault)
        await self._alarm.sleep_until(due_s)
        return failure

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call to the control plane."""
        request_id = self._next_id()
        try:
            body = await _read(receive)
        except _CutOffError:
            return
        method, path, query = scope["method"], scope["raw_path"], scope["query_string"]
        answer = await self._plane.answer(method, path, query, scope["headers"], body or b"", request_id)
        await self._send(send, answer or protocol.unknown_operation(), request_id)

    async def _control(self, scope: Scope, send: Send) -> None:
        if scope["raw_path"] == RESET_PATH:
            if not self._may_reset(scope):
                await self._send(send, protocol.bare_status(403, "a reset is for its owner"), self._next_id())
                return
            self._plane.close()
            self._endpoint = Endpoint(self._scenario)
            self._plane = ControlPlane(self._scenario, self._endpoint, self._signatures, self._artifacts)
            found: dict[str, Any] = {}
        else:
            found = self._endpoint.summary(samples=b"samples=1" in scope["query_string"])
            found["calls"] = self._plane.calls
        body = json.dumps(found).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _may_reset(self, scope: Scope) -> bool:
        """Whether a request is its owner's: a page in a browser, say, can send a POST to any local port."""
        given = dict(scope["headers"]).get(SECRET_HEADER, b"")
        secret = self._reset_secret
        return scope["method"] == "POST" and secret is not None and compare_digest(secret, given)

    async def _send(self, send: Send, answer: Answer, request_id: str) -> None:
        headers = [*answer.headers, (b"x-amzn-requestid", request_id.encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _next_id(self) -> str:
        self._requests += 1
        return self._request_id % self._requests

    def _endpoint_name(self, raw_path: bytes) -> str:
        """Return the endpoint name in an InvokeEndpoint path, or an empty text for any other path."""
        if not (raw_path.startswith(_PREFIX) and raw_path.endswith(_SUFFIX)):
            return ""
        name = unquote(raw_path[len(_PREFIX) : -len(_SUFFIX)].decode("latin-1"))
        if len(self._names) < _MAX_PATHS:
            self._names[raw_path] = name
        return name


class _CutOffError(Exception):
    """The client left before it had sent its whole request."""


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body, or None for one over the limit, which is read to its end so that its sender can listen.

    Raises:
        _CutOffError: There is no end.
    """
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _CutOffError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks) if size <= MAX_BODY_BYTES else None
