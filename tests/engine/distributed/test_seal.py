"""Messages between master and workers: sealed, numbered, bound to one conversation."""

from __future__ import annotations

import pytest

from pytest_smload.engine.distributed.token import ForgedMessageError, Seal, nonce

TOKEN = "a secret of both"


def _sides(token: str = TOKEN) -> tuple[Seal, Seal]:
    nonces = nonce()
    return Seal(TOKEN, nonces, by_master=True), Seal(token, nonces, by_master=False)


def test_what_is_sealed_is_read_by_the_other_side() -> None:
    """Kind, facts and bytes, in both directions."""
    master, worker = _sides()

    assert worker.opened(master.seal("job", {"piece": 0}, b"\x00body")) == ("job", {"piece": 0}, b"\x00body")
    assert master.opened(worker.seal("ping", {"sent_s": 1.5})) == ("ping", {"sent_s": 1.5}, b"")


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"other"},
        {"head": b'{"kind": "bye", "facts": {}}'},
        {"number": 2},
        {"seal": b""},
        {"seal": bytes(32)},
        {"seal": None},
        {"number": "1"},
        {"number": -1},
        {"number": 1 << 70},
        {"body": "text"},
    ],
)
def test_a_message_that_was_changed_is_refused(change: dict[str, object]) -> None:
    """Whatever part of it."""
    master, worker = _sides()

    with pytest.raises(ForgedMessageError):
        worker.opened({**master.seal("job", {}, b"body"), **change})


@pytest.mark.parametrize("message", [None, b"", "spawn", [], {}, {"seal": b"x"}])
def test_what_is_no_message_of_ours_is_refused(message: object) -> None:
    """A job of somebody else's master, say."""
    with pytest.raises(ForgedMessageError):
        _sides()[1].opened(message)


def test_another_token_opens_nothing() -> None:
    """Neither side takes what the other seals."""
    master, worker = _sides("another secret")

    with pytest.raises(ForgedMessageError):
        worker.opened(master.seal("job", {}))
    with pytest.raises(ForgedMessageError):
        master.opened(worker.seal("hello", {}))


def test_a_message_counts_once() -> None:
    """Sent again, or an older one after it, it is refused."""
    master, worker = _sides()
    first, second = master.seal("job", {}), master.seal("end", {})
    worker.opened(second)

    for again in (second, first):
        with pytest.raises(ForgedMessageError, match="before"):
            worker.opened(again)


def test_a_message_cannot_be_sent_back() -> None:
    """What a side sealed itself is not the other's."""
    master, _ = _sides()

    with pytest.raises(ForgedMessageError):
        master.opened(master.seal("job", {}))


def test_a_message_of_another_conversation_is_refused() -> None:
    """The same token, other nonces."""
    master, _ = _sides()
    _, worker = _sides()

    with pytest.raises(ForgedMessageError):
        worker.opened(master.seal("job", {}))


def test_a_seal_shows_no_token() -> None:
    """Nor the key made of it."""
    assert repr(_sides()[0]) == "Seal(redacted)"
