"""Sends one load over a crew of workers, and puts what they recorded together."""

from __future__ import annotations

import dataclasses
import datetime as dt
from math import inf, nan
from time import perf_counter
from typing import TYPE_CHECKING

import gevent

from pytest_smload.core.load.part import Part
from pytest_smload.engine.abort import AbortJudge, Counts
from pytest_smload.engine.distributed.followed import FollowedPart
from pytest_smload.engine.distributed.whole import joined
from pytest_smload.engine.distributed.wire import Job, packed_job, pieces
from pytest_smload.engine.grid import Grid
from pytest_smload.engine.hooks import Running
from pytest_smload.engine.interrupts import Interrupts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.progress import Progress
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.distributed.crew import Crew
    from pytest_smload.engine.distributed.token import Opened
    from pytest_smload.engine.distributed.wire import Destination
    from pytest_smload.engine.hooks import LoadHooks

_PUMP_S = 0.01
_TICK_S = 1.0
SILENT_S = 4.0
"""Workers report once a second; one that has not for so long is lost."""
SLOW_SILENT_S = 60.0
"""The same while it gets ready, drains, or writes down what it has measured."""
_AWAY_S = 0.5
_LEAD_S = 0.05
"""What the word to begin may take to reach the last worker."""


class DistributedLoad:
    """One load over the workers of *crew*.

    Args:
        crew: Its workers, all of whom have joined.
        plan: The whole load.
        destination: Where it goes.
        hooks: What the caller wants to hear of it.
        gives_up: As `pytest_smload.engine.run.run_load` has it.
        period_s: The same.
    """

    def __init__(
        self,
        crew: Crew,
        plan: LoadPlan,
        destination: Destination,
        hooks: LoadHooks,
        *,
        gives_up: bool,
        period_s: int | None = None,
    ) -> None:
        self._crew, self._plan, self._hooks = crew, plan, hooks
        self._destination, self._gives_up = destination, gives_up
        self._senders = [FollowedPart(worker, Part(index, crew.size)) for index, worker in enumerate(crew.workers)]
        self._interrupts = Interrupts(lambda: None)
        self._pressed = 0
        self._hurried = self._called_off = False
        self._abort = AbortJudge(plan.profile.abort_rule)
        self._begin_s = self._followed_s = self._next_tick_s = self._primed_s = inf
        now = dt.datetime.now(dt.UTC)
        self._started_at = now.isoformat(timespec="seconds")
        self._grid = Grid(period_s, plan.profile.warmup_s, epoch_s=now.timestamp() - perf_counter())

    def run(self) -> Recording:
        """Send it, and return what all workers measured, on this process's clock.

        A worker that is lost or fails ends the load: `Recording.lost` says so, and what the others measured is kept.

        Raises:
            EndpointError: no worker could begin.
        """
        self._begin_s = self._followed_s = perf_counter()
        self._next_tick_s = self._begin_s + _TICK_S
        with self._interrupts.counted():
            try:
                for sender in self._senders:
                    self._give(sender)
                while not all(sender.is_done for sender in self._senders):
                    gevent.sleep(_PUMP_S)
                    self._follow()
            finally:
                for sender in self._senders:
                    if not sender.is_done:
                        self._crew.dismiss(sender.worker)
        return self._recorded()

    def _give(self, sender: FollowedPart) -> None:
        job = Job(plan=self._plan, destination=self._destination, part=sender.part, gives_up=self._gives_up)
        sender.worker.inbox.clear()
        sender.worker.heard_s = perf_counter()
        for facts, body in pieces(packed_job(job)):
            self._crew.tell(sender.worker, "job", facts, body)

    def _follow(self) -> None:
        now = perf_counter()
        if now - self._followed_s > _AWAY_S:
            # It was this process that stood still: what they said meanwhile is yet to be read.
            for sender in self._senders:
                sender.worker.heard_s = now
        self._followed_s = now
        for sender in self._senders:
            while sender.worker.inbox and not sender.is_done:
                self._take(sender, sender.worker.inbox.popleft())
            if not sender.is_done:
                self._watch(sender)
        self._let_meet("primed")
        self._let_meet("begin")
        self._pass_on_interrupts()
        if now >= self._next_tick_s:
            self._next_tick_s += _TICK_S
            self._tick(now)

    def _take(self, sender: FollowedPart, said: Opened) -> None:
        try:
            sender.take(said, self._plan)
        except ValueError as error:
            self._lose(sender, str(error))
        else:
            recording = sender.recording
            if recording is not None:
                sender.left_early = recording.interrupted and not self._hurried
            if sender.lost or sender.left_early or (recording is not None and recording.aborted is not None):
                self._hurry()

    def _watch(self, sender: FollowedPart) -> None:
        process, now = sender.worker.process, perf_counter()
        if process is not None and process.ended is not None:
            code = process.ended
            how = f"by signal {-code}" if code < 0 else f"with {code}"
            self._lose(sender, ": ".join(filter(None, (f"its process ended {how}", process.said()))))
            return
        limit_s = SILENT_S if sender.is_loading or self._hurried else SLOW_SILENT_S
        if now - sender.worker.heard_s > limit_s:
            self._lose(sender, f"it has said nothing for {limit_s:g} s")

    def _lose(self, sender: FollowedPart, why: str) -> None:
        sender.lost = why
        self._crew.dismiss(sender.worker)
        self._hurry()

    def _hurry(self) -> None:
        """End the load as Ctrl-C does: it is none any more."""
        if not self._hurried:
            self._hurried = True
            self._tell_all("interrupt")

    def _tell_all(self, kind: str, facts: Mapping[str, Any] | None = None) -> None:
        for sender in self._senders:
            if not sender.is_done:
                self._crew.tell(sender.worker, kind, facts or {})

    def _let_meet(self, name: str) -> None:
        """Answer those who wait for each other, once all do."""
        if any(name not in sender.met for sender in self._senders):
            return
        values = [sender.met.pop(name) for sender in self._senders]
        if name == "primed":
            answer = sum(values)
        else:
            answer = self._primed_s = self._grid.begin(max(values) + _LEAD_S)
        self._tell_all("met", {"name": name, "value": answer})

    def _pass_on_interrupts(self) -> None:
        while self._pressed < self._interrupts.count:
            self._pressed += 1
            self._hurried = True
            self._tell_all("interrupt")

    def _tick(self, now: float) -> None:
        reports = [sender.report for sender in self._senders if sender.report is not None]
        if not reports:
            return
        progress = _progress_of([report.progress for report in reports])
        if self._hooks.on_progress is not None:
            self._hooks.on_progress(dataclasses.replace(progress, elapsed_s=now - self._begin_s))
        if self._called_off:
            return
        running = Running(
            now - self._begin_s,
            sum(sender.sent for sender in self._senders),
            len(reports) == len(self._senders) and all(report.primed for report in reports),
        )
        ends_load = self._hooks.ends_load
        self._called_off = self._is_to_abort(now) or (ends_load is not None and ends_load(running))
        if self._called_off:
            self._tell_all("end")

    def _is_to_abort(self, now: float) -> bool:
        """Whether ``abort_on`` ends the load: by what all workers together got."""
        ended = [sender.report.ended for sender in self._senders if sender.report is not None]
        counts = [each for each in ended if each is not None]
        if len(counts) < len(self._senders):
            return False
        return self._abort.check(now, Counts.sum(counts), self._primed_s)

    def _recorded(self) -> Recording:
        whole = joined(self._senders, interrupted=bool(self._interrupts.count))
        return dataclasses.replace(
            whole,
            started_at=self._started_at,
            epoch_s=self._grid.epoch_s,
            aborted=whole.aborted or self._abort.abort,
        )


def _progress_of(parts: list[Progress]) -> Progress:
    """The load's progress by its generators': rates and counts add up, p95 is that of the slowest."""
    first = parts[0]
    users = [part.users for part in parts if part.users is not None]
    return dataclasses.replace(
        first,
        total_s=max(part.total_s for part in parts),
        users=first.users if not users else sum(users),
        tps=sum(part.tps for part in parts),
        p95_ms=max((part.p95_ms for part in parts if part.p95_ms == part.p95_ms), default=nan),
        errors=sum(part.errors for part in parts),
        in_flight=sum(part.in_flight for part in parts),
    )
