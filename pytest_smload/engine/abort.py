"""Notices, while a load runs, that its error rate or its latency has been too high for too long."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
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
_PARTS = 3
"""Of the span, in each of which latency must have been too high: one spell of a few seconds is not all of it."""
_FEWEST_WAITING = 3
"""So many that have waited for as long as the limit and the span, in which nothing ended, are an endpoint gone silent:
of a few users no percentile could ever tell."""
_LOOKS = 3
"""In a row must find it so: a client that stood still itself has not read yet, at the first, what came meanwhile."""


class Counts(NamedTuple):
    """What had ended at a moment: errors, requests slower than the limit, and those that say nothing of latency:
    failures that were not slow, and priming, whose answers are cold; how many that had not ended were slow, and how
    many of these had waited for all of the span besides."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    mute: int = 0
    overdue: int = 0
    silent: int = 0

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
        self._silent_looks = 0

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
        if now - marks[0][0] >= rule.span_s:
            self.abort = _for_errors(marks[0][1], counts, rule) or self._for_latency(now, counts, rule, primed_s)
        return self.abort is not None

    def _for_latency(self, now: float, counts: Counts, rule: AbortRule, primed_s: float) -> Abort | None:
        # The span, and so long before it as one of its requests may take, is to have nothing of priming.
        if rule.p95_ms is None or now - rule.span_s - rule.p95_ms / 1000 < primed_s:
            return None
        before = self._marks[0][1]
        ended = counts.requests - before.requests
        silent = ended == 0 and counts.silent >= _FEWEST_WAITING
        self._silent_looks = self._silent_looks + 1 if silent else 0
        if self._silent_looks < _LOOKS and not self._is_slow_throughout(now, counts, rule):
            return None
        errors = (counts.errors - before.errors) / ended if ended else 0.0
        return Abort(errors, ended + counts.overdue, rule.span_s, 0.0, p95_ms=rule.p95_ms)

    def _is_slow_throughout(self, now: float, counts: Counts, rule: AbortRule) -> bool:
        """Whether p95 is over the limit in the whole span, of enough requests, and in each of its parts."""
        marks = self._marks
        if not _is_slow(marks[0][1], counts, FEWEST_FOR_P95):
            return False
        ends = [now - rule.span_s * part / _PARTS for part in range(_PARTS - 1, -1, -1)]
        at = [marks[0][1], *(next(mark for at_s, mark in reversed(marks) if at_s <= end_s) for end_s in ends)]
        return all(_is_slow(before, after, 0) for before, after in pairwise(at))


def _for_errors(before: Counts, now: Counts, rule: AbortRule) -> Abort | None:
    requests = now.requests - before.requests
    if rule.error_rate is None or requests < FEWEST_REQUESTS:
        return None
    rate = (now.errors - before.errors) / requests
    return Abort(rate, requests, rule.span_s, rule.error_rate) if rate >= rule.error_rate else None


def _is_slow(before: Counts, after: Counts, fewest: int) -> bool:
    """By nearest rank: p95 is over the limit where fewer than 95 % of the requests between both are within.

    Where there were none, and none are needed, nothing says that it is not.
    """
    judged = after.requests - before.requests - (after.mute - before.mute) + after.overdue
    within = judged - after.overdue - (after.slow - before.slow)
    return judged >= fewest and (judged == 0 or within < ceil(_P95 * judged))


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
        slow = mute = overdue = silent = 0
        if rule.p95_ms is not None and len(kinds):
            # Copies of what is new: a view of a column would keep it from growing.
            begin_s = np.array((samples.due if self._from_due else samples.start)[before.requests : count])
            took_s = np.array(samples.end[before.requests : count]) - begin_s
            priming = begin_s < self._primed_s
            is_slow = (took_s > rule.p95_ms / 1000) & ~priming
            slow = int(np.count_nonzero(is_slow))
            mute = int(np.count_nonzero(priming | (~is_slow & (np.array(kinds) != 0))))
        if rule.p95_ms is not None and now >= self._primed_s:
            late_s = now - rule.p95_ms / 1000
            overdue, silent = self._overdue(now, late_s), self._overdue(now, late_s - rule.span_s)
        return Counts(count, before.errors + errors, before.slow + slow, before.mute + mute, overdue, silent)

    def _overdue(self, now: float, latest_s: float) -> int:
        """How many requests not over at *now* were due or begun before *latest_s*: they are slow, however they end."""
        under_way = () if self._course is None else self._course.under_way(now)
        return sum(begin_s < latest_s for begin_s, _ in under_way)
