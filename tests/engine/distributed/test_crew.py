"""Who may join a crew, and what of strangers is heard."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pytest_smload.engine.distributed.crew import Crew
from pytest_smload.engine.distributed.reception import own_kind
from pytest_smload.engine.distributed.token import Seal, nonce
from pytest_smload.engine.distributed.wanted import Wanted

TOKEN = "a secret of both sides"
KIND = own_kind()


class Channel:
    """Keeps what the crew sends; stands in for Locust's."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def tell(self, peer: str, said: dict[str, Any]) -> None:
        self.sent.append((peer, said))


@pytest.fixture
def channel() -> Channel:
    """A channel without a network."""
    return Channel()


@pytest.fixture
def crew(channel: Channel) -> Crew:
    """A crew of two."""
    made = Crew(Wanted(count=2, host="127.0.0.1", port=5557, local=False, token=TOKEN, option="--smload-bind"))
    made._master = channel  # type: ignore[assignment]
    return made


def hello(token: str = TOKEN, kind: dict[str, str] = KIND) -> tuple[bytes, dict[str, Any]]:
    own = nonce()
    facts = {"host": "far", "pid": 7, "kind": kind, "machine": "2 CPUs"}
    return own, {"nonce": own, **Seal(token, own, by_master=False).seal("hello", facts)}


def greet(crew: Crew, channel: Channel, peer: str) -> Seal:
    """Greet the crew as a worker does, up to the welcome; return the worker's seal."""
    own, said = hello()
    crew._hear(peer, said)
    return Seal(TOKEN, own + channel.sent[-1][1].get("nonce", b""), by_master=False)


def join(crew: Crew, channel: Channel, peer: str) -> Seal:
    seal = greet(crew, channel, peer)
    crew._hear(peer, seal.seal("here", {}))
    return seal


def test_a_worker_with_the_token_joins(crew: Crew, channel: Channel) -> None:
    """It is welcomed under both nonces, and heard from then on."""
    own, said = hello()
    crew._hear("far_1", said)

    ((peer, welcome),) = channel.sent
    seal = Seal(TOKEN, own + welcome["nonce"], by_master=False)
    assert (peer, seal.opened(welcome).kind) == ("far_1", "welcome")
    assert not crew.workers
    crew._hear("far_1", seal.seal("here", {}))
    crew._hear("far_1", seal.seal("report", {"sent": 1}))
    (worker,) = crew.workers
    assert worker.name == "far (process 7)"
    assert [each.kind for each in worker.inbox] == ["report"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (hello("another secret")[1], "its token is not the master's"),
        (hello(kind={**KIND, "pytest-smload": "0.0.9"})[1], "it has pytest-smload 0.0.9, the master "),
        (hello(kind={**KIND, "Python": "3.99"})[1], "it has Python 3.99, the master "),
        (hello(kind={})[1], "it has pytest-smload None"),
    ],
    ids=["token", "version", "Python", "neither"],
)
def test_others_are_refused_in_one_line(crew: Crew, channel: Channel, said: dict[str, Any], why: str) -> None:
    """They hear it, and so does who waits for fewer than came."""
    crew._hear("far_1", said)

    assert not crew.workers
    ((_, answer),) = channel.sent
    assert answer["refused"].startswith(why)
    assert "\n" not in answer["refused"]
    assert answer["refused"] in crew._too_few(1.0)


def test_one_too_many_is_refused(crew: Crew, channel: Channel) -> None:
    """The load is split over those it was to be split over."""
    late = greet(crew, channel, "far_9")
    for number in range(3):
        join(crew, channel, f"far_{number}")

    assert len(crew.workers) == 2
    assert channel.sent[-1][1]["refused"] == "the master has the 2 workers it asked for"

    crew._hear("far_9", late.seal("here", {}))
    assert len(crew.workers) == 2
    assert channel.sent[-1] == ("far_9", {"refused": "the master has the 2 workers it asked for"})


def test_a_greeting_that_was_overheard_lets_nobody_in(crew: Crew, channel: Channel) -> None:
    """Sent again it is welcomed, but only who knows the token can answer the welcome."""
    _, said = hello()
    crew._hear("far_1", said)
    crew._hear("stranger", said)
    for answer in (said, {"number": 1}, None, channel.sent[0][1], channel.sent[1][1]):
        crew._hear("stranger", answer)

    assert not crew.workers


def test_strangers_fill_no_memory(crew: Crew, channel: Channel) -> None:
    """However many greet, and whatever they call themselves; a worker among them joins."""
    overheard = hello()[1]
    for number in range(1_000):
        crew._hear(f"x{number}", overheard)
        crew._hear(f"\x1b[31m\n{'y' * 5_000}{number}_", hello("another secret")[1])
    join(crew, channel, "far_1")

    assert len(crew.workers) == 1
    said = crew._too_few(1.0)
    assert len(said) < 3_000
    assert said.isprintable()
    assert len(crew._reception._pending) <= 64


@pytest.mark.parametrize("said", [None, "quit", b"", [], {}, {"nonce": "text"}, {"refused": "you"}])
def test_strangers_are_not_answered(crew: Crew, channel: Channel, said: object) -> None:
    """Whatever they send."""
    crew._hear("stranger", said)

    assert (crew.workers, channel.sent) == ([], [])


def test_nobody_speaks_for_a_worker(crew: Crew, channel: Channel) -> None:
    """A message under its identity without its seal is as if it had not been sent, a repeated one too."""
    _, said = hello()
    seal = join(crew, channel, "far_1")
    report = seal.seal("report", {"sent": 1})

    for each in (said, report, report, {**report, "number": 9}, {"number": 10}, None):
        crew._hear("far_1", each)

    assert len(crew.workers[0].inbox) == 1


def test_a_crew_shows_no_token(crew: Crew) -> None:
    """In a traceback's locals, say."""
    assert TOKEN not in repr(crew.wanted)
    assert TOKEN not in crew._too_few(1.0)


def test_a_worker_that_is_gone_is_missed_before_the_next_load(
    crew: Crew, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may end unnoticed while nothing is sent; those that are there say so."""
    monkeypatch.setattr("pytest_smload.engine.distributed.crew._THERE_S", 0.05)
    seals = {peer: join(crew, channel, peer) for peer in ("there_1", "gone_1")}
    channel.sent.clear()
    spoke = threading.Timer(0.01, lambda: crew._hear("there_1", seals["there_1"].seal("here", {})))
    spoke.start()

    crew._leave_the_silent()

    spoke.join()
    assert [worker.peer for worker in crew.workers] == ["there_1"]
    to_both, to_the_gone = channel.sent[:2], channel.sent[2:]
    assert [seals[peer].opened(said).kind for peer, said in to_both] == ["there", "there"]
    assert [seals[peer].opened(said).kind for peer, said in to_the_gone] == ["interrupt", "bye"]
    assert {peer for peer, _ in to_the_gone} == {"gone_1"}


def test_workers_of_several_machines_are_said_in_a_baseline(crew: Crew, channel: Channel) -> None:
    """Where they run is what measured, not where the master does."""
    for peer in ("far_1", "far_2"):
        join(crew, channel, peer)

    assert crew.machine == "2 CPUs"
