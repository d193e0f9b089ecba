"""Simulates how often 95 % intervals hold the truth, and how often looks at a load that goes on prove what is wrong."""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from measure import machine_described, print_table, verdict
from processes import FAILURES, LATENCIES, Process

from pytest_smload.core.statistics.bound import ALPHA, LOOKS, Bound, look_alpha
from pytest_smload.core.statistics.intervals import mean_bound, quantile_bound, share_bound, tps_bound
from pytest_smload.core.statistics.percentiles import nearest_rank

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIZES = (500, 2_000, 20_000)
FEWEST = 2_000
"""From so many on the least coverage is promised."""
LEAST_COVERAGE, MOST_WRONG = 0.88, 0.05
METRICS = ("p50", "p95", "p99", "mean")
TRUTH = 4_000_000
LOOK_SIZES = (2_000, 6_000)
SECONDS = (10, 60, 300)
SLICES = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """Shares of repetitions: intervals that held the truth, and intervals that were withheld."""

    held: float
    withheld: float

    def __str__(self) -> str:
        return f"{self.held:.0%}" + (f" ({self.withheld:.0%})" if self.withheld >= 0.005 else "")


def bound_of(values: Floats, metric: str, alpha: float = ALPHA) -> Bound:
    """Return the interval of *metric*."""
    if metric == "mean":
        return mean_bound(values, alpha=alpha)
    if metric == "share":
        return share_bound(values > 0, alpha=alpha)
    return quantile_bound(values, int(metric[1:]) * 10, alpha=alpha)


def value_of(values: Floats, metric: str) -> float:
    """Return *metric* of a series long enough to be taken for the truth."""
    if metric in ("mean", "share"):
        return float(np.mean(values))
    return float(np.sort(values)[nearest_rank(len(values), int(metric[1:]) * 10) - 1])


def truths(process: Process, metrics: tuple[str, ...], size: int, draw: Generator) -> dict[str, float]:
    """Return the true values: of one long series, or of many of *size* put together where a longer one differs."""
    if process.settles:
        values = process.series(TRUTH, draw)
    else:
        values = np.concatenate([process.series(size, draw) for _ in range(max(1, TRUTH // 10 // size))])
    return {metric: value_of(values, metric) for metric in metrics}


def coverage(processes: str, index: int, size: int, repetitions: int, seed: int) -> dict[str, Cell]:
    """Return the cell of each metric."""
    process, metrics = (FAILURES[index], ("share",)) if processes == "failures" else (LATENCIES[index], METRICS)
    draw = np.random.default_rng([seed, index, size])
    true = truths(process, metrics, size, draw)
    held, withheld = dict.fromkeys(metrics, 0), dict.fromkeys(metrics, 0)
    for _ in range(repetitions):
        values = process.series(size, draw)
        for metric in metrics:
            bound = bound_of(values, metric)
            withheld[metric] += bound.withheld
            held[metric] += bound.lower <= true[metric] <= bound.upper
    return {metric: Cell(held[metric] / repetitions, withheld[metric] / repetitions) for metric in metrics}


def wrongly_proven(index: int, size: int, repetitions: int, seed: int) -> dict[str, float]:
    """Return per metric how often a look at *size* requests, twice or four times that, proves what is wrong.

    It does where the truth, which is the limit, is outside the interval.
    """
    process = LATENCIES[index]
    draw = np.random.default_rng([seed, index, size, 7])
    true = truths(process, METRICS, size, draw)
    wrong = dict.fromkeys(METRICS, 0)
    for _ in range(repetitions):
        values = process.series(size * 2 ** (LOOKS - 1), draw)
        for metric in METRICS:
            bounds = (bound_of(values[: size * 2**look], metric, look_alpha(LOOKS)) for look in range(LOOKS))
            wrong[metric] += any(not bound.lower <= true[metric] <= bound.upper for bound in bounds)
    return {metric: count / repetitions for metric, count in wrong.items()}


def rates(*, closed: bool, seconds: int, repetitions: int, seed: int) -> Cell:
    """Return the cell of the rate: of Poisson completions, or of users slowed to a third in spells of about 10 s."""
    draw = np.random.default_rng([seed, closed, seconds])
    held = withheld = 0
    mean_tps = 100 * (0.5 + 0.5 / 3) if closed else 100.0
    for _ in range(repetitions):
        steps = np.full(seconds * 10, 10.0)
        if closed:
            changes = np.cumsum(draw.exponential(10, 4 + seconds))
            slow = (np.searchsorted(changes, np.arange(seconds * 10) / 10) + draw.integers(2)) % 2 == 1
            steps[slow] /= 3
        ended = draw.poisson(steps).reshape(SLICES, -1).sum(axis=1).tolist()
        bound = tps_bound(ended, float(seconds))
        withheld += bound.withheld
        held += bound.lower <= mean_tps <= bound.upper
    return Cell(held / repetitions, withheld / repetitions)


def _promised(cells: dict[int, Cell]) -> bool:
    return all(cell.held >= LEAST_COVERAGE for size, cell in cells.items() if size >= FEWEST)


def report(asked: argparse.Namespace) -> None:
    """Simulate as *asked* and print the tables."""
    with ProcessPoolExecutor(asked.workers) as pool:
        found = {
            (kind, index, size): pool.submit(coverage, kind, index, size, asked.repetitions, asked.seed)
            for kind, processes in (("latencies", LATENCIES), ("failures", FAILURES))
            for index in range(len(processes))
            for size in SIZES
        }
        looked = {
            (index, size): pool.submit(wrongly_proven, index, size, asked.repetitions, asked.seed)
            for index, process in enumerate(LATENCIES)
            if process.settles
            for size in LOOK_SIZES
        }
        timed = {
            (closed, seconds): pool.submit(
                rates, closed=closed, seconds=seconds, repetitions=asked.repetitions, seed=asked.seed
            )
            for closed in (False, True)
            for seconds in SECONDS
        }
        rows = []
        for index, process in enumerate(LATENCIES):
            columns = []
            for metric in METRICS:
                cells = {size: found["latencies", index, size].result()[metric] for size in SIZES}
                columns.append(" / ".join(map(str, cells.values())) + f" {verdict(_promised(cells))}")
            rows.append((process.name, *columns))
        sizes = " / ".join(f"{size:,}" for size in SIZES)
        title = (
            f"intervals that hold the truth (withheld among them), n = {sizes}; >= {LEAST_COVERAGE:.0%} from {FEWEST:,}"
        )
        print_table(title, ("process", *METRICS), rows)
        rows = []
        for index, process in enumerate(FAILURES):
            cells = {size: found["failures", index, size].result()["share"] for size in SIZES}
            rows.append((process.name, " / ".join(map(str, cells.values()))))
        for closed, name in ((False, "tps, open"), (True, "tps, closed, slow spells of 10 s")):
            of_lengths = [timed[closed, seconds].result() for seconds in SECONDS]
            rows.append((f"{name}: {' / '.join(map(str, SECONDS))} s", " / ".join(map(str, of_lengths))))
        print_table(f"error rate (1 %), n = {sizes}, and TPS", ("process", "held (withheld)"), rows)
        rows = []
        for (index, size), each in looked.items():
            shares = each.result()
            within = f"<= {MOST_WRONG:.0%} {verdict(max(shares.values()) <= MOST_WRONG)}"
            looks = f"{LATENCIES[index].name}, {size:,}"
            rows.append((looks, *(f"{share:.1%}" for share in shares.values()), within))
        title = "proven on the wrong side, limit = truth, looks at so many, twice and four times as many"
        print_table(title, ("process", *METRICS, "target"), rows)


def main() -> None:
    """Print coverage per process, metric and size, and what looks prove wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with machine_described():
        report(asked)


if __name__ == "__main__":
    main()
