"""Runs two loads over one window, in one loop: the endpoint under test and its control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import gevent

from pytest_smload.engine.descriptors import refuse_more_than_files_allow
from pytest_smload.engine.grid import Grid
from pytest_smload.engine.hooks import LoadHooks, Running
from pytest_smload.engine.run import LoadRun
from pytest_smload.engine.session import LoadSession
from pytest_smload.engine.stray_errors import stray_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.request.transport import Transport
    from pytest_smload.core.samples.recording import Recording

_MEET_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two loads.

    Attributes:
        plan: What it sends, `LoadPlan.side` set.
        transport: Its own.
        endpoint_name, base_url: Where it goes.
        hooks: Who hears of it.
        gives_up: As `pytest_smload.engine.run.run_load` takes it.
    """

    plan: LoadPlan
    transport: Transport
    endpoint_name: str
    base_url: str
    hooks: LoadHooks
    gives_up: bool


def run_pair(tested: Side, control: Side, *, period_s: int | None = None) -> tuple[Recording, Recording]:
    """Drive both sides and return what was measured of each; nothing of either is left running.

    Each has its own users, so that a slow side takes none of the other's, and both begin together once the models of
    both are primed. One that ends early, given up or called off, ends the other.

    Args:
        tested: The endpoint under test; who listens, and may end the load, is its.
        control: The other.
        period_s: As `pytest_smload.engine.run.run_load`.

    Raises:
        ConfigurationError, BaseException: as `pytest_smload.engine.run.run_load`.
    """
    try:
        refuse_more_than_files_allow(tested.plan.profile, sides=2)
        lead, other = _runs(tested, control, period_s)
    except BaseException:
        tested.transport.close()
        control.transport.close()
        raise
    raised: list[BaseException] = []

    def carry_other() -> Recording | None:
        try:
            return other.carry_out()
        except Exception as error:
            raised.append(error)
            other.session.end_by(error)
            return None

    with stray_errors(lead.session.end_by, lead.session.ends_test), lead.interrupts.counted():
        beside = gevent.spawn(carry_other)
        try:
            first = lead.carry_out()
            second = beside.get()
        finally:
            beside.kill()
            # Not begun, it has nothing to close itself.
            control.transport.close()
    if raised:
        raise raised[0]
    return first, second


def _runs(tested: Side, control: Side, period_s: int | None) -> tuple[LoadRun, LoadRun]:
    runs: list[LoadRun] = []
    meeting = _Meeting(runs, Grid(period_s, tested.plan.profile.warmup_s))
    for side in (tested, control):
        session = LoadSession(side.plan, side.transport, endpoint_name=side.endpoint_name, base_url=side.base_url)
        ends = _ended_with(runs, 1 - len(runs), side.hooks.ends_load)
        hooks = replace(side.hooks, ends_load=ends, companions=meeting)
        runs.append(LoadRun(session, hooks, judged=True, gives_up=side.gives_up))
    lead, other = runs
    other.interrupts = lead.interrupts
    return lead, other


def _ended_with(
    runs: list[LoadRun], other: int, ends_load: Callable[[Running], bool] | None
) -> Callable[[Running], bool]:
    """Return what says whether a side is to end: with the *other*, or where its own hook, told of both, says so."""

    def ends(running: Running) -> bool:
        if runs[other].ended_early:
            return True
        both = running._replace(sent=sum(run.session.sent for run in runs))
        return ends_load is not None and ends_load(both)

    return ends


class _Meeting:
    """Where the two *runs* wait for each other."""

    def __init__(self, runs: list[LoadRun], grid: Grid) -> None:
        self._runs = runs
        self._grid = grid
        self._primed = 0
        self._earliest_s: list[float] = []
        self._agreed_s: float | None = None

    def primed(self, begun: int, goes_on: Callable[[], bool]) -> int:
        """Wait until both are; each has half of ``max_requests``, which the other's priming takes nothing of."""
        self._primed += 1
        while self._primed < 2 and self._is_on(goes_on):
            gevent.sleep(_MEET_S)
        return begun

    def begin(self, earliest_s: float, goes_on: Callable[[], bool]) -> float:
        """Return when both begin."""
        self._earliest_s.append(earliest_s)
        while len(self._earliest_s) < 2 and self._is_on(goes_on):
            gevent.sleep(_MEET_S)
        if self._agreed_s is None:
            self._grid.epoch_s = self._runs[0].epoch_s
            self._agreed_s = self._grid.begin(max(*self._earliest_s, perf_counter()))
        return self._agreed_s

    def _is_on(self, goes_on: Callable[[], bool]) -> bool:
        return goes_on() and not any(run.is_over() for run in self._runs)
