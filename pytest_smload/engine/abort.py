"""Notices, while a load runs, that its error rate has been too high for too long."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pytest_smload.core.samples.recording import Abort

if TYPE_CHECKING:
    from pytest_smload.core.load.abort_rule import AbortRule
    from pytest_smload.core.samples.recording import Samples

FEWEST_REQUESTS = 10
"""Fewer in the span say nothing about a rate."""


class AbortWatch:
    """Compares the samples' counts now with those at the beginning of the span.

    Attributes:
        abort: What is to end the load, or None.
    """

    def __init__(self, rule: AbortRule | None, samples: Samples) -> None:
        self.abort: Abort | None = None
        self._rule = rule
        self._samples = samples
        self._errors = 0
        self._counted = 0
        self._marks: deque[tuple[float, int, int]] = deque()

    def check(self, now: float) -> bool:
        """Whether the rule's error rate was reached over its whole span up to *now* (``perf_counter`` seconds)."""
        if self._rule is None or self.abort is not None:
            return self.abort is not None
        count = len(self._samples)
        latest = self._samples.kind[self._counted : count]
        self._errors += len(latest) - latest.count(0)
        self._counted = count
        self._marks.append((now, count, self._errors))
        # The mark before the span stays: counts since then cover all of it.
        while len(self._marks) > 1 and self._marks[1][0] <= now - self._rule.span_s:
            self._marks.popleft()
        begin, count_before, errors_before = self._marks[0]
        requests = count - count_before
        if now - begin < self._rule.span_s or requests < FEWEST_REQUESTS:
            return False
        rate = (self._errors - errors_before) / requests
        if rate < self._rule.error_rate:
            return False
        self.abort = Abort(rate, requests, self._rule.span_s, self._rule.error_rate)
        return True
