"""Failures that cost no time are paced; nothing that an endpoint answers is."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import FakeTransport, run

from pytest_smload.engine import backoff

AT_ONCE = -1.0


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits asked for, which still take place."""
    asked: list[float] = []
    sleep = backoff.gevent.sleep

    def noted(seconds: float) -> None:
        asked.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(backoff.gevent, "sleep", noted)
    return asked


def test_users_that_fail_at_once_leave_the_load_its_clock() -> None:
    """A request that fails without yielding must not keep the window from opening, nor from ending."""
    transport = FakeTransport(latency_s=AT_ONCE, outcome=lambda _sent: "Connection")
    recording = run(transport, users=20, duration="300ms", warmup="50ms")

    assert recording.window_s == pytest.approx(0.3)
    assert len(transport.log) == len(recording.samples)
    # Each waits 1, 2, 4, 8, ... ms, at most 100.
    assert len(transport.log) <= 20 * 12


def test_the_waits_of_one_user_grow_to_a_bound() -> None:
    """And begin anew after a success."""
    transport = FakeTransport(latency_s=AT_ONCE, outcome=lambda sent: None if sent == 12 else "Connection")
    transport.latency_of = lambda sent: 0.002 if sent == 12 else AT_ONCE
    recording = run(transport, users=1, duration="60s", max_requests=14)

    due, end = recording.samples.due, recording.samples.end
    waited_s = [later - before for later, before in zip(due[1:], end, strict=False)]
    least_s = [*(min(backoff.MOST_S, backoff.FIRST_S * 2**n) for n in range(11)), 0.0, backoff.FIRST_S]
    # The wait after a failure is between its end and the next request's due time; none follows the last.
    assert all(waited >= least * 0.99 for waited, least in zip(waited_s, least_s, strict=True))
    assert waited_s[-1] < backoff.MOST_S * 0.9


def test_a_wait_is_no_client_delay() -> None:
    """The next request is due when the wait is over."""
    transport = FakeTransport(latency_s=AT_ONCE, outcome=lambda _sent: "Connection")
    samples = run(transport, users=1, duration="60s", max_requests=8).samples

    assert max(start - due for due, start in zip(samples.due, samples.start, strict=True)) < backoff.FIRST_S * 64


@pytest.mark.parametrize("kind", ["ThrottlingException", "500", "Timeout", "BadResponse", None])
def test_what_an_endpoint_answers_is_not_paced(kind: str | None, waits_s: list[float]) -> None:
    """How often users ask again is what is measured."""
    transport = FakeTransport(outcome=lambda _sent: kind)
    backing_off: list[Any] = []
    original = backoff.BackOff.after

    def after(self: Any, connection: Any, ready_s: float, code: int) -> None:
        before = len(waits_s)
        original(self, connection, ready_s, code)
        backing_off.extend(waits_s[before:])

    backoff.BackOff.after = after  # type: ignore[method-assign]
    try:
        run(transport, users=1, max_requests=30)
    finally:
        backoff.BackOff.after = original  # type: ignore[method-assign]

    assert backing_off == []


def test_a_schedule_is_its_own_pace() -> None:
    """An open load sends what is due; a user that fails at once only lets the others run."""
    transport = FakeTransport(latency_s=AT_ONCE, outcome=lambda _sent: "Connection")
    recording = run(transport, tps=200, duration="300ms", max_in_flight=5)

    assert (len(transport.log), len(recording.unsent_due)) == (60, 0)
