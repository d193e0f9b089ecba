"""Sends the parts of loads that a master gives this process."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import AsyncResult
from gevent.queue import Empty, Queue

from pytest_smload.core.samples.generators import Clock
from pytest_smload.core.samples.packed import packed
from pytest_smload.engine.client_machine import machine_class
from pytest_smload.engine.distributed.clock import Offset, Reading, offset_of
from pytest_smload.engine.distributed.locust_worker import LocustWorker, connect
from pytest_smload.engine.distributed.reception import own_kind, plain
from pytest_smload.engine.distributed.token import ForgedMessageError, Opened, Seal, nonce
from pytest_smload.engine.distributed.wire import Destination, Job, Pieces, pieces, unpacked_job
from pytest_smload.engine.hooks import LoadHooks, Running
from pytest_smload.engine.run import run_load
from pytest_smload.errors import EndpointError, SmloadError
from pytest_smload.transport.registry import TRANSPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.samples.progress import Progress

    Resolve = Callable[[Destination], EndpointTarget]

_READINGS = 12
_ANSWER_S = 10.0
_POLL_S = 0.01
_LAST_WORD_S, _END_S = 0.3, 2.0


class MasterGoneError(Exception):
    """The master is no longer there, or will have nothing to do with this worker."""


class _CalledOffError(Exception):
    """A load that ended before this worker had begun its part."""


class WorkerService:
    """One worker, from its first word to the master's last.

    Args:
        host, port: Where the master listens.
        token: What both prove themselves with.
        resolve: Finds, by this process's own credentials, what a destination is.
    """

    def __init__(self, host: str, port: int, token: str, resolve: Resolve) -> None:
        self._token, self._resolve = token, resolve
        self._own = nonce()
        self._seal: Seal | None = None
        self._welcome: AsyncResult[str] = AsyncResult()
        self._inbox: Queue[Opened] = Queue()
        self._load: _Part | None = None
        self._dismissed = False
        self._master: LocustWorker = connect(host, port)
        self._master.heard = self._hear
        self._master.watch_connection(self._leave)

    def join(self) -> None:
        """Make itself known to the master.

        Raises:
            MasterGoneError: it does not answer, or refuses; in one line.
        """
        hello = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "kind": own_kind(),
            "machine": machine_class(),
        }
        first = Seal(self._token, self._own, by_master=False)
        self._master.tell({"nonce": self._own, **first.seal("hello", hello)})
        try:
            refused = self._welcome.get(timeout=_ANSWER_S)
        except gevent.Timeout:
            raise MasterGoneError("what listens there does not answer as a pytest-smload master") from None
        if refused:
            raise MasterGoneError(f"the master refused this worker: {refused}")

    def serve(self) -> None:
        """Send parts of loads until the master has no more."""
        parts = Pieces()
        while True:
            said = self._inbox.get()
            if said.kind == "bye":
                return
            if said.kind == "job":
                try:
                    whole = parts.add(said.facts, said.body)
                except ValueError as error:
                    parts = Pieces()
                    self._fail(f"the master's job did not arrive whole: {error}")
                else:
                    if whole is not None:
                        self._send(whole)

    def tell(self, kind: str, facts: dict[str, Any], body: bytes = b"") -> None:
        """Send a message to the master."""
        assert self._seal is not None  # noqa: S101 - it has joined
        # Before it is sealed: what is sealed later must not be sent earlier.
        self._master.wait_for_room()
        self._master.tell(self._seal.seal(kind, facts, body))

    def _send(self, whole: bytes) -> None:
        self._load = part = _Part(self, self._resolve)
        try:
            part.send(unpacked_job(whole))
        except _CalledOffError:
            self.tell("failed", {"why": "the load ended before it could begin", "own": False})
        except (SmloadError, OSError) as error:
            self._fail(" ".join(str(error).split()))
        except Exception:
            self._fail(traceback.format_exc().strip().splitlines()[-1])
        finally:
            self._load = None

    def _fail(self, why: str) -> None:
        sys.stderr.write(f"smload worker: {why}\n")
        self.tell("failed", {"why": why, "own": True})

    def _hear(self, said: object) -> None:
        if self._seal is None:
            self._hear_welcome(said)
            return
        try:
            opened = self._seal.opened(said)
        except ForgedMessageError:
            return
        self._dismissed = self._dismissed or opened.kind == "bye"
        if opened.kind == "there":
            self.tell("here", {})
        elif self._load is None or not self._load.hears(opened):
            self._inbox.put(opened)

    def _hear_welcome(self, said: object) -> None:
        if not isinstance(said, dict):
            return
        if isinstance(refused := said.get("refused"), str):
            self._welcome.set(plain(refused))
            return
        theirs = said.get("nonce")
        if not isinstance(theirs, bytes):
            return
        seal = Seal(self._token, self._own + theirs, by_master=False)
        try:
            seal.opened(said)
        except ForgedMessageError:
            self._welcome.set("its token is not this worker's; give both the same SMLOAD_TOKEN")
            return
        self._seal = seal
        self.tell("here", {})
        self._welcome.set("")

    def _leave(self) -> None:
        """End at once: without a master nobody wants what is being sent. Its last word may just be on its way."""
        if self._load is None:
            gevent.sleep(_LAST_WORD_S)
        if self._dismissed:
            gevent.sleep(_END_S)
            os._exit(0)
        os.write(2, b"the master is gone\n")
        os._exit(3)


class _Part:
    """One part of one load under way: what the load's engine asks of the others, and what the master asks of it."""

    def __init__(self, service: WorkerService, resolve: Resolve) -> None:
        self._tell, self._resolve = service.tell, resolve
        self._pongs: Queue[Reading] = Queue()
        self._met: dict[str, float] = {}
        self._offset = Offset(0.0, 0.0)
        self._running = Running(0.0, 0, primed=False)
        self._loading = self._is_to_end = False
        self._interrupts = 0

    def hears(self, said: Opened) -> bool:
        """Whether *said* is for the load under way."""
        facts = said.facts
        if said.kind == "pong":
            self._pongs.put(Reading(facts["sent_s"], facts["answered_s"], perf_counter()))
        elif said.kind == "met":
            self._met[facts["name"]] = facts["value"]
        elif said.kind == "end":
            self._is_to_end = True
        elif said.kind == "interrupt":
            self._interrupts += 1
            if self._loading:
                signal.raise_signal(signal.SIGINT)
        else:
            return False
        return True

    def send(self, job: Job) -> None:
        """Send it, and hand over what was measured.

        Raises:
            SmloadError: it cannot be sent.
        """
        self._offset = self._measured_offset()
        target = self._resolve(job.destination)
        own = job.plan.profile
        transport = TRANSPORTS[job.destination.transport].make(
            target,
            timeout_s=own.timeout_s,
            most_in_flight=job.part.share(own.most_in_flight),
            mocked=False,
        )
        hooks = LoadHooks(
            on_progress=self._report,
            ends_load=self._ends,
            refresh=getattr(target.credentials, "refresh_if_needed", None),
            companions=self,
        )
        if self._interrupts:
            transport.close()
            raise _CalledOffError
        try:
            self._loading = True
            recording = run_load(
                job.plan,
                transport,
                endpoint_name=target.endpoint_name,
                base_url=target.url,
                hooks=hooks,
                gives_up=job.gives_up,
                part=job.part,
            )
        finally:
            self._loading = False
        clock = list(self._clock_now())
        for facts, body in pieces(packed(recording)):
            self._tell("recording", {**facts, "clock": clock}, body)

    def primed(self, begun: int, goes_on: Callable[[], bool]) -> int:
        """Wait until priming is over, and return how many requests it took in all."""
        return int(self._meet("primed", begun, goes_on, begun))

    def begin(self, earliest_s: float, goes_on: Callable[[], bool]) -> float:
        """Return when all begin, on this clock."""
        offset_s = self._offset.offset_s
        return self._meet("begin", earliest_s + offset_s, goes_on, earliest_s + offset_s) - offset_s

    def _meet(self, name: str, value: float, goes_on: Callable[[], bool], otherwise: float) -> float:
        self._tell("meet", {"name": name, "value": value})
        while name not in self._met and goes_on():
            gevent.sleep(_POLL_S)
        return self._met.pop(name, otherwise)

    def _clock_now(self) -> Clock:
        """Return how the clock compared with the master's before the load, and how far it has moved since."""
        offset_s, uncertainty_s = self._offset
        try:
            moved_s = self._measured_offset().offset_s - offset_s
        except EndpointError:
            # What was measured is worth more than this.
            moved_s = 0.0
        return Clock(offset_s, uncertainty_s, moved_s)

    def _measured_offset(self) -> Offset:
        readings = []
        for _ in range(_READINGS):
            self._tell("ping", {"sent_s": perf_counter()})
            try:
                readings.append(self._pongs.get(timeout=_ANSWER_S))
            except Empty:
                raise EndpointError("the master does not answer") from None
        return offset_of(readings)

    def _ends(self, running: Running) -> bool:
        self._running = running
        return self._is_to_end

    def _report(self, progress: Progress) -> None:
        _, sent, primed, ended = self._running
        self._tell("report", {"progress": asdict(progress), "sent": sent, "primed": primed, "ended": ended})
