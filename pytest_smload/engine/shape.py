"""How much load there is when: the closed and the open model's course through warm-up, window and stages."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from pytest_smload.core.load.pairs import side_of
from pytest_smload.core.load.schedule import WARMUP_SEED, Schedule
from pytest_smload.core.load.stages import StageSpan, stage_at, stage_spans, user_steps
from pytest_smload.core.load.traffic import ShuffledBlocks, SmoothBlocks
from pytest_smload.engine.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_smload.engine.session import LoadSession

_STEPS_PER_TICK = 400


class Shape(Protocol):
    """The course of a load.

    Attributes:
        begin_s: When the warm-up began, on the ``perf_counter`` clock; infinite until then.
        window_start_s: When the window is to open; infinite until started.
    """

    begin_s: float
    window_start_s: float

    def start(self, runner: Any) -> None:
        """Spawn the first users and begin the warm-up."""

    def open_window(self) -> None:
        """Begin the window; called at `window_start_s`."""

    def ends_s(self) -> Sequence[float]:
        """Lengths of the window at which the load may end, ascending."""

    def go_on(self, end_s: float) -> None:
        """Go on to *end_s*, the next of `ends_s`; before the window has ended."""

    def decide_to_end(self) -> None:
        """Go on no further: the window ends where it is said to by now."""

    def changes(self, runner: Any) -> Iterator[tuple[float, Callable[[], object]]]:
        """Moments inside the window at which something changes, and the change."""

    def interrupt(self, now: float) -> None:
        """Send nothing more."""

    def prepare(self) -> object:
        """Do a small piece of work ahead; called every few milliseconds."""

    def stages(self) -> list[StageSpan]:
        """The stages inside the window."""

    def load_at(self, now: float) -> tuple[int | None, float | None]:
        """Users and offered rate in force at *now*; one of them is None."""

    def stretches(self) -> int:
        """In how many stretches of the window, so far, models have exact counts."""

    def offered_tps(self, window_end_s: float) -> float | None:
        """Arrivals of the window up to *window_end_s* per second of it (open model), else None."""

    def under_way(self, now: float) -> Iterator[tuple[float, int]]:
        """When each of the requests not over at *now* was due or begun, and its route index."""

    def unsent(self) -> tuple[array[float], array[int]]:
        """Due times and route indices of the window's arrivals that were never sent."""


class ClosedShape:
    """Users who each wait for their answer; stages change their number."""

    def __init__(self, session: LoadSession) -> None:
        self.session = session
        self.profile = session.plan.profile
        self.concurrency = session.part.concurrency(self.profile)
        self.spans = stage_spans(self.profile.stages)
        self.steps_s = [begin_s for begin_s, _ in user_steps(self.spans)]
        self.begin_s = self.window_start_s = float("inf")
        seed = session.part.seed(self.profile.seed)
        self._sequence = self._new_sequence(seed + WARMUP_SEED)
        self._window_sequence = self._new_sequence(seed)
        session.next_model = self._sequence.next

    def _new_sequence(self, seed: int) -> ShuffledBlocks | SmoothBlocks:
        shares = self.session.plan.shares
        sequence = SmoothBlocks(shares) if self.profile.order == "smooth" else ShuffledBlocks(shares, seed)
        sequence.prepare_all()
        return sequence

    def start(self, runner: Any) -> None:
        self.begin_s = perf_counter()
        self.window_start_s = self.begin_s + self.profile.warmup_s
        if not self.profile.warmup_s:
            self.open_window()
        runner.start(self.concurrency.users[0], self.concurrency.spawn_rate)

    def open_window(self) -> None:
        session = self.session
        if session.window_start_s != float("inf"):
            return
        self._sequence = self._window_sequence
        session.next_model = self._sequence.next
        session.window_start_s = perf_counter()
        session.window_end_s = min(session.window_end_s, session.window_start_s + self.profile.duration_s)

    def ends_s(self) -> Sequence[float]:
        return self.profile.window_ends_s

    def go_on(self, end_s: float) -> None:
        self.session.window_end_s = self.session.window_start_s + end_s

    def decide_to_end(self) -> None:
        """Nothing of a closed load is laid out ahead."""

    def changes(self, runner: Any) -> Iterator[tuple[float, Callable[[], object]]]:
        for begin_s, (before, users) in zip(self.steps_s[1:], pairwise(self.concurrency.users), strict=True):
            # Locust ramps down at the spawn rate as well.
            rate = max(users, before)
            yield self.session.window_start_s + begin_s, partial(runner.start, users, rate)

    def interrupt(self, now: float) -> None:
        self.session.window_end_s = min(self.session.window_end_s, now)

    def prepare(self) -> object:
        return self._sequence.prepare(_STEPS_PER_TICK)

    def stages(self) -> list[StageSpan]:
        return self.spans

    def load_at(self, now: float) -> tuple[int | None, float | None]:
        step = bisect_right(self.steps_s, now - self.session.window_start_s) - 1
        return self.concurrency.users[max(step, 0)], None

    def stretches(self) -> int:
        return 1

    def offered_tps(self, window_end_s: float) -> float | None:  # noqa: ARG002 - a closed load offers no rate
        return None

    def under_way(self, now: float) -> Iterator[tuple[float, int]]:  # noqa: ARG002 - nothing waits to be begun
        return ((connection.start, user.model) for user, connection in self.session.under_way())

    def unsent(self) -> tuple[array[float], array[int]]:
        return array("d"), array("H")


class OpenShape:
    """A schedule computed ahead; users, all made up front, are the in-flight cap."""

    def __init__(self, session: LoadSession) -> None:
        self.session = session
        self.profile = profile = session.plan.profile
        self.concurrency = session.part.concurrency(profile)
        self.spans = stage_spans(profile.stages)
        self.begin_s = self.window_start_s = float("inf")
        session.turnstile = self.turnstile = Turnstile()
        self._lay_out(most=profile.max_requests)

    def _lay_out(self, *, most: int | None) -> None:
        session, plan = self.session, self.session.plan
        whole = Schedule.of(self.profile, plan.shares, most=most)
        own = session.part.schedule(whole)
        self.schedule = own if plan.side is None else side_of(own, plan.side, self.profile.seed)
        session.rows = session.part.rows(whole, plan.rows)
        session.arrival_models = self.schedule.routes()

    def start(self, runner: Any) -> None:
        most, primed = self.profile.max_requests, self.session.primed
        if most is not None and primed:
            self._lay_out(most=max(0, most - primed))
        users = self.concurrency.max_in_flight
        runner.start(users, users)
        runner.spawning_greenlet.join()
        session, schedule = self.session, self.schedule
        # Adding the begin to a million offsets takes some 5 ms, which must be over when the first arrival is due.
        begin_s = session.grid.begin(perf_counter() + 0.02 + len(schedule) * 2e-8)
        if session.window_end_s <= perf_counter():  # Ctrl-C came while users were spawned or others waited for
            return
        self.begin_s = begin_s
        self.window_start_s = session.window_start_s = begin_s + schedule.warmup_s
        first = schedule.ends[0]
        session.window_end_s = self.window_start_s + first.offset_s
        self.turnstile.open(
            schedule.due(begin_s),
            warmup_count=schedule.warmup_count,
            window_start_s=session.window_start_s,
            window_end_s=session.window_end_s,
            limit=first.arrivals,
        )

    def ends_s(self) -> Sequence[float]:
        return [end.offset_s for end in self.schedule.ends]

    def go_on(self, end_s: float) -> None:
        end = next(end for end in self.schedule.ends if end.offset_s == end_s)
        session = self.session
        session.window_end_s = session.window_start_s + end.offset_s
        self.turnstile.go_on(window_end_s=session.window_end_s, limit=end.arrivals)

    def decide_to_end(self) -> None:
        self.turnstile.decide_to_end()

    def open_window(self) -> None:
        """The schedule says which arrivals are the window's."""

    def changes(self, runner: Any) -> Iterator[tuple[float, Callable[[], object]]]:  # noqa: ARG002 - the schedule has them
        return iter(())

    def interrupt(self, now: float) -> None:
        self.turnstile.stop(now)

    def prepare(self) -> object:
        return None

    def stages(self) -> list[StageSpan]:
        return self.spans

    def load_at(self, now: float) -> tuple[int | None, float | None]:
        if not self.spans:
            return None, self.profile.tps
        offset_s = min(max(now - self.session.window_start_s, 0.0), self.spans[-1].end_s)
        return None, stage_at(self.spans, offset_s).tps_at(offset_s)

    def stretches(self) -> int:
        window_s = self.session.window_end_s - self.session.window_start_s
        return 1 + sum(end.offset_s < window_s * (1 - 1e-9) for end in self.schedule.ends[:-1])

    def offered_tps(self, window_end_s: float) -> float | None:
        window_s = window_end_s - self.session.window_start_s
        return (self._due_by(window_end_s) - self.schedule.warmup_count) / window_s if window_s > 0 else 0.0

    def under_way(self, now: float) -> Iterator[tuple[float, int]]:
        due, models = self.turnstile.due, self.session.arrival_models
        sent = (user.arrival for user, _ in self.session.under_way() if user.arrival >= 0)
        waiting = range(self.turnstile.claimed, self._due_by(now))
        return ((due[arrival], models[arrival]) for arrival in (*sent, *waiting))

    def unsent(self) -> tuple[array[float], array[int]]:
        first, last = max(self.turnstile.claimed, self.schedule.warmup_count), self._due_by(self.session.window_end_s)
        return self.turnstile.due[first:last], self.session.arrival_models[first:last]

    def _due_by(self, moment_s: float) -> int:
        return bisect_left(self.turnstile.due, moment_s)
