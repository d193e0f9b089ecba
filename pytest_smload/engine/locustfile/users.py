"""Follows a locustfile's users to their ends, which Locust itself only logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gevent.pool import Group

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACES = ("on_start", "on_stop", "wait_time")


class WatchedUsers(Group):  # type: ignore[misc, unused-ignore] # gevent has annotations on some Pythons only
    """The greenlets of users; a user whose code raises is gone for the rest of the load.

    Args:
        raised: Called with a sentence for each that an exception ended.

    Attributes:
        spawned: How many were started.
    """

    def __init__(self, raised: Callable[[str], object]) -> None:
        super().__init__()
        self.spawned = 0
        self._raised = raised

    def add(self, greenlet: Any) -> None:
        """Follow one more."""
        super().add(greenlet)
        self.spawned += 1
        # It forgets its arguments when it ends.
        user = type(greenlet.args[0]).__name__
        greenlet.link_exception(lambda ended: self._ended(ended, user))

    def _ended(self, greenlet: Any, user: str) -> None:
        error = greenlet.exception
        if isinstance(error, Exception):
            self._raised(f"{_place(error)} of {user} raised {type(error).__name__}: {error}")


def _place(error: BaseException) -> str:
    """Return the part of a user the exception came through."""
    trace, names = error.__traceback__, []
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return next((place for place in _PLACES if place in names), "a task")


def failed_start(runner: Any) -> str | None:
    """Return why no more users are started, or None: an exception in a class or shape ends Locust's own greenlets."""
    for greenlet, what in ((runner.spawning_greenlet, "a user could not be made"), (runner.shape_greenlet, None)):
        error = None if greenlet is None else greenlet.exception
        if isinstance(error, Exception):
            said = what or f"{type(runner.environment.shape_class).__name__} of the locustfile raised"
            return f"{said}: {type(error).__name__}: {error}"
    return None
