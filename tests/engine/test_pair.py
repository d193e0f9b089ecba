"""Two loads driven over one window, over transports without a network."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from fakes import FakeTransport, ctrl_c_at, plan_of

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.hooks import LoadHooks, Running
from pytest_smload.engine.pair import Side, run_pair


def pair(
    tested: FakeTransport, control: FakeTransport, hooks: LoadHooks | None = None, **fields: Any
) -> tuple[Recording, Recording]:
    """Run the open load *fields* describe over both transports."""
    plan = plan_of(**{"tps": 200, "duration": "300ms"} | fields)
    sides = [
        Side(
            plan=replace(plan, side=number),
            transport=transport,  # type: ignore[arg-type]
            endpoint_name=f"side {number}",
            base_url="http://127.0.0.1",
            hooks=(hooks or LoadHooks()) if number == 0 else LoadHooks(),
            gives_up=number == 1,
        )
        for number, transport in enumerate((tested, control))
    ]
    return run_pair(*sides)


def test_each_side_is_sent_the_whole_schedule() -> None:
    """As many requests to each model on either side as one load would send, counted as each endpoint counts them."""
    tested, control = FakeTransport(), FakeTransport(latency_s=0.01)
    recordings = pair(tested, control, models={"a": 3, "b": 1}, warmup="100ms", prime=True)

    for transport, recording in zip((tested, control), recordings, strict=True):
        sent = Counter(name for _, name in transport.log)
        assert sent == Counter(recording.model_names[index] for index in recording.samples.model)
        assert measure(recording).total.requests == 60
        assert recording.complete
        assert transport.closed
        assert transport.open_connections == 0


def test_both_sides_have_one_window() -> None:
    """It begins and ends at the same moment, once both are primed, and pairs are due together."""
    slow_to_prime = FakeTransport(latency_s=0.05)
    one, other = pair(FakeTransport(), slow_to_prime, models={"a": 1, "b": 1}, warmup="50ms", prime=True)

    assert (one.window_start_s, one.window_end_s) == (other.window_start_s, other.window_end_s)
    due = [sorted(recording.samples.due)[-60:] for recording in (one, other)]
    assert max(abs(first - second) for first, second in zip(*due, strict=True)) < 0.000_3


def test_a_slow_side_takes_no_users_of_the_other() -> None:
    """The in-flight cap holds for each side by itself: what one side leaves unsent, the other sends."""
    stuck, control = FakeTransport(latency_s=0.25), FakeTransport()
    one, other = pair(stuck, control, max_in_flight=2)

    assert stuck.most_in_flight == 2
    assert measure(one).unsent > 0
    assert measure(other).unsent < measure(one).unsent / 2


def test_a_dead_control_ends_both() -> None:
    """Nothing more is sent to the endpoint under test once its control is given up; each recording says what it is."""
    dead = FakeTransport(latency_s=0.001, outcome=lambda _count: "AccessDeniedException")
    tested = FakeTransport()
    one, other = pair(tested, dead, duration="20s")

    assert other.aborted is not None
    assert one.aborted is None
    assert not one.complete
    assert one.window_s < 5


def test_ctrl_c_ends_both_sides() -> None:
    """Both recordings are of an interrupted load, and nothing of either is left."""
    tested, control = FakeTransport(), FakeTransport()
    ctrl_c_at(tested, 5)
    recordings = pair(tested, control, duration="20s")

    assert all(recording.interrupted for recording in recordings)
    assert tested.closed
    assert control.closed
    assert tested.in_flight == control.in_flight == 0


def test_who_may_end_the_load_is_told_of_both_sides() -> None:
    """What safety counts is what both endpoints are sent."""
    told: list[Running] = []

    def ends(running: Running) -> bool:
        told.append(running)
        return running.sent >= 20

    tested, control = FakeTransport(), FakeTransport()
    recordings = pair(tested, control, LoadHooks(ends_load=ends), duration="20s")

    assert told[-1].sent >= 20
    assert all(len(recording.samples) < 500 for recording in recordings)


def test_what_a_control_raises_ends_the_test() -> None:
    """A mistake of the software in the control's half is not lost in its greenlet."""

    class Broken(FakeTransport):
        def connection(self) -> Any:
            raise RuntimeError("no connection")

    tested, broken = FakeTransport(), Broken()
    _, other = pair(tested, broken)

    assert "RuntimeError: no connection" in other.task_exceptions


@pytest.mark.parametrize("side", [0, 1])
def test_a_load_that_cannot_begin_leaves_nothing_open(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both transports are closed where either side cannot be set up."""
    transports = FakeTransport(), FakeTransport()
    monkeypatch.setattr("pytest_smload.engine.pair.refuse_more_than_files_allow", lambda *_args, **_more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pair(*transports)

    assert transports[side].closed
