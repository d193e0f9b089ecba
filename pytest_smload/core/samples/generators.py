"""Says how each of several load generators fared, by its own recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.statistics.columns import view
from pytest_smload.core.statistics.percentiles import NAN, percentile

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording


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
        clock_offset_ms: By how much the master's clock is ahead of its own, as measured before the load.
        clock_uncertainty_ms: By how much that may be wrong.
    """

    host: str
    pid: int
    sent: int
    cpu: float
    delay_p95_ms: float
    delay_p99_ms: float
    loop_lag_p95_ms: float
    clock_offset_ms: float
    clock_uncertainty_ms: float


def generator_of(
    recording: Recording, *, window_start_s: float, host: str, pid: int, offset_s: float, uncertainty_s: float
) -> Generator:
    """Return the facts of the generator that made *recording*, whose clock is *offset_s* behind the master's.

    Args:
        window_start_s: When the whole load's window opened, on the master's clock.
    """
    import numpy as np

    samples = recording.samples
    due, start = view(samples.due), view(samples.start)
    ready = due.copy()
    held = view(samples.held_index)
    ready[held] = np.maximum(ready[held], view(samples.held_free))
    counted = (due if recording.open_model else start) >= window_start_s - offset_s
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
        clock_offset_ms=offset_s * 1000,
        clock_uncertainty_ms=uncertainty_s * 1000,
    )
