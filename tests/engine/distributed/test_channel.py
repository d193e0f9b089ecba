"""Locust's master as it is used here, at a real port: strangers end nothing, and nothing of it is left."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Any

import gevent
import msgpack
import pytest
import zmq.green as zmq

from pytest_smload.engine.distributed.locust_master import LocustMaster, listen
from pytest_smload.engine.distributed.locust_worker import connect
from pytest_smload.engine.distributed.wire import PIECE_BYTES
from pytest_smload.errors import ConfigurationError

NOISE = [
    [b""],
    [b"\xff\xfe"],
    [b"a", b"b"],
    [msgpack.dumps(None)],
    [msgpack.dumps(("quit", None, "x"))],
    [msgpack.dumps(("client_ready", {"a": 1}, "x"))],
    [msgpack.dumps(("client_ready", -1, "x"))],
    [msgpack.dumps(("stats", {}, "x"))],
    [msgpack.dumps(("exception", None, "x"))],
    [msgpack.dumps({"__datetime__": True, "as_str": "x"})],
]


def _wait_for(what: Any) -> None:
    with gevent.Timeout(5):
        while not what():
            gevent.sleep(0.01)


def test_noise_from_strangers_is_survived() -> None:
    """A message of ours after all of it is heard as ever."""
    master = listen("127.0.0.1", 0, "--smload-processes")
    heard: list[tuple[str, object]] = []
    master.heard = lambda peer, said: heard.append((peer, said))
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.setsockopt(zmq.IDENTITY, b"stranger")
    nameless = context.socket(zmq.DEALER)
    try:
        stranger.connect(f"tcp://127.0.0.1:{master.server.port}")
        nameless.connect(f"tcp://127.0.0.1:{master.server.port}")
        for parts in NOISE:
            nameless.send_multipart(parts)
            stranger.send_multipart(parts)
        stranger.send(msgpack.dumps(("smload", {"number": 1}, "x")))
        _wait_for(lambda: heard)
    finally:
        stranger.close(linger=0)
        nameless.close(linger=0)
        context.term()
        master.close()

    assert [said for _, said in heard] == [{"number": 1}]


def test_a_message_too_large_ends_its_sender_s_connection_only() -> None:
    """No stranger has the master hold what no worker sends; others are heard before and after."""
    master = listen("127.0.0.1", 0, "--smload-processes")
    heard: list[int] = []
    master.heard = lambda _peer, said: heard.append(len(said))  # type: ignore[arg-type]
    context = zmq.Context()
    huge, other = context.socket(zmq.DEALER), context.socket(zmq.DEALER)
    try:
        for peer in (huge, other):
            peer.setsockopt(zmq.IDENTITY, secrets.token_hex(4).encode())
            peer.connect(f"tcp://127.0.0.1:{master.server.port}")
        huge.send(msgpack.dumps(("smload", bytes(PIECE_BYTES), "x")))
        _wait_for(lambda: heard)
        huge.send(msgpack.dumps(("smload", bytes(2 * PIECE_BYTES), "x")))
        other.send(msgpack.dumps(("smload", bytes(10), "x")))
        _wait_for(lambda: len(heard) > 1)
    finally:
        huge.close(linger=0)
        other.close(linger=0)
        context.term()
        master.close()

    assert heard == [PIECE_BYTES, 10]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_nothing_is_left_of_a_master_that_was_closed() -> None:
    """No file, no thread: a run of pytest may open many."""

    def open_and_close() -> tuple[int, int]:
        listen("127.0.0.1", 0, "--smload-processes").close()
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    first = open_and_close()
    assert [open_and_close() for _ in range(3)] == [first] * 3


def test_a_port_that_is_taken_is_said_so() -> None:
    """By Locust's own exit as well, which must not end pytest."""
    master: LocustMaster = listen("127.0.0.1", 0, "--smload-bind")
    try:
        with pytest.raises(ConfigurationError, match="choose another port"):
            listen("127.0.0.1", master.server.port, "--smload-bind")
    finally:
        master.close()


def test_a_worker_waits_where_the_channel_is_full() -> None:
    """More than it holds arrives all the same, in order: the master reads when it can, and nothing is dropped."""
    master = listen("127.0.0.1", 0, "--smload-processes")
    heard: list[int] = []
    master.heard = lambda _peer, said: heard.append(int(said["number"]))  # type: ignore[index, call-overload]
    asked = threading.Event()

    def send() -> None:
        worker = connect("127.0.0.1", master.server.port)
        worker.client.socket.setsockopt(zmq.SNDHWM, 2)
        try:
            for number in range(200):
                worker.wait_for_room()
                worker.tell({"number": number, "body": bytes(PIECE_BYTES // 4)})
            asked.wait(30)
        finally:
            worker.greenlet.kill(block=True)
            worker.client.close(linger=0)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        _wait_for(lambda: len(heard) == 200)
    finally:
        asked.set()
        while sending.is_alive():
            gevent.sleep(0.01)
        master.close()

    assert heard == list(range(200))
