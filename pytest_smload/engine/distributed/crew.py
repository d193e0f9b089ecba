"""Gathers the workers of one pytest run, each known by its seal, and carries messages to and from them."""

from __future__ import annotations

import os
import secrets
import sys
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent

from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.engine.distributed.local_process import LocalProcess
from pytest_smload.engine.distributed.token import ForgedMessageError, Opened, Seal, nonce
from pytest_smload.errors import ConfigurationError, EndpointError
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.engine.distributed.locust_master import LocustMaster

JOIN_S = 60.0
"""How long local workers may take to start."""
REMOTE_JOIN_S = 300.0
"""How long remote workers are waited for."""
_SAY_EVERY_S = 5.0
_FIRST_LINE_S = 2.0
_PUMP_S = 0.02


def own_kind() -> dict[str, str]:
    """Return what master and worker must have in common."""
    python = ".".join(map(str, sys.version_info[:2]))
    return {"pytest-smload": __version__, "Python": python}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The workers a run is to have.

    Attributes:
        count: How many.
        host, port: Where they join; port 0 takes any that is free.
        local: Whether the plugin starts them on this machine.
        token: What they prove themselves with.
        option: What asked for them, for messages.
    """

    count: int
    host: str = "127.0.0.1"
    port: int = 0
    local: bool = True
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    option: str = "--smload-processes"


@dataclass(slots=True, eq=False)
class Worker:
    """One worker that has joined.

    Attributes:
        peer: Its identity on Locust's channel.
        inbox: What it said and nobody has taken yet.
        heard_s: When it last said something (``perf_counter``).
    """

    peer: str
    host: str
    pid: int
    seal: Seal
    heard_s: float
    process: LocalProcess | None = None
    inbox: deque[Opened] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """What lines for people call it."""
        return f"{self.host} (process {self.pid})"


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
        self._refused: dict[str, str] = {}

    @property
    def size(self) -> int:
        """How many workers share a load."""
        return self.wanted.count

    @property
    def is_local(self) -> bool:
        """Whether its workers run on this machine, as this process's children."""
        return self.wanted.local

    @property
    def warning(self) -> str:
        """What to know of where it listens, or ``""``."""
        if is_loopback(self.wanted.host):
            return ""
        return (
            f"{self.wanted.option} {self.wanted.host}:{self.wanted.port} is open to the network: payloads and samples "
            f"pass it sealed but not encrypted; use a private network"
        )

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
        for process in processes:
            process.stop()
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
            address = f"{self.wanted.host}:{self._master.server.port}"
            self._processes.append(LocalProcess(address, self.wanted.token))

    def _leave_the_dead(self) -> None:
        for worker in list(self.workers):
            if worker.process is not None and worker.process.ended is not None:
                self.dismiss(worker)

    def _await(self, say: Callable[[str], object]) -> None:
        if self.is_local:
            self._start_missing()
        begin_s = perf_counter()
        deadline_s = begin_s + (JOIN_S if self.is_local else REMOTE_JOIN_S)
        next_line_s = begin_s + _FIRST_LINE_S
        while len(self.workers) < self.size:
            gevent.sleep(_PUMP_S)
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
        return (
            f"smload: {len(self.workers)} of {self.size} workers have joined at {wanted.host}:{wanted.port}{joined}; "
            f"waiting {left_s:.0f} s more"
        )

    def _too_few(self, waited_s: float) -> str:
        wanted = self.wanted
        refused = "".join(f"; {why}" for why in self._refused.values())
        return (
            f"{wanted.option}: {len(self.workers)} of {self.size} workers joined within {waited_s:.0f} s; start each "
            f"with python -m pytest_smload.worker {wanted.host}:{wanted.port}{refused}"
        )

    def _hear(self, peer: str, said: object) -> None:
        worker = next((worker for worker in self.workers if worker.peer == peer), None)
        if worker is None:
            self._greet(peer, said)
            return
        try:
            opened = worker.seal.opened(said)
        except ForgedMessageError:
            return
        worker.heard_s = perf_counter()
        if opened.kind == "ping":
            # At once: what it waits for its turn would count as the way there and back.
            self.tell(worker, "pong", {"sent_s": opened.facts["sent_s"], "answered_s": worker.heard_s})
        else:
            worker.inbox.append(opened)

    def _greet(self, peer: str, said: object) -> None:
        assert self._master is not None  # noqa: S101 - it was heard through it
        theirs = said.get("nonce") if isinstance(said, dict) else None
        if not isinstance(theirs, bytes):
            return
        try:
            hello = Seal(self.wanted.token, theirs, by_master=True).opened(said)
        except ForgedMessageError:
            why = "its token is not the master's; give both the same SMLOAD_TOKEN"
            self._refuse(peer, peer.rpartition("_")[0] or "a worker", why)
            return
        name = f"{hello.facts['host']} (process {hello.facts['pid']})"
        for what, own in own_kind().items():
            if hello.facts["kind"].get(what) != own:
                other = hello.facts["kind"].get(what)
                self._refuse(peer, name, f"it has {what} {other}, the master {own}; install the same there")
                return
        if len(self.workers) >= self.size:
            self._refuse(peer, name, f"the master has the {self.size} workers it asked for")
            return
        ours = nonce()
        seal = Seal(self.wanted.token, theirs + ours, by_master=True)
        self._master.tell(peer, {"nonce": ours, **seal.seal("welcome", {})})
        process = next((each for each in self._processes if each.pid == hello.facts["pid"]), None)
        self.workers.append(Worker(peer, hello.facts["host"], hello.facts["pid"], seal, perf_counter(), process))

    def _refuse(self, peer: str, name: str, why: str) -> None:
        assert self._master is not None  # noqa: S101 - it was heard through it
        self._refused[peer] = f"worker {name} was refused: {why}"
        self._master.tell(peer, {"refused": why})


def _environment() -> dict[str, str]:
    """What a worker inherits; pytest's own variables say which test runs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def wanted_at(count: int, bind: str, token: str | None, option: str) -> Wanted:
    """Return the *count* remote workers that are to join at *bind*, ``HOST:PORT``.

    Raises:
        ConfigurationError: it is no such address, or the token is missing or too short.
    """
    from pytest_smload.engine.distributed.token import LEAST_TOKEN
    from pytest_smload.options import TOKEN_VARIABLE as VARIABLE

    host, port = address_of(bind, option)
    if token is None or len(token) < LEAST_TOKEN:
        what = "is not set" if token is None else f"has {len(token)} characters"
        raise ConfigurationError(
            f"{option} {bind}: {VARIABLE} {what}; workers elsewhere prove themselves with a shared secret of "
            f"{LEAST_TOKEN} characters or more"
        )
    return Wanted(count=count, host=host, port=port, local=False, token=token, option=option)


def address_of(text: str, option: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``.

    Raises:
        ConfigurationError: it is none.
    """
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ConfigurationError(f"{option} {text!r} is no address; write HOST:PORT, such as 127.0.0.1:5557")
    return host, int(port)
