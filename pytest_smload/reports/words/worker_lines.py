"""Says which processes sent a load, and how each of them fared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.units import format_share
from pytest_smload.reports.words.cells import format_count, format_latency, plain_text

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.samples.generators import Generator

MAX_WORKERS = 20


def worker_lines(load: LoadResult) -> list[str]:
    """Return a line per worker, the busiest first; none where one process sent the load."""
    busiest_first = sorted(load.workers, key=lambda worker: -worker.cpu)
    lines = [_line(worker) for worker in busiest_first[:MAX_WORKERS]]
    left_out = len(load.workers) - MAX_WORKERS
    return [*lines, f"{left_out:,} more workers are in report.json"] if left_out > 0 else lines


def _line(worker: Generator) -> str:
    delay = f"p95 {format_latency(worker.delay_p95_ms)}, p99 {format_latency(worker.delay_p99_ms)}"
    clock = f"{worker.clock_offset_ms:+.3g} ms off, give or take {format_latency(worker.clock_uncertainty_ms)}"
    return (
        f"worker {plain_text(worker.host)} ({worker.pid}): sent {format_count(worker.sent)}; CPU "
        f"{format_share(round(worker.cpu, 2))} of a core; client delay {delay}; loop lag p95 "
        f"{format_latency(worker.loop_lag_p95_ms)}; clock {clock}"
    )
