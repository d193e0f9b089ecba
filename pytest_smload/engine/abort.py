"""Notices, while a load runs, that its error rate or its latency has been too high for too long."""

from __future__ import annotations

from collections import deque
from math import ceil, inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.samples.recording import Abort

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_smload.core.load.abort_rule import AbortRule
    from pytest_smload.core.samples.recording import Samples
    from pytest_smload.engine.session import LoadSession

FEWEST_REQUESTS = 10
"""Fewer in the span say nothing about a rate."""
FEWEST_FOR_P95 = METRICS["p95"].needed
_P95 = 0.95


class Counts(NamedTuple):
    """What had ended at a moment: errors, requests slower than the limit, and those that say nothing of latency:
    failures that were not slow, and priming, whose answers are cold; and how many that had not ended were slow."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    mute: int = 0
    overdue: int = 0

    @classmethod
    def sum(cls, of_each: Iterable[Counts]) -> Counts:
        """Return what all generators of a load counted together."""
        return cls(*map(sum, zip(*of_each, strict=True)))


class Course(Protocol):
    """What is to be known of the load itself.

    Attributes:
        begin_s: When its priming was over; infinite until then.
    """

    begin_s: float

    def under_way(self, now: float) -> Iterator[tuple[float, int]]:
        """When each of the requests not over at *now* was due or begun, and its route index."""


class AbortJudge:
    """Compares the counts now with those at the beginning of the span.

    Attributes:
        abort: What is to end the load, or None.
    """

    def __init__(self, rule: AbortRule | None) -> None:
        self.abort: Abort | None = None
        self._rule = rule
        self._begin_s: float | None = None
        self._marks: deque[tuple[float, Counts]] = deque()

    def check(self, now: float, counts: Counts, primed_s: float = -inf) -> bool:
        """Whether a rate or percentile of the rule was reached over its whole span up to *now* (``perf_counter``
        seconds).

        Args:
            counts: Of the load so far.
            primed_s: When its priming was over.
        """
        rule = self._rule
        if rule is None or self.abort is not None:
            return self.abort is not None
        self._begin_s = now if self._begin_s is None else self._begin_s
        if now - self._begin_s < rule.grace_s:
            return False
        marks = self._marks
        marks.append((now, counts))
        # The mark before the span stays: counts since then cover all of it.
        while len(marks) > 1 and marks[1][0] <= now - rule.span_s:
            marks.popleft()
        at_s, before = marks[0]
        if now - at_s >= rule.span_s:
            self.abort = _for_errors(before, counts, rule)
            # The span, and so long before it as one of its requests may take, is to have nothing of priming.
            if self.abort is None and rule.p95_ms is not None and now - rule.span_s - rule.p95_ms / 1000 >= primed_s:
                self.abort = _for_latency(before, counts, rule, rule.p95_ms)
        return self.abort is not None


def _for_errors(before: Counts, now: Counts, rule: AbortRule) -> Abort | None:
    requests = now.requests - before.requests
    if rule.error_rate is None or requests < FEWEST_REQUESTS:
        return None
    rate = (now.errors - before.errors) / requests
    return Abort(rate, requests, rule.span_s, rule.error_rate) if rate >= rule.error_rate else None


def _for_latency(before: Counts, now: Counts, rule: AbortRule, p95_ms: float) -> Abort | None:
    """By nearest rank: p95 is over the limit where fewer than 95 % of the requests are within."""
    ended = now.requests - before.requests
    judged = ended - (now.mute - before.mute) + now.overdue
    within = judged - now.overdue - (now.slow - before.slow)
    if judged < FEWEST_FOR_P95 or within >= ceil(_P95 * judged):
        return None
    errors = (now.errors - before.errors) / ended if ended else 0.0
    return Abort(errors, ended + now.overdue, rule.span_s, 0.0, p95_ms=p95_ms)


class AbortWatch:
    """Counts what the samples of a load got, and judges it where they are all of the load's.

    Attributes:
        counts: What had ended when it looked last.
    """

    def __init__(
        self,
        rule: AbortRule | None,
        samples: Samples,
        course: Course | None = None,
        *,
        from_due: bool = False,
        is_whole: bool = True,
    ) -> None:
        """Look at *samples* as they are appended.

        Args:
            from_due: Whether latency counts from when a request was due (open model), not from its start.
            course: The load they are of; one without priming and of which nothing is under way if left out.
            is_whole: Whether the samples are of all of the load; part of it ends nothing.
        """
        self.counts = Counts()
        self._rule = rule
        self._judge = AbortJudge(rule if is_whole else None)
        self._samples = samples
        self._from_due = from_due
        self._course = course

    @classmethod
    def of(cls, session: LoadSession, course: Course) -> AbortWatch:
        """Return the watch of what *session* sends; where that is part of a load, it only counts."""
        profile, is_whole = session.plan.profile, session.part.parts == 1
        return cls(profile.abort_rule, session.samples, course, from_due=profile.open_model, is_whole=is_whole)

    @property
    def abort(self) -> Abort | None:
        """What is to end the load, or None."""
        return self._judge.abort

    @property
    def _primed_s(self) -> float:
        return -inf if self._course is None else self._course.begin_s

    def check(self, now: float) -> bool:
        """Whether the rule ends the load at *now* (``perf_counter`` seconds)."""
        if self._rule is None or self.abort is not None:
            return self.abort is not None
        self.counts = self._counted(now, self._rule)
        return self._judge.check(now, self.counts, self._primed_s)

    def _counted(self, now: float, rule: AbortRule) -> Counts:
        """Count what ended since the last look."""
        samples, before = self._samples, self.counts
        count = len(samples)
        kinds = samples.kind[before.requests : count]
        errors = len(kinds) - kinds.count(0)
        slow = mute = overdue = 0
        if rule.p95_ms is not None and len(kinds):
            # Copies of what is new: a view of a column would keep it from growing.
            begin_s = np.array((samples.due if self._from_due else samples.start)[before.requests : count])
            took_s = np.array(samples.end[before.requests : count]) - begin_s
            priming = begin_s < self._primed_s
            is_slow = (took_s > rule.p95_ms / 1000) & ~priming
            slow = int(np.count_nonzero(is_slow))
            mute = int(np.count_nonzero(priming | (~is_slow & (np.array(kinds) != 0))))
        if rule.p95_ms is not None and now >= self._primed_s:
            overdue = self._overdue(now, now - rule.p95_ms / 1000)
        return Counts(count, before.errors + errors, before.slow + slow, before.mute + mute, overdue)

    def _overdue(self, now: float, latest_s: float) -> int:
        """How many requests not over at *now* were due or begun before *latest_s*: they are slow, however they end."""
        under_way = () if self._course is None else self._course.under_way(now)
        return sum(begin_s < latest_s for begin_s, _ in under_way)
