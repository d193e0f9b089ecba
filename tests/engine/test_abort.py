"""A load whose error rate stays too high ends early."""

from __future__ import annotations

from time import perf_counter

import pytest
from fakes import FakeTransport, run

from pytest_smload.core.load.abort_rule import AbortRule
from pytest_smload.core.samples.recording import Abort, Samples
from pytest_smload.engine.abort import AbortWatch
from pytest_smload.engine.hooks import LoadHooks, Running


def add(samples: Samples, good: int, bad: int) -> None:
    """Append samples of which only kind and count matter."""
    for kind in [0] * good + [1] * bad:
        samples.due.append(0)
        samples.start.append(0)
        samples.end.append(0)
        samples.kind.append(kind)
        samples.model.append(0)


@pytest.fixture
def samples() -> Samples:
    """Empty columns."""
    return Samples()


def test_the_whole_span_must_be_over(samples: Samples) -> None:
    """Errors end a load only once they have lasted."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=10), samples)
    outcomes = []
    for second in range(12):
        outcomes.append(watch.check(100.0 + second))
        add(samples, 0, 20)

    assert outcomes == [False] * 10 + [True] * 2
    assert watch.abort == Abort(error_rate=1.0, requests=200, span_s=10, limit=0.5)


def test_only_the_latest_span_counts(samples: Samples) -> None:
    """A bad beginning is forgotten, a good one excuses nothing."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=3), samples)
    outcomes = []
    for second in range(12):
        outcomes.append(watch.check(float(second)))
        add(samples, 20 if second < 5 else 0, 20 if second >= 5 else 0)

    # From second 5 on all fail: half of the last three seconds' requests have failed from second 7 on.
    assert outcomes.index(True) == 7


def test_few_requests_end_nothing(samples: Samples) -> None:
    """A rate over a handful of requests says nothing."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=1), samples)
    watch.check(0.0)
    add(samples, 0, 9)

    assert not watch.check(2.0)


def test_without_a_rule_nothing_ends(samples: Samples) -> None:
    """abort_on is asked for, never a default."""
    watch = AbortWatch(None, samples)
    add(samples, 0, 100)

    assert not watch.check(1e9)


def test_the_load_stops() -> None:
    """The load ends long before its duration, and its recording says why."""
    transport = FakeTransport(outcome=lambda _sent: "ModelError")
    begin = perf_counter()
    recording = run(transport, users=2, duration="60s", abort_on={"error_rate": "50%", "for": "200ms"})

    assert recording.aborted is not None
    assert (recording.aborted.error_rate, recording.aborted.limit) == (1.0, 0.5)
    assert perf_counter() - begin < 30
    assert not recording.interrupted


def test_the_caller_calls_a_load_off() -> None:
    """It is asked again and again how far the load is, and ends it; the rest of the schedule is no gap in the mix."""
    asked: list[Running] = []

    def ends(running: Running) -> bool:
        asked.append(running)
        return running.sent >= 20

    recording = run(FakeTransport(), LoadHooks(ends_load=ends), tps=100, duration="60s")

    assert 20 <= len(recording.samples) < 200
    assert (False, None, False) == (recording.complete, recording.aborted, recording.interrupted)
    assert [each.sent for each in asked] == sorted(each.sent for each in asked)
    assert asked[-1].primed
    assert 0 <= asked[0].elapsed_s < asked[-1].elapsed_s


def test_what_is_sent_while_priming_is_told_apart() -> None:
    """A caller that limits the rate of a load leaves its priming alone."""
    asked: list[Running] = []
    run(
        FakeTransport(latency_s=0.2),
        LoadHooks(ends_load=lambda running: asked.append(running) or False),
        users=1,
        duration="300ms",
        warmup="100ms",
        prime=True,
    )

    assert {True, False} == {each.primed for each in asked}
    assert 1 == max(each.sent for each in asked if not each.primed)
