"""Builds the Locust environment of one load, so that listeners, CSV and UI can attach to it."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_smload.engine.locust_import import import_locust
from pytest_smload.engine.request_type import REQUEST_TYPE
from pytest_smload.engine.users import user_class
from pytest_smload.errors import InvocationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smload.core.request.invocation import Payload
    from pytest_smload.core.request.transport import Connection
    from pytest_smload.engine.session import LoadSession

import_locust()

from locust.env import Environment  # noqa: E402 - only after import_locust is the standard library left alone
from locust.event import EventHook, Events  # noqa: E402
from locust.runners import STATE_CLEANUP, STATE_SPAWNING, STATE_STOPPED, STATE_STOPPING  # noqa: E402


class _RequestEvent(EventHook):
    """Locust's request event; what a listener raises is kept as the run's exception instead of being logged only."""

    def __init__(self, session: LoadSession) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's own is untyped
        self._session = session

    def fire(self, *, reverse: bool = False, **facts: Any) -> None:
        handlers = self._handlers[::-1] if reverse else list(self._handlers)
        for handler in handlers:
            try:
                handler(**facts)
            except self._session.ends_test:
                raise
            except Exception as error:  # any listener's mistake must reach the verdict
                self._session.exceptions.append(f"request listener {handler!r}: {type(error).__name__}: {error}")


def create_environment(session: LoadSession, *, stop_timeout_s: float) -> Any:
    """Return a fresh ``locust.env.Environment`` with a local runner and events of its own.

    Events are never the global ``locust.events``: they would carry one load's requests into the next one's statistics.
    """
    events = Events()  # type: ignore[no-untyped-call]  # Locust's own is untyped
    events.request = _RequestEvent(session)
    environment = Environment(
        user_classes=[user_class(session)], events=events, host=session.base_url, stop_timeout=stop_timeout_s
    )
    environment.create_local_runner()
    return environment


def begin(environment: Any) -> None:
    """Fire Locust's test_start before the first request of all, priming's included.

    The runner would do so when it spawns its first user, and clear the statistics of what was sent before.
    """
    environment.stats.clear_all()
    environment.events.test_start.fire(environment=environment)
    environment.runner.update_state(STATE_SPAWNING)


def is_stopped(environment: Any) -> bool:
    """Whether somebody (a listener, by ``environment.runner.quit()``) has stopped the runner, or is about to."""
    return environment.runner.state in (STATE_STOPPING, STATE_CLEANUP, STATE_STOPPED)


def request_reporter(environment: Any, session: LoadSession) -> Callable[[Connection, float, int, Payload], None]:
    """Return the function that tells Locust's listeners and statistics about a request, after its clock has stopped.

    ``response_time`` is the latency reports use (from the due time in the open model), in ms; ``name`` is the
    TargetModel, or the endpoint's name where there is none.
    """
    names = [route.name if route.kind is not None else session.endpoint_name for route in session.plan.routes]
    counts_from_due = session.plan.profile.open_model
    fire = environment.events.request.fire
    url = session.base_url
    wall_offset_s = time.time() - time.perf_counter()

    def report(connection: Connection, due_s: float, model: int, payload: Payload) -> None:
        begin_s = due_s if counts_from_due else connection.start
        failure = connection.failure
        error = None if failure is None else InvocationError(failure.kind, failure.message, status=failure.status)
        fire(
            request_type=REQUEST_TYPE,
            name=names[model],
            response_time=(connection.end - begin_s) * 1000,
            response_length=connection.bytes_in,
            exception=error,
            context={},
            url=url,
            start_time=connection.start + wall_offset_s,
            request_length=len(payload.body),
        )

    return report


@contextmanager
def quiet_spawning() -> Iterator[None]:
    """Keep Locust from warning about high spawn rates: starting all users at once is what was asked for."""

    def passes(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Your selected spawn rate is very high")

    logger = logging.getLogger("locust.runners")
    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)
