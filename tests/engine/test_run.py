"""Loads driven through Locust over a transport without a network."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import time
from collections import Counter
from time import perf_counter
from typing import Any

import gevent
import numpy as np
import pytest
from fakes import FakeTransport, ctrl_c_at, plan_of, run
from locust.runners import LocalRunner

from pytest_smload.core.load.schedule import Schedule
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.progress import Progress
from pytest_smload.engine.hooks import LoadHooks


def test_a_closed_load_keeps_its_users_busy(transport: FakeTransport) -> None:
    """Every user has a request under way, and none has two."""
    run(transport, users=7)

    assert transport.most_in_flight == 7


def test_everything_sent_is_recorded_and_nothing_else(transport: FakeTransport) -> None:
    """Samples of warm-up and window together are what reached the endpoint, per model."""
    recording = run(transport, users=4, warmup="100ms", models={"a": 3, "b": 1})

    sent = Counter(name for _, name in transport.log)
    recorded = Counter(recording.model_names[index] for index in recording.samples.model)
    assert sent == recorded
    figures = measure(recording)
    assert sum(sent.values()) == figures.total.requests + figures.warmup.sent


def test_without_warm_up_nothing_is_sent_before_the_window(transport: FakeTransport) -> None:
    """``warmup="0s"`` sends nothing outside the window."""
    recording = run(transport, users=3)

    assert min(begin for begin, _ in transport.log) >= recording.window_start_s
    assert measure(recording).warmup.sent == 0


def test_a_closed_load_begins_nothing_after_its_window(transport: FakeTransport) -> None:
    """Requests under way at the end are waited for; none begins."""
    recording = run(transport, users=3)

    assert max(begin for begin, _ in transport.log) <= recording.window_end_s
    assert transport.in_flight == 0


def test_an_open_load_sends_exactly_its_schedule(transport: FakeTransport) -> None:
    """tps x duration requests, the weights kept within one request per model."""
    recording = run(transport, tps=500, duration="400ms", models={"a": 3, "b": 1})

    assert Counter(name for _, name in transport.log) == {"a": 150, "b": 50}
    assert recording.offered_tps == pytest.approx(500)
    assert measure(recording).mix["a"].achieved_share == 0.75


def test_the_open_warm_up_is_its_own_schedule(transport: FakeTransport) -> None:
    """The window's count is exact with a warm-up before it."""
    recording = run(transport, tps=200, warmup="200ms", duration="300ms")

    figures = measure(recording)
    assert figures.total.requests == 60
    # Half a ramp and half at full rate: three quarters of tps x warmup.
    assert figures.warmup.sent == 30


def test_the_in_flight_cap_leaves_the_rest_unsent() -> None:
    """An endpoint that does not keep up leaves arrivals unsent, which are errors of the window."""
    transport = FakeTransport(latency_s=0.05)
    recording = run(transport, tps=400, duration="300ms", max_in_flight=2)

    figures = measure(recording)
    assert transport.most_in_flight == 2
    assert figures.total.requests == 120
    assert figures.unsent == 120 - len(transport.log) > 80
    assert figures.errors == {"Unsent": figures.unsent}
    assert len(recording.samples.held_index) > 0


def test_in_an_open_load_latency_counts_from_the_due_time() -> None:
    """Waiting for a free user is in the latency, not in the service time."""
    recording = run(FakeTransport(latency_s=0.03), tps=100, duration="200ms", max_in_flight=1)

    samples = recording.samples
    waits_s = [start - due for due, start in zip(samples.due, samples.start, strict=True)]
    services_s = [end - start for start, end in zip(samples.start, samples.end, strict=True)]
    mean_ms = measure(recording).total.mean_ms
    assert mean_ms == pytest.approx((sum(waits_s) + sum(services_s)) / len(samples) * 1000)
    assert len(samples.held_index) > 0


def test_max_requests_ends_a_closed_load(transport: FakeTransport) -> None:
    """Not one request more than the cap; the window ends there."""
    recording = run(transport, users=5, duration="60s", max_requests=40)

    assert len(transport.log) == 40
    assert recording.window_s < 30


def test_max_requests_ends_an_open_load(transport: FakeTransport) -> None:
    """The schedule is cut at the cap, warm-up included; what a late client did not send of the window is unsent, and of
    the warm-up is left out."""
    recording = run(transport, tps=200, warmup="100ms", duration="60s", max_requests=40)
    plan = plan_of(tps=200, warmup="100ms", duration="60s", max_requests=40)
    warmup = Schedule.of(plan.profile, plan.shares, most=40).warmup_count
    in_window = sum(due >= recording.window_start_s for due in recording.samples.due)

    assert in_window + len(recording.unsent_due) == 40 - warmup
    assert len(transport.log) - in_window <= warmup
    assert recording.window_s < 30


def test_stages_change_the_number_of_users(transport: FakeTransport) -> None:
    """Each stage has its own users, up and down."""
    stages = (Stage("150ms", users=2), Stage("150ms", users=9), Stage("150ms", users=1))
    recording = run(transport, users=None, duration="60s", stages=stages)

    begin = recording.window_start_s
    per_stage = [
        sum(begin + start <= at < begin + start + 0.15 for at, _ in transport.log) for start in (0.0, 0.15, 0.3)
    ]
    assert per_stage[1] > 2 * per_stage[0]
    assert per_stage[1] > 3 * per_stage[2]
    assert [stage.users for stage in recording.stages] == [2, 9, 1]


@pytest.mark.parametrize("shape", ["ramp(1..8 users over 400ms)", "ramp(8..1 users over 400ms)"])
def test_a_slope_changes_the_number_of_users(transport: FakeTransport, shape: str) -> None:
    """Users come or go one after the other, and all that is sent is recorded."""
    transport.latency_s = 0.01
    recording = run(transport, users=None, duration="60s", stages=shape)
    begins = np.array([begin for begin, _ in transport.log]) - recording.window_start_s
    first, last = np.count_nonzero(begins < 0.1), np.count_nonzero(begins >= 0.3)

    assert len(transport.log) == len(recording.samples)
    assert transport.most_in_flight == 8
    assert (first < last) == shape.startswith("ramp(1")
    assert recording.stages[0].slopes


def test_stages_change_the_rate(transport: FakeTransport) -> None:
    """Each stage of an open load sends its own exact number."""
    stages = (Stage("200ms", tps=100), Stage("200ms", tps=300, name="peak"))
    recording = run(transport, duration="60s", stages=stages)

    figures = measure(recording)
    assert {name: stats.requests for name, stats in figures.stages.items()} == {"1": 20, "peak": 60}


def test_think_time_lowers_the_rate(transport: FakeTransport) -> None:
    """A user thinks between an answer and its next request, and the load still ends with its window."""
    begin = perf_counter()
    run(transport, users=2, wait="60ms", duration="200ms")

    assert len(transport.log) <= 2 * 4
    assert perf_counter() - begin < 5


def test_each_model_cycles_its_own_rows(transport: FakeTransport) -> None:
    """With as many rows as the weights sum to, no row is pinned to one model."""
    seen: dict[str, Counter[bytes]] = {"a": Counter(), "b": Counter()}
    connection_class = type(transport.connection())
    original = connection_class.invoke

    def invoke(self: Any, route: Any, payload: Any) -> int:
        seen[route.name][payload.body] += 1
        return original(self, route, payload)

    connection_class.invoke = invoke
    try:
        run(transport, tps=400, duration="200ms", models={"a": 3, "b": 1}, payload=["1", "2", "3", "4"])
    finally:
        connection_class.invoke = original

    assert set(seen["a"].values()) == {15}
    assert set(seen["b"].values()) == {5}


def test_failures_are_counted_and_exemplified() -> None:
    """The kind's code is in the sample, the first failure of each kind among the examples."""
    answers = itertools.count(1)
    transport = FakeTransport(outcome=lambda _sent: "ThrottlingException" if next(answers) % 4 == 0 else None)
    recording = run(transport, users=2, max_requests=40)

    assert measure(recording).errors == {"ThrottlingException": 10}
    assert recording.examples["ThrottlingException"].message == "a ThrottlingException"


def test_examples_are_as_few_as_kinds() -> None:
    """An endpoint that makes up a kind for each failure leaves an example per code, one of them for all others."""
    names = itertools.count()
    transport = FakeTransport(latency_s=0.0, outcome=lambda _sent: f"Kind{next(names)}")
    recording = run(transport, users=2, max_requests=400)

    assert (256, "Other") == (len(recording.kind_names), recording.kind_names[255])
    assert "Other" in recording.examples
    assert set(recording.examples) <= set(recording.kind_names)


def test_each_model_has_its_own_first_failure() -> None:
    """Of each kind it failed with, by its name; a model that answers has none."""
    kinds = {"a": itertools.repeat("ModelError"), "b": itertools.cycle(["ModelError", "ThrottlingException"])}
    transport = FakeTransport()
    transport.outcome_of_model = lambda name: next(kinds[name]) if name in kinds else None
    recording = run(transport, users=2, max_requests=60, models={"a": 1, "b": 1, "c": 1})

    assert {(0, "ModelError"), (1, "ModelError"), (1, "ThrottlingException")} == set(recording.route_examples)
    assert {kind for _, kind in recording.route_examples} == set(recording.examples)


def test_examples_of_models_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those first seen are kept; each kind has its own all the same."""
    monkeypatch.setattr("pytest_smload.engine.session.MOST_ROUTE_EXAMPLES", 3)
    transport = FakeTransport()
    transport.outcome_of_model = lambda name: f"Kind{name}"
    recording = run(transport, users=2, max_requests=40, models={f"{number}": 1 for number in range(5)})

    assert 3 == len(recording.route_examples)
    assert {f"Kind{number}" for number in range(5)} == set(recording.examples)


def test_an_exception_in_a_user_is_kept() -> None:
    """What the load generator itself raises is reported, not lost with its greenlet."""

    def burst(count: int) -> None:
        raise RuntimeError("the generator broke")

    recording = run(FakeTransport(outcome=burst), users=2)

    assert recording.task_exceptions == ["RuntimeError: the generator broke"] * 2


def test_ctrl_c_ends_the_load_and_keeps_what_was_measured(transport: FakeTransport) -> None:
    """The window ends at the signal, requests under way get a second, Python's own handler is back afterwards."""
    before = signal.getsignal(signal.SIGINT)
    ctrl_c_at(transport, 30)
    begin = perf_counter()
    recording = run(transport, users=3, duration="60s")

    assert recording.interrupted
    assert perf_counter() - begin < 10
    assert measure(recording).total.requests == len(transport.log) > 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("shape", [{"users": 3}, {"tps": 200}], ids=["closed", "open"])
def test_ctrl_c_in_the_warm_up_keeps_what_was_sent(transport: FakeTransport, shape: dict[str, Any]) -> None:
    """Second by second before a window that never opened; there is none after it."""
    ctrl_c_at(transport, 40)
    measured = measure(run(transport, warmup="60s", duration="1s", **shape))

    assert [] == measured.timeline
    # What was due between the signal and the load's hearing of it is neither's.
    assert len(transport.log) - 5 <= measured.warmup.sent <= len(transport.log)
    assert all(point.t_s < 0 for point in measured.warmup_timeline)
    assert 0 < sum(point.tps for point in measured.warmup_timeline)


def test_a_second_ctrl_c_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long requests under way were to be waited for, they are not, and what was measured is kept."""
    monkeypatch.setattr("pytest_smload.engine.run.INTERRUPT_GRACE_S", 60.0)
    transport = FakeTransport(latency_s=60)
    transport.latency_of = lambda sent: 0.002 if sent < 20 else 60
    ctrl_c_at(transport, 22, 0.1, 0.3)
    begin = perf_counter()
    recording = run(transport, users=3, duration="60s", timeout="60s")

    assert recording.interrupted
    assert perf_counter() - begin < 20
    assert 17 <= len(recording.samples) < 20
    assert (transport.in_flight, transport.open_connections, transport.closed) == (0, 0, True)


def test_what_never_answered_is_a_timeout_with_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that even its deadline did not end is in the samples once waiting for it ends."""
    monkeypatch.setattr("pytest_smload.engine.run._BEYOND_TIMEOUT_S", 0.1)
    transport = FakeTransport()
    transport.latency_of = lambda sent: 0.002 if sent < 20 else 60
    shapes: list[dict[str, Any]] = [{"users": 3}, {"tps": 100, "max_in_flight": 5}]
    for shape in shapes:
        transport.log.clear()
        recording = run(transport, timeout="200ms", duration="300ms", **shape)

        samples = recording.samples
        names = [recording.kind_names[kind] for kind in samples.kind]
        assert len(transport.log) == len(samples)
        assert sorted(begun for begun, _ in transport.log) == sorted(samples.start)
        assert names.count("Timeout") == shape.get("max_in_flight", 3)
        rows = zip(samples.start, samples.end, names, strict=True)
        waited_s = [end - begun for begun, end, name in rows if name == "Timeout"]
        assert min(waited_s) >= 0.2
        assert recording.examples["Timeout"].message == "no complete response within 0.2 s"


def test_ctrl_c_does_not_make_timeouts_of_what_is_under_way() -> None:
    """Its answer may have been about to come."""
    transport = FakeTransport(latency_s=60)
    ctrl_c_at(transport, 3)
    recording = run(transport, users=3, duration="60s")

    assert len(recording.samples) == 0


def test_ctrl_c_does_not_wait_for_a_hanging_endpoint() -> None:
    """A request that never ends is given up a second after the signal."""
    transport = FakeTransport(latency_s=60)
    ctrl_c_at(transport, 3)
    begin = perf_counter()
    recording = run(transport, users=3, duration="60s")

    assert recording.interrupted
    assert perf_counter() - begin < 10
    assert (transport.in_flight, transport.open_connections, transport.closed) == (0, 0, True)


@pytest.mark.parametrize("fields", [{"users": 3}, {"tps": 100}])
def test_ctrl_c_before_anything_is_sent(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal while users are still being spawned leaves an empty window, and nothing is sent after it."""
    transport = FakeTransport()
    spawn = LocalRunner.start

    def start(runner: Any, *arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        spawn(runner, *arguments)

    monkeypatch.setattr(LocalRunner, "start", start)
    recording = run(transport, warmup="5s", duration="60s", **fields)

    assert (recording.interrupted, recording.window_s, len(recording.unsent_due)) == (True, 0.0, 0)
    assert measure(recording).total.requests == 0
    assert len(transport.log) <= 3


def test_ctrl_c_stops_a_schedule(transport: FakeTransport) -> None:
    """An open load sends nothing after the signal, and what was not yet due is not unsent."""
    ctrl_c_at(transport, 20)
    recording = run(transport, tps=100, duration="60s")

    assert recording.interrupted
    assert len(recording.unsent_due) <= 1
    assert measure(recording).total.requests < 200


def test_progress_is_told_while_the_load_runs(transport: FakeTransport) -> None:
    """The caller hears of warm-up and window."""
    heard: list[Progress] = []
    run(transport, LoadHooks(on_progress=heard.append), users=2, warmup="200ms", duration="1500ms")

    assert {"warm-up", "window"} <= {progress.phase for progress in heard}
    assert heard[-1].users == 2
    assert heard[-1].tps > 0


def test_listeners_hear_every_request(transport: FakeTransport) -> None:
    """Locust's event fires once a request, and its statistics count the same, by TargetModel."""
    names: Counter[str] = Counter()
    environments: list[Any] = []

    def attach(environment: Any) -> None:
        environments.append(environment)
        environment.events.request.add_listener(lambda name, **_: names.update([name]))

    run(transport, LoadHooks(on_environment=attach), users=2, models={"a": 1, "b": 1}, max_requests=50)

    assert names == Counter(name for _, name in transport.log)
    assert environments[0].stats.total.num_requests == 50
    assert {name for name, _ in environments[0].stats.entries} == {"a", "b"}


def test_a_listener_that_raises_is_reported(transport: FakeTransport) -> None:
    """A broken listener must reach the verdict, not only a log."""

    def attach(environment: Any) -> None:
        environment.events.request.add_listener(lambda **_: 1 / 0)

    recording = run(transport, LoadHooks(on_environment=attach), users=1, max_requests=3)

    assert len(recording.task_exceptions) == 3
    assert "ZeroDivisionError" in recording.task_exceptions[0]


def test_the_standard_library_stays_unpatched(transport: FakeTransport) -> None:
    """Running a load patches nothing."""
    run(transport, users=1)

    assert socket.socket.__module__ == "socket"
    assert time.sleep is not gevent.sleep
    assert threading.Thread.start.__module__ == "threading"


def test_a_load_leaves_nothing_running(transport: FakeTransport) -> None:
    """Every user has closed its connection and the transport is closed."""
    run(transport, tps=300, duration="200ms")

    assert (transport.open_connections, transport.closed) == (0, True)


def test_the_readings_of_the_client_cover_the_window(transport: FakeTransport) -> None:
    """CPU is a share of a core, and the ticker ticked about every 10 ms."""
    recording = run(transport, users=1, duration="400ms")

    assert recording.clients[0].cpu > 0
    assert 5 < len(recording.clients[0].loop_lag_s) <= 41


def test_errors_of_the_endpoint_do_not_end_a_load(transport: FakeTransport) -> None:
    """An endpoint that answers only with its own errors is measured to the end."""
    transport.outcome = lambda _sent: "ModelError"
    recording = run(transport, users=2, duration="300ms")

    assert recording.window_s == pytest.approx(0.3)


@pytest.mark.parametrize("shape", [{"users": 3}, {"tps": 200}])
def test_who_answered_is_recorded_with_every_sample(transport: FakeTransport, shape: dict[str, Any]) -> None:
    """Requests of a variant's route ask for it, in both loops and the warm-up, and samples have who answered."""
    transport.variant_of = lambda name: "blue" if name == "blue" else "other"
    recording = run(transport, warmup="50ms", variants={"blue": 3, "green": 1}, **shape)

    assert (recording.route_kind, recording.target_variants) == ("variant", ["blue", "green"])
    assert list(recording.samples.variant_index) == list(range(len(recording.samples))) != []
    named = [recording.variant_names[code] for code in recording.samples.variant_code]
    assert named == ["blue" if route == 0 else "other" for route in recording.samples.model]
    figures = measure(recording)
    assert {name: each.ok for name, each in figures.invoked_variants.items()} == {
        "blue": figures.routes["blue"].ok,
        "other": figures.routes["green"].ok,
    }


@pytest.mark.parametrize(
    ("variants", "asked", "looks"),
    [(["blue"], {}, False), (["blue", "green"], {}, True), (["blue"], {"variant": "blue"}, True), ([""], {}, False)],
)
def test_where_one_variant_answers_all_nobody_looks_any_further(
    transport: FakeTransport, variants: list[str], asked: dict[str, Any], looks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many answers, unless there are several or one was asked for."""
    monkeypatch.setattr("pytest_smload.engine.upkeep.ANSWERS_LOOKED_AT", 30)
    answers = itertools.cycle(variants)
    transport.variant_of = lambda _name: next(answers)
    recording = run(transport, users=3, duration="900ms", **asked)
    looked = list(recording.samples.variant_index)

    assert len(recording.samples) > 100
    assert (looked == list(range(len(recording.samples)))) is looks
    assert bool(measure(recording).invoked_variants) is looks
