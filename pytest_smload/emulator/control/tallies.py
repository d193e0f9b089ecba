"""Counts what the invocation log holds, destination by destination, in short slices of time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_smload.emulator.control.samples import Samples
from pytest_smload.emulator.invocation_log import UNROUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.fleet import Fleet
    from pytest_smload.emulator.invocation_log import InvocationLog

_ROWS = 50
"""Counted at one go: requests that arrive meanwhile wait for a quarter of a millisecond."""
MICROSECONDS = 1e6


class Tally:
    """What happened at one destination within one slice.

    Attributes:
        answers: Invocations answered, errors included.
        per_instance: Sum of 1/n over them, n being the instances at their arrival.
        client_errors: Those whose model answered 4XX.
        server_errors: Those whose model answered 5XX.
        failures: Those without a good answer of the model, broken connections included.
        hits: Those that named a model and found it in memory.
        model_us: ModelLatency, in microseconds.
        overhead_us: OverheadLatency, in microseconds.
        wait_us: Time they waited for their model to be loaded, in microseconds.
        busy_s: Time of workers given to requests within the slice, by instance number, in seconds.
        in_flight_s: Time requests were in flight within the slice, summed, in seconds.
    """

    __slots__ = (
        "answers",
        "busy_s",
        "client_errors",
        "failures",
        "hits",
        "in_flight_s",
        "model_us",
        "overhead_us",
        "per_instance",
        "server_errors",
        "wait_us",
    )

    def __init__(self) -> None:
        self.answers = 0
        self.per_instance = 0.0
        self.client_errors = 0
        self.server_errors = 0
        self.failures = 0
        self.hits = 0
        self.model_us = Samples()
        self.overhead_us = Samples()
        self.wait_us = Samples()
        self.busy_s: dict[int, float] = defaultdict(float)
        self.in_flight_s = 0.0


class Tallies:
    """Tallies by destination and slice.

    An invocation counts in the slice of its answer; its worker's time and its time in flight in every slice they reach
    into, once it is answered.

    Attributes:
        slice_ms: Length of a slice, in milliseconds; slices begin at whole multiples of it since the epoch.
    """

    def __init__(self, log: InvocationLog, fleet: Fleet, clock: Clock, slice_ms: int) -> None:
        self.slice_ms = slice_ms
        self._log = log
        self._fleet = fleet
        self._clock = clock
        self._counted = 0
        self._slices: dict[int, dict[int, Tally]] = defaultdict(dict)
        self._catching_up = asyncio.Lock()

    async def catch_up(self) -> None:
        """Count every invocation answered so far, leaving the event loop to requests now and then."""
        async with self._catching_up:
            last = len(self._log.ended)
            while self._counted < last:
                self.count(min(last, self._counted + _ROWS))
                await asyncio.sleep(0)

    def count(self, last: int) -> None:
        """Count the first *last* invocations answered, those not counted yet."""
        for row in self._log.ended[self._counted : last]:
            if self._log.destination[row] != UNROUTED:
                self._count(row)
        self._counted = last

    def between(self, destinations: Iterable[int], start_ms: int, end_ms: int) -> Iterator[Tally]:
        """Yield tallies of *destinations* whose slices begin at *start_ms* or later and before *end_ms*."""
        first, last = -(-start_ms // self.slice_ms), -(-end_ms // self.slice_ms)
        for destination in destinations:
            slices = self._slices[destination]
            if last - first > len(slices):
                yield from (tally for index, tally in slices.items() if first <= index < last)
            else:
                yield from (slices[index] for index in range(first, last) if index in slices)

    def _count(self, row: int) -> None:
        log = self._log
        destination = log.destination[row]
        received_s, answered_s, begun_s = log.received_s[row], log.answered_s[row], log.begun_s[row]
        tally = self._tally(destination, answered_s)
        tally.answers += 1
        tally.per_instance += 1 / self._fleet.destinations[destination - 1].host.counts.at(received_s)
        family = log.family[row]
        if family:
            tally.failures += 1
            tally.client_errors += family == 4
            tally.server_errors += family == 5
        if log.names_model(row):
            cold = log.cold[row]
            tally.hits += not cold
            tally.wait_us.add(((begun_s or answered_s) - received_s) * MICROSECONDS if cold else 0.0)
        if log.done_s[row]:
            model_s = log.done_s[row] - begun_s
            tally.model_us.add(model_s * MICROSECONDS)
            tally.overhead_us.add(max(0.0, answered_s - received_s - model_s) * MICROSECONDS)
            self._spread_busy(destination, log.instance[row], log.started_s[row], log.freed_s[row])
        for index, share_s in self._slices_of(received_s, answered_s):
            self._at(destination, index).in_flight_s += share_s

    def _spread_busy(self, destination: int, instance: int, start_s: float, end_s: float) -> None:
        for index, share_s in self._slices_of(start_s, end_s):
            self._at(destination, index).busy_s[instance] += share_s

    def _slices_of(self, start_s: float, end_s: float) -> Iterator[tuple[int, float]]:
        """Yield the slices that a span on the log's clock reaches into, and for how many seconds."""
        slice_s = self.slice_ms / 1000
        start_s, end_s = self._clock.epoch_s(start_s), self._clock.epoch_s(end_s)
        index = int(start_s / slice_s)
        while start_s < end_s:
            edge_s = min((index + 1) * slice_s, end_s)
            yield index, edge_s - start_s
            start_s, index = edge_s, index + 1

    def _tally(self, destination: int, at_s: float) -> Tally:
        return self._at(destination, int(self._clock.epoch_s(at_s) * 1000) // self.slice_ms)

    def _at(self, destination: int, index: int) -> Tally:
        slices = self._slices[destination]
        found = slices.get(index)
        if found is None:
            found = slices[index] = Tally()
        return found
