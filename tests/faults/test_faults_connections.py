"""Connections that fail and answers that never come whole: each counted once, under its kind, as the peer saw it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from fault_loads import CLOSED, OPEN, peer_target, run
from faulty_peer import ABRUPT, OK, OVERSIZED, SLOW, Act, FaultyPeer, Received

if TYPE_CHECKING:
    from collections.abc import Callable

    StartPeer = Callable[[Callable[[Received], Act | None]], FaultyPeer]

SHAPES = [
    pytest.param({"users": 20, "warmup": "50ms"}, id="closed"),
    pytest.param({**OPEN, "warmup": "50ms"}, id="open"),
]
SHORT: dict[str, Any] = {"duration": "200ms", "max_requests": 60}


def every_third(act: Act) -> Callable[[Received], Act]:
    """Return a script that meets every third request with *act*."""
    return lambda received: OK if received.number % 3 else act


@pytest.mark.parametrize("fault", ABRUPT)
def test_answer_that_breaks_off(start_peer: StartPeer, fault: str) -> None:
    """Requests around a broken answer succeed; each broken one is an error of its kind."""
    peer = start_peer(every_third(ABRUPT[fault]))
    load = run(peer_target(peer.port), **SHORT, **CLOSED)

    assert peer.kinds == load.kinds
    assert set(load.kinds) == {"ok", ABRUPT[fault].kind}
    assert load.accused == []


@pytest.mark.parametrize("fault", OVERSIZED)
def test_answer_without_end(start_peer: StartPeer, fault: str) -> None:
    """A body over the limit, or a head over 64 KiB, is given up and its connection with it."""
    peer = start_peer(every_third(OVERSIZED[fault]))
    load = run(peer_target(peer.port), max_body_bytes=200_000, **SHORT, **CLOSED)

    assert peer.kinds == load.kinds
    assert set(load.kinds) == {"ok", "BadResponse"}


@pytest.mark.parametrize("fault", SLOW)
def test_answer_beyond_the_timeout(start_peer: StartPeer, fault: str) -> None:
    """A request lasts no longer than its timeout, however often another byte arrives."""
    peer = start_peer(lambda _received: SLOW[fault])
    load = run(peer_target(peer.port), timeout="300ms", duration="200ms", **CLOSED)

    assert peer.kinds == load.kinds
    assert set(load.kinds) == {"Timeout"}
    assert load.accused == []


@pytest.mark.parametrize("shape", SHAPES)
def test_all_of_them_in_one_load(start_peer: StartPeer, shape: dict[str, Any]) -> None:
    """A peer that does something else wrong each time is counted as exactly, in warm-up and window."""
    acts = [OK, *ABRUPT.values(), OK, *OVERSIZED.values(), OK, *SLOW.values()]
    peer = start_peer(lambda received: acts[received.number % len(acts)])
    load = run(peer_target(peer.port), max_body_bytes=200_000, timeout="1s", duration="300ms", **shape)

    assert peer.kinds == load.kinds
    assert set(load.kinds) == {"ok", "Connection", "BadResponse", "Timeout"}
    assert load.accused == []


@pytest.mark.parametrize(
    "fault", ["reset before the answer", "reset in the body", "truncated body", "garbage", "silence", "slow body"]
)
def test_boto3_counts_the_same(start_peer: StartPeer, fault: str) -> None:
    """Over the SDK each fault has the same kind, and is sent once: no retries."""
    act = {**ABRUPT, **SLOW}[fault]
    slow = fault in SLOW
    peer = start_peer((lambda _received: act) if slow else every_third(act))
    timeout = "300ms" if slow else "30s"
    load = run(peer_target(peer.port), transport="boto3", users=3, timeout=timeout, duration="400ms", max_requests=30)

    assert peer.kinds == load.kinds
    assert load.kinds[act.kind] > 0


@pytest.mark.parametrize("transport", ["http", "boto3"])
@pytest.mark.parametrize(
    "shape", [pytest.param({"users": 2}, id="closed"), pytest.param({"tps": 100, "max_in_flight": 20}, id="open")]
)
def test_connection_refused(transport: str, shape: dict[str, Any]) -> None:
    """Nobody listens: every request fails as Connection, which is the endpoint's doing."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        load = run(peer_target(nobody.getsockname()[1]), transport=transport, **{**SHORT, "max_requests": 40} | shape)

    assert set(load.kinds) == {"Connection"}
    assert len(load.recording.samples) == load.kinds.total()
    said = load.recording.examples["Connection"].message
    assert "Connection refused" in said or "Could not connect" in said
    assert load.accused == []


@pytest.mark.parametrize("shape", SHAPES)
def test_peer_that_goes_away(start_peer: StartPeer, shape: dict[str, Any]) -> None:
    """What was answered before the end succeeded; whatever came later, received or refused, is Connection."""
    peer = start_peer(lambda received: OK if received.number <= 30 else None)
    load = run(peer_target(peer.port), **{**SHORT, "max_requests": 90} | shape)

    assert peer.kinds["ok"] == load.kinds["ok"] == 30
    assert set(load.kinds) == {"ok", "Connection"}
    assert load.kinds.total() == len(load.recording.samples) > len(peer.log)
    assert load.accused == []
