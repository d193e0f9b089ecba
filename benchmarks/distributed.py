"""Prints what several worker processes make of a load, what they cost the master, and how long their samples take."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import ours
from canned_server import canned_server
from measure import machine_described, median_ratio, print_table, verdict
from workload import ENDPOINT_NAME

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.distributed import worker
from pytest_smload.engine.distributed.crew import Crew
from pytest_smload.engine.distributed.load import DistributedLoad
from pytest_smload.engine.distributed.wanted import Wanted, address_of
from pytest_smload.engine.distributed.whole import joined
from pytest_smload.engine.distributed.wire import Destination
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.worker import resolve

if TYPE_CHECKING:
    from numpy.typing import NDArray

USERS = 20
"""Of each process: the fewer wait in one loop, the dearer is its turn."""
WORKERS = 4
JUDGED_S = 15.0
FOLLOWED, MASTER_SHARE = 10, 0.05
"""So many workers make 100,000 TPS where each makes 10,000, and may cost the master so much of a core."""
LOCAL_URL = "http://127.0.0.1:9"
"""Nothing is sent there."""
TOKEN = "benchmark-of-several-processes"


def destination_of(url: str) -> Destination:
    """Return the endpoint at *url* as workers are told of it."""
    return Destination(
        endpoint_name=ENDPOINT_NAME,
        region="us-east-1",
        url=url,
        url_source="benchmark",
        control_url=None,
        embedded=True,
        account=None,
        transport="http",
    )


class Sent:
    """What one load made: TPS, CPU per request of the generators, and the master's own CPU per second of the load."""

    def __init__(self, crew: Crew, url: str, profile: LoadProfile) -> None:
        plan = LoadPlan.from_profile(profile, Path())
        crew.join(print)
        marks = list[tuple[float, float]]()
        hooks = LoadHooks(on_progress=lambda _each: marks.append((time.perf_counter(), time.process_time())))
        recording = DistributedLoad(crew, plan, destination_of(url), hooks, gives_up=False).run()
        figures = measure(recording)
        self.tps = figures.total.tps
        self.cpu_us = sum(each.cpu for each in recording.clients) * recording.window_s / figures.sent * 1e6
        (first_s, first_cpu_s), *_, (last_s, last_cpu_s) = marks
        self.master_share = (last_cpu_s - first_cpu_s) / (last_s - first_s)


def processes(pairs: int, seconds: float) -> None:
    """Compare one process with two, interleaved."""
    ones, twos = list[Sent](), list[Sent]()
    one, two = Crew(Wanted(count=1)), Crew(Wanted(count=2))
    with apart_from_the_server() as url:
        try:
            for _ in range(pairs):
                for crew, sent in ((one, ones), (two, twos)):
                    users = USERS * crew.size
                    sent.append(Sent(crew, url, ours.profile_of(users=users, duration=f"{seconds}s", warmup="1s")))
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


@contextmanager
def apart_from_the_server() -> Iterator[str]:
    """Run the server on the last core and what is started within on all others, and yield its URL."""
    cores = os.sched_getaffinity(0)
    last = {max(cores)}
    os.sched_setaffinity(0, last)
    try:
        with canned_server() as url:
            os.sched_setaffinity(0, cores - last or cores)
            yield url
    finally:
        os.sched_setaffinity(0, cores)


def following(seconds: float) -> None:
    """Say what following many workers costs the master: they report once a second, however much they send."""
    crew = Crew(Wanted(count=FOLLOWED))
    profile = LoadProfile(tps=50 * FOLLOWED, duration=f"{seconds}s", warmup="1s", payload=b"1")
    with canned_server() as url:
        try:
            sent = Sent(crew, url, profile)
        finally:
            crew.close()
    print(
        f"\nthe master of {FOLLOWED} workers, as many as make 100,000 TPS at 10,000 each, takes "
        f"{sent.master_share:.1%} of a core while they send (< {MASTER_SHARE:.0%}): "
        f"{verdict(sent.master_share < MASTER_SHARE)}"
    )


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
        target_variants=[None],
        complete=True,
    )


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def hand_over(address: str, samples_in_all: int, index: int) -> None:
    """Be a worker that has recorded its part already, and hands it over when it is given a job."""
    recorded = part(samples_in_all, index)
    begun_s = list[float]()

    def run_load(*_: object, **__: object) -> Recording:
        begun_s.append(time.process_time())
        return recorded

    worker.run_load = run_load
    host, port = address_of(address, "the address")
    service = worker.WorkerService(host, port, TOKEN, resolve)
    service.join()
    service.serve()
    print(time.process_time() - begun_s[0])


def arriving(samples_in_all: int) -> None:
    """Have workers hand over *samples_in_all* by the channel, and judge them."""
    crew = Crew(Wanted(count=WORKERS, port=free_port(), local=False, token=TOKEN))
    address = crew.wanted.address
    command = [sys.executable, __file__, "--samples", str(samples_in_all), "--hand-over", address]
    started = [subprocess.Popen([*command, str(index)], stdout=subprocess.PIPE) for index in range(WORKERS)]
    marks = list[tuple[str, float, float]]()

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter(), time.process_time()))

    def joined_then(*parts: Any, **named: Any) -> Recording:
        mark("arrived")
        return joined(*parts, **named)

    profile = LoadProfile(tps=samples_in_all / 100, duration="100s", payload=b"1")
    plan = LoadPlan.from_profile(profile, Path())
    try:
        crew.join(print)
        mark("begin")
        with patch("pytest_smload.engine.distributed.load.joined", joined_then):
            recording = DistributedLoad(crew, plan, destination_of(LOCAL_URL), LoadHooks(), gives_up=False).run()
        mark("joined")
        figures = measure(recording)
        examine(recording, figures, budgeted_scopes=(), simulated=False)
        mark("judged")
    finally:
        crew.close()
        workers_cpu_s = sum(float(each.communicate(timeout=30)[0]) for each in started)
    (_, begin_s, begin_cpu_s), *_, (_, end_s, end_cpu_s) = marks
    steps = ", ".join(
        f"{name} {wall_s - before_s:.1f} s (CPU {cpu_s - before_cpu_s:.1f} s)"
        for (_, before_s, before_cpu_s), (name, wall_s, cpu_s) in pairwise(marks)
    )
    cpu_s = end_cpu_s - begin_cpu_s + workers_cpu_s
    met = end_s - begin_s < JUDGED_S and figures.sent == samples_in_all // WORKERS * WORKERS
    print(
        f"\n{samples_in_all:,} samples of {WORKERS} workers over the channel: {steps}; {end_s - begin_s:.1f} s in all, "
        f"CPU of all processes {cpu_s:.1f} s (< {JUDGED_S:g} s in all): {verdict(met)}"
    )


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--hand-over", nargs=2, metavar=("HOST:PORT", "INDEX"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.hand_over:
        address, index = asked.hand_over
        hand_over(address, asked.samples, int(index))
        return
    with machine_described():
        processes(asked.pairs, asked.seconds)
        following(asked.seconds)
        arriving(asked.samples)


if __name__ == "__main__":
    main()
