"""Touches each model once before the warm-up, so that cold loads are over, and known, when measuring begins."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smload.core.request.transport import Connection
    from pytest_smload.engine.session import LoadSession

AT_ONCE = 8
"""Models loading at the same time; an endpoint loads few in parallel, and more would only wait."""
RETRY_EVERY_S = 1.0
_NOT_READY = "ModelNotReadyException"


class Priming:
    """Sends each model one request, least popular first so that the popular ones stay loaded.

    A model that answers ModelNotReadyException goes on loading (sagemaker.md section 4) and is asked again; any other
    answer, error or not, is the load's own to count.

    Attributes:
        unready: Models that had not answered when the time was up.
    """

    def __init__(self, session: LoadSession) -> None:
        profile = session.plan.profile
        self.unready = 0
        self._session = session
        self._wanted = profile.prime and profile.warmup_s > 0 and session.part.primes
        self._timeout_s = profile.prime_timeout_s
        self._name_of = session.transport.kinds.name

    def run(self, *, pump: Callable[[], bool]) -> None:
        """Prime every model; *pump* is called now and then and says whether to go on."""
        if not self._wanted:
            return
        shares = self._session.plan.shares
        routes = iter(sorted(range(len(shares)), key=lambda route: shares[route]))
        deadline_s = perf_counter() + self._timeout_s
        guard = self._session.guard
        workers = [gevent.spawn(guard, self._work, routes, deadline_s) for _ in range(min(AT_ONCE, len(shares)))]
        try:
            while not all(worker.ready() for worker in workers) and pump():
                gevent.sleep(0.02)
            self.unready += sum(1 for _ in routes)
        finally:
            gevent.killall(workers)

    def _work(self, routes: Iterator[int], deadline_s: float) -> None:
        session, worker = self._session, gevent.getcurrent()
        connection = session.enter(worker)
        try:
            for route in routes:
                if perf_counter() >= deadline_s or not session.may_begin():
                    self.unready += 1
                    return
                if not self._touch(connection, route, deadline_s):
                    self.unready += 1
        finally:
            session.leave(worker)

    def _touch(self, connection: Connection, route: int, deadline_s: float) -> bool:
        session = self._session
        payload = session.plan.rows[route][0]
        while True:
            begin_s = perf_counter()
            kind = connection.invoke(session.plan.routes[route], payload)
            session.record(connection, begin_s, route, kind, payload)
            if self._name_of(kind) != _NOT_READY:
                return True
            gevent.sleep(min(RETRY_EVERY_S, max(0.0, deadline_s - perf_counter())))
            if perf_counter() >= deadline_s or not session.may_begin():
                return False
