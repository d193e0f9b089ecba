"""Prints what several worker processes make of a load that one makes, and what joining their samples costs."""

from __future__ import annotations

import argparse
import time
from array import array
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import ours
from canned_server import canned_server
from measure import machine_described, median_ratio, print_table, verdict
from workload import ENDPOINT_NAME

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.merge import merge
from pytest_smload.core.samples.packed import packed, unpacked
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.distributed.crew import Crew
from pytest_smload.engine.distributed.load import DistributedLoad
from pytest_smload.engine.distributed.wanted import Wanted
from pytest_smload.engine.distributed.wire import Destination
from pytest_smload.engine.hooks import LoadHooks

if TYPE_CHECKING:
    from numpy.typing import NDArray

USERS = 20
"""Of each process: the fewer wait in one loop, the dearer is its turn."""
WORKERS = 4
JOINED_S = 15.0


class Sent:
    """What one load made: TPS, CPU per request of the generators, and the master's own CPU per second."""

    def __init__(self, crew: Crew, url: str, seconds: float) -> None:
        profile = ours.profile_of(users=USERS * crew.size, duration=f"{seconds}s", warmup="1s")
        plan = LoadPlan.from_profile(profile, Path())
        destination = Destination(
            endpoint_name=ENDPOINT_NAME,
            region="us-east-1",
            url=url,
            url_source="benchmark",
            control_url=None,
            embedded=True,
            account=None,
            transport="http",
        )
        crew.join(print)
        cpu_s, begin_s, marks = time.process_time(), time.perf_counter(), list[tuple[float, float]]()
        hooks = LoadHooks(on_progress=lambda _each: marks.append((time.perf_counter(), time.process_time())))
        recording = DistributedLoad(crew, plan, destination, hooks, gives_up=False).run()
        figures = measure(recording)
        self.tps = figures.total.tps
        self.cpu_us = sum(each.cpu for each in recording.clients) * recording.window_s / figures.sent * 1e6
        (last_s, last_cpu_s) = marks[-1]
        self.master_share = (last_cpu_s - cpu_s) / (last_s - begin_s)


def processes(pairs: int, seconds: float) -> None:
    """Compare one process with two, interleaved."""
    ones, twos = list[Sent](), list[Sent]()
    one, two = Crew(Wanted(count=1)), Crew(Wanted(count=2))
    with canned_server() as url:
        try:
            for _ in range(pairs):
                ones.append(Sent(one, url, seconds))
                twos.append(Sent(two, url, seconds))
        finally:
            one.close()
            two.close()
    more = median_ratio([each.tps for each in twos], [each.tps for each in ones])
    dearer = median_ratio([each.cpu_us for each in twos], [each.cpu_us for each in ones])
    rows = [
        (
            name,
            f"{median(each.tps for each in sent):,.0f}",
            f"{median(each.cpu_us for each in sent):.1f}",
            f"{median(each.master_share for each in sent):.1%}",
        )
        for name, sent in (("1 process", ones), ("2 processes", twos))
    ]
    print_table(f"one and two processes, {USERS} users each", ("", "TPS", "CPU µs/request", "master's CPU"), rows)
    met = more >= 1.7 or dearer <= 1.15
    print(f"two ÷ one: TPS {more:.2f} (>= 1.7 where the server is elsewhere), CPU {dearer:.2f} (else <= 1.15): "
          f"{verdict(met)}")  # fmt: skip


def part(samples_in_all: int, index: int) -> Recording:
    """Return what worker *index* recorded of a healthy open load of 100 s."""
    draw = np.random.default_rng(index)
    count = samples_in_all // WORKERS
    due = 1.0 + np.arange(index, samples_in_all, WORKERS)[:count] * (100.0 / samples_in_all)
    end = due + draw.exponential(0.02, count)
    order = np.argsort(end)
    samples = Samples()
    columns: tuple[tuple[str, NDArray[np.float64]], ...] = (("due", due), ("start", due), ("end", end))
    for name, values in columns:
        getattr(samples, name).frombytes(values[order].tobytes())
    samples.kind.frombytes(bytes(count))
    samples.model.frombytes(bytes(2 * count))
    lags = array("d", [0.0001]) * 10_000
    return Recording(
        model_names=["total"],
        route_kind=None,
        target_shares=[1.0],
        kind_names=["ok"],
        kind_statuses=[None],
        samples=samples,
        open_model=True,
        window_start_s=1.0,
        window_end_s=101.0,
        clients=[ClientReadings(0.5, lags, lags)],
        started_at="2025-01-01T00:00:00+00:00",
        bytes_in=[count],
        bytes_out=[count],
        complete=True,
    )


def joining(samples_in_all: int) -> None:
    """Take the parts of *samples_in_all* as they arrive, join and judge them."""
    arrived = [packed(part(samples_in_all, index)) for index in range(WORKERS)]
    begin_s = time.perf_counter()
    whole = merge([unpacked(data) for data in arrived], [0.0] * WORKERS)
    joined_s = time.perf_counter()
    figures = measure(whole)
    examine(whole, figures, budgeted_scopes=(), simulated=False)
    judged_s = time.perf_counter()
    met = judged_s - begin_s < JOINED_S and figures.sent == samples_in_all // WORKERS * WORKERS
    print(
        f"\n{samples_in_all:,} samples of {WORKERS} workers, {sum(map(len, arrived)) / 1e6:,.0f} MB: read and joined "
        f"in {joined_s - begin_s:.1f} s, judged in {judged_s - joined_s:.1f} s (together < {JOINED_S:g} s): "
        f"{verdict(met)}"
    )


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--samples", type=int, default=10_000_000)
    asked = parser.parse_args()
    with machine_described():
        processes(asked.pairs, asked.seconds)
        joining(asked.samples)


if __name__ == "__main__":
    main()
