"""How a tick's lateness is told apart: the loop was busy, or the system woke it late."""

from __future__ import annotations

import pytest

from pytest_smload.engine.health import LoopTicker
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
