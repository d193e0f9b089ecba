"""The AWS SDK as a transport: slower and heavier than ours, but it hears mocks."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from gevent import monkey
from gevent.threadpool import ThreadPool

from pytest_smload.aws.endpoint import SERVICE
from pytest_smload.aws.quiet import hold_quiet, release_quiet
from pytest_smload.core.request.error_kinds import OK, ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.request.transport import MAX_BODY_BYTES
from pytest_smload.core.request.variant_names import UNNAMED, VariantNames
from pytest_smload.transport.errors import BAD_RESPONSE, CLIENT, CONNECTION, TIMEOUT
from pytest_smload.transport.sdk.client import Answer, call_failure, runtime_client

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.request.invocation import Payload, Route

READ_BYTES: Final = 65_536


class Boto3Connection:
    """One user of the shared client; see `pytest_smload.core.request.transport.Connection` for the attributes.

    A request runs in a native thread, so that the hub stays free, and takes its own times there.
    """

    __slots__ = ("_transport", "bytes_in", "end", "failure", "start", "variant")

    def __init__(self, transport: Boto3Transport) -> None:
        self.start = 0.0
        self.end = 0.0
        self.bytes_in = 0
        self.failure: InvocationFailure | None = None
        self.variant = UNNAMED
        self._transport = transport

    def open(self) -> None:
        """Do nothing: the SDK connects with its first request."""

    def invoke(self, route: Route, payload: Payload) -> int:
        """Send one request and wait for its whole response; return the error kind's code (0 is success)."""
        call = _Call()
        self.start = perf_counter()
        self._transport.run(call, route, payload)
        self.start, self.end, self.bytes_in = call.start, call.end, call.bytes_in
        self.failure = call.failure
        self.variant = self._transport.variant_code(call.variant)
        if call.failure is None:
            return OK
        return self._transport.kinds.code(call.failure.kind, call.failure.status)

    def close(self) -> None:
        """Do nothing: connections belong to the shared client."""


class Boto3Transport:
    """Makes connections that share one boto3 client and a pool of native threads.

    Args:
        target: The endpoint.
        timeout_s: Longest time one request may take, in seconds.
        pool_size: Requests under way at once, and connections kept open: the number of users.
        mocked: Whether moto's mock answers; it has no network to wait for, and takes one request at a time.

    Attributes:
        name: ``"boto3"``.
        kinds: Error kinds of this load.
        variants: Production variants that answered in this load.
        sendings: None: its threads wait for nobody.
        connects: Connections established so far; 0 under a mock.
    """

    name = "boto3"
    reads_in_loop = False

    def __init__(self, target: EndpointTarget, *, timeout_s: float, pool_size: int, mocked: bool = False) -> None:
        self.kinds = ErrorKinds()
        self.variants = VariantNames()
        self.sendings = Sendings()
        self._target = target
        self._timeout_s = timeout_s
        self._here = threading.local()
        self._calls: set[_Call] = set()
        self._sockets = _Sockets(self._here)
        self._closed = False
        self._looks_for_variants = True
        # DEBUG records of botocore hold session tokens; they stay off for as long as its threads may log.
        hold_quiet()
        try:
            self._client = runtime_client(
                target, timeout_s=timeout_s, pool_size=pool_size, mocked=mocked, on_answer=self._keep_answer
            )
            self._client.meta.events.register(f"before-send.{SERVICE}", self._about_to_send)
            self._sockets.watch(self._client)
            # In a process its owner has patched, sockets are cooperative and bound to the thread that made them.
            patched = monkey.is_module_patched("socket")
            self._pool = None if patched else ThreadPool(1 if mocked else pool_size)
        except BaseException:
            release_quiet()
            raise

    @property
    def connects(self) -> int:
        """Connections established so far."""
        return self._sockets.connects

    def connection(self) -> Boto3Connection:
        """Return a connection for one user."""
        return Boto3Connection(self)

    def stop_looking_for_variants(self) -> None:
        """Let the production variant of further answers be unknown."""
        self._looks_for_variants = False

    def variant_code(self, name: str) -> int:
        """Return the code of the variant *name*, 0 where nobody wants to know."""
        return self.variants.code(name) if self._looks_for_variants else UNNAMED

    def run(self, call: _Call, route: Route, payload: Payload) -> None:
        """Run *call* in a thread of the pool and wait for it without blocking the hub."""
        self._calls.add(call)
        if self._pool is None:
            self._send(call, route, payload)
        else:
            self._pool.apply(self._send, (call, route, payload))

    def sweep(self, now: float) -> None:
        """End every request older than the timeout as ``Timeout``, by shutting its socket down."""
        oldest = now - self._timeout_s
        for call in list(self._calls):
            if call.start and call.start < oldest and not call.timed_out:
                call.timed_out = True
                self._sockets.shut(call)

    def close(self) -> None:
        """End requests still under way, close all sockets and threads."""
        if self._closed:
            return
        self._closed = True
        for call in list(self._calls):
            self._sockets.shut(call)
        if self._pool is not None:
            self._pool.kill()
        self._client.close()
        release_quiet()

    def _send(self, call: _Call, route: Route, payload: Payload) -> None:
        """Send one request, in a thread of the pool."""
        self._here.call = call
        call.start = perf_counter()
        try:
            if self._closed:
                call.failure = InvocationFailure(CLIENT, "the load was ended before the request was sent")
                return
            response = self._client.invoke_endpoint(
                EndpointName=self._target.endpoint_name, Body=payload.body, **dict(route.fields)
            )
            call.variant = response.get("InvokedProductionVariant") or ""
            call.failure = self._read(call, response["Body"])
        except Exception as error:  # whatever the SDK raises is one failed request
            call.failure = call.failure or self._error(call, error)
        finally:
            call.end = perf_counter()
            if call.timed_out:
                call.failure = InvocationFailure(TIMEOUT, f"no complete response within {self._timeout_s:g} s")
            self._calls.discard(call)
            self._here.call = None

    def _about_to_send(self, **_: object) -> None:
        """Start the clock anew: the time the SDK took to serialise and sign is the client's delay."""
        call = getattr(self._here, "call", None)
        if call is not None:
            call.start = perf_counter()

    def _read(self, call: _Call, body: Any) -> InvocationFailure | None:
        with body:
            while data := body.read(READ_BYTES):
                call.bytes_in += len(data)
                if call.bytes_in > MAX_BODY_BYTES:
                    return InvocationFailure(BAD_RESPONSE, f"response body is larger than {MAX_BODY_BYTES >> 20} MiB")
        return None

    def _error(self, call: _Call, error: Exception) -> InvocationFailure:
        if call.answer is not None:
            call.bytes_in = len(call.answer[2])
        elif call.shut and not call.timed_out:
            return InvocationFailure(CONNECTION, "the load was ended while the request was under way")
        return call_failure(error, call.answer, self._target.credentials.current)

    def _keep_answer(self, answer: Answer) -> None:
        """Keep an error's answer as it arrived, so that both transports read it with the same eyes."""
        call = getattr(self._here, "call", None)
        if call is not None and answer[0] >= 300:
            call.answer = answer


class _Call:
    """One request on its way through a thread.

    Attributes:
        answer: An error's answer, if one arrived.
        connection: The urllib3 connection it is sent on.
        shut: Whether that was shut down under it.
        variant: The production variant that answered, ``""`` if none was named.
    """

    __slots__ = ("answer", "bytes_in", "connection", "end", "failure", "shut", "start", "timed_out", "variant")

    def __init__(self) -> None:
        self.start = 0.0
        self.end = 0.0
        self.bytes_in = 0
        self.failure: InvocationFailure | None = None
        self.answer: Answer | None = None
        self.connection: Any = None
        self.variant = ""
        self.timed_out = False
        self.shut = False


class _Sockets:
    """Knows which socket a call is using, to count connects and to end calls; botocore offers neither.

    It puts its own subclasses of botocore's connection classes into this one client's pools.
    """

    def __init__(self, here: threading.local) -> None:
        self.connects = 0
        self._here = here
        self._lock = threading.Lock()

    def watch(self, client: Any) -> None:
        """Watch the connections *client* will make; without effect on a botocore that keeps them elsewhere."""
        session = getattr(getattr(client, "_endpoint", None), "http_session", None)
        pools = getattr(session, "_pool_classes_by_scheme", None)
        if isinstance(pools, dict):
            # The manager and all proxy managers share this dictionary.
            pools.update({scheme: self._watched(pool) for scheme, pool in pools.items()})

    def shut(self, call: _Call) -> None:
        """Shut down the socket of *call*, so that its thread stops waiting."""
        with self._lock:
            connection = call.connection
            call.shut = True
            if connection is None or connection.smload_call is not call:
                return
            sock = getattr(connection, "sock", None)
            if sock is not None:
                with suppress(OSError, ValueError, AttributeError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _watched(self, pool: Any) -> Any:
        sockets = self

        class Connection(pool.ConnectionCls):  # type: ignore[misc]  # urllib3's class is known at run time only
            """One connection that says who is using it."""

            smload_call: _Call | None = None

            def connect(self) -> None:
                super().connect()
                with sockets._lock:
                    sockets.connects += 1
                _go_on(self.smload_call)

            def request(self, *args: Any, **kwargs: Any) -> Any:
                call = getattr(sockets._here, "call", None)
                with sockets._lock:
                    self.smload_call = call
                    if call is not None:
                        call.connection = self
                _go_on(call)
                return super().request(*args, **kwargs)

        return type("WatchedPool", (pool,), {"ConnectionCls": Connection})


def _go_on(call: _Call | None) -> None:
    """Raise if *call* was ended before it had a socket that could be shut down."""
    if call is not None and call.shut:
        raise ConnectionAbortedError("ended before the request was sent")
