"""Simulates how often the 95 % interval of p95 holds the true p95, for independent and for dependent samples."""

from __future__ import annotations

import argparse
import random
import time
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, sqrt
from statistics import NormalDist, median

from measure import machine_described, print_table, verdict

from pytest_smload.core.statistics.intervals import quantile_bound
from pytest_smload.core.statistics.percentiles import nearest_rank

P95 = 950
SIGMA = 0.5
PIECES = 8
"""A process's repetitions are cut into so many, so that two cores end together."""
SETTLING = 4_000
"""Customers a queue serves before it is looked at, some ten relaxation times at 90 % utilisation."""


def lognormal(count: int, draw: random.Random) -> Iterator[float]:
    """Yield independent lognormal latencies, sigma 0.5."""
    for _ in range(count):
        yield exp(SIGMA * draw.gauss(0, 1))


def autoregressive(count: int, draw: random.Random) -> Iterator[float]:
    """Yield lognormal latencies, sigma 0.5, half of the variance of their logarithm AR(0.9), half independent."""
    gauss, state, step, scale = draw.gauss, draw.gauss(0, 1), sqrt(1 - 0.9**2), SIGMA * sqrt(0.5)
    for _ in range(count):
        state = 0.9 * state + step * gauss(0, 1)
        yield exp(scale * (state + gauss(0, 1)))


def queue(utilisation: float) -> Callable[[int, random.Random], Iterator[float]]:
    """Return the response times of a settled M/G/1 queue with lognormal service (sigma 0.5, mean 1): Lindley's rule."""

    def responses(count: int, draw: random.Random) -> Iterator[float]:
        gauss, expovariate = draw.gauss, draw.expovariate
        wait = 0.0
        for customer in range(-SETTLING, count):
            response = wait + exp(SIGMA * gauss(0, 1) - SIGMA**2 / 2)
            if customer >= 0:
                yield response
            wait = max(0.0, response - expovariate(utilisation))

    return responses


@dataclass(frozen=True, slots=True)
class Process:
    """A way latencies come about; *target* is the least coverage asked for at n = 10,000, if any.

    *p95* is the true one, or None where it is taken from a series so long that its error does not matter: with 400
    times the samples it is a twentieth of the interval's.
    """

    name: str
    series: Callable[[int, random.Random], Iterator[float]]
    p95: float | None = None
    target: float | None = None


LOGNORMAL_P95 = exp(SIGMA * NormalDist().inv_cdf(0.95))
PROCESSES = (
    Process("i.i.d. lognormal", lognormal, LOGNORMAL_P95, 0.93),
    Process("AR(0.9), half the variance", autoregressive, LOGNORMAL_P95, 0.92),
    Process("M/G/1, utilisation 0.7", queue(0.7), None, 0.93),
    Process("M/G/1, utilisation 0.9", queue(0.9)),
)


def true_p95(index: int, count: int, seed: int) -> float:
    """Return the p95 of process *index*, from *count* samples where it is not known."""
    process = PROCESSES[index]
    if process.p95 is not None:
        return process.p95
    ordered = sorted(process.series(count, random.Random(f"truth {index} {seed}")))
    return ordered[nearest_rank(count, P95) - 1]


def repeat(index: int, seed: str, repetitions: int, samples: int, truth: float) -> list[tuple[bool, int, float]]:
    """Return of each repetition whether the interval held *truth*, n_eff, and the CPU ms of the interval."""
    draw = random.Random(seed)
    results = []
    for _ in range(repetitions):
        values = array("d", PROCESSES[index].series(samples, draw))
        began_s = time.process_time()
        bound = quantile_bound(values, P95)
        results.append((bound.lower <= truth <= bound.upper, bound.n_eff, (time.process_time() - began_s) * 1000))
    return results


def report(asked: argparse.Namespace) -> None:
    """Simulate as *asked* and print the table."""
    rows = []
    with ProcessPoolExecutor(asked.workers) as pool:
        truths = [pool.submit(true_p95, index, asked.truth, asked.seed) for index in range(len(PROCESSES))]
        each = max(1, asked.repetitions // PIECES)
        for index, process in enumerate(PROCESSES):
            truth = truths[index].result()
            pieces = [
                pool.submit(repeat, index, f"{asked.seed} {index} {piece}", each, asked.samples, truth)
                for piece in range(PIECES)
            ]
            results = [result for piece in pieces for result in piece.result()]
            share = sum(held for held, _, _ in results) / len(results)
            error = sqrt(share * (1 - share) / len(results))
            target = process.target if asked.samples == 10_000 else None
            rows.append(
                (
                    process.name,
                    f"{truth:.3f}",
                    f"{share:.4f} ± {error:.4f}",
                    f"{asked.samples / median(n_eff for _, n_eff, _ in results):.1f}",
                    f"{median(cpu_ms for _, _, cpu_ms in results):.1f}",
                    f">= {target:g} {verdict(share >= target)}" if target is not None else "(reported)",
                )
            )
    head = ("process", "true p95", "coverage ± s.e.", "median design effect", "CPU ms an interval", "target")
    print_table(f"95 % interval of p95, n = {asked.samples:,}, {PIECES * each:,} repetitions", head, rows)


def main() -> None:
    """Print the coverage per process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--truth", type=int, default=4_000_000, help="samples the true p95 of a queue is taken from")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with machine_described():
        report(asked)


if __name__ == "__main__":
    main()
