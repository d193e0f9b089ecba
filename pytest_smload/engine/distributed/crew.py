"""Gathers the workers of one pytest run, each known by its seal, and carries messages to and from them."""

from __future__ import annotations

import os
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent

from pytest_smload.engine.distributed.local_process import LocalProcess
from pytest_smload.engine.distributed.reception import Reception, Worker
from pytest_smload.engine.distributed.token import ForgedMessageError
from pytest_smload.engine.interrupts import is_pressed
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.engine.distributed.locust_master import LocustMaster
    from pytest_smload.engine.distributed.wanted import Wanted

JOIN_S = 60.0
"""How long local workers may take to start."""
REMOTE_JOIN_S = 300.0
"""How long remote workers are waited for."""
_SAY_EVERY_S = 5.0
_FIRST_LINE_S = 2.0
_PUMP_S = 0.02
_THERE_S = 4.0
"""How long a worker that joined before may take to say that it is still there."""
_STOP_S = 2.0


class Crew:
    """The workers of one pytest run.

    Attributes:
        wanted: What was asked for.
        workers: Those that have joined, in that order.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.workers: list[Worker] = []
        self._master: LocustMaster | None = None
        self._processes: list[LocalProcess] = []
        self._environment: dict[str, str] = {}
        self._reception = Reception(wanted.token, wanted.count)

    @property
    def size(self) -> int:
        """How many workers share a load."""
        return self.wanted.count

    @property
    def is_local(self) -> bool:
        """Whether its workers run on this machine, as this process's children."""
        return self.wanted.local

    @property
    def machine(self) -> str:
        """What kinds of machine its workers run on, once they have joined."""
        return "; ".join(sorted({worker.machine for worker in self.workers}))

    def join(self, say: Callable[[str], object]) -> None:
        """Wait until all workers are there; those of the loads before are.

        Raises:
            ConfigurationError: the address cannot be listened at.
            EndpointError: fewer came than were asked for, or one cannot be used.
            KeyboardInterrupt: Ctrl-C ended the wait.
        """
        if self.is_local and self._environment != _environment():
            # They find credentials by the environment they were started in.
            self.close()
        self._leave_the_dead()
        if self._master is not None:
            self._leave_the_silent()
        if len(self.workers) == self.size:
            return
        if self._master is None:
            self._open()
        try:
            self._await(say)
        except BaseException:
            if self.is_local:
                self.close()
            raise

    def tell(self, worker: Worker, kind: str, facts: Mapping[str, Any], body: bytes = b"") -> None:
        """Send a message to *worker*."""
        assert self._master is not None  # noqa: S101 - a worker has joined
        self._master.tell(worker.peer, worker.seal.seal(kind, facts, body))

    def dismiss(self, worker: Worker) -> None:
        """Do without *worker* from now on: it is lost, or does not do as it should."""
        if worker in self.workers:
            # Where it still hears, it ends.
            self.tell(worker, "interrupt", {})
            self.tell(worker, "bye", {})
            self.workers.remove(worker)
        if worker.process is not None:
            worker.process.stop()

    def close(self) -> None:
        """End all workers of ours, and let those elsewhere go."""
        workers, self.workers = self.workers, []
        processes, self._processes = self._processes, []
        master, self._master = self._master, None
        if master is not None:
            for worker in workers:
                master.tell(worker.peer, worker.seal.seal("bye", {}))
        for process in processes:
            process.let_go()
        deadline_s = perf_counter() + _STOP_S
        for process in processes:
            process.stop(max(0.0, deadline_s - perf_counter()))
        if master is not None:
            master.close()

    def _open(self) -> None:
        from pytest_smload.engine.distributed.locust_master import listen

        wanted = self.wanted
        self._environment = _environment()
        self._master = master = listen(wanted.host, wanted.port, wanted.option)
        master.heard = self._hear

    def _start_missing(self) -> None:
        assert self._master is not None  # noqa: S101 - opened before
        self._processes = [process for process in self._processes if process.ended is None]
        for _ in range(self.size - len(self._processes)):
            address = replace(self.wanted, port=self._master.server.port).address
            self._processes.append(LocalProcess(address, self.wanted.token))

    def _leave_the_dead(self) -> None:
        for worker in list(self.workers):
            if worker.process is not None and worker.process.ended is not None:
                self.dismiss(worker)

    def _leave_the_silent(self) -> None:
        """Leave those that do not answer any more; who is far away can end unnoticed while nothing is sent."""
        asked_s = perf_counter()
        for worker in self.workers:
            self.tell(worker, "there", {})
        while perf_counter() < asked_s + _THERE_S and any(worker.heard_s < asked_s for worker in self.workers):
            gevent.sleep(_PUMP_S / 4)
        for worker in list(self.workers):
            if worker.heard_s < asked_s:
                self.dismiss(worker)

    def _await(self, say: Callable[[str], object]) -> None:
        if self.is_local:
            self._start_missing()
        begin_s = perf_counter()
        deadline_s = begin_s + (JOIN_S if self.is_local else REMOTE_JOIN_S)
        next_line_s = begin_s + _FIRST_LINE_S
        while len(self.workers) < self.size:
            gevent.sleep(_PUMP_S)
            if is_pressed():
                raise KeyboardInterrupt
            now = perf_counter()
            for process in self._processes:
                if process.ended is not None:
                    raise EndpointError(f"a worker process did not start: {process.said() or process.ended}")
            if now >= deadline_s:
                raise EndpointError(self._too_few(now - begin_s))
            if now >= next_line_s:
                next_line_s = now + _SAY_EVERY_S
                say(self._progress(deadline_s - now))

    def _progress(self, left_s: float) -> str:
        wanted = self.wanted
        joined = f" ({', '.join(worker.name for worker in self.workers)})" if self.workers else ""
        where = "" if self.is_local else f" at {wanted.address}"
        have = f"{len(self.workers)} of {self.size} workers have joined"
        return f"smload: {have}{where}{joined}; waiting {left_s:.0f} s more"

    def _too_few(self, waited_s: float) -> str:
        wanted = self.wanted
        refused = "".join(f"; {why}" for why in self._reception.refused)
        remedy = (
            "this machine is too busy to start them; ask for fewer"
            if self.is_local
            else f"start each with python -m pytest_smload.worker {wanted.address}"
        )
        return (
            f"{wanted.option}: {len(self.workers)} of {self.size} workers joined within {waited_s:.0f} s; {remedy}"
            f"{refused}"
        )

    def _hear(self, peer: str, said: object) -> None:
        worker = next((worker for worker in self.workers if worker.peer == peer), None)
        if worker is None:
            self._receive(peer, said)
            return
        try:
            opened = worker.seal.opened(said)
        except ForgedMessageError:
            return
        worker.heard_s = perf_counter()
        if opened.kind == "ping":
            # At once: what it waits for its turn would count as the way there and back.
            self.tell(worker, "pong", {"sent_s": opened.facts["sent_s"], "answered_s": worker.heard_s})
        elif opened.kind != "here":
            worker.inbox.append(opened)

    def _receive(self, peer: str, said: object) -> None:
        assert self._master is not None  # noqa: S101 - it was heard through it
        worker = self._reception.heard(peer, said, self._master.tell, joined=len(self.workers))
        if worker is not None:
            worker.process = next((process for process in self._processes if process.pid == worker.pid), None)
            self.workers.append(worker)


def _environment() -> dict[str, str]:
    """What a worker inherits; pytest's own variables say which test runs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
