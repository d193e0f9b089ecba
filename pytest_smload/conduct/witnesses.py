"""Calls the witnesses a load needs: who is asked on AWS's side, for which settings, limits and marks."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from math import lcm
from typing import TYPE_CHECKING, Protocol

from pytest_smload.conduct.endpoint_watch import EndpointWatch
from pytest_smload.conduct.preflight import is_asked
from pytest_smload.conduct.scaling_limits import is_scaled
from pytest_smload.conduct.scaling_watch import scaling_watch
from pytest_smload.conduct.server_side import server_side_witness
from pytest_smload.conduct.witness import LoadSpan, Paced, wall_clock
from pytest_smload.core.server.account import answered_by_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.conduct.witness import Testimony, Witness
    from pytest_smload.core.limits.budget import ResolvedBudget
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording


def witnesses_of(request: LoadRequest, plan: LoadPlan, budget: ResolvedBudget | None) -> list[Witness]:
    """Return who watches the load of *request*, in the order they are asked.

    Raises:
        EndpointError, ConfigurationError: it asks for what its endpoint cannot give.
    """
    preflight = request.preflight
    # The first to begin and so the last to testify: it may have to wait for minutes.
    witnesses: list[Witness] = [*server_side_witness(request, plan, budget)]
    if preflight is not None and is_asked(request):
        every_s, may_scale = request.settings.watch_s, is_scaled(request.scaling)
        # Who watches scaling begins with what the other has found.
        scaled = request.scaling.variant if request.scaling is not None else None
        witnesses.append(EndpointWatch(preflight, every_s=every_s, may_scale=may_scale, scaled=scaled))
        witnesses.append(scaling_watch(request, preflight))
    return witnesses


class Send(Protocol):
    """Runs a load."""

    def __call__(self, goes_on: Callable[[Look], bool] | None = None, /) -> Recording:
        """Return what was recorded; *goes_on* as `pytest_smload.engine.run.run_load` asks it."""


class Watch:
    """The witnesses of one load, from before its first request to its verdict."""

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = witnesses
        self._begin = datetime.now(UTC)
        self._sent = self._answered = 0

    @property
    def period_s(self) -> int | None:
        """What the wall clock is to be a multiple of where the window begins; None where that does not matter."""
        periods = [each.period_s for each in self._witnesses if isinstance(each, Paced) and each.period_s is not None]
        return lcm(*periods) if periods else None

    def counting(self, send: Send) -> Send:
        """Return *send*, with what its runs send, priming and warm-up included, told to the witnesses."""

        def counted(goes_on: Callable[[Look], bool] | None = None) -> Recording:
            recording = send(goes_on)
            self._sent += len(recording.samples)
            self._answered += answered_by_model(recording)
            return recording

        return counted

    def testimonies(self, judged: Assessment, say: Callable[[str], object]) -> list[Testimony]:
        """Return what each has to say of the load, *judged* being the run whose figures are told.

        The last to begin is the first asked: it looks at the endpoint before others wait for minutes.
        """
        if not self._witnesses:
            return []
        recording = judged.recording
        span = LoadSpan(
            begin=self._begin,
            end=datetime.now(UTC),
            window_begin=wall_clock(recording.epoch_s, recording.window_start_s),
            window_end=wall_clock(recording.epoch_s, recording.window_end_s),
            sent=self._sent,
            answered=self._answered,
        )
        return [witness.testify(judged, span, say) for witness in reversed(self._witnesses)]


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
