"""Sends one load over a crew of workers, and puts what they recorded together."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from math import inf, nan
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent

from pytest_smload.core.load.part import Part
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.generators import Generator, generator_of
from pytest_smload.core.samples.packed import unpacked
from pytest_smload.core.samples.progress import Progress
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.distributed.wire import Job, Pieces, packed_job, pieces
from pytest_smload.engine.grid import Grid
from pytest_smload.engine.hooks import Running
from pytest_smload.engine.interrupts import Interrupts
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.engine.distributed.crew import Crew, Worker
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


@dataclass(eq=False)
class _Sender:
    """One worker's part of the load, as the master follows it."""

    worker: Worker
    part: Part
    pieces: Pieces = field(default_factory=Pieces)
    met: dict[str, float] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    clock: tuple[float, float] = (0.0, 0.0)
    recording: Recording | None = None
    lost: str = ""

    @property
    def is_done(self) -> bool:
        return self.recording is not None or bool(self.lost)

    @property
    def is_loading(self) -> bool:
        """Whether it is to report once a second: it has begun, and does not drain or write down yet."""
        return bool(self.report) and self.report["progress"]["phase"] != "draining"


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
        self._senders = [_Sender(worker, Part(index, crew.size)) for index, worker in enumerate(crew.workers)]
        self._interrupts = Interrupts(lambda: None)
        self._pressed = 0
        self._hurried = self._called_off = False
        self._begin_s = self._followed_s = self._next_tick_s = inf
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

    def _give(self, sender: _Sender) -> None:
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

    def _take(self, sender: _Sender, said: Opened) -> None:
        facts = said.facts
        if said.kind == "meet":
            sender.met[facts["name"]] = facts["value"]
            sender.clock = (facts["offset_s"], facts["uncertainty_s"])
        elif said.kind == "report":
            sender.report = facts
        elif said.kind == "failed":
            self._lose(sender, facts["why"], dismiss=False)
        elif said.kind == "recording":
            sender.clock = (facts["offset_s"], facts["uncertainty_s"])
            sender.report = {}
            try:
                whole = sender.pieces.add(facts, said.body)
                if whole is not None:
                    sender.recording = unpacked(whole)
            except ValueError as error:
                self._lose(sender, str(error))
            if sender.recording is not None and sender.recording.aborted is not None:
                self._hurry()

    def _watch(self, sender: _Sender) -> None:
        process, now = sender.worker.process, perf_counter()
        if process is not None and process.ended is not None:
            code = process.ended
            self._lose(sender, f"its process ended by signal {-code}" if code < 0 else f"its process ended with {code}")
            return
        limit_s = SILENT_S if sender.is_loading or self._hurried else SLOW_SILENT_S
        if now - sender.worker.heard_s > limit_s:
            self._lose(sender, f"it has said nothing for {limit_s:g} s")

    def _lose(self, sender: _Sender, why: str, *, dismiss: bool = True) -> None:
        sender.lost = why
        if dismiss:
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
        answer = sum(values) if name == "primed" else self._grid.begin(max(values) + _LEAD_S)
        self._tell_all("met", {"name": name, "value": answer})

    def _pass_on_interrupts(self) -> None:
        while self._pressed < self._interrupts.count:
            self._pressed += 1
            self._hurried = True
            self._tell_all("interrupt")

    def _tick(self, now: float) -> None:
        reports = [sender.report for sender in self._senders]
        if not any(reports):
            return
        progress = _progress_of([Progress(**report["progress"]) for report in reports if report])
        if self._hooks.on_progress is not None:
            self._hooks.on_progress(dataclasses.replace(progress, elapsed_s=now - self._begin_s))
        if self._hooks.ends_load is not None and not self._called_off:
            sent = sum(report.get("sent", 0) for report in reports)
            running = Running(now - self._begin_s, sent, all(report.get("primed", False) for report in reports))
            self._called_off = self._hooks.ends_load(running)
            if self._called_off:
                self._tell_all("end")

    def _recorded(self) -> Recording:
        found = [(sender, sender.recording) for sender in self._senders if sender.recording is not None]
        lost = [f"{sender.worker.name}: {sender.lost}" for sender in self._senders if sender.lost]
        if lost and not any(len(recording.samples) for _, recording in found):
            raise EndpointError(f"worker {'; worker '.join(lost)}; nothing was measured")
        from pytest_smload.core.samples.merge import merge

        whole = merge([recording for _, recording in found], [sender.clock[0] for sender, _ in found])
        aborted = whole.aborted
        if aborted is not None and aborted.kind and OK in whole.samples.kind:
            # What one of them gave up for was its own trouble: others were answered.
            name = next(sender.worker.name for sender, each in found if each.aborted is not None)
            lost.append(f"{name}: {aborted.reason}")
            aborted = None
        interrupted = bool(self._interrupts.count)
        if not interrupted and not self._hurried:
            lost += [f"{sender.worker.name}: it was interrupted there" for sender, each in found if each.interrupted]
        return dataclasses.replace(
            whole,
            started_at=self._started_at,
            epoch_s=self._grid.epoch_s,
            aborted=aborted,
            interrupted=interrupted,
            complete=whole.complete and not lost,
            generators=[_facts(sender, recording, whole.window_start_s) for sender, recording in found],
            lost=lost,
        )


def _facts(sender: _Sender, recording: Recording, window_start_s: float) -> Generator:
    offset_s, uncertainty_s = sender.clock
    worker = sender.worker
    return generator_of(
        recording,
        window_start_s=window_start_s,
        host=worker.host,
        pid=worker.pid,
        offset_s=offset_s,
        uncertainty_s=uncertainty_s,
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
