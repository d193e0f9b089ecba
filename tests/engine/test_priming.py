"""Each model is touched once before the warm-up."""

from __future__ import annotations

from collections import Counter

import pytest
from fakes import FakeTransport, ctrl_c_at, run

from pytest_smload.core.measure.measurement import measure
from pytest_smload.engine import priming


def test_every_model_is_touched_once_least_popular_first(transport: FakeTransport) -> None:
    """The popular models come last, so that they stay loaded."""
    models = {"popular": 5, "rare": 1, "middling": 3}
    run(transport, tps=20, models=models, prime=True, warmup="50ms")

    assert [name for _, name in transport.log[:3]] == ["rare", "middling", "popular"]


def test_at_most_eight_models_load_at_once() -> None:
    """An endpoint loads few models in parallel."""
    transport = FakeTransport(latency_s=0.01)
    run(transport, users=1, models=[f"m-{n}" for n in range(30)], prime=True, warmup="10ms", duration="10ms")

    assert transport.most_in_flight == priming.AT_ONCE


def test_priming_is_warm_up() -> None:
    """Nothing of it is in the window; all of it is in the warm-up's counts."""
    recording = run(FakeTransport(), tps=100, models=["a", "b"], prime=True, warmup="20ms", duration="100ms")

    figures = measure(recording)
    assert figures.total.requests == 10
    assert figures.warmup.sent == len(recording.samples) - 10 >= 2


def test_without_warm_up_nothing_is_primed(transport: FakeTransport) -> None:
    """``warmup="0s"`` sends nothing outside the window."""
    recording = run(transport, users=1, models=["a", "b"], prime=True, warmup="0s")

    assert measure(recording).warmup.sent == 0


def test_only_a_model_that_is_not_ready_is_asked_again(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ModelNotReadyException means that loading goes on; any other error is the load's own to count."""
    monkeypatch.setattr(priming, "RETRY_EVERY_S", 0.01)
    asked: Counter[str] = Counter()

    def outcome(name: str) -> str | None:
        asked[name] += 1
        if asked[name] == 1:
            return {"slow": "ModelNotReadyException", "broken": "ModelError"}.get(name)
        return None

    transport.outcome_of_model = outcome
    recording = run(transport, tps=10, models=["slow", "broken", "fine"], prime=True, warmup="1ms", duration="1ms")

    primed = Counter(recording.model_names[model] for model in recording.samples.model[:4])
    assert primed == {"slow": 2, "broken": 1, "fine": 1}
    assert recording.unprimed == 0


def test_priming_gives_up_in_time(transport: FakeTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """After prime_timeout the load begins, and says how many models had not answered."""
    monkeypatch.setattr(priming, "RETRY_EVERY_S", 0.01)
    transport.outcome_of_model = lambda name: "ModelNotReadyException" if name == "never" else None
    recording = run(
        transport, users=1, models=["never", "fine"], prime=True, prime_timeout="50ms", warmup="1ms", duration="10ms"
    )

    assert recording.unprimed == 1
    assert measure(recording).total.requests > 0


def test_priming_counts_towards_max_requests(transport: FakeTransport) -> None:
    """The cap is on everything sent."""
    run(transport, tps=100, models=["a", "b", "c"], prime=True, warmup="20ms", duration="60s", max_requests=20)

    assert len(transport.log) == 20


def test_ctrl_c_while_priming(transport: FakeTransport) -> None:
    """An interrupted priming sends no load, and leaves an empty window."""
    transport.latency_s = 60
    ctrl_c_at(transport, 1)
    recording = run(transport, users=2, models=["a", "b"], prime=True, warmup="10s", duration="60s")

    assert (recording.interrupted, recording.window_s, measure(recording).total.requests) == (True, 0.0, 0)
