"""Who may join a crew, and what of strangers is heard."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smload.engine.distributed.crew import Crew, Wanted, own_kind
from pytest_smload.engine.distributed.token import Seal, nonce

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
    facts = {"host": "far", "pid": 7, "kind": kind}
    return own, {"nonce": own, **Seal(token, own, by_master=False).seal("hello", facts)}


def test_a_worker_with_the_token_joins(crew: Crew, channel: Channel) -> None:
    """It is welcomed under both nonces, and heard from then on."""
    own, said = hello()
    crew._hear("far_1", said)

    ((peer, welcome),) = channel.sent
    seal = Seal(TOKEN, own + welcome["nonce"], by_master=False)
    assert (peer, seal.opened(welcome).kind) == ("far_1", "welcome")
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
    for number in range(3):
        crew._hear(f"far_{number}", hello()[1])

    assert len(crew.workers) == 2
    assert channel.sent[-1][1]["refused"] == "the master has the 2 workers it asked for"


@pytest.mark.parametrize("said", [None, "quit", b"", [], {}, {"nonce": "text"}, {"refused": "you"}])
def test_strangers_are_not_answered(crew: Crew, channel: Channel, said: object) -> None:
    """Whatever they send."""
    crew._hear("stranger", said)

    assert (crew.workers, channel.sent) == ([], [])


def test_nobody_speaks_for_a_worker(crew: Crew) -> None:
    """A message under its identity without its seal is as if it had not been sent, a repeated one too."""
    own, said = hello()
    crew._hear("far_1", said)
    welcome = crew._master.sent[0][1]  # type: ignore[union-attr]
    seal = Seal(TOKEN, own + welcome["nonce"], by_master=False)
    report = seal.seal("report", {"sent": 1})

    for each in (said, report, report, {**report, "number": 9}, {"number": 10}, None):
        crew._hear("far_1", each)

    assert len(crew.workers[0].inbox) == 1


def test_a_crew_shows_no_token(crew: Crew) -> None:
    """In a traceback's locals, say."""
    assert TOKEN not in repr(crew.wanted)
    assert TOKEN not in crew._too_few(1.0)
