"""Going on at the end of a window: who decides, on what, and that nothing pauses for it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeTransport, plan_of

from pytest_smload.core.load.schedule import Schedule
from pytest_smload.core.request.error_kinds import OK, TIMEOUT
from pytest_smload.core.samples.look import Look
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load

OPEN = {"tps": 200, "duration": "200ms", "max_duration": "800ms", "models": {"a": 3, "b": 1}}
CLOSED = {"users": 1, "duration": "200ms", "max_duration": "400ms"}


def run(transport: Any, goes_on: Callable[[Look], bool] | None, **fields: Any) -> Recording:
    return run_load(
        plan_of(**fields),
        transport,
        endpoint_name="fake",
        base_url="http://127.0.0.1",
        hooks=LoadHooks(),
        goes_on=goes_on,
    )


class Decisions:
    """Answers yes so many times, and keeps what it was shown."""

    def __init__(self, yes: int) -> None:
        self.looks: list[Look] = []
        self._yes = yes

    def __call__(self, look: Look) -> bool:
        self.looks.append(look)
        return len(self.looks) <= self._yes


@pytest.mark.parametrize(("yes", "stretches", "looks"), [(0, 1, 1), (1, 2, 2), (9, 3, 2)])
def test_an_open_load_sends_exactly_the_stretches_decided_on(yes: int, stretches: int, looks: int) -> None:
    """Every arrival up to where it ended, each once, at the schedule's times and with its models; none beyond."""
    transport, decisions = FakeTransport(), Decisions(yes)
    recording = run(transport, decisions, **OPEN)
    schedule = Schedule.of(plan_of(**OPEN).profile, [0.75, 0.25])
    end = schedule.ends[stretches - 1]
    offsets = sorted(due - recording.window_start_s for due in recording.samples.due)

    assert looks == len(decisions.looks)
    assert pytest.approx(schedule.offsets_s[: end.arrivals].tolist(), abs=1e-6) == offsets
    assert end.arrivals * 3 // 4 == recording.samples.model.tolist().count(0)
    assert (end.arrivals, 0) == (len(transport.log), len(recording.unsent_due))
    assert pytest.approx(end.offset_s) == recording.window_s
    assert (stretches, True) == (recording.stretches, recording.complete)
    assert pytest.approx(200) == recording.offered_tps


def test_nobody_who_decides_ends_it_at_the_first_end() -> None:
    """As a load that may not go on."""
    recording = run(FakeTransport(), None, **OPEN)

    assert (40, 1) == (len(recording.samples), recording.stretches)


def test_a_closed_load_goes_on_without_a_pause() -> None:
    """Its user begins each request when the one before has ended, at the first end too; its look was taken before."""
    decisions = Decisions(1)
    recording = run(FakeTransport(0.03), decisions, **CLOSED)
    samples, first_end_s = recording.samples, recording.window_start_s + 0.2

    assert samples.end.tolist()[:-1] == samples.due.tolist()[1:]
    assert samples.start[0] < first_end_s < samples.start[-1]
    assert [True] == [look.recording.window_end_s < first_end_s for look in decisions.looks]
    assert pytest.approx(0.4) == recording.window_s


def test_nothing_drains_at_the_end_it_goes_on_from() -> None:
    """An open load whose answers all take longer than a stretch sends its second one while they are under way."""
    transport = FakeTransport(0.5)
    recording = run(transport, Decisions(1), **OPEN | {"max_duration": "400ms"})
    sent_before_an_answer = sum(moment < min(recording.samples.end) for moment, _ in transport.log)

    assert 80 == len(recording.samples) == sent_before_an_answer


def test_a_look_knows_what_is_under_way() -> None:
    """Sent or waiting for a user; each with its due time and model, to be taken for answered or for timed out."""
    decisions = Decisions(0)
    run(FakeTransport(0.3), decisions, **OPEN | {"max_in_flight": 5})
    look = decisions.looks[0]
    as_answered, as_timed_out = look.as_if(OK), look.as_if(TIMEOUT)
    due = as_answered.samples.due.tolist()

    assert 0 == len(look.recording.samples)
    assert len(due) > 5
    assert all(look.recording.window_start_s <= each < look.recording.window_end_s for each in due)
    assert [OK] * len(due) == as_answered.samples.kind.tolist()
    assert [TIMEOUT] * len(due) == as_timed_out.samples.kind.tolist()
    assert {look.recording.window_end_s} == set(as_timed_out.samples.end)
    assert {0, 1} == set(look.under_way_model)


def test_a_look_of_a_closed_load_knows_the_models_under_way() -> None:
    """One request per user, of the model it went to."""
    decisions, transport = Decisions(0), FakeTransport(0.3)
    run(transport, decisions, **CLOSED | {"users": 8, "models": {"a": 3, "b": 1}})
    look = decisions.looks[0]

    assert sorted("ab"[model] for model in look.under_way_model) == sorted(name for _, name in transport.log)


def test_think_time_is_not_cut_at_an_end_the_load_goes_on_from() -> None:
    """A user that thinks across it sends when it has thought, not when the window would have ended."""
    recording = run(FakeTransport(0.001), Decisions(1), **CLOSED | {"wait": "250ms"})
    samples = recording.samples

    assert 2 == len(samples)
    assert samples.start[1] - samples.end[0] >= 0.25


def test_it_goes_on_where_the_answer_comes_too_late() -> None:
    """Nothing is settled by the end of the window, so that it is not the last."""
    is_over = threading.Event()

    def slow(_look: Look) -> bool:
        is_over.wait(10)
        return False

    transport = FakeTransport(0.001)
    transport.outcome = lambda count: is_over.set() if count > 50 else None
    recording = run(transport, slow, **OPEN | {"max_duration": "400ms"})

    assert (80, 2) == (len(recording.samples), recording.stretches)


def test_what_goes_wrong_in_a_look_is_raised() -> None:
    """It is a mistake of this software: the load ends, and nothing of it is left running."""
    before = threading.active_count()
    transport = FakeTransport()

    def broken(_look: Look) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(transport, broken, **OPEN)

    assert transport.closed
    assert before == threading.active_count()


def test_ctrl_c_during_a_look_ends_the_load() -> None:
    """It goes on no further, whatever the answer."""

    def interrupted(_look: Look) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)
        return True

    recording = run(FakeTransport(), interrupted, **OPEN | {"duration": "2s", "max_duration": "4s"})

    assert recording.interrupted
    assert recording.window_s < 2


def test_the_interpreter_switches_threads_as_before_afterwards() -> None:
    """Only while a look is judged are turns shorter."""
    usual_s, seen_s = sys.getswitchinterval(), []

    def watches(_look: Look) -> bool:
        seen_s.append(sys.getswitchinterval())
        return False

    run(FakeTransport(), watches, **OPEN)

    assert usual_s == sys.getswitchinterval()
    assert [True] == [each < usual_s for each in seen_s]


def test_a_cap_on_requests_ends_a_load_that_goes_on() -> None:
    """Over all its stretches together."""
    recording = run(FakeTransport(), Decisions(9), **OPEN | {"max_requests": 60})

    assert 60 == len(recording.samples)
