"""Twelve endpoints whose right verdict is known: how each is built, and what is true of it."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workload import MODELS

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOW_MODEL = list(MODELS)[-1]
FREEZE_S, STOP_S, STOPS = 2.0, 0.4, 3
"""How long the endpoint stands still; how long the client is stopped, and how often."""
_UNSIGNED = "check_signatures = false\n"
_HEALTHY = 'latency = { lognormal = { p50 = "20ms", p95 = "60ms" } }\n'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n"
_BODY = b"4.57"


@dataclass(frozen=True, slots=True)
class Case:
    """An endpoint, or a client, of which the truth is known.

    Attributes:
        name: What it is.
        truth: Why the right verdict is right.
        right: Verdicts that are.
        scenario: Of the embedded endpoint; None where it is another peer.
        answer: What a peer of our own does with the n-th request on a socket, returning whether the connection stays.
        freezes: Whether the endpoint stands still during the load, for `FREEZE_S`.
        starves: Whether the client is stopped during the load.
    """

    name: str
    truth: str
    right: tuple[str, ...]
    scenario: str | None = _HEALTHY
    answer: Callable[[socket.socket, int], bool] | None = None
    freezes: bool = False
    starves: bool = False


def _slow_body(sock: socket.socket, _number: int) -> bool:
    sock.sendall(_HEAD % len(_BODY) + _BODY[:1])
    time.sleep(0.4)
    sock.sendall(_BODY[1:])
    return True


def _truncated(sock: socket.socket, number: int) -> bool:
    time.sleep(0.02)
    broken = number % 5 == 0
    sock.sendall(_HEAD % (1000 if broken else len(_BODY)) + _BODY)
    return not broken


FAIL, PASS, INVALID = "fail", "pass", "invalid"
CASES = (
    Case("healthy", "p95 60 ms, no errors", (PASS,)),
    Case(
        "slow p95",
        "median 80 ms, p95 400 ms",
        (FAIL,),
        'latency = { lognormal = { p50 = "80ms", p95 = "400ms" } }\n',
    ),
    Case(
        "one slow model behind a fast mean",
        f"{SLOW_MODEL} takes 400 ms, the mean is kept low by the others",
        (FAIL,),
        f'[latency]\n"*" = "20ms"\n"{SLOW_MODEL}" = "400ms"\n',
    ),
    Case(
        "fast 5xx",
        "3 of 10 answers are a ModelError, sooner than any other",
        (FAIL,),
        _HEALTHY + '[[faults]]\nkind = "ModelError"\nrate = 0.3\n',
    ),
    Case("2 s freeze", "every user of those two seconds waits up to 2 s", (FAIL,), freezes=True),
    Case("saturated", "40 of 100 TPS can be served", (FAIL,), 'latency = "50ms"\nworkers = 2\n'),
    Case("client starved", "the endpoint is healthy, the client is stopped", (PASS, INVALID), starves=True),
    Case("dead port", "nobody listens", (FAIL,), None),
    Case(
        "cold loads",
        "each model's first request takes 1 s, all others 60 ms at p95: it is healthy once warm",
        (PASS,),
        _HEALTHY + '[cold]\nload_time = "1s"\n',
    ),
    Case(
        "half the rate refused",
        "every other request is a ThrottlingException",
        (FAIL,),
        _HEALTHY + '[[faults]]\nkind = "ThrottlingException"\nrate = 0.5\n',
    ),
    Case("slow body", "heads at once, the rest of the body 400 ms later", (FAIL,), None, _slow_body),
    Case("truncated bodies", "a fifth of the bodies break off", (FAIL,), None, _truncated),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case listens, when its first request came, and whose process it is, if it has one."""

    url: str
    first_s: Callable[[], float | None]
    pid: int | None = None


@contextmanager
def standing(case: Case) -> Iterator[Place]:
    """Build *case* and take it down again."""
    if case.scenario is not None:
        with TemporaryDirectory() as folder:
            path = Path(folder, "scenario.toml")
            path.write_text(_UNSIGNED + case.scenario, encoding="utf-8")
            with EmulatorProcess.start(path) as emulator:
                yield Place(emulator.url, lambda: _first(emulator), emulator.pid)
    elif case.answer is not None:
        with _peer(case.answer) as url:
            yield Place(url, lambda: None)
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        yield Place(f"http://127.0.0.1:{port}", lambda: None)


def _first(emulator: EmulatorProcess) -> float | None:
    return next(iter(emulator.log().received_s), None)


@contextmanager
def _peer(answer: Callable[[socket.socket, int], bool]) -> Iterator[str]:
    numbers = itertools.count(1)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def serve(sock: socket.socket) -> None:
        with sock, suppress(OSError, ValueError):
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    data += _some(sock)
                head, _, data = data.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                while len(data) < length:
                    data += _some(sock)
                data = data[length:]
                if not answer(sock, next(numbers)):
                    return

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _some(sock: socket.socket) -> bytes:
    data = sock.recv(65_536)
    if not data:
        raise ConnectionError
    return data
