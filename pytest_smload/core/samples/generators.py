"""Says how each of several load generators fared, by its own recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.core.statistics.columns import view
from pytest_smload.core.statistics.percentiles import NAN, percentile

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording


class Clock(NamedTuple):
    """By how much the master's clock is ahead of a generator's, in seconds.

    Attributes:
        offset_s: As measured before the load.
        uncertainty_s: By how much that may be wrong.
        moved_s: By how much more it was ahead after the load.
    """

    offset_s: float = 0.0
    uncertainty_s: float = 0.0
    moved_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One process that sent part of a load.

    Attributes:
        host: Name of its machine.
        pid: Its process id there.
        sent: Requests of the window it sent.
        cpu: CPU seconds per second of window, 1.0 = one core.
        delay_p95_ms, delay_p99_ms: Client delay of its requests: start - max(due, the moment their user became free).
        loop_lag_p95_ms: Overshoot of a 10 ms ticker.
        stalled_share: Share of the window in which it kept requests from being sent, or responses from being read.
        clock_offset_ms: By how much the master's clock is ahead of its own, as measured before the load.
        clock_uncertainty_ms: By how much that may be wrong.
        clock_moved_ms: By how much more it was ahead after the load.
    """

    host: str
    pid: int
    sent: int
    cpu: float
    delay_p95_ms: float
    delay_p99_ms: float
    loop_lag_p95_ms: float
    stalled_share: float
    clock_offset_ms: float
    clock_uncertainty_ms: float
    clock_moved_ms: float


def generator_of(
    recording: Recording, *, window_start_s: float, host: str, pid: int, stalled_share: float, clock: Clock
) -> Generator:
    """Return the facts of the generator that made *recording*.

    Args:
        stalled_share: As its own samples have it.
        window_start_s: When the whole load's window opened, on the master's clock.
    """
    import numpy as np

    samples = recording.samples
    due, start = view(samples.due), view(samples.start)
    ready = due.copy()
    held = view(samples.held_index)
    ready[held] = np.maximum(ready[held], view(samples.held_free))
    counted = (due if recording.open_model else start) >= window_start_s - clock.offset_s
    delays = np.sort((start - ready)[counted]).tolist()
    (client,) = recording.clients
    lags = sorted(client.loop_lag_s)
    return Generator(
        host=host,
        pid=pid,
        sent=len(delays),
        cpu=client.cpu,
        delay_p95_ms=percentile(delays, 950) * 1000 if delays else NAN,
        delay_p99_ms=percentile(delays, 990) * 1000 if delays else NAN,
        loop_lag_p95_ms=percentile(lags, 950) * 1000 if lags else NAN,
        stalled_share=stalled_share,
        clock_offset_ms=clock.offset_s * 1000,
        clock_uncertainty_ms=clock.uncertainty_s * 1000,
        clock_moved_ms=clock.moved_s * 1000,
    )
