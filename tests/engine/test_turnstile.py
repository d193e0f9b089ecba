"""Who gets which arrival of an open load."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import gevent
import pytest

from pytest_smload.engine.turnstile import Turnstile


class Users:
    """Greenlets that take arrivals and hold each for *hold_s*."""

    def __init__(self, turnstile: Turnstile, count: int, hold_s: float = 0.0) -> None:
        self.taken: list[tuple[int, int]] = []
        self.greenlets = [gevent.spawn(self._drive, turnstile, user, hold_s) for user in range(count)]
        gevent.sleep(0)

    def _drive(self, turnstile: Turnstile, user: int, hold_s: float) -> None:
        free_s = 0.0
        while (arrival := turnstile.next_arrival(free_s)) >= 0:
            self.taken.append((arrival, user))
            gevent.sleep(hold_s)
            free_s = perf_counter()

    def join(self) -> None:
        """Wait until all have gone home."""
        assert len(gevent.joinall(self.greenlets, timeout=10)) == len(self.greenlets)


@pytest.fixture
def turnstile() -> Iterator[Turnstile]:
    """A turnstile without warm-up."""
    turnstile = Turnstile()
    yield turnstile
    turnstile.close()


def schedule(*offsets_s: float) -> array[float]:
    now = perf_counter()
    return array("d", [now + offset for offset in offsets_s])


def open_for(
    turnstile: Turnstile,
    due: array[float],
    window_s: float = 10.0,
    window_start_s: float = 0.0,
    warmup_count: int = 0,
    limit: int | None = None,
) -> None:
    turnstile.open(
        due,
        warmup_count=warmup_count,
        window_start_s=window_start_s,
        window_end_s=perf_counter() + window_s,
        limit=len(due) if limit is None else limit,
    )


def test_every_arrival_is_given_out_once_in_order(turnstile: Turnstile) -> None:
    """Arrivals go out in the schedule's order, each to one user, and then everybody is sent home."""
    users = Users(turnstile, 3)
    open_for(turnstile, schedule(*[0.001 * i for i in range(20)]))
    users.join()

    assert [arrival for arrival, _ in users.taken] == list(range(20))
    assert (turnstile.claimed, turnstile.sent) == (20, 20)


def test_no_arrival_is_early(turnstile: Turnstile) -> None:
    """A user gets an arrival when it is due, not before."""
    due = schedule(*[0.003 * i for i in range(10)])
    early: list[int] = []

    def drive() -> None:
        while (arrival := turnstile.next_arrival(0.0)) >= 0:
            if perf_counter() < due[arrival]:
                early.append(arrival)

    user = gevent.spawn(drive)
    gevent.sleep(0)
    open_for(turnstile, due)
    user.join(timeout=10)

    assert early == []


def test_the_user_freed_last_goes_next(turnstile: Turnstile) -> None:
    """Arrivals that never overlap are all sent by two users: one sends while the other waits for the next arrival."""

    class NeverOverdue(array):  # type: ignore[type-arg]  # array is generic to checkers only
        def __getitem__(self, index: Any) -> Any:
            return perf_counter() + 0.002

    users = Users(turnstile, 10)
    open_for(turnstile, NeverOverdue("d", [0.0] * 12))
    users.join()

    assert len({user for _, user in users.taken}) <= 2


def test_simultaneous_arrivals_need_a_user_each(turnstile: Turnstile) -> None:
    """What is due at once is sent at once as long as there are users."""
    users = Users(turnstile, 5, hold_s=0.05)
    open_for(turnstile, schedule(0.0, 0.0, 0.0, 0.0, 0.0))
    users.join()

    assert {user for _, user in users.taken} == {0, 1, 2, 3, 4}


def test_what_nobody_was_free_for_stays_unsent(turnstile: Turnstile) -> None:
    """A user that becomes free after the window takes nothing more."""
    users = Users(turnstile, 1, hold_s=0.05)
    open_for(turnstile, schedule(0.0, 0.001, 0.002), window_s=0.02)
    users.join()

    assert ([0], 1) == ([arrival for arrival, _ in users.taken], turnstile.claimed)


def test_a_user_free_in_the_window_sends_the_last_arrivals_late(turnstile: Turnstile) -> None:
    """An arrival due just before the window's end is the client's to send, however late its loop wakes up."""
    users = Users(turnstile, 2)
    open_for(turnstile, schedule(0.0, 0.0, 0.0), window_s=0.0005)
    gevent.sleep(0)
    users.join()

    assert turnstile.sent >= 2


def test_a_user_freed_too_late_keeps_nobody_from_sending(turnstile: Turnstile) -> None:
    """Users that were free in the window send what was due in it, though one freed after it stands before them."""
    in_time = Users(turnstile, 2)
    too_late = gevent.spawn(turnstile.next_arrival, perf_counter() + 120)
    gevent.sleep(0)
    open_for(turnstile, schedule(0.0, 0.0), window_s=60)
    in_time.join()

    assert too_late.get(timeout=10) == -1
    assert sorted(arrival for arrival, _ in in_time.taken) == [0, 1]


def test_the_warm_up_s_backlog_is_dropped_when_the_window_opens() -> None:
    """Warm-up arrivals that found no free user are not sent inside the window."""
    turnstile = Turnstile()
    users = Users(turnstile, 1, hold_s=0.05)
    open_for(turnstile, schedule(0.0, 0.001, 0.002, 0.06), window_start_s=perf_counter() + 0.03, warmup_count=3)
    users.join()
    turnstile.close()

    assert [arrival for arrival, _ in users.taken] == [0, 3]


def test_stopping_sends_everybody_home(turnstile: Turnstile) -> None:
    """After a stop nothing more is given out, not even what a user was already waiting for."""
    users = Users(turnstile, 3)
    open_for(turnstile, schedule(0.0, 0.05, 5.0))
    gevent.sleep(0.01)
    turnstile.stop(perf_counter())
    users.join()

    assert [arrival for arrival, _ in users.taken] == [0]


def test_an_arrival_that_waited_for_a_user_is_told_apart(turnstile: Turnstile) -> None:
    """Only where no user was free did an arrival wait for one; a user freed late while others wait is no excuse."""
    waited: dict[int, bool] = {}
    due = schedule(0.0, 0.0, 0.0, 0.0, 0.2)

    def drive(hold_s: float) -> None:
        free_s = 0.0
        while (arrival := turnstile.next_arrival(free_s)) >= 0:
            waited[arrival] = turnstile.all_were_busy and free_s > due[arrival]
            gevent.sleep(hold_s)
            free_s = perf_counter()

    users = [gevent.spawn(drive, 0.02) for _ in range(2)]
    gevent.sleep(0)
    open_for(turnstile, due)
    gevent.joinall(users, timeout=10)

    assert waited == {0: False, 1: False, 2: True, 3: True, 4: False}


def test_a_late_user_among_free_ones_waited_for_nobody(turnstile: Turnstile) -> None:
    """The user freed last goes first, but another was free all along: its lateness is the client's."""
    waited: list[bool] = []

    def drive(free_s: float) -> None:
        if turnstile.next_arrival(free_s) >= 0:
            waited.append(turnstile.all_were_busy)

    users = [gevent.spawn(drive, free_s) for free_s in (0.0, perf_counter() + 1)]
    gevent.sleep(0)
    open_for(turnstile, schedule(0.0))
    gevent.joinall(users, timeout=10)

    assert waited == [False]


def test_a_killed_waiter_is_forgotten(turnstile: Turnstile) -> None:
    """A user killed while it waits does not take an arrival with it."""
    users = Users(turnstile, 3)
    users.greenlets[2].kill()
    open_for(turnstile, schedule(0.0, 0.001, 0.002))
    users.join()

    assert [arrival for arrival, _ in users.taken] == [0, 1, 2]


def test_users_wait_until_it_is_decided_whether_there_is_more(turnstile: Turnstile) -> None:
    """What lies beyond the limit goes out in order once it is moved, and to nobody before."""
    users = Users(turnstile, 3)
    open_for(turnstile, schedule(*[0.0] * 10), limit=4)
    gevent.sleep(0.02)

    assert [0, 1, 2, 3] == [arrival for arrival, _ in users.taken]
    assert not any(greenlet.dead for greenlet in users.greenlets)
    turnstile.go_on(window_end_s=perf_counter() + 10, limit=10)
    users.join()
    assert list(range(10)) == [arrival for arrival, _ in users.taken]


@pytest.mark.parametrize("ended_by", ["decision", "stop"])
def test_users_go_home_when_there_is_no_more(turnstile: Turnstile, ended_by: str) -> None:
    """Decided, or stopped by anything else."""
    users = Users(turnstile, 3)
    open_for(turnstile, schedule(*[0.0] * 10), limit=4)
    gevent.sleep(0.02)
    if ended_by == "stop":
        turnstile.stop(perf_counter())
    else:
        turnstile.decide_to_end()
    users.join()

    assert 4 == len(users.taken)


def test_a_user_killed_while_it_waits_for_the_decision_holds_up_nobody(turnstile: Turnstile) -> None:
    """Another takes its place."""
    users = Users(turnstile, 3)
    open_for(turnstile, schedule(*[0.0] * 10), limit=4)
    gevent.sleep(0.02)
    waiting = users.taken[-1][1]
    users.greenlets.pop(waiting).kill()
    turnstile.go_on(window_end_s=perf_counter() + 10, limit=10)
    users.join()

    assert list(range(10)) == [arrival for arrival, _ in users.taken]
