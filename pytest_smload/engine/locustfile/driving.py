"""Drives a locustfile's users through warm-up and window, in the process that is theirs."""

from __future__ import annotations

import datetime as dt
import logging
from math import ceil
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from locust.exception import StopUser

from pytest_smload.core.load.abort_rule import AbortRule
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.samples.late_reads import note_late_reads
from pytest_smload.core.samples.late_sends import note_late_sends
from pytest_smload.core.samples.merge import merge
from pytest_smload.core.samples.recording import ClientReadings, Recording
from pytest_smload.engine.abort import AbortWatch
from pytest_smload.engine.health import CpuMeter, LoopTicker, garbage_collection_held_off
from pytest_smload.engine.locustfile.heard import Heard
from pytest_smload.engine.locustfile.listeners import ListenersRaised
from pytest_smload.engine.locustfile.telling import Telling
from pytest_smload.engine.locustfile.users import WatchedUsers, failed_start
from pytest_smload.engine.stall_watch import StallWatch
from pytest_smload.engine.stray_errors import stray_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.engine.locustfile.job import LocustfileJob
    from pytest_smload.engine.locustfile.own_words import OwnWords

SPAWNING_S = 60.0
"""The window waits so long beyond its warm-up for users that are still being started."""
_LOOK_S = 0.05
_TELL_S = 0.5
_HURRIED_S = 1.0
_MOST_EXCEPTIONS = 1_000
_OVER = ("stopping", "stopped", "cleanup")


class Clock:
    """The wall clock and the samples' clock, read together when the load's process began."""

    def __init__(self) -> None:
        now, self.begun_s = dt.datetime.now(dt.UTC), perf_counter()
        self.started_at, self.epoch_s = now.isoformat(timespec="seconds"), now.timestamp() - self.begun_s


class Driver:
    """One load.

    Args:
        tell: Called about twice a second with how the load goes.
        asked_to_end: Whether the parent wants it to end.

    Attributes:
        notes: Remarks for the report.
    """

    def __init__(
        self,
        job: LocustfileJob,
        heard: Heard,
        clock: Clock,
        words: OwnWords,
        *,
        tell: Callable[[dict[str, Any], bytes], object],
        asked_to_end: Callable[[], bool],
    ) -> None:
        self._job, self._heard, self._clock, self._words = job, heard, clock, words
        self._tell, self._asked_to_end = tell, asked_to_end
        self._watch = StallWatch() if StallWatch.is_possible() else None
        self._ticker = LoopTicker(lambda: None, self._watch)
        self._cpu = CpuMeter()
        rule = None if job.abort_on is None else AbortRule.of(job.abort_on)
        self._abort = AbortWatch(rule, heard.samples)
        self._exceptions: list[str] = []
        self._users = WatchedUsers(self._user_ended)
        self._spawned = False
        self._next_s = 0.0
        self.notes: list[str] = []

    def listen(self, events: Any) -> None:
        """Hear requests before anyone else does: another listener may end a user's task from there."""
        events.request.add_listener(self._on_request)

    def run(self, environment: Any) -> Recording:
        """Run the load; its users are gone when this returns."""
        self._runner, job = environment.runner, self._job
        self._runner.user_greenlets = self._users
        environment.events.user_error.add_listener(self._on_user_error)
        environment.events.spawning_complete.add_listener(self._on_spawned)
        environment.stop_timeout = job.timeout_s + SPAWNING_S
        logging.getLogger().addHandler(ListenersRaised(self._raised))
        ticking = gevent.spawn(self._ticker.run)
        with stray_errors(self._end_by), garbage_collection_held_off():
            if self._watch is not None:
                self._watch.start()
            try:
                self._drive(environment)
            finally:
                ticking.kill()
                if self._watch is not None:
                    self._watch.stop()
        return self._recorded()

    def _drive(self, environment: Any) -> None:
        job, runner = self._job, self._runner
        self.begin_s = perf_counter()
        self._telling = Telling(self._heard, self._tell, self.begin_s)
        self.window_start_s = self._gridded(self.begin_s + job.warmup_s)
        self._heard.window_end_s = self.window_start_s + job.duration_s
        if environment.shape_class is not None:
            runner.start_shape()
        else:
            runner.start(job.users, job.spawn_rate or job.users)
        self._pump(lambda: self.window_start_s)
        if environment.shape_class is None and not self._spawned and not self._is_over():
            latest_s = self.window_start_s + SPAWNING_S
            self._heard.window_end_s = latest_s + job.duration_s
            self._pump(lambda: 0.0 if self._spawned else latest_s)
            if not self._is_over():
                self.window_start_s = self._gridded(perf_counter())
                self._heard.window_end_s = self.window_start_s + job.duration_s
                self._pump(lambda: self.window_start_s)
        self._cpu.begin()
        self._ticker.recording = True
        self._pump(lambda: self._heard.window_end_s)
        self._ticker.recording = False
        self._cpu.end()
        self._drain()

    def _gridded(self, moment_s: float) -> float:
        period_s = self._job.period_s
        if period_s is None:
            return moment_s
        return ceil((moment_s + self._clock.epoch_s) / period_s) * period_s - self._clock.epoch_s

    def _is_over(self) -> bool:
        return perf_counter() >= self._heard.window_end_s

    def _pump(self, moment_s: Callable[[], float]) -> None:
        """Let the users work until that moment, or until something ends the load."""
        while (now := perf_counter()) < moment_s() and not self._is_over():
            self._look(now)
            gevent.sleep(max(0.0, min(_LOOK_S, moment_s() - perf_counter(), self._heard.window_end_s - perf_counter())))

    def _look(self, now: float) -> None:
        if (why := failed_start(self._runner)) is not None:
            # One that could not start its users has stopped as well.
            self._exceptions.insert(0, self._words.line(why))
            self._end(now)
        elif self._runner.state in _OVER:
            if (shape := self._runner.environment.shape_class) is not None:
                early = f"{type(shape).__name__} of the locustfile ended the load after {now - self.begin_s:.3g} s"
                self.notes.append(f"{early}, {self._heard.window_end_s - now:.3g} s before its window was over")
            else:
                self._exceptions.insert(0, "the locustfile stopped Locust's runner before the window was over")
            self._end(now)
        elif self._spawned and not self._users and self._runner.environment.shape_class is None:
            self._exceptions.append(
                f"the last of {self._users.spawned:,} users had ended by itself after {now - self.begin_s:.3g} s, "
                f"{self._heard.window_end_s - now:.3g} s before the window was over"
            )
            self._end(now)
        most = self._job.max_requests
        full = most is not None and len(self._heard.samples) >= most
        if full or self._abort.check(now) or self._asked_to_end():
            self._end(now)
        self._show(now, "warm-up" if now < self.window_start_s else "window")

    def _end(self, now: float) -> None:
        self._heard.window_end_s = min(self._heard.window_end_s, now)

    def _end_by(self, error: BaseException) -> None:
        """Take what would end Locust itself: ``sys.exit`` in a task, say."""
        said = f"the locustfile raised {type(error).__name__}({self._words.line(error)}), which ends Locust"
        self._exceptions.insert(0, said)
        self._end(perf_counter())

    def _drain(self) -> None:
        """Let users end their tasks within the timeout; those who do not were waiting for an answer all the while."""
        self._note_gone()
        runner, users = self._runner, self._users
        stopping = gevent.spawn(runner.stop)
        begin_s = perf_counter()
        while len(users):
            now = perf_counter()
            hurried = self._asked_to_end() or self._abort.abort is not None
            if now >= begin_s + (_HURRIED_S if hurried else self._job.timeout_s):
                if not hurried:
                    self._note_stuck(now)
                break
            self._show(now, "draining")
            gevent.sleep(_LOOK_S)
        users.kill(timeout=_HURRIED_S)
        # What ended since is told as well.
        self._next_s = 0.0
        self._show(perf_counter(), "draining")
        stopping.join(timeout=_HURRIED_S)
        stopping.kill(timeout=_HURRIED_S)

    def _note_gone(self) -> None:
        started, left = self._users.spawned, len(self._users)
        if self._runner.environment.shape_class is not None or self._runner.state in _OVER:
            return
        if 0 < left < started:
            gone = f"{started - left:,} of {started:,} users had ended by themselves before the window was over"
            self.notes.append(gone)
        if self._spawned and started < (self._job.users or 0):
            few = f"the locustfile's fixed_count makes {started:,} users of the {self._job.users:,} asked for"
            self.notes.append(few)

    def last_notes(self, exit_code: int) -> list[str]:
        """Return remarks on what listeners of the end did, given the exit code they left."""
        notes = self._exceptions[self._told_exceptions :]
        if exit_code:
            notes.append(f"the locustfile set process_exit_code to {exit_code!r}, which is no part of the verdict")
        return [self._words.line(note) for note in notes]

    def _note_stuck(self, now: float) -> None:
        for each in list(self._users):
            self._heard.stuck(id(each), not_before_s=self.window_start_s, now=now)

    def _show(self, now: float, phase: str) -> None:
        if now < self._next_s:
            return
        total_s = self.window_start_s + self._job.duration_s - self.begin_s
        self._telling.tell(now, phase, users=len(self._users), window_start_s=self.window_start_s, total_s=total_s)
        self._next_s = now + _TELL_S

    def _on_request(self, **event: Any) -> None:
        user = gevent.getcurrent()
        self._heard.last_s[id(user)] = perf_counter()
        if not self._heard.request(**event) and user in self._users:
            # Begun after the window: nothing of this user's is wanted any more, not even in a task that never ends.
            raise StopUser

    def _on_user_error(self, user_instance: Any, exception: BaseException, **_: Any) -> None:
        user = type(getattr(user_instance, "user", user_instance)).__name__
        self._heard.task_failed(exception, user)

    def _user_ended(self, said: str) -> None:
        # Users that raise when they are stopped, in on_stop say, have sent what they were to send.
        if perf_counter() < self._heard.window_end_s:
            self._raised(said)

    def _raised(self, said: str) -> None:
        if len(self._exceptions) < _MOST_EXCEPTIONS:
            self._exceptions.append(self._words.line(said))

    def _on_spawned(self, **_: Any) -> None:
        self._spawned = True

    def _recorded(self) -> Recording:
        heard, window_end_s = self._heard, self._heard.window_end_s
        self._told_exceptions = len(self._exceptions)
        window_start_s = min(self.window_start_s, window_end_s)
        in_window = [start >= window_start_s for start in heard.samples.start]
        bytes_in = [0] * len(heard.names)
        for route, length, inside in zip(heard.samples.model, heard.lengths, in_window, strict=True):
            bytes_in[route] += length if inside else 0
        recording = merge(
            [
                Recording(
                    model_names=heard.names,
                    route_kind=NAME,
                    target_shares=[0.0] * len(heard.names),
                    kind_names=heard.kinds.names,
                    kind_statuses=heard.kinds.statuses,
                    samples=heard.samples,
                    open_model=False,
                    window_start_s=window_start_s,
                    window_end_s=window_end_s,
                    clients=[ClientReadings(self._cpu.cpu, self._ticker.lag_s, self._ticker.wake_lag_s)],
                    started_at=self._clock.started_at,
                    bytes_in=bytes_in,
                    bytes_out=[0] * len(heard.names),
                    examples=heard.examples,
                    route_examples=heard.route_examples,
                    task_exceptions=tuple(self._exceptions),
                    aborted=self._abort.abort,
                    epoch_s=self._clock.epoch_s,
                )
            ],
            [0.0],
        )
        if self._watch is not None:
            note_late_reads(recording.samples, self._watch.stalls, self._ticker.ticks, Sendings())
            note_late_sends(recording.samples, self._watch.stalls)
        return recording
