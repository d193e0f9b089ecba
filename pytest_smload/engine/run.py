"""Runs one load from its first spawned user to the last closed socket."""

from __future__ import annotations

import datetime as dt
from array import array
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent

from pytest_smload.core.load.part import WHOLE, Part
from pytest_smload.core.samples.late_reads import note_late_reads
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.engine.abort import AbortWatch
from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.environment import (
    begin,
    create_environment,
    is_stopped,
    quiet_spawning,
    request_reporter,
)
from pytest_smload.engine.giving_up import GivingUp
from pytest_smload.engine.health import CpuMeter, LoopTicker, garbage_collection_held_off
from pytest_smload.engine.hooks import Running
from pytest_smload.engine.interrupts import Interrupts
from pytest_smload.engine.live import LiveReadings
from pytest_smload.engine.looking import let_go_on
from pytest_smload.engine.meeting import begin_together, meet_primed
from pytest_smload.engine.priming import Priming
from pytest_smload.engine.session import LoadSession
from pytest_smload.engine.shape import ClosedShape, OpenShape, Shape
from pytest_smload.engine.stall_watch import StallWatch
from pytest_smload.engine.stray_errors import stray_errors
from pytest_smload.engine.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.request.transport import Transport
    from pytest_smload.core.samples.look import Look
    from pytest_smload.engine.hooks import LoadHooks

INTERRUPT_GRACE_S = 1.0
"""How long Ctrl-C waits for requests under way."""
_BEYOND_TIMEOUT_S = 2.0
"""Requests end by their timeout; a user that is left after this much more is stuck, and killed."""
_PUMP_S = 0.1
_KILL_S = 1.0
"""Users end at once when killed, unless a listener of theirs will not have it."""


def run_load(  # noqa: PLR0913 - a load is this many things
    plan: LoadPlan,
    transport: Transport,
    *,
    endpoint_name: str,
    base_url: str,
    hooks: LoadHooks,
    judged: bool = True,
    gives_up: bool = False,
    goes_on: Callable[[Look], bool] | None = None,
    period_s: int | None = None,
    part: Part = WHOLE,
) -> Recording:
    """Drive *plan* over *transport* and return what was measured; nothing of the load is left running.

    Ctrl-C ends the load within two seconds, a second one at once; the recording then holds what was measured and
    ``interrupted`` is set. Where every request fails for a reason that more of them will not change (no such endpoint,
    credentials that are refused), the load ends early too, and ``aborted`` says so.

    Args:
        judged: False where latency and client health mean nothing (moto's mock).
        gives_up: Whether the load also ends early when its first requests all fail, whatever with; ``abort_on`` in
            the profile comes before that.
        goes_on: Asked shortly before each end the window may have (`LoadProfile.window_ends_s`) whether the load is to
            go on to the next; in a native thread, while it runs. None ends it at the first.
        part: Which part of the load this process sends; what is no whole meets the others in ``hooks.companions``.
        period_s: The window is to begin at a multiple of so many seconds of the wall clock: the warm-up waits for that.

    Raises:
        ConfigurationError: this process may not open as many connections as the load can need; nothing was sent.
        BaseException: what a listener or a signal's handler raised to end the test (see `LoadHooks.ends_test`); the
            load has ended by then.
    """
    try:
        refuse_more_than_files_allow(plan.profile, part=part)
        session = LoadSession(plan, transport, endpoint_name=endpoint_name, base_url=base_url, part=part)
        session.grid.period_s = period_s
        run = LoadRun(session, hooks, judged=judged, gives_up=gives_up, goes_on=goes_on)
    except BaseException:
        transport.close()
        raise
    return run.run()


class LoadRun:
    """One load being run."""

    def __init__(
        self,
        session: LoadSession,
        hooks: LoadHooks,
        *,
        judged: bool,
        gives_up: bool,
        goes_on: Callable[[Look], bool] | None = None,
    ) -> None:
        self.session = session
        begin_together(session, hooks.companions, self._goes_on)
        self.goes_on = goes_on
        self.hooks = hooks
        session.ends_test = hooks.ends_test
        self.judged = judged
        self.interrupts = Interrupts(self._end_window)
        profile = session.plan.profile
        self.giving_up = GivingUp(session, when_all_fail=gives_up and profile.abort_rule is None)
        self.shape: Shape = OpenShape(session) if profile.open_model else ClosedShape(session)
        self.watch = StallWatch() if session.transport.reads_in_loop and StallWatch.is_possible() else None
        self.ticker = LoopTicker(self.shape.prepare, self.watch)
        self.cpu = CpuMeter()
        self.priming = Priming(session)
        self.abort = AbortWatch.of(session, self.shape)
        self.connects_before = self.connects = 0
        self.called_off = False

    def run(self) -> Recording:
        """Run it, hearing signals and what is raised anywhere to end the test."""
        with stray_errors(self.session.end_by, self.session.ends_test), self.interrupts.counted():
            return self.carry_out()

    def carry_out(self) -> Recording:
        """Everything, in order; the finally clauses leave nothing behind however it ends."""
        now = dt.datetime.now(dt.UTC)
        self.started_at, self.epoch_s = now.isoformat(timespec="seconds"), now.timestamp() - perf_counter()
        session = self.session
        session.grid.epoch_s = self.epoch_s
        self.environment = environment = create_environment(session, stop_timeout_s=session.plan.profile.timeout_s + 1)
        self.ticking = gevent.spawn(session.guard, self.ticker.run)
        self.upkeep = Upkeep(session, self.hooks.refresh)
        try:
            if self.hooks.on_environment is not None:
                self.hooks.on_environment(environment)
                session.report_request = request_reporter(environment, session)
            with garbage_collection_held_off(), quiet_spawning():
                if self.watch is not None:
                    self.watch.start()
                self._drive(environment)
        finally:
            self._shut_down(environment)
        if session.ended_by is not None:
            raise session.ended_by
        if self.watch is not None:
            note_late_reads(session.samples, self.watch.stalls, self.ticker.ticks, session.transport.sendings)
        return self.recorded(session.samples, session.window_end_s)

    def _drive(self, environment: Any) -> None:
        runner, session, shape = environment.runner, self.session, self.shape
        self.begin_s = perf_counter()
        self.live = LiveReadings(session, shape, self.hooks.on_progress, begin_s=self.begin_s)
        begin(environment)
        self.priming.run(pump=self._goes_on)
        meet_primed(self.session, self.hooks.companions, self._goes_on)
        if not session.plan.profile.open_model:
            # The users of an open load wait for their arrivals by themselves.
            self.pump_until(session.grid.begin(perf_counter()))
        if not self.is_over():
            shape.start(runner)
        self.pump_until(shape.window_start_s)
        shape.open_window()
        self.cpu.begin()
        self.ticker.recording = True
        self.connects_before = session.transport.connects
        for begin_s, change in shape.changes(runner):
            self.pump_until(begin_s)
            if not self.is_over():
                change()
        let_go_on(self, self.goes_on or (lambda _look: False))
        self.pump_until(session.window_end_s)
        self.ticker.recording = False
        self.cpu.end()
        self.connects = session.transport.connects - self.connects_before
        self._drain(runner)

    def is_over(self) -> bool:
        """Whether the window has ended."""
        return perf_counter() >= self.session.window_end_s

    @property
    def ended_early(self) -> bool:
        """Whether something ended it before its time."""
        aborted = self.giving_up.abort is not None or self.abort.abort is not None
        return bool(self.interrupts.count) or aborted or self.called_off or self.session.ended_by is not None

    @property
    def _in_a_hurry(self) -> bool:
        """Whether what is still under way is not worth its whole timeout."""
        return bool(self.interrupts.count) or self.giving_up.abort is not None or self.session.ended_by is not None

    def pump_until(self, moment_s: float) -> None:
        """Let the load run until *moment_s*, its own early end, or Ctrl-C."""
        while not self.is_over():
            now = perf_counter()
            if now >= moment_s:
                return
            if not self._goes_on():
                return
            gevent.sleep(min(_PUMP_S, moment_s - now))

    def _goes_on(self) -> bool:
        """Look at the running load: whether nothing has ended it."""
        now = perf_counter()
        stopped = is_stopped(self.environment)
        if stopped and not self.is_over():
            # Before the users that were killed for it.
            self.session.exceptions.insert(0, "something stopped Locust's runner while the load ran")
        gave_up = self.giving_up.check(now) or self.abort.check(now)
        if stopped or gave_up or self.session.ended_by is not None or self._is_called_off(now):
            self._end(now)
        self.live.show(now)
        return not self.is_over()

    def _is_called_off(self, now: float) -> bool:
        """Whether the caller wants the load to end."""
        if self.hooks.ends_load is not None and not self.called_off:
            primed, ended = now >= self.shape.begin_s, self.abort.counts
            self.called_off = self.hooks.ends_load(Running(now - self.begin_s, self.session.sent, primed, ended))
        return self.called_off

    def _end(self, now: float) -> None:
        self._end_window()
        self.shape.interrupt(now)

    def _end_window(self) -> None:
        self.session.window_end_s = min(self.session.window_end_s, perf_counter())

    def _drain(self, runner: Any) -> None:
        """Wait for the requests under way: up to their timeout, `INTERRUPT_GRACE_S` after Ctrl-C, no more after two."""
        patience_s = self.session.plan.profile.timeout_s + _BEYOND_TIMEOUT_S
        begin_s = perf_counter()
        hurried = False
        while runner.user_greenlets and perf_counter() < begin_s + patience_s and self.interrupts.count < 2:
            if self._in_a_hurry and not hurried:
                hurried = True
                self.shape.interrupt(self.session.window_end_s)
                patience_s = min(patience_s, perf_counter() - begin_s + INTERRUPT_GRACE_S)
            self.live.show(perf_counter())
            gevent.sleep(_PUMP_S / 5)
        self.session.out_of_time = not hurried and not self._in_a_hurry
        runner.user_greenlets.kill(timeout=_KILL_S)
        self.live.show(perf_counter(), at_once=True)

    def _shut_down(self, environment: Any) -> None:
        runner = environment.runner
        self._end_window()
        try:
            # The runner itself would wait for the users: up to their timeout, whatever ended the load.
            if runner.spawning_greenlet is not None:
                runner.spawning_greenlet.kill()
            runner.user_greenlets.kill(timeout=_KILL_S)
            runner.quit()
        finally:
            if self.watch is not None:
                self.watch.stop()
            self.ticking.kill()
            self.upkeep.stop()
            self.session.close()

    def recorded(self, samples: Samples, window_end_s: float) -> Recording:
        """Return *samples* with the facts of the run around them, of a window that ends at *window_end_s*."""
        session, plan, runs = self.session, self.session.plan, window_end_s < self.session.window_end_s
        unsent_due, unsent_model = (array("d"), array("H")) if runs else self.shape.unsent()
        aborted = self.giving_up.abort or self.abort.abort
        window_start_s = session.window_start_s
        if self.giving_up.abort is not None:
            window_start_s = min(window_start_s, *(samples.due if plan.profile.open_model else samples.start))
        lag_s, wake_lag_s = self.ticker.lag_s[:], self.ticker.wake_lag_s[:]
        return Recording(
            model_names=[route.name for route in plan.routes],
            route_kind=plan.route_kind,
            target_shares=plan.shares,
            kind_names=session.transport.kinds.names,
            kind_statuses=session.transport.kinds.statuses,
            samples=samples,
            open_model=plan.profile.open_model,
            # A load that ended before its window opened has an empty one.
            window_start_s=min(window_start_s, window_end_s),
            window_end_s=window_end_s,
            clients=[ClientReadings(self.cpu.cpu, lag_s, wake_lag_s, judged=self.judged)],
            started_at=self.started_at,
            stages=self.shape.stages(),
            stretches=self.shape.stretches(),
            offered_tps=self.shape.offered_tps(window_end_s),
            unsent_due=unsent_due,
            unsent_model=unsent_model,
            bytes_in=session.bytes_in,
            bytes_out=session.bytes_out,
            connects=self.connects,
            examples=dict(session.examples),
            route_examples=dict(session.route_examples),
            task_exceptions=list(session.exceptions),
            interrupted=bool(self.interrupts.count),
            aborted=aborted,
            unprimed=self.priming.unready,
            complete=plan.profile.open_model and not runs and not self.ended_early,
            epoch_s=self.epoch_s,
            variant_names=session.transport.variants.names,
            target_variants=[route.target_variant for route in plan.routes],
        )
