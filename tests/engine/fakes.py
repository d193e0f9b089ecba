"""A transport without a network, and plans for it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.request.error_kinds import OK, ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure, Payload, Route
from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.request.variant_names import VariantNames
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load


class FakeTransport:
    """Answers after *latency_s* of cooperative sleep, without one where negative; keeps a log as an endpoint would."""

    name = "fake"
    reads_in_loop = True

    def __init__(self, latency_s: float = 0.002, outcome: Callable[[int], str | None] = lambda _count: None) -> None:
        self.kinds = ErrorKinds()
        self.sendings = Sendings()
        self.variants = VariantNames()
        self.variant_of: Callable[[str], str] = lambda _name: ""
        self.latency_s = latency_s
        self.latency_of: Callable[[int], float] = lambda _count: self.latency_s
        self.outcome = outcome
        self.message = ""
        self.outcome_of_model: Callable[[str], str | None] = lambda _name: None
        self.connects = 0
        self.log: list[tuple[float, str]] = []
        self.in_flight = self.most_in_flight = 0
        self.open_connections = 0
        self.sweeps = 0
        self.closed = False

    def stop_looking_for_variants(self) -> None:
        self.variant_of = lambda _name: ""

    def connection(self) -> FakeConnection:
        return FakeConnection(self)

    def sweep(self, now: float) -> None:
        self.sweeps += 1

    def close(self) -> None:
        self.closed = True


def ctrl_c_at(transport: FakeTransport, request: int, *later_s: float) -> None:
    """Send this process SIGINT when *transport* begins its *request*-th request, or so many seconds later each."""
    latency_of = transport.latency_of

    def latency(count: int) -> float:
        if count == request:
            for delay_s in later_s or (0.0,):
                gevent.spawn_later(delay_s, signal.raise_signal, signal.SIGINT)
        return latency_of(count)

    transport.latency_of = latency


class FakeConnection:
    def __init__(self, transport: FakeTransport) -> None:
        self.transport = transport
        self.start = self.end = 0.0
        self.bytes_in = 0
        self.failure: InvocationFailure | None = None
        self.variant = 0
        self.is_open = False

    def open(self) -> None:
        if not self.is_open:
            self.is_open = True
            self.transport.connects += 1
            self.transport.open_connections += 1

    def invoke(self, route: Route, payload: Payload) -> int:
        transport = self.transport
        self.open()
        self.start = perf_counter()
        transport.log.append((self.start, route.name))
        transport.in_flight += 1
        transport.most_in_flight = max(transport.most_in_flight, transport.in_flight)
        try:
            if (latency_s := transport.latency_of(len(transport.log))) >= 0:
                gevent.sleep(latency_s)
        finally:
            transport.in_flight -= 1
        self.end = perf_counter()
        self.bytes_in = 3
        kind = transport.outcome_of_model(route.name) or transport.outcome(len(transport.log))
        if kind is None:
            self.failure = None
            self.variant = transport.variants.code(transport.variant_of(route.name))
            return OK
        self.failure = InvocationFailure(kind, transport.message or f"a {kind}")
        return transport.kinds.code(kind)

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.transport.open_connections -= 1


def plan_of(**fields: Any) -> LoadPlan:
    """Return the plan of a profile whose payload is one literal row unless *fields* say otherwise."""
    fields = {"payload": b"row", "warmup": "0s", "duration": "200ms", "prime": False} | fields
    return LoadPlan.from_profile(LoadProfile(**fields), Path())


def run(transport: Any, hooks: LoadHooks | None = None, *, gives_up: bool = False, **fields: Any) -> Recording:
    """Run the load *fields* describe over *transport*."""
    return run_load(
        plan_of(**fields),
        transport,
        endpoint_name="fake",
        base_url="http://127.0.0.1",
        hooks=hooks or LoadHooks(),
        gives_up=gives_up,
    )
