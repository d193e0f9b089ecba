"""The seam between the engine, which decides when to send, and a transport, which sends."""

from __future__ import annotations

from typing import Final, Protocol

from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure, Payload, Route
from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.request.variant_names import VariantNames

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Longest response body read; a longer one is a ``BadResponse``."""


class Connection(Protocol):
    """One user's way to the endpoint: at most one request at a time.

    The outcome of the last request is left in attributes, so that a request allocates no result object.

    Attributes:
        start: ``time.perf_counter()`` just before the first byte went out (or the connect it needed began), in seconds.
        end: ``time.perf_counter()`` just after the last byte of the response arrived, or at the failure, in seconds;
            before *start* while a request is under way.
        bytes_in: Response body bytes read.
        failure: Facts about the last request if it failed, else None.
        variant: Code of the production variant that answered the last request, if that succeeded; 0 if none was named,
            or nobody looked.
    """

    start: float
    end: float
    bytes_in: int
    failure: InvocationFailure | None
    variant: int

    def open(self) -> None:
        """Connect ahead of the first request; a failure to connect is left for the request to report."""

    def invoke(self, route: Route, payload: Payload) -> int:
        """Send one request, wait for its whole response, return the error kind's code (0 is success). Never raises for
        anything the endpoint or the network does."""

    def close(self) -> None:
        """Close the connection; the next request would open a new one."""


class Transport(Protocol):
    """Makes connections that share one endpoint, credentials, deadline and count of error kinds.

    Attributes:
        name: What options, settings and reports call it.
        kinds: Error kinds of this load.
        variants: Production variants that answered in this load.
        reads_in_loop: Whether the engine's event loop reads the responses, rather than threads.
    """

    name: str
    kinds: ErrorKinds
    variants: VariantNames
    reads_in_loop: bool

    @property
    def connects(self) -> int:
        """Connections established so far."""

    @property
    def sendings(self) -> Sendings:
        """Requests that took more than one turn of the loop to send; none where threads do."""

    def connection(self) -> Connection:
        """Return a new, not yet opened connection for one user."""

    def sweep(self, now: float) -> None:
        """End every request older than the timeout as ``Timeout``; called by the engine several times per timeout.
        *now* is ``time.perf_counter()``."""

    def stop_looking_for_variants(self) -> None:
        """Let the production variant of further answers be unknown, which saves the look."""

    def close(self) -> None:
        """Release sockets, threads and watchers; nothing of the transport is left afterwards."""
