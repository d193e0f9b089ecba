"""The state all users of one running load share, written on the per-request path."""

from __future__ import annotations

import traceback
from array import array
from time import perf_counter
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit

from pytest_smload.core.load.part import WHOLE, Part
from pytest_smload.core.request.error_kinds import OWN_NAMES, TIMEOUT
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, Samples
from pytest_smload.engine.backoff import BackOff
from pytest_smload.engine.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.request.invocation import Payload
    from pytest_smload.core.request.transport import Connection, Transport
    from pytest_smload.engine.turnstile import Turnstile

_FAR = float("inf")


class LoadSession:
    """Columns, cursors and limits of one load.

    Attributes:
        samples: The columns, warm-up and window together.
        window_start_s: Begin of the window on the ``perf_counter`` clock; infinite until a closed load opens it.
        window_end_s: End of the window; a closed load's users begin nothing after it.
        next_model: Gives the next route index (closed model); another sequence takes over when the window opens.
        part: Which part of the load it is.
        begun: Requests begun outside a schedule.
        primed: Those of priming, by all generators.
        most_requests: Ends the load after so many requests begun here; None without such a cap.
        rows: The payloads each route cycles through.
        turnstile: Gives out arrivals (open model), else None.
        arrival_models: Route index of each arrival of the schedule (open model).
        bytes_in, bytes_out: Body bytes of window samples per route.
        examples: First failure per error kind; kinds that share a code share one.
        route_examples: The same per route and kind, of the first pairs seen.
        exceptions: What went wrong in the load generator's own code or a listener, one line each.
        ends_test: Exceptions that are raised to end the test; what is no `Exception` at all always is.
        ended_by: What was raised to end the test, in whatever greenlet, or None.
        out_of_time: Whether requests still under way have had all the time they may take: killed, they are timeouts.
        grid: When its window may begin.
        report_request: Fires Locust's request event, or None where nobody listens.
    """

    def __init__(
        self, plan: LoadPlan, transport: Transport, *, endpoint_name: str, base_url: str, part: Part = WHOLE
    ) -> None:
        self.plan = plan
        self.part = part
        self.transport = transport
        self.endpoint_name = endpoint_name
        self.base_url = base_url
        self.samples = Samples()
        self.grid = Grid(None, plan.profile.warmup_s)
        self.window_start_s = _FAR
        self.window_end_s = _FAR
        self.begun = self.primed = 0
        self.next_model: Callable[[], int] = int
        self.turnstile: Turnstile | None = None
        self.arrival_models = array("H")
        routes = len(plan.routes)
        self.rows = plan.rows
        self.cursors = [0] * routes if plan.profile.open_model else part.first_rows(plan.rows)
        self.bytes_in = [0] * routes
        self.bytes_out = [0] * routes
        self.examples: dict[str, InvocationFailure] = {}
        self.route_examples: dict[tuple[int, str], InvocationFailure] = {}
        self.exceptions: list[str] = []
        self.ends_test: tuple[type[BaseException], ...] = ()
        self.ended_by: BaseException | None = None
        self.out_of_time = False
        self.report_request: Callable[[Connection, float, int, Payload], None] | None = None
        self._counts_from_due = plan.profile.open_model
        self.most_requests = plan.profile.max_requests
        self._connections: dict[Any, Connection] = {}
        self._back_off = BackOff(paced=plan.profile.open_model)

    def enter(self, user: Any) -> Connection:
        """Return a connection for *user*; in the ramp of a closed load it is opened ahead of its first request."""
        connection = self.transport.connection()
        self._connections[user] = connection
        if not self._counts_from_due and self.plan.profile.warmup_s > 0 and perf_counter() < self.window_start_s:
            connection.open()
        return connection

    def leave(self, user: Any) -> None:
        """Close *user*'s connection."""
        connection = self._connections.pop(user, None)
        if connection is not None:
            self._back_off.forget(connection)
            connection.close()

    def guard(self, work: Callable[..., object], *arguments: Any) -> None:
        """Run *work*, keeping what it raises: an exception there makes the run INVALID, and what is none ends it."""
        try:
            work(*arguments)
        except self.ends_test as error:
            self.end_by(error)
        except Exception:
            self.exceptions.append(traceback.format_exc().strip().splitlines()[-1])
        except GreenletExit:
            raise
        except BaseException as error:  # pytest's own, SystemExit, GeneratorExit: their place is the test
            self.end_by(error)

    def end_by(self, error: BaseException) -> None:
        """End the load for *error*, which is the test's to hear; the first one counts."""
        self.ended_by = self.ended_by or error
        self.window_end_s = min(self.window_end_s, perf_counter())

    def under_way(self) -> Iterator[tuple[Any, Connection]]:
        """Yield the users whose request is under way, with their connections."""
        for user, connection in self._connections.items():
            if connection.start > connection.end:
                yield user, connection

    def first_under_way_s(self) -> float:
        """When the oldest request under way was begun (``perf_counter``), infinite where there is none."""
        return min((connection.start for _, connection in self.under_way()), default=_FAR)

    @property
    def sent(self) -> int:
        """Requests begun so far, warm-up included."""
        return self.begun if self.turnstile is None else self.begun + self.turnstile.sent

    def close(self) -> None:
        """Close every connection and the transport."""
        for user in list(self._connections):
            self.leave(user)
        if self.turnstile is not None:
            self.turnstile.close()
        self.transport.close()

    def may_begin(self) -> bool:
        """Count a request outside a schedule; False, and the window's end, once ``max_requests`` is reached."""
        if self.most_requests is not None and self.begun >= self.most_requests:
            self.window_end_s = min(self.window_end_s, perf_counter())
            return False
        self.begun += 1
        return True

    def held(self, free_s: float) -> None:
        """Note that the sample recorded next was due before its user became free at *free_s*."""
        self.samples.held_index.append(len(self.samples.end))
        self.samples.held_free.append(free_s)

    def record(self, connection: Connection, due_s: float, model: int, kind: int, payload: Payload) -> None:
        """Append the request *connection* just finished."""
        samples = self.samples
        start_s = connection.start
        samples.due.append(due_s)
        samples.start.append(start_s)
        samples.end.append(connection.end)
        samples.kind.append(kind)
        samples.model.append(model)
        if (due_s if self._counts_from_due else start_s) >= self.window_start_s:
            self.bytes_in[model] += connection.bytes_in
            self.bytes_out[model] += len(payload.body)
        report = self.report_request
        if kind:
            failure = connection.failure
            name = self.transport.kinds.name(kind)
            if failure is not None and (model, name) not in self.route_examples:
                self.examples.setdefault(name, failure)
                if len(self.route_examples) < MOST_ROUTE_EXAMPLES:
                    self.route_examples[model, name] = failure
            if report is not None:
                report(connection, due_s, model, payload)
            self._back_off.after(connection, due_s, kind)
        else:
            if connection.variant:
                samples.variant_index.append(len(samples.end) - 1)
                samples.variant_code.append(connection.variant)
            if report is not None:
                report(connection, due_s, model, payload)

    def record_killed(self, connection: Connection, due_s: float, model: int, payload: Payload) -> None:
        """Append the request that *connection* was killed in, where it had all the time it may take."""
        if self.out_of_time and connection.start > connection.end:
            connection.end = perf_counter()
            connection.bytes_in = 0
            message = f"no complete response within {self.plan.profile.timeout_s:g} s"
            connection.failure = InvocationFailure(OWN_NAMES[TIMEOUT], message)
            self.record(connection, due_s, model, TIMEOUT, payload)
