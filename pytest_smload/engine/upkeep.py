"""Does beside the requests of a running load what each of them would otherwise do: deadlines, credentials, variants."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import gevent
from gevent.threadpool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.engine.session import LoadSession

_MOST_SWEEPS_APART_S = 0.25
_REFRESH_S = 5.0
ANSWERS_LOOKED_AT = 1_000
"""Where so many name one production variant, it is taken to be the only one: that another, which answers 1 of 100, is
not among them has a chance of 1 in 20,000."""


class Upkeep:
    """The greenlets that keep a load's transport in order.

    Args:
        session: The load.
        refresh: Renews its credentials where they are about to expire, blocking; None where they are not ours to renew.
    """

    def __init__(self, session: LoadSession, refresh: Callable[[], object] | None) -> None:
        self._session = session
        self._looks_for_variants = True
        guard = session.guard
        self._greenlets = [gevent.spawn(guard, self._sweep)]
        if refresh is not None:
            self._greenlets.append(gevent.spawn(guard, _keep_fresh, refresh))

    def stop(self) -> None:
        """End them."""
        gevent.killall(self._greenlets)

    def _sweep(self) -> None:
        apart_s = min(_MOST_SWEEPS_APART_S, self._session.plan.profile.timeout_s / 20)
        while True:
            gevent.sleep(apart_s)
            self._session.transport.sweep(perf_counter())
            self._look_no_further()

    def _look_no_further(self) -> None:
        """Stop looking for variants where one answers all, and no request asks for one."""
        session = self._session
        if self._looks_for_variants and len(session.samples) >= ANSWERS_LOOKED_AT:
            self._looks_for_variants = len(session.transport.variants.names) > 2 or any(
                route.target_variant is not None for route in session.plan.routes
            )
            if not self._looks_for_variants:
                session.transport.stop_looking_for_variants()


def _keep_fresh(refresh: Callable[[], object]) -> None:
    # A pool of its own: the hub's would keep its thread after the load.
    pool = ThreadPool(1)
    try:
        while True:
            gevent.sleep(_REFRESH_S)
            pool.apply(refresh)
    finally:
        pool.kill()
