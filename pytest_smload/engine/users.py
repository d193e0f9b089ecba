"""What a Locust user does: the per-request loop of the closed and of the open model."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit

from pytest_smload.engine.locust_import import import_locust

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.engine.session import LoadSession

import_locust()

from locust import User  # noqa: E402 - only after import_locust does importing Locust leave the standard library alone
from locust.exception import StopUser  # noqa: E402
from locust.user.task import (  # noqa: E402
    LOCUST_STATE_RUNNING,
    LOCUST_STATE_STOPPING,
    LOCUST_STATE_WAITING,
)


def user_class(session: LoadSession) -> Any:
    """Return a Locust user class of its own for *session*; every instance drives one connection."""
    drive = drive_open if session.turnstile is not None else drive_closed

    class SageMakerUser(User):
        host = session.base_url
        abstract = False
        arrival = model = -1
        """Of the request under way: its place in the schedule (open model), its route index (closed model)."""

        def on_stop(self) -> None:
            session.leave(self)

    def invoke_endpoint(user: Any) -> None:
        session.guard(_watched, drive, session, user)
        raise StopUser

    SageMakerUser.tasks = [invoke_endpoint]
    return SageMakerUser


def _watched(drive: Callable[[LoadSession, Any], None], session: LoadSession, user: Any) -> None:
    """Run *drive*; a user killed while the load has need of it is as bad as one that an exception ended."""
    try:
        drive(session, user)
    except GreenletExit:
        if perf_counter() < session.window_end_s and user._state == LOCUST_STATE_RUNNING:
            session.exceptions.append("GreenletExit: a user was killed while the load ran")
        raise


def drive_closed(session: LoadSession, user: Any) -> None:
    """Send, wait for the answer, think, send again, until the window ends or Locust stops this user."""
    connection = session.enter(user)
    invoke, record = connection.invoke, session.record
    rows, routes, cursors = session.rows, session.plan.routes, session.cursors
    wait_s = session.plan.profile.wait_s
    ready_s = perf_counter()
    while ready_s < session.window_end_s and user._state != LOCUST_STATE_STOPPING and session.may_begin():
        user.model = model = session.next_model()
        model_rows = rows[model]
        cursor = cursors[model]
        cursors[model] = cursor + 1 if cursor + 1 < len(model_rows) else 0
        payload = model_rows[cursor]
        try:
            kind = invoke(routes[model], payload)
        except GreenletExit:
            session.record_killed(connection, ready_s, model, payload)
            raise
        record(connection, ready_s, model, kind, payload)
        ready_s = connection.end
        if wait_s:
            user._state = LOCUST_STATE_WAITING
            # The window's end may move away meanwhile.
            while (rest_s := min(connection.end + wait_s, session.window_end_s) - ready_s) > 0:
                gevent.sleep(rest_s)
                ready_s = perf_counter()
            user._state = LOCUST_STATE_RUNNING


def drive_open(session: LoadSession, user: Any) -> None:
    """Send what the schedule has for this user until there is nothing left."""
    turnstile, models = session.turnstile, session.arrival_models
    assert turnstile is not None  # noqa: S101 - user_class chose this loop because there is one
    connection = session.enter(user)
    invoke, record = connection.invoke, session.record
    rows, routes, cursors = session.rows, session.plan.routes, session.cursors
    next_arrival: Callable[[float], int] = turnstile.next_arrival
    free_s = 0.0
    while user._state != LOCUST_STATE_STOPPING:
        arrival = next_arrival(free_s)
        if arrival < 0:
            return
        all_were_busy = turnstile.all_were_busy
        user.arrival = arrival
        model = models[arrival]
        model_rows = rows[model]
        cursor = cursors[model]
        cursors[model] = cursor + 1 if cursor + 1 < len(model_rows) else 0
        payload = model_rows[cursor]
        try:
            kind = invoke(routes[model], payload)
        except GreenletExit:
            session.record_killed(connection, turnstile.due[arrival], model, payload)
            raise
        due_s = turnstile.due[arrival]
        # Where another user was free all along, that this one was not is no excuse for sending late.
        if all_were_busy and free_s > due_s:
            session.held(free_s)
        record(connection, due_s, model, kind, payload)
        free_s = connection.end
