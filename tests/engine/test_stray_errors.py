"""Whatever ends a user of a load, or would end the test, is heard: no load goes on with fewer users than asked for."""

from __future__ import annotations

import signal
from typing import Any

import gevent
import pytest
from fakes import FakeTransport, run

from pytest_smload.core.load.stages import Stage
from pytest_smload.engine.hooks import LoadHooks

SHAPES = [pytest.param({"users": 4}, id="closed"), pytest.param({"tps": 200, "max_in_flight": 4}, id="open")]


def failing(error: BaseException, after: int = 10) -> LoadHooks:
    """Return hooks with a request listener that raises *error*, once, after some requests."""
    heard: list[object] = []

    def attach(environment: Any) -> None:
        def listen(**_facts: Any) -> None:
            heard.append(None)
            if len(heard) == after:
                raise error

        environment.events.request.add_listener(listen)

    return LoadHooks(on_environment=attach, ends_test=(pytest.exit.Exception,))


@pytest.mark.parametrize("fields", SHAPES)
@pytest.mark.parametrize(
    "error",
    [
        pytest.fail.Exception("the answer is wrong"),
        pytest.skip.Exception("no answer today"),
        pytest.exit.Exception("enough"),
        SystemExit(3),
        GeneratorExit(),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_listener_raises_to_end_the_test_ends_it(error: BaseException, fields: dict[str, Any]) -> None:
    """It comes out of the load, which has ended before."""
    transport = FakeTransport()
    with pytest.raises(type(error)) as caught:
        run(transport, failing(error), duration="60s", **fields)

    assert caught.value is error
    assert (transport.in_flight, transport.open_connections, transport.closed) == (0, 0, True)


def test_it_is_heard_while_models_are_primed() -> None:
    """The requests of priming are told to listeners as well."""
    with pytest.raises(pytest.fail.Exception, match="no"):
        run(FakeTransport(), failing(pytest.fail.Exception("no"), after=1), tps=10, warmup="60s", prime=True)


@pytest.mark.parametrize("fields", SHAPES)
def test_a_user_that_a_listener_kills_is_an_exception(fields: dict[str, Any]) -> None:
    """The load is INVALID: fewer users ran than were asked for."""
    recording = run(FakeTransport(), failing(gevent.GreenletExit()), duration="400ms", **fields)

    assert recording.task_exceptions == ["GreenletExit: a user was killed while the load ran"]


def test_a_runner_that_is_stopped_is_an_exception() -> None:
    """What ran is not what was asked for."""

    def attach(environment: Any) -> None:
        gevent.spawn_later(0.2, environment.runner.quit)

    recording = run(FakeTransport(), LoadHooks(on_environment=attach), users=3, duration="60s")

    assert recording.task_exceptions == ["something stopped Locust's runner while the load ran"]
    assert recording.window_s < 30


def test_users_ended_by_their_stage_are_none() -> None:
    """Stages that ask for fewer users, and the end of the window, are no early death."""
    stages = (Stage("200ms", users=6), Stage("200ms", users=1))
    recording = run(FakeTransport(), duration="60s", stages=stages, wait="30ms")

    assert recording.task_exceptions == []


@pytest.mark.parametrize("place", ["a user", "the loop's callbacks"])
def test_a_signal_handler_that_raises_ends_the_load(place: str) -> None:
    """A test's time limit raises in whatever runs when the signal comes."""
    before = signal.getsignal(signal.SIGALRM)

    def too_late(_number: int, _frame: object) -> None:
        raise pytest.fail.Exception("Timeout >1.0s")

    signal.signal(signal.SIGALRM, too_late)
    transport = FakeTransport()
    loop = gevent.get_hub().loop
    timer = loop.timer(0.2)
    if place == "a user":
        transport.outcome = lambda sent: signal.raise_signal(signal.SIGALRM) if sent == 20 else None
    else:
        transport.outcome = lambda sent: timer.start(signal.raise_signal, signal.SIGALRM) if sent == 20 else None
    try:
        with pytest.raises(pytest.fail.Exception, match="Timeout"):
            run(transport, users=3, duration="60s")
    finally:
        timer.stop()
        timer.close()
        signal.signal(signal.SIGALRM, before)
    assert (transport.in_flight, transport.open_connections, transport.closed) == (0, 0, True)


def test_the_hub_is_as_it_was() -> None:
    """Errors of greenlets outside a load are gevent's to handle."""
    run(FakeTransport(), users=1, duration="50ms")

    assert "handle_error" not in vars(gevent.get_hub())
