"""Windows that begin with a period of the wall clock."""

from __future__ import annotations

import signal
from time import perf_counter
from typing import Any

import gevent
import pytest
from fakes import FakeTransport, plan_of, run

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.progress import Progress
from pytest_smload.core.samples.recording import Recording
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load


def aligned(transport: FakeTransport, hooks: LoadHooks | None = None, period_s: int = 1, **fields: Any) -> Recording:
    """Run a load whose window is to begin with a period."""
    return run_load(
        plan_of(**fields),
        transport,  # type: ignore[arg-type]
        endpoint_name="fake",
        base_url="http://127.0.0.1",
        hooks=hooks or LoadHooks(),
        period_s=period_s,
    )


def beside_s(recording: Recording, period_s: int = 1) -> float:
    """How far from a period's begin the window began."""
    begin_s = recording.epoch_s + recording.window_start_s
    return abs(begin_s - round(begin_s / period_s) * period_s)


def test_an_open_window_begins_exactly_with_a_period(transport: FakeTransport) -> None:
    """The schedule is laid out for it; what is sent stays what was asked for."""
    load: dict[str, Any] = {"tps": 200, "warmup": "300ms", "duration": "200ms", "prime": True}

    recording = aligned(transport, **load)

    assert beside_s(recording) < 1e-4
    at_any_time = measure(run(FakeTransport(), **load))
    figures = measure(recording)
    assert (at_any_time.total.requests, at_any_time.warmup) == (figures.total.requests, figures.warmup)


def test_a_closed_window_begins_with_a_period(transport: FakeTransport) -> None:
    """Its users start a warm-up before it, no earlier: nothing more is sent for it."""
    recording = aligned(transport, users=3, warmup="300ms", duration="200ms")

    late_s = recording.epoch_s + recording.window_start_s
    assert late_s % 1 < 0.5
    assert recording.window_start_s - transport.log[0][0] == pytest.approx(0.3, abs=0.2)
    assert recording.window_s == pytest.approx(0.2, abs=0.001)


def test_without_a_warm_up_nothing_is_sent_before_it(transport: FakeTransport) -> None:
    """The window itself waits."""
    recording = aligned(transport, tps=200, duration="200ms")

    assert beside_s(recording) < 1e-4
    assert 0 == measure(recording).warmup.sent


def test_a_load_without_a_period_waits_for_none(transport: FakeTransport) -> None:
    """It begins at once."""
    asked_s = perf_counter()
    run_load(
        plan_of(tps=200, duration="100ms"),
        transport,  # type: ignore[arg-type]
        endpoint_name="fake",
        base_url="http://127.0.0.1",
        hooks=LoadHooks(),
    )

    assert transport.log[0][0] - asked_s < 5


@pytest.mark.parametrize("shape", [{"users": 2}, {"tps": 50}])
def test_ctrl_c_ends_the_wait(transport: FakeTransport, shape: dict[str, Any]) -> None:
    """A minute is long; nothing is sent, and the phase is told meanwhile."""
    seen: list[Progress] = []
    hooks = LoadHooks(on_progress=seen.append)
    gevent.spawn_later(1.3, signal.raise_signal, signal.SIGINT)

    # Not the period of any clock: whatever the time is, there is a wait of hours.
    recording = aligned(transport, hooks, period_s=7 * 86_400, duration="100ms", **shape)

    assert recording.interrupted
    assert 0 == len(recording.samples)
    assert [True] == [progress.total_s > 3600 for progress in seen if progress.phase == "waiting"][:1]
