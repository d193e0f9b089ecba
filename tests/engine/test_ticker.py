"""How a tick's lateness is told apart: the loop was busy, or the system woke it late."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_smload.engine.health import LoopTicker
from pytest_smload.engine.run_queue import RunQueue
from pytest_smload.engine.stall_watch import StallWatch

DUE_S, READ_S = 10.0, 10.030


@pytest.mark.parametrize(
    ("ended_s", "polled_s", "wake_s"),
    [
        pytest.param(9.9, 10.0001, 0.0001, id="the poll returned when the tick was due"),
        pytest.param(9.9, 10.025, 0.025, id="the poll returned late"),
        pytest.param(10.02, 10.02001, 0.00001, id="the loop was away when the tick was due"),
        pytest.param(10.02, 10.029, 0.009, id="away, and then woken late"),
        pytest.param(9.8, 9.9, 0.0, id="the poll had returned before"),
    ],
)
def test_what_a_poll_overslept_is_the_systems_part(ended_s: float, polled_s: float, wake_s: float) -> None:
    """Only the time inside the poll after the tick was due."""
    watch = StallWatch()
    watch.ended_s, watch.polled_s = ended_s, polled_s
    ticker = LoopTicker(lambda: None, watch)
    ticker.note(DUE_S, READ_S)

    assert list(ticker.lag_s) == [pytest.approx(0.03)]
    assert list(ticker.wake_lag_s) == [pytest.approx(wake_s)]


def test_without_a_watch_all_of_it_is_the_systems() -> None:
    """Nobody can tell which response waited, so that any may have."""
    ticker = LoopTicker(lambda: None, None)
    ticker.note(DUE_S, READ_S)

    assert list(ticker.lag_s) == list(ticker.wake_lag_s) == [pytest.approx(0.03)]


@pytest.mark.parametrize(
    ("ended_s", "polled_s", "stall", "woken_s"),
    [
        pytest.param(9.9, 10.025, None, 10.025, id="the poll overslept"),
        pytest.param(10.02, 10.02001, (9.99, 10.02), 9.99, id="the loop was away when the tick was due"),
        pytest.param(10.02, 10.02001, (10.015, 10.02), 10.015, id="overslept, then away"),
        pytest.param(10.02, 10.02001, (9.5, 9.6), 10.02, id="the poll that overslept was cut short"),
    ],
)
def test_when_the_first_poll_returned_that_the_tick_was_due_in(
    ended_s: float, polled_s: float, stall: tuple[float, float] | None, woken_s: float
) -> None:
    """The last poll, the one before the work that delayed it, or one that a signal cut short just before."""
    watch = StallWatch()
    watch.ended_s, watch.polled_s = ended_s, polled_s
    if stall is not None:
        watch.stalls.began.append(stall[0])
        watch.stalls.ended.append(stall[1])
    ticker = LoopTicker(lambda: None, watch)
    ticker.take(DUE_S, READ_S, watch, 0.003)
    ticker.take(DUE_S, READ_S, watch, 0.007)

    ticks = ticker.ticks
    assert [woken_s, ended_s, polled_s] == [ticks.woken[0], ticks.poll_began[0], ticks.polled[0]]
    assert list(ticks.waited_s) == [pytest.approx(0.003), pytest.approx(0.004)]


@pytest.mark.parametrize(
    ("text", "waited_s"),
    [("12345 2500000 17\n", 0.0025), ("", None), ("nothing to see\n", None), (None, None)],
    ids=["told", "empty", "other text", "no such file"],
)
def test_the_wait_for_a_core_where_the_system_tells(text: str | None, waited_s: float | None, tmp_path: Path) -> None:
    """The second number, nanoseconds; None everywhere else, and no file is left open."""
    path = tmp_path / "schedstat"
    if text is not None:
        path.write_text(text)
    queue = RunQueue(str(path))
    assert queue.waited_s() == waited_s
    queue.close()
    assert queue.waited_s() is None
