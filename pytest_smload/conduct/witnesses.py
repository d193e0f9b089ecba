"""Calls the witnesses a load needs: who is asked on AWS's side, for which settings, limits and marks."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from math import lcm
from typing import TYPE_CHECKING

from pytest_smload.conduct.server_side import server_side_witness
from pytest_smload.conduct.witness import LoadSpan, Paced, wall_clock
from pytest_smload.core.server.account import answered_by_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_smload.conduct.load import LoadRequest
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.witness import Testimony, Witness
    from pytest_smload.core.limits.budget import ResolvedBudget
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.recording import Recording


def witnesses_of(request: LoadRequest, plan: LoadPlan, budget: ResolvedBudget | None) -> list[Witness]:
    """Return who watches the load of *request*, in the order they are asked.

    Raises:
        EndpointError, ConfigurationError: it asks for what its endpoint cannot give.
    """
    return [*server_side_witness(request, plan, budget)]


class Watch:
    """The witnesses of one load, from before its first request to its verdict.

    Attributes:
        sent: Requests of its runs so far, priming and warm-up included.
        answered: Those of them that the endpoint's model has answered.
    """

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = witnesses
        self._begin = datetime.now(UTC)
        self.sent = self.answered = 0

    @property
    def period_s(self) -> int | None:
        """What the wall clock is to be a multiple of where the window begins; None where that does not matter."""
        periods = [each.period_s for each in self._witnesses if isinstance(each, Paced) and each.period_s is not None]
        return lcm(*periods) if periods else None

    def count(self, recording: Recording) -> None:
        """Add what a run of the load has sent."""
        self.sent += len(recording.samples)
        self.answered += answered_by_model(recording)

    def testimonies(self, judged: Assessment, say: Callable[[str], object]) -> list[Testimony]:
        """Return what each has to say of the load, *judged* being the run whose figures are told."""
        if not self._witnesses:
            return []
        recording = judged.recording
        span = LoadSpan(
            begin=self._begin,
            end=datetime.now(UTC),
            window_begin=wall_clock(recording.epoch_s, recording.window_start_s),
            window_end=wall_clock(recording.epoch_s, recording.window_end_s),
            sent=self.sent,
            answered=self.answered,
        )
        return [witness.testify(judged, span, say) for witness in self._witnesses]


@contextmanager
def watched(witnesses: Sequence[Witness]) -> Iterator[Watch]:
    """Begin every witness, and close each at the end, whatever happens in between.

    Raises:
        EndpointError, ConfigurationError: as `Witness.begin`; those begun before are closed.
    """
    try:
        for witness in witnesses:
            witness.begin()
        yield Watch(witnesses)
    finally:
        for witness in witnesses:
            witness.close()
