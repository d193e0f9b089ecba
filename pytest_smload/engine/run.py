"""Runs one load from its first spawned user to the last closed socket."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from gevent.threadpool import ThreadPool

from pytest_smload.core.request.error_kinds import OK, hopeless
from pytest_smload.core.samples.recording import ClientReadings, Recording
from pytest_smload.core.samples.stalls import note_late_reads
from pytest_smload.engine.abort import AbortWatch
from pytest_smload.engine.environment import begin, create_environment, quiet_spawning, request_reporter
from pytest_smload.engine.health import CpuMeter, LoopTicker, garbage_collection_held_off
from pytest_smload.engine.live import LiveReadings
from pytest_smload.engine.priming import Priming
from pytest_smload.engine.session import LoadSession
from pytest_smload.engine.shape import ClosedShape, OpenShape, Shape
from pytest_smload.engine.stall_watch import StallWatch
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.request.transport import Transport
    from pytest_smload.core.samples.progress import Progress

INTERRUPT_GRACE_S = 1.0
"""How long Ctrl-C waits for requests under way."""
_BEYOND_TIMEOUT_S = 2.0
"""Requests end by their timeout; a user that is left after this much more is stuck, and killed."""
_PUMP_S = 0.1
_PROGRESS_S = 1.0
_MOST_SWEEPS_APART_S = 0.25
_REFRESH_S = 5.0
_ENOUGH_TO_GIVE_UP = 10
"""A load ends when this many requests have failed, none succeeded, and the endpoint says why that will not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadHooks:
    """What the caller wants to hear of a running load.

    Attributes:
        on_environment: Called with the Locust environment before the first user; None when nobody listens, which spares
            every request the event.
        on_progress: Called about once a second.
        refresh: Called now and then in a native thread, off the request path (credentials).
    """

    on_environment: Callable[[Any], object] | None = None
    on_progress: Callable[[Progress], object] | None = None
    refresh: Callable[[], object] | None = None


def run_load(
    plan: LoadPlan, transport: Transport, *, endpoint_name: str, base_url: str, hooks: LoadHooks, judged: bool = True
) -> Recording:
    """Drive *plan* over *transport* and return what was measured; nothing of the load is left running.

    Ctrl-C ends the load within two seconds; the recording then holds what was measured and ``interrupted`` is set.

    Args:
        judged: False where latency and client health mean nothing (moto's mock).

    Raises:
        EndpointError: every request fails for a reason that more requests will not change: no such endpoint,
            credentials that are refused.
    """
    session = LoadSession(plan, transport, endpoint_name=endpoint_name, base_url=base_url)
    return _Run(session, hooks, judged=judged).run()


class _Run:
    def __init__(self, session: LoadSession, hooks: LoadHooks, *, judged: bool) -> None:
        self.session = session
        self.hooks = hooks
        self.judged = judged
        self.interrupted = False
        self.answered = False
        self.hopeless: str | None = None
        profile = session.plan.profile
        self.shape: Shape = OpenShape(session) if profile.open_model else ClosedShape(session)
        self.watch = StallWatch() if session.transport.reads_in_loop and StallWatch.is_possible() else None
        self.ticker = LoopTicker(self.shape.prepare, self.watch)
        self.cpu = CpuMeter()
        self.priming = Priming(session)
        self.abort = AbortWatch(profile.abort_rule, session.samples)
        self.connects_before = self.connects = 0

    def run(self) -> Recording:
        """Everything, in order; the finally clauses leave nothing behind however it ends."""
        started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        session = self.session
        environment = create_environment(session, stop_timeout_s=session.plan.profile.timeout_s + 1)
        background = [gevent.spawn(self.ticker.run), gevent.spawn(self._sweep)]
        if self.hooks.refresh is not None:
            background.append(gevent.spawn(self._refresh, self.hooks.refresh))
        try:
            if self.hooks.on_environment is not None:
                self.hooks.on_environment(environment)
                session.report_request = request_reporter(environment, session)
            with garbage_collection_held_off(), self._interruptible(), quiet_spawning():
                if self.watch is not None:
                    self.watch.start()
                self._drive(environment)
        finally:
            self._shut_down(environment, background)
        if self.hopeless is not None:
            raise EndpointError(self.hopeless)
        return self._recording(started_at)

    def _drive(self, environment: Any) -> None:
        runner, session, shape = environment.runner, self.session, self.shape
        self.live = LiveReadings(session, shape, begin_s=perf_counter())
        begin(environment)
        self.priming.run(pump=self._goes_on)
        if not self._over():
            shape.start(runner)
        self._pump_until(shape.window_start_s)
        shape.open_window()
        self.cpu.begin()
        self.ticker.recording = True
        self.connects_before = session.transport.connects
        for begin_s, change in shape.changes(runner):
            self._pump_until(begin_s)
            if not self._over():
                change()
        self._pump_until(session.window_end_s)
        self.ticker.recording = False
        self.cpu.end()
        self.connects = session.transport.connects - self.connects_before
        self._drain(runner)

    def _over(self) -> bool:
        return self.interrupted or self.hopeless is not None or perf_counter() >= self.session.window_end_s

    def _give_up_if_hopeless(self, now: float) -> None:
        session = self.session
        if self.answered or len(session.samples) < _ENOUGH_TO_GIVE_UP:
            return
        self.answered = OK in session.samples.kind
        reasons = [] if self.answered else [hopeless(failure) for failure in session.examples.values()]
        if any(reasons):
            reason = next(filter(None, reasons))
            self.hopeless = f"{session.endpoint_name} at {session.base_url}: every request fails with {reason}"
            self._end(now)

    def _pump_until(self, moment_s: float) -> None:
        """Let the load run until *moment_s*, its own early end, or Ctrl-C."""
        while not self._over():
            now = perf_counter()
            if now >= moment_s:
                return
            if not self._goes_on():
                return
            gevent.sleep(min(_PUMP_S, moment_s - now))

    def _goes_on(self) -> bool:
        """Look at the running load: whether nothing has ended it."""
        now = perf_counter()
        self._give_up_if_hopeless(now)
        if self.abort.check(now):
            self._end(now)
        self._show_progress(now)
        return not self._over()

    def _end(self, now: float) -> None:
        self.session.window_end_s = min(self.session.window_end_s, now)
        self.shape.interrupt(now)

    def _drain(self, runner: Any) -> None:
        """Wait for the requests under way: up to their timeout, or `INTERRUPT_GRACE_S` after Ctrl-C."""
        patience_s = self.session.plan.profile.timeout_s + _BEYOND_TIMEOUT_S
        begin_s = perf_counter()
        while runner.user_greenlets and perf_counter() < begin_s + patience_s:
            if self.interrupted or self.hopeless:
                self.shape.interrupt(self.session.window_end_s)
                patience_s = min(patience_s, perf_counter() - begin_s + INTERRUPT_GRACE_S)
            self._show_progress(perf_counter())
            gevent.sleep(_PUMP_S / 5)
        runner.user_greenlets.kill()

    def _show_progress(self, now: float) -> None:
        if self.hooks.on_progress is not None and now >= self.live.next_s:
            self.live.next_s = now + _PROGRESS_S
            self.hooks.on_progress(self.live.read(now))

    def _sweep(self) -> None:
        apart_s = min(_MOST_SWEEPS_APART_S, self.session.plan.profile.timeout_s / 20)
        while True:
            gevent.sleep(apart_s)
            self.session.transport.sweep(perf_counter())

    def _refresh(self, refresh: Callable[[], object]) -> None:
        # A pool of its own: the hub's would keep its thread after the load.
        pool = ThreadPool(1)
        try:
            while True:
                gevent.sleep(_REFRESH_S)
                pool.apply(refresh)
        finally:
            pool.kill()

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Turn Ctrl-C into an orderly end; a second one is Python's own."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def interrupt(_number: int, _frame: object) -> None:
            self.interrupted = True
            self.session.window_end_s = min(self.session.window_end_s, perf_counter())
            signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _shut_down(self, environment: Any, background: list[Any]) -> None:
        try:
            environment.runner.quit()
        finally:
            if self.watch is not None:
                self.watch.stop()
            gevent.killall(background)
            self.session.close()

    def _recording(self, started_at: str) -> Recording:
        session, plan = self.session, self.session.plan
        if self.watch is not None:
            note_late_reads(session.samples, self.watch.stalls)
        unsent_due, unsent_model = self.shape.unsent()
        return Recording(
            model_names=[route.name for route in plan.routes],
            multi_model=plan.multi_model,
            target_shares=plan.shares,
            kind_names=session.transport.kinds.names,
            samples=session.samples,
            open_model=plan.profile.open_model,
            # A load that ended before its window opened has an empty one.
            window_start_s=min(session.window_start_s, session.window_end_s),
            window_end_s=session.window_end_s,
            clients=[ClientReadings(self.cpu.cpu, self.ticker.lag_s, self.ticker.wake_lag_s, judged=self.judged)],
            started_at=started_at,
            stages=self.shape.stages(),
            offered_tps=self.shape.offered_tps(),
            unsent_due=unsent_due,
            unsent_model=unsent_model,
            bytes_in=session.bytes_in,
            bytes_out=session.bytes_out,
            connects=self.connects,
            examples=session.examples,
            task_exceptions=session.exceptions,
            interrupted=self.interrupted,
            aborted=self.abort.abort,
            unprimed=self.priming.unready,
            complete=plan.profile.open_model and not self.interrupted and self.abort.abort is None,
        )
