"""Simulates limits over queues that settle and queues that diverge: how often growth fails them, and how rightly."""

from __future__ import annotations

import argparse
import heapq
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from measure import machine_described, print_table, verdict
from processes import LATENCIES, Process
from recordings import recorded

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATIOS = (1.05, 1.2, 1.5, 2.0)
"""Limits, as multiples of the true p95 of what settles, and of the p95 seen of what does not."""
MOST_WRONG = 0.002
SPREAD = 0.5
SETTLING = {0.95: 20_000, 0.98: 60_000}
"""Customers a queue serves before it is looked at; others have a warm-up of a sixth of the load."""


def queue(busy: float, workers: int, count: int, draw: Generator) -> Floats:
    """Return response times of a first-come first-served queue of that many workers, mean service 1."""
    before = SETTLING.get(busy, count // 6)
    service = np.exp(SPREAD * draw.standard_normal(before + count) - SPREAD**2 / 2).tolist()
    arrivals = np.cumsum(draw.exponential(1 / (busy * workers), before + count)).tolist()
    free, found = [0.0] * workers, []
    for at, takes in zip(arrivals, service, strict=True):
        ends = max(heapq.heappop(free), at) + takes
        heapq.heappush(free, ends)
        found.append(ends - at)
    return np.array(found[before:])


PROCESSES = (
    *LATENCIES[:6],
    Process("M/G/1 95 %", partial(queue, 0.95, 1)),
    Process("M/G/1 98 %", partial(queue, 0.98, 1)),
    Process("M/G/8 95 %", partial(queue, 0.95, 8)),
    LATENCIES[7],
    Process("M/G/1 101 %", partial(queue, 1.01, 1), settles=False),
    Process("M/G/1 103 %", partial(queue, 1.03, 1), settles=False),
    Process("M/G/1 105 %", partial(queue, 1.05, 1), settles=False),
    Process("M/G/8 103 %", partial(queue, 1.03, 8), settles=False),
    LATENCIES[6],
)


def count(index: int, requests: int, runs: int, seed: int) -> Counter[str]:
    """Return what checks came to: of all kept by their estimate, those failed, and left unproven, for growth."""
    process = PROCESSES[index]
    draw = np.random.default_rng([seed, index, requests])
    truth = 0.0
    if process.settles:
        truth = float(np.quantile(process.series(40 * requests, draw), 0.95))
    found: Counter[str] = Counter()
    for _ in range(runs):
        latencies = process.series(requests, draw)
        due = np.arange(requests, dtype=np.float64)
        measured = measure(recorded(due, due + latencies, window_s=float(requests)))
        base = truth or measured.total.p95_ms / 1000
        for ratio in RATIOS:
            limit = parse_limit("p95", f"{ratio * base * 1000:.9f}ms", source="")
            (check,) = judge([(TOTAL, limit)], measured)
            if check.at_most is not None and check.observed <= check.at_most:
                found["kept"] += 1
                grows = "latency grows" in check.note
                found["fail"] += grows and check.outcome == "fail"
                found["unproven"] += grows and check.outcome == "pass"
                found["proven"] += check.outcome == "pass" and check.proven
    return found


def main() -> None:
    """Print a row per process and number of requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with machine_described(), ProcessPoolExecutor(2) as pool:
        cells = [(index, requests) for index in range(len(PROCESSES)) for requests in (500, 2_000, 6_000)]
        answers = [pool.submit(count, *cell, asked.runs, asked.seed) for cell in cells]
        rows, wrong = [], Counter[str]()
        for (index, requests), answer in zip(cells, answers, strict=True):
            found, process = answer.result(), PROCESSES[index]
            if process.settles:
                wrong += found
            shares = [f"{found[what] / max(1, found['kept']):.1%}" for what in ("fail", "unproven", "proven")]
            rows.append((process.name, f"{requests:,}", *shares))
        rate = wrong["fail"] / wrong["kept"]
        rows.append(("all that settle", "", f"{rate:.2%} <= {MOST_WRONG:.1%} {verdict(rate <= MOST_WRONG)}", "", ""))
        head = ("process", "requests", "failed for growth", "unproven for growth", "proven kept")
        print_table(f"p95 limits at {', '.join(map(str, RATIOS))} x p95, kept by the estimate", head, rows)


if __name__ == "__main__":
    main()
