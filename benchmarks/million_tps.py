"""Works out, from one process's measured costs, what a run of 1,000,000 requests a second needs and breaks at."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from canned_server import canned_server, loopback_certificate
from measure import machine_described, print_table
from peers import OURS, run_client
from scale import Case, judge_recording, made_up_recording

from pytest_smload.core.load.arrivals import MAX_ARRIVALS, window_arrivals
from pytest_smload.core.load.values import MAX_USERS
from pytest_smload.core.samples.merge import merge

TPS = 1_000_000
BUSY = 0.6
"""Share of its core a worker may use: beyond, its own delays show in the latencies."""
REQUEST_BYTES, ANSWER_BYTES = 700, 250
"""On the wire without TLS: head with signature, a row of CSV; a small answer."""
PORTS = 28_232
"""Ephemeral ports of one address towards one other, Linux's default range."""
LATENCY_S = 0.1


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured on this machine.

    Attributes:
        plain_us, tls_us: Client CPU per request.
        sample_bytes: Of a sample in its columns.
        merge_ns, judge_ns: Master's CPU per sample.
        judge_bytes: Memory per sample while it is judged.
        layout_ns: CPU per arrival laid out.
    """

    plain_us: float
    tls_us: float
    sample_bytes: float
    merge_ns: float
    judge_ns: float
    judge_bytes: float
    layout_ns: float


def measured(rounds: int, window_s: float, samples: int) -> Costs:
    """Measure all of it here."""
    with canned_server() as url:
        plain = [run_client(OURS, url, users=20, window_s=window_s).cpu_us for _ in range(rounds)]
    with loopback_certificate() as (chain, key, bundle), canned_server((chain, key)) as url:
        tls = [run_client(OURS, url, users=20, window_s=window_s, ca_bundle=bundle).cpu_us for _ in range(rounds)]
    case = Case(samples, 2, open_model=True, most_mb=0, most_s=0)
    judged = judge_recording(case)
    recording, _ = made_up_recording(case)
    begin_s = time.process_time()
    merge([recording] * 4, [0.0] * 4)
    merge_s = time.process_time() - begin_s
    begin_s = time.process_time()
    window_arrivals(samples / 10, 10.0, "poisson", 1)
    layout_s = time.process_time() - begin_s
    return Costs(
        median(plain),
        median(tls),
        judged["columns_mb"] * 1e6 / samples,
        merge_s / (4 * samples) * 1e9,
        judged["seconds"] / samples * 1e9,
        judged["extra_mb"] * 1e6 / samples,
        layout_s / samples * 1e9,
    )


def workers_for(cpu_us: float, tps: float = TPS, busy: float = BUSY) -> int:
    """Return how many workers of a core each make *tps*."""
    return int(-(-tps * cpu_us / 1e6 // busy))


def simulated_delays_ms(workers: int, cpu_us: float, draw: np.random.Generator) -> tuple[float, float]:
    """Return share of a core used and p99 of the client delay of one of *workers*: a queue with one server, Poisson
    arrivals of its part of the rate, the measured CPU for each (Lindley's rule)."""
    rate = TPS / workers
    count = int(rate * 20)
    gaps = draw.exponential(1 / rate, count)
    service = np.full(count, cpu_us / 1e6)
    walk = np.concatenate(([0.0], np.cumsum(service[:-1] - gaps[1:])))
    waits = walk - np.minimum.accumulate(walk)
    return float(service.sum() / gaps.sum()), float(np.percentile(waits, 99)) * 1000


def superposed(workers: int, draw: np.random.Generator, span_s: float = 1.0) -> tuple[int, float]:
    """Return the requests of all workers in *span_s* and the dispersion of their counts in 1 ms: every n-th arrival of
    one Poisson schedule each, 1 for the schedule itself."""
    due = np.sort(draw.random(int(TPS * span_s))) * span_s
    parts = [due[index::workers] for index in range(workers)]
    together = np.concatenate(parts)
    counts = np.histogram(together, bins=int(span_s * 1000), range=(0, span_s))[0]
    return len(together), float(np.var(counts) / np.mean(counts))


def print_needs(costs: Costs, duration_s: float) -> None:
    """Print what a run of *duration_s* needs, each line with its arithmetic."""
    plain, tls = workers_for(costs.plain_us), workers_for(costs.tls_us)
    samples = TPS * duration_s
    sample_rate = TPS * costs.sample_bytes
    rows = [
        ("worker cores, plain", f"{plain}", f"1,000,000 x {costs.plain_us:.1f} us / {BUSY:g} busy"),
        ("worker cores, TLS", f"{tls}", f"1,000,000 x {costs.tls_us:.1f} us / {BUSY:g} busy"),
        ("a worker's part, TLS", f"{TPS / tls:,.0f} TPS", f"1,000,000 / {tls}"),
        (
            "requests and answers",
            f"{TPS * (REQUEST_BYTES + ANSWER_BYTES) * 8 / 1e9:.1f} Gbit/s",
            f"({REQUEST_BYTES} + {ANSWER_BYTES}) B x 8 x 1,000,000, small rows, no TLS",
        ),
        (
            "connections at once",
            f"{TPS * LATENCY_S:,.0f}",
            f"1,000,000 x {LATENCY_S * 1000:g} ms (Little), {TPS * LATENCY_S / PORTS:.1f} addresses' ports",
        ),
        ("samples", f"{samples:,.0f}", f"{duration_s:g} s"),
        ("a worker's memory for them", f"{samples * costs.sample_bytes / tls / 1e6:,.0f} MB", "its part alone"),
        (
            "samples sent to the master",
            f"{samples * costs.sample_bytes / 1e9:.2f} GB",
            f"{costs.sample_bytes:.1f} B each, after the load: {sample_rate / 1e6:.0f} MB for each of its seconds",
        ),
        ("the master merges for", f"{samples * costs.merge_ns / 1e9:.0f} s", f"{costs.merge_ns:.0f} ns a sample"),
        ("and judges for", f"{samples * costs.judge_ns / 1e9:.0f} s", f"{costs.judge_ns:.0f} ns a sample, one core"),
        (
            "the master's memory",
            f"{samples * (2 * costs.sample_bytes + costs.judge_bytes) / 1e9:.1f} GB",
            f"parts, whole and judging: (2 x {costs.sample_bytes:.0f} + {costs.judge_bytes:.0f}) B a sample",
        ),
        ("laying the schedule out", f"{samples * costs.layout_ns / 1e9:.1f} s", f"{costs.layout_ns:.0f} ns an arrival"),
    ]
    print_table(f"1,000,000 TPS for {duration_s:g} s", ("what", "needed", "how"), rows)


def print_checks(costs: Costs) -> None:
    """Print what simulations say of that arithmetic."""
    draw = np.random.default_rng(1)
    rows = []
    for name, cpu_us in (("plain", costs.plain_us), ("TLS", costs.tls_us)):
        for busy in (BUSY, 0.9, 0.98):
            workers = workers_for(cpu_us, busy=busy)
            share, delay_ms = simulated_delays_ms(workers, cpu_us, draw)
            rows.append((f"{name}, {workers} workers", f"{busy:.0%}", f"{share:.1%}", f"{delay_ms:.2f}"))
    head = ("simulated worker", "busy by arithmetic", "simulated", "p99 wait for its own CPU, ms")
    print_table("20 s of one worker's arrivals", head, rows)
    count, dispersion = superposed(workers_for(costs.tls_us), draw)
    print(
        f"\nall workers' parts of one second: {count:,} requests, "
        f"dispersion of 1 ms counts {dispersion:.2f} (1 is Poisson)"
    )


def print_breaks(costs: Costs) -> None:
    """Print where it breaks, the first first."""
    memory = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        if line.startswith("MemTotal")
    )
    per_sample = 2 * costs.sample_bytes + costs.judge_bytes
    rows = [
        (
            "requests under way of one load",
            f"{MAX_USERS / LATENCY_S:,.0f} TPS",
            f"max_in_flight is {MAX_USERS:,} at the most, at {LATENCY_S * 1000:g} ms (Little)",
        ),
        ("one schedule's arrivals", f"{MAX_ARRIVALS / TPS:.0f} s", f"{MAX_ARRIVALS:,}, refused with one line"),
        (
            f"this machine as the master, {memory / 1e9:.0f} GB",
            f"{memory / per_sample / TPS:.0f} s",
            "memory while judging",
        ),
        ("a master with 64 GB", f"{64e9 / per_sample / TPS:.0f} s", "the same"),
        (
            "ports of one address to one endpoint address",
            f"{PORTS / LATENCY_S:,.0f} TPS",
            f"at {LATENCY_S * 1000:g} ms",
        ),
        ("one worker, TLS, whole core", f"{1e6 / costs.tls_us:,.0f} TPS", "beyond, checks are INVALID"),
    ]
    print_table("what gives way", ("limit", "reached after or at", "because"), rows)


def main() -> None:
    """Measure, work out, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=3.0, help="seconds of each load measured")
    parser.add_argument("--samples", type=int, default=1_000_000, help="merged and judged to measure it")
    parser.add_argument("--duration", type=float, default=30.0, help="seconds of the run worked out")
    asked = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("memory is read from /proc, which only Linux has")
    with machine_described():
        costs = measured(asked.rounds, asked.window, asked.samples)
        print_needs(costs, asked.duration)
        print_checks(costs)
        print_breaks(costs)


if __name__ == "__main__":
    main()
