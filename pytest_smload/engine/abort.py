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
    from collections.abc import Iterator

    from pytest_smload.core.load.abort_rule import AbortRule
    from pytest_smload.core.samples.recording import Samples

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


class _Counts(NamedTuple):
    """What had ended at a moment: errors, requests slower than the limit, and those that say nothing of latency:
    failures that were not slow, and priming, whose answers are cold; and how many waited for longer than the limit."""

    at_s: float
    requests: int
    errors: int
    slow: int
    mute: int
    overdue: int = 0


class Course(Protocol):
    """What is to be known of the load itself.

    Attributes:
        begin_s: When its priming was over; infinite until then.
    """

    begin_s: float

    def under_way(self, now: float) -> Iterator[tuple[float, int]]:
        """When each of the requests not over at *now* was due or begun, and its route index."""


class AbortWatch:
    """Compares the samples' counts now with those at the beginning of the span.

    Attributes:
        abort: What is to end the load, or None.
    """

    def __init__(
        self,
        rule: AbortRule | None,
        samples: Samples,
        course: Course | None = None,
        *,
        from_due: bool = False,
    ) -> None:
        """Look at *samples* as they are appended.

        Args:
            from_due: Whether latency counts from when a request was due (open model), not from its start.
            course: The load they are of; one without priming and of which nothing is under way if left out.
        """
        self.abort: Abort | None = None
        self._rule = rule
        self._samples = samples
        self._from_due = from_due
        self._course = course
        self._begin_s: float | None = None
        self._counts = _Counts(0.0, 0, 0, 0, 0)
        self._marks: deque[_Counts] = deque()
        self._silent_looks = 0

    @property
    def _primed_s(self) -> float:
        return -inf if self._course is None else self._course.begin_s

    def _overdue(self, now: float, latest_s: float) -> int:
        """How many requests not over at *now* were due or begun before *latest_s*: they are slow, however they end."""
        under_way = () if self._course is None else self._course.under_way(now)
        return sum(begin_s < latest_s for begin_s, _ in under_way)

    def check(self, now: float) -> bool:
        """Whether a rate or percentile of the rule was reached over its whole span up to *now* (``perf_counter``
        seconds)."""
        rule = self._rule
        if rule is None or self.abort is not None:
            return self.abort is not None
        self._begin_s = now if self._begin_s is None else self._begin_s
        self._counts = counts = self._counted(now, rule)
        if now - self._begin_s < rule.grace_s:
            return False
        marks = self._marks
        marks.append(counts)
        # The mark before the span stays: counts since then cover all of it.
        while len(marks) > 1 and marks[1].at_s <= now - rule.span_s:
            marks.popleft()
        if now - marks[0].at_s >= rule.span_s:
            self.abort = self._for_errors(marks[0], rule) or self._for_latency(marks[0], rule)
        return self.abort is not None

    def _counted(self, now: float, rule: AbortRule) -> _Counts:
        """Count what ended since the last look."""
        samples, before = self._samples, self._counts
        count = len(samples)
        kinds = samples.kind[before.requests : count]
        errors = len(kinds) - kinds.count(0)
        slow = mute = 0
        if rule.p95_ms is not None and len(kinds):
            # Copies of what is new: a view of a column would keep it from growing.
            begin_s = np.array((samples.due if self._from_due else samples.start)[before.requests : count])
            took_s = np.array(samples.end[before.requests : count]) - begin_s
            priming = begin_s < self._primed_s
            is_slow = (took_s > rule.p95_ms / 1000) & ~priming
            slow = int(np.count_nonzero(is_slow))
            mute = int(np.count_nonzero(priming | (~is_slow & (np.array(kinds) != 0))))
        overdue = 0
        if rule.p95_ms is not None and now >= self._primed_s:
            overdue = self._overdue(now, now - rule.p95_ms / 1000)
        return _Counts(now, count, before.errors + errors, before.slow + slow, before.mute + mute, overdue)

    def _for_errors(self, before: _Counts, rule: AbortRule) -> Abort | None:
        requests = self._counts.requests - before.requests
        if rule.error_rate is None or requests < FEWEST_REQUESTS:
            return None
        rate = (self._counts.errors - before.errors) / requests
        return Abort(rate, requests, rule.span_s, rule.error_rate) if rate >= rule.error_rate else None

    def _for_latency(self, before: _Counts, rule: AbortRule) -> Abort | None:
        now = self._counts
        # The span, and so long before it as one of its requests may take, is to have nothing of priming.
        if rule.p95_ms is None or now.at_s - rule.span_s - rule.p95_ms / 1000 < self._primed_s:
            return None
        ended = now.requests - before.requests
        self._silent_looks = self._silent_looks + 1 if ended == 0 and self._is_silent(now.at_s, rule) else 0
        if self._silent_looks < _LOOKS and not self._is_slow_throughout(rule):
            return None
        errors = (now.errors - before.errors) / ended if ended else 0.0
        return Abort(errors, ended + now.overdue, rule.span_s, 0.0, p95_ms=rule.p95_ms)

    def _is_slow_throughout(self, rule: AbortRule) -> bool:
        """Whether p95 is over the limit in the whole span, of enough requests, and in each of its parts."""
        marks, last = self._marks, self._counts
        if not _is_slow(marks[0], last, FEWEST_FOR_P95):
            return False
        ends = [last.at_s - rule.span_s * part / _PARTS for part in range(_PARTS - 1, -1, -1)]
        at = [marks[0], *(next(mark for mark in reversed(marks) if mark.at_s <= end_s) for end_s in ends)]
        return all(_is_slow(before, after, 0) for before, after in pairwise(at))

    def _is_silent(self, now: float, rule: AbortRule) -> bool:
        """Whether enough have waited for all of a span in which nothing ended."""
        assert rule.p95_ms is not None  # noqa: S101 - it is a rule on latency
        return self._overdue(now, now - rule.span_s - rule.p95_ms / 1000) >= _FEWEST_WAITING


def _is_slow(before: _Counts, after: _Counts, fewest: int) -> bool:
    """By nearest rank: p95 is over the limit where fewer than 95 % of the requests between both are within.

    Where there were none, and none are needed, nothing says that it is not.
    """
    judged = after.requests - before.requests - (after.mute - before.mute) + after.overdue
    within = judged - after.overdue - (after.slow - before.slow)
    return judged >= fewest and (judged == 0 or within < ceil(_P95 * judged))
