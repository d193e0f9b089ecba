"""Lets in who knows the token and is of the master's kind; strangers may say what they like."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_smload.engine.distributed.token import ForgedMessageError, Opened, Seal, nonce
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.engine.distributed.local_process import LocalProcess

    Tell = Callable[[str, dict[str, Any]], object]

_MOST_PENDING, _MOST_REFUSED, _MOST_TOLD = 64, 5, 200
"""Strangers may greet as often as they like: of how many is kept what they said, and how many characters."""
_Kept = TypeVar("_Kept")


def own_kind() -> dict[str, str]:
    """Return what master and worker must have in common."""
    python = ".".join(map(str, sys.version_info[:2]))
    return {"pytest-smload": __version__, "Python": python}


@dataclass(slots=True, eq=False)
class Worker:
    """One worker that has joined.

    Attributes:
        peer: Its identity on Locust's channel.
        machine: What kind of machine it runs on.
        heard_s: When it last said something (``perf_counter``).
        process: Where it was started here.
        inbox: What it said and nobody has taken yet.
    """

    peer: str
    host: str
    pid: int
    machine: str
    seal: Seal
    heard_s: float = 0.0
    process: LocalProcess | None = None
    inbox: deque[Opened] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """What lines for people call it."""
        return f"{self.host} (process {self.pid})"


class Reception:
    """Whoever greets the master, until it has shown to be one of the run's workers.

    Args:
        token: What workers prove themselves with.
        most: How many the run asked for.

    Attributes:
        refused: Why others were refused, a sentence each; the latest of them.
    """

    def __init__(self, token: str, most: int) -> None:
        self._token, self._most = token, most
        self._pending: dict[str, Worker] = {}
        self._refused: dict[str, str] = {}

    @property
    def refused(self) -> list[str]:
        """Why others were refused, a sentence each; the latest of them."""
        return list(self._refused.values())

    def heard(self, peer: str, said: object, tell: Tell, *, joined: int) -> Worker | None:
        """Answer what *peer* said by *tell*; return the worker it has shown to be with that, if any.

        A greeting alone shows nothing: whoever overheard one can send it again. Only who knows the token can seal an
        answer to a nonce of ours.

        Args:
            joined: How many the run has already.
        """
        worker = self._pending.get(peer)
        if worker is None or not _is_sealed_by(worker, said):
            self._greet(peer, said, tell, joined=joined)
            return None
        del self._pending[peer]
        if joined >= self._most:
            self._refuse(peer, worker.name, self._full, tell)
            return None
        worker.heard_s = perf_counter()
        return worker

    def _greet(self, peer: str, said: object, tell: Tell, *, joined: int) -> None:
        theirs = said.get("nonce") if isinstance(said, dict) else None
        if not isinstance(theirs, bytes):
            return
        try:
            facts = Seal(self._token, theirs, by_master=True).opened(said).facts
        except ForgedMessageError:
            why = "its token is not the master's; give both the same SMLOAD_TOKEN"
            self._refuse(peer, plain(peer.rpartition("_")[0]) or "of no name", why, tell)
            return
        ours = nonce()
        seal = Seal(self._token, theirs + ours, by_master=True)
        worker = Worker(peer, plain(facts["host"]), int(facts["pid"]), plain(facts.get("machine", "")), seal)
        why = _other_kind(facts["kind"]) or (self._full if joined >= self._most else "")
        if why:
            self._refuse(peer, worker.name, why, tell)
            return
        _with_room(self._pending, _MOST_PENDING)[peer] = worker
        tell(peer, {"nonce": ours, **seal.seal("welcome", {})})

    @property
    def _full(self) -> str:
        return f"the master has the {self._most} workers it asked for"

    def _refuse(self, peer: str, name: str, why: str, tell: Tell) -> None:
        _with_room(self._refused, _MOST_REFUSED)[peer] = f"worker {name} was refused: {why}"
        tell(peer, {"refused": why})


def _is_sealed_by(worker: Worker, said: object) -> bool:
    try:
        worker.seal.opened(said)
    except ForgedMessageError:
        return False
    return True


def _other_kind(theirs: Mapping[str, Any]) -> str:
    """Say in what a worker differs that must not, or ``""``."""
    for what, own in own_kind().items():
        if theirs.get(what) != own:
            return f"it has {what} {theirs.get(what)}, the master {own}; install the same there"
    return ""


def _with_room(by_peer: dict[str, _Kept], most: int) -> dict[str, _Kept]:
    """Return *by_peer* with room for one more of *most*: the oldest makes it."""
    while len(by_peer) >= most:
        del by_peer[next(iter(by_peer))]
    return by_peer


def plain(said: str) -> str:
    """Return what a stranger *said* as text that does nothing to a terminal, in one line that is not long."""
    return "".join(char if char.isprintable() else "?" for char in said[:_MOST_TOLD])
