"""Notices, while a load runs, that nothing of it succeeds, and why more requests would not change that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_smload.core.request.error_kinds import OK, hopeless
from pytest_smload.core.samples.recording import Abort

if TYPE_CHECKING:
    from pytest_smload.core.request.invocation import InvocationFailure
    from pytest_smload.engine.session import LoadSession

ENOUGH_REFUSED = 10
"""So many failed requests end a load where the endpoint says why that will not change."""
ENOUGH_FAILED = 20
"""So many first requests that all failed end it whatever they failed with."""
LASTING_S = 2.0
"""A blip at the beginning is over by then."""


class GivingUp:
    """Looks at a load until its first success.

    Args:
        session: The load.
        when_all_fail: Whether failures that an endpoint may recover from count; False where the test allows them, or
            says by ``abort_on`` when they are to end the load.

    Attributes:
        abort: Why the load is to end, or None.
    """

    def __init__(self, session: LoadSession, *, when_all_fail: bool) -> None:
        self.abort: Abort | None = None
        self._session = session
        self._when_all_fail = when_all_fail
        self._answered = False

    def check(self, now: float) -> bool:
        """Whether the load is to be given up at *now* (``perf_counter`` seconds)."""
        samples = self._session.samples
        if self.abort is not None or self._answered or len(samples) < ENOUGH_REFUSED:
            return self.abort is not None
        self._answered = OK in samples.kind
        if self._answered:
            return False
        examples = self._session.examples.values()
        refusal = next((failure for failure in examples if hopeless(failure) is not None), None)
        if refusal is not None:
            self._give_up(refusal, f"every request fails with {hopeless(refusal)}", now)
        elif self._when_all_fail and self._first_all_failed(now):
            failure, count = self._most_frequent()
            what = f"{failure.kind}: {failure.message}".rstrip(".: ")
            self._give_up(
                failure,
                f"none of the first {len(samples):,} requests succeeded, {count:,} failed with {what}; send one "
                "request by hand (sm_endpoint.invoke) and see that it is answered",
                now,
            )
        return self.abort is not None

    def _first_all_failed(self, now: float) -> bool:
        """Whether `ENOUGH_FAILED` requests failed before the first still under way was sent: a slow answer to that one
        may well be the first success."""
        starts = self._session.samples.start
        if min(starts) > now - LASTING_S:
            return False
        under_way_s = self._session.first_under_way_s()
        return sum(start < under_way_s for start in starts) >= ENOUGH_FAILED

    def _most_frequent(self) -> tuple[InvocationFailure, int]:
        session = self._session
        ((name, count),) = Counter(map(session.transport.kinds.name, session.samples.kind)).most_common(1)
        return session.examples[name], count

    def _give_up(self, failure: InvocationFailure, why: str, now: float) -> None:
        session = self._session
        self.abort = Abort(
            error_rate=1.0,
            requests=len(session.samples),
            span_s=now - min(session.samples.start),
            limit=1.0,
            kind=failure.kind,
            reason=f"given up: {session.endpoint_name} at {session.base_url}: {why}",
        )
