"""The watch that notes when the event loop was away from its sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter

import gevent
import pytest

from pytest_smload.engine.stall_watch import LONG_S, StallWatch

HELD_S = 0.02


@pytest.fixture(params=["linux", "another system"])
def watch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[StallWatch]:
    """A watch on the loop, taken off again; elsewhere than on Linux the loop is not asked what has come."""
    if request.param != sys.platform:
        monkeypatch.setattr("sys.platform", "other")
    watching = StallWatch()
    watching.start()
    gevent.sleep(0.001)
    yield watching
    watching.stop()


def turn() -> None:
    """Let the loop poll, work and poll again, however late this machine is."""
    for _ in range(3):
        gevent.sleep(0.002)


def hold() -> tuple[float, float]:
    """Keep the loop from polling, and return between which times."""
    began = perf_counter()
    while perf_counter() < began + HELD_S:
        pass
    return began, perf_counter()


@pytest.mark.parametrize("how", ["in a greenlet", "in gevent's callbacks"])
def test_a_stall_is_noted_with_its_times(watch: StallWatch, how: str) -> None:
    """From the poll before to the poll after, whoever held the loop."""
    if how == "in a greenlet":
        began, ended = hold()
    else:
        began, ended = gevent.spawn(hold).get()
    turn()

    stalls = watch.stalls
    assert any(before <= began and ended <= after for before, after in zip(stalls.began, stalls.ended, strict=True)), (
        "the hold lies inside no stall"
    )
    assert all(after - before > LONG_S for before, after in zip(stalls.began, stalls.ended, strict=True))
    assert all(after <= polled for after, polled in zip(stalls.ended, stalls.polled, strict=True))
    assert all(polled <= until for polled, until in zip(stalls.polled, stalls.until, strict=False))


def test_what_came_meanwhile_is_read_after_a_poll_that_did_not_wait(watch: StallWatch) -> None:
    """The reader runs between the poll's return and the end of the work that followed it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        read_at: list[float] = []
        readable = gevent.get_hub().loop.io(ours.fileno(), 1)
        readable.start(lambda: (ours.recv(1), read_at.append(perf_counter())))
        turn()
        theirs.send(b"x")
        _, ended = hold()
        turn()
        readable.stop()
        readable.close()

    stalls = watch.stalls
    place = next(index for index, after in enumerate(stalls.ended) if after >= ended)
    assert stalls.found[place]
    assert stalls.polled[place] <= read_at[0] <= stalls.until[place]


def test_waiting_is_no_stall(watch: StallWatch) -> None:
    """A loop with nothing to do is inside its poll."""
    before = len(watch.stalls.began)
    began = perf_counter()
    gevent.sleep(0.2)
    inside = [after - before for before, after in zip(watch.stalls.began, watch.stalls.ended, strict=True)]

    assert sum(inside[before:]) < (perf_counter() - began) / 2


def test_nothing_is_noted_after_the_watch_is_taken_off() -> None:
    """Its watchers are closed."""
    watching = StallWatch()
    watching.start()
    watching.stop()
    noted = len(watching.stalls.began)
    hold()
    turn()

    assert noted == len(watching.stalls.began)


def test_a_poll_that_waited_found_nothing() -> None:
    """On Linux the loop is asked, whatever the poll's length."""
    watching = StallWatch()
    watching.start()
    _, ended = hold()
    gevent.sleep(0.05)
    turn()
    watching.stop()

    stalls = watching.stalls
    place = next(index for index, after in enumerate(stalls.ended) if after >= ended)
    assert not stalls.found[place]


PATCHED = """
from gevent import monkey
monkey.patch_all()
import socket, time
import gevent
from pytest_smload.engine.stall_watch import StallWatch
watch = StallWatch()
watch.start()
ours, theirs = socket.socketpair()
reader = gevent.spawn(ours.recv, 1)
gevent.sleep(0.01)
theirs.send(b"x")
until = time.perf_counter() + 0.02
while time.perf_counter() < until:
    pass
reader.join()
gevent.sleep(0.01)
watch.stop()
print(next(found for ended, found in zip(watch.stalls.ended, watch.stalls.found) if ended >= until))
"""


def test_a_process_its_owner_has_patched() -> None:
    """The loop is asked from within itself, where gevent's own poll must not be used."""
    done = subprocess.run([sys.executable, "-c", PATCHED], capture_output=True, text=True, timeout=60, check=False)

    assert ("1\n", "") == (done.stdout, done.stderr)
