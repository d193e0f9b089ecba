"""Keeps one load, its repetitions included, to what ``[safety]`` allows: requests, rate, time and cost."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

from pytest_smload.core.load.planned import planned_requests
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.safety.cost import Prices, hourly_cost, usd
from pytest_smload.core.safety.limits import NO_SAFETY, SafetyLimits, load_refusals
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_duration
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.hooks import Running

RATE_SPAN_S = 2.0
"""A closed load is ended when it has sent more than ``max_tps`` allows over this long, priming aside; over less, what
all users send at once would be its rate."""
_REMEDY = "ask for a smaller load, or raise it there; what was measured is not the load that was asked for"


class Spending:
    """What the loads of one run of pytest have cost so far.

    Attributes:
        usd: US dollars, those of loads whose cost can be told.
    """

    def __init__(self) -> None:
        self.usd = 0.0


@dataclass(frozen=True, slots=True)
class Safeguards:
    """What a settings file and the command line say of safety.

    Attributes:
        limits: ``[safety]``.
        prices: ``[prices]``.
        allow_production: Whether loads on production are asked for.
        spending: Of the run of pytest, over all its loads.
    """

    limits: SafetyLimits = NO_SAFETY
    prices: Prices = field(default_factory=Prices)
    allow_production: bool = False
    spending: Spending = field(default_factory=Spending)


class Allowance:
    """What one load may still send, take and cost.

    Attributes:
        profile: The load's profile, cut to what is allowed: an extension, ``max_requests`` and priming may be less.
        ended_by: Which limit ended the load early, in words, or ``""``.

    Raises:
        ConfigurationError: the load as described would exceed a limit, or it cannot be told whether it would.
    """

    def __init__(
        self,
        safeguards: Safeguards,
        plan: LoadPlan,
        hosting: Callable[[], Hosting | None] | None,
        *,
        sides: int = 1,
    ) -> None:
        self.ended_by = ""
        self._safety, self._prices = safeguards.limits, safeguards.prices
        self._spending = safeguards.spending
        self._plan = plan
        self._hosting = hosting
        self._models = len(plan.routes)
        self._sides = sides
        self._sent = self._sent_now = self._sent_last = 0
        self._is_short = False
        self._took_s = 0.0
        self._marks: deque[tuple[float, int]] = deque()
        asked = plan.profile
        problems = load_refusals(self._safety, asked, models=self._models, sides=sides)
        if problems:
            raise ConfigurationError(problems)
        self.profile = _cut(self._safety, asked)

    def check_cost(self) -> None:
        """Refuse the next run of the load where its cost is not known, or too much with what was spent before.

        Raises:
            ConfigurationError: so it is.
        """
        limit = self._safety.max_cost_usd
        if limit is None or self._hosting is None:
            return
        hourly_usd, unknown = hourly_cost(self._hosting(), self._prices)
        if unknown:
            raise ConfigurationError(f"{self._safety.source} max_cost_usd cannot be held: {unknown}")
        asked = self._plan.profile
        sent = min(self._planned(), asked.max_requests or inf)
        cost = self._prices.of(
            hourly_usd=hourly_usd, seconds=asked.warmup_s + asked.duration_s, data_bytes=sent * self._request_bytes()
        )
        if self._spending.usd + cost > limit:
            before = f", {usd(self._spending.usd)} having been spent in this run" if self._spending.usd else ""
            raise ConfigurationError(
                f"{self._safety.source} max_cost_usd = {limit:g}: the load costs about {usd(cost)} ({usd(hourly_usd)} "
                f"an hour){before}; shorten it, or raise max_cost_usd"
            )

    def next_plan(self) -> LoadPlan:
        """Return the plan for the next run, cut to what is left.

        Raises:
            ConfigurationError: nothing is left for a whole run.
        """
        if problem := self._no_more():
            raise ConfigurationError(problem)
        self.check_cost()
        profile, most = self.profile, self._safety.max_requests
        if most is not None:
            profile = profile.replace(max_requests=min(profile.max_requests or most, most - self._sent))
        return replace(self._plan, profile=profile)

    @property
    def may_repeat(self) -> bool:
        """Whether another run of the load is allowed."""
        try:
            self.next_plan()
        except ConfigurationError:
            return False
        return not self.ended_by

    @contextmanager
    def run(self) -> Iterator[None]:
        """Account for the run of the load that goes on while this is entered, however it ends."""
        begin_s, self._sent_now = perf_counter(), 0
        self._marks.clear()
        try:
            yield
        finally:
            seconds = perf_counter() - begin_s
            self._took_s += self._plan.profile.warmup_s + self._plan.profile.duration_s
            self._sent += self._sent_now
            self._sent_last = self._sent_now
            if self._hosting is not None:
                self._spending.usd += self._cost(seconds, self._sent_now)

    def ran(self, recording: Recording, *, beside: int = 0) -> None:
        """Take note of what the run that is going on has sent, *beside* to a control; called when it has ended."""
        count = self._sent_now = len(recording.samples) + beside
        most = self._safety.max_requests
        self._is_short = recording.window_s < 0.999 * self._plan.profile.duration_s
        if (
            most is not None
            and self._is_short
            and self._sent + count >= most
            and not self.ended_by
            and not recording.interrupted
        ):
            own = self._plan.profile.max_requests
            if own is None or own > most:
                self.ended_by = f"max_requests = {most:,} ended the load after {format_duration(recording.window_s)} "
                self.ended_by += "of its window"

    def ends(self, running: Running) -> bool:
        """Whether the load is to end now; asked a few times a second."""
        self._sent_now = running.sent
        if not self.ended_by:
            self.ended_by = self._too_fast(running) or self._too_dear(running)
        return bool(self.ended_by)

    @property
    def finding(self) -> Finding | None:
        """Why the measurement cannot be trusted, where a limit ended the load before its window was over.

        An extension that a limit cut short is none: the load asked for was measured.
        """
        ended = self.ended_by and self._is_short
        return Finding(f"{self._safety.source} {self.ended_by}", _REMEDY) if ended else None

    def _planned(self) -> int:
        return self._sides * planned_requests(self._plan.profile, models=self._models)

    def _no_more(self) -> str:
        """Why no other run is allowed after those there were, or ``""``."""
        if not self._took_s:
            return ""
        if self.ended_by:
            return f"{self._safety.source} {self.ended_by}"
        safety, asked = self._safety, self._plan.profile
        again = max(self._planned(), self._sent_last)
        if safety.max_requests is not None and self._sent + again > safety.max_requests:
            return (
                f"{safety.source} max_requests = {safety.max_requests:,}: {self._sent:,} are sent, and another run "
                f"sends {again:,}"
            )
        takes_s = asked.warmup_s + asked.duration_s
        if safety.max_duration_s is not None and self._took_s + takes_s > safety.max_duration_s:
            return (
                f"{safety.source} max_duration = {format_duration(safety.max_duration_s)}: another run of "
                f"{format_duration(takes_s)} would be more"
            )
        return ""

    def _too_fast(self, running: Running) -> str:
        most_tps = self._safety.max_tps
        if most_tps is None or self._plan.profile.open_model or not running.primed:
            return ""
        self._marks.append((running.elapsed_s, running.sent))
        while len(self._marks) > 1 and self._marks[1][0] <= running.elapsed_s - RATE_SPAN_S:
            self._marks.popleft()
        begin_s, before = self._marks[0]
        span_s = running.elapsed_s - begin_s
        if span_s < RATE_SPAN_S or running.sent - before <= most_tps * span_s:
            return ""
        return f"max_tps = {most_tps:g} ended the load: its users sent {(running.sent - before) / span_s:,.0f} TPS"

    def _too_dear(self, running: Running) -> str:
        limit = self._safety.max_cost_usd
        if limit is None or self._hosting is None:
            return ""
        spent = self._spending.usd + self._cost(running.elapsed_s, running.sent)
        return f"max_cost_usd = {limit:g} ended the load: {usd(spent)} were spent in this run" if spent >= limit else ""

    def _cost(self, seconds: float, sent: int) -> float:
        hosting = self._hosting() if self._hosting is not None else None
        hourly_usd, _ = hourly_cost(hosting, self._prices)
        return self._prices.of(hourly_usd=hourly_usd, seconds=seconds, data_bytes=sent * self._request_bytes())

    def _request_bytes(self) -> float:
        """The mean request body, models weighed by their shares; of a locustfile's requests nobody knows it."""
        if self._plan.route_kind == NAME:
            return 0.0
        means = (sum(len(body.body) for body in rows) / len(rows) for rows in self._plan.rows)
        return sum(share * mean for share, mean in zip(self._plan.shares, means, strict=True))


def _cut(safety: SafetyLimits, asked: LoadProfile) -> LoadProfile:
    """*asked* with no more than *safety* allows of what is not the load itself: extension, priming, requests."""
    changes: dict[str, object] = {}
    if safety.max_duration_s is not None:
        left_s = safety.max_duration_s - asked.warmup_s
        if asked.max_duration is not None and asked.max_duration_s > left_s:
            changes["max_duration"] = format_duration(left_s) if left_s > asked.duration_s else None
        if asked.prime_timeout_s > safety.max_duration_s:
            changes["prime_timeout"] = format_duration(safety.max_duration_s)
    if safety.max_requests is not None:
        changes["max_requests"] = min(asked.max_requests or safety.max_requests, safety.max_requests)
    return asked.replace(**changes) if changes else asked
