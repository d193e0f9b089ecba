"""Turns the request events of a user's code into samples."""

from __future__ import annotations

from array import array
from math import inf, isfinite, nan
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pytest_smload.core.request.error_kinds import OK, OTHER, OWN_NAMES, TASK, TIMEOUT, ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, TASKS, Samples
from pytest_smload.engine.locustfile.failures import failure_of
from pytest_smload.engine.locustfile.own_words import OwnWords

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NAMES = 10_000
"""Further names are counted as `OTHER`: they are made of something that is another one each time."""
UNTIMED = "Untimed"
"""Kind of an event that says of no failure how long it took."""
_CLOSE_S = 1.0
"""An event is fired at most this long after its request ended, by its own word; else its clock is not one of ours."""
_COUNTED = "_pytest_smload_counted"
_READ_NAME = 1_000
"""Characters of a name that are looked at."""


class Heard:
    """What was heard so far.

    Args:
        names: Requests that have a limit; they are there without an event too.
        epoch_s: When ``perf_counter`` stood at 0, in seconds since 1970.
        begun_s: Before then nothing was sent.
        words: Reads what names and exceptions say.

    Attributes:
        samples: In the order their events were fired.
        lengths: Response bytes, in step with the samples.
        names: By route index; one of them stands for no request (`TASKS`).
        window_end_s: Requests begun from then on are in no sample.
        beyond: How many those are.
        examples: First failure of each kind.
        route_examples: First failure of each route and kind, of the first pairs seen.
        last_s: When each user's greenlet was last heard of.
    """

    def __init__(
        self, names: Sequence[str], *, epoch_s: float, begun_s: float = -inf, words: OwnWords | None = None
    ) -> None:
        self._words = words or OwnWords({})
        self._begun_s = begun_s
        self.samples = Samples()
        self.lengths = array("Q")
        self.kinds = ErrorKinds()
        self.names = list(names)
        self.window_end_s = inf
        self.beyond = 0
        self.examples: dict[str, InvocationFailure] = {}
        self.route_examples: dict[tuple[int, str], InvocationFailure] = {}
        self.last_s: dict[int, float] = {}
        self._routes = {name: route for route, name in enumerate(self.names)}
        self._cleaned = {self._words.line(name): route for name, route in self._routes.items()}
        self._epoch_s = epoch_s

    @property
    def notes(self) -> list[str]:
        """Remarks for the report."""
        if len(self.names) < MOST_NAMES:
            return []
        return [f"requests have more than {MOST_NAMES:,} names; those after them are counted as {OTHER}: give name="]

    def request(
        self,
        request_type: object = "",
        name: object = "",
        response_time: object = None,
        response_length: object = 0,
        exception: object = None,
        start_time: object = None,
        **rest: Any,
    ) -> bool:
        """Take one request event, with Locust's keyword arguments; False of a request begun after the window.

        Times are those the event gives, ``start_time`` in seconds since 1970 or of ``perf_counter``, ``response_time``
        in ms. Where it gives no start that fits, the request ended when the event was fired.
        """
        now = perf_counter()
        took_s = _seconds(response_time)
        known = 0 <= took_s <= now - self._begun_s
        begun_s, end_s = self._span(start_time, took_s if known else 0.0, now)
        if begun_s >= self.window_end_s:
            self.beyond += 1
            return False
        kind, route = OK, self._route(f"{request_type} {name}".strip())
        if exception or isinstance(exception, BaseException):
            kind = self._failed(failure_of(exception, self._words, rest.get("response")), route)
            _mark(exception)
        elif not known:
            why = "is no time in ms" if not took_s > 0 else "is longer than the load runs"
            said = f"{request_type} {name} was reported with response_time={response_time!r}, which {why}"
            kind = self._failed(InvocationFailure(UNTIMED, self._words.line(said)), route)
        self._append(begun_s, end_s, kind, route)
        self.lengths.append(response_length if isinstance(response_length, int) and response_length > 0 else 0)
        return True

    def task_failed(self, exception: BaseException, where: str) -> None:
        """Take an exception that ended a task of the class *where*; not once more what a request event reported."""
        if getattr(exception, _COUNTED, False):
            return
        now = perf_counter()
        if now < self.window_end_s:
            said = self._words.line(f"{where}: {type(exception).__name__}: {self._words.line(exception)}")
            route = self._index(TASKS)
            self._append(now, now, self._failed(InvocationFailure(TASK, said), route), route)
            self.lengths.append(0)

    def stuck(self, greenlet: int, *, not_before_s: float, now: float) -> None:
        """Take a user who did not end its task in time: since it was last heard of, it waits for an answer."""
        begun_s = max(self.last_s.get(greenlet, 0.0), not_before_s)
        if begun_s < self.window_end_s:
            route = self._index(TASKS)
            failure = InvocationFailure(OWN_NAMES[TIMEOUT], "a user did not end its task in time")
            self._append(begun_s, now, self._failed(failure, route), route)
            self.lengths.append(0)

    def _span(self, start_time: object, took_s: float, now: float) -> tuple[float, float]:
        """When the request began and ended, on the samples' clock."""
        if isinstance(start_time, (int, float)):
            for begun_s in (start_time - self._epoch_s, float(start_time)):
                if -_CLOSE_S < now - (begun_s + took_s) < _CLOSE_S:
                    end_s = min(begun_s + took_s, now)
                    return end_s - took_s, end_s
        return now - took_s, now

    def _failed(self, failure: InvocationFailure, route: int) -> int:
        code = self.kinds.code(failure.kind, failure.status)
        kind = self.kinds.name(code)
        if (route, kind) not in self.route_examples:
            self.examples.setdefault(kind, failure)
            if len(self.route_examples) < MOST_ROUTE_EXAMPLES:
                self.route_examples[route, kind] = failure
        return code

    def _append(self, begun_s: float, end_s: float, kind: int, route: int) -> None:
        samples = self.samples
        samples.due.append(begun_s)
        samples.start.append(begun_s)
        samples.end.append(end_s)
        samples.kind.append(kind)
        samples.model.append(route)

    def _route(self, name: str) -> int:
        """The route of requests that are called so."""
        name = name[:_READ_NAME]
        route = self._routes.get(name)
        if route is None:
            line = self._words.line(name)
            # That one is no request's.
            route = self._index(line if line != TASKS else repr(line))
            if len(self._routes) < 2 * MOST_NAMES:
                self._routes[name] = route
        return route

    def _index(self, line: str) -> int:
        route = self._cleaned.get(line)
        if route is None:
            if len(self.names) >= MOST_NAMES and line not in {OTHER, TASKS}:
                return self._index(OTHER)
            route = self._cleaned[line] = len(self.names)
            self.names.append(line)
        return route


def _seconds(response_time: Any) -> float:
    """Return *response_time*, in ms, in seconds; NaN of what is no number."""
    if isinstance(response_time, (str, bytes, bool)):
        return nan
    try:
        took_s = float(response_time) / 1000
    except (TypeError, ValueError, OverflowError):
        return nan
    return took_s if isfinite(took_s) else nan


def _mark(exception: object) -> None:
    try:
        setattr(exception, _COUNTED, True)
    except (AttributeError, TypeError):
        return
