"""Simulates how often the regression gate fails unchanged and slower code, with and without the confirming rerun."""

from __future__ import annotations

import argparse
import random
from array import array
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, sqrt
from statistics import NormalDist

from measure import machine_described, print_table, verdict

from pytest_smload.core.baselines.comparison import Decision, Estimate, compare, confirmed
from pytest_smload.core.statistics.bound import Bound
from pytest_smload.core.statistics.intervals import BLOCKS, bound_ranks, design_effect, quantile_bound
from pytest_smload.core.statistics.percentiles import nearest_rank

P95 = 950
SIGMA = 0.5
PIECES = 8
"""A case's repetitions are cut into so many, so that two cores end together."""
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated: *change* is the true change of latency; the targets are of the confirmed failures."""

    samples: int
    change: float
    at_most: float | None = None
    at_least: float | None = None


CASES = (
    Case(500, 0.0, at_most=0.005),
    Case(2000, 0.0, at_most=0.001),
    Case(2000, 0.1),
    Case(500, 0.2),
    Case(2000, 0.2, at_least=0.97),
)


@dataclass(frozen=True, slots=True)
class Gate:
    """The baseline the runs are held against, and how."""

    runs: int
    noise: float
    budget: float


def one_run(samples: int, draw: random.Random) -> Estimate:
    """Return the p95 of a run of independent lognormal latencies, with its interval.

    The samples themselves are not drawn: in which block an exceedance falls does not depend on the values, and those
    that matter are three order statistics of uniforms, whose joint distribution is that of sums of exponentials.
    """
    rank = nearest_rank(samples, P95)
    size = samples // BLOCKS
    places = Counter(place // size for place in draw.sample(range(samples), samples - rank))
    counts = [places[block] for block in range(BLOCKS)]
    n_eff = int(samples / design_effect(counts, size))
    lower, upper = bound_ranks(samples, n_eff, P95)
    if not 1 <= lower <= rank <= upper <= samples:
        raise SystemExit(f"{samples} samples do not bound p95; ask for more")
    gamma = draw.gammavariate
    sums = [gamma(lower, 1)]
    sums.append(sums[-1] + (gamma(rank - lower, 1) if rank > lower else 0))
    sums.append(sums[-1] + (gamma(upper - rank, 1) if upper > rank else 0))
    total = sums[-1] + gamma(samples + 1 - upper, 1)
    low, middle, high = (exp(SIGMA * NORMAL.inv_cdf(each / total)) for each in sums)
    return Estimate(middle, low, high)


def drawn_run(samples: int, draw: random.Random) -> Estimate:
    """Return the same as `one_run` from samples that are drawn, through the interval as the product takes it."""
    values = array("d", [draw.lognormvariate(0, SIGMA) for _ in range(samples)])
    bound: Bound = quantile_bound(values, P95)
    return Estimate.of(bound)


def noisy(run: Estimate, factor: float) -> Estimate:
    """Return *run* with all its latencies times *factor*."""
    return Estimate(run.value * factor, run.lower * factor, run.upper * factor)


def repeat(case: Case, gate: Gate, seed: str, repetitions: int, *, full: bool) -> list[tuple[Decision, Decision, bool]]:
    """Return per repetition the decision of one run, that after the confirming rerun, and the naive one."""
    draw = random.Random(seed)
    sample = drawn_run if full else one_run

    def run(change: float) -> Estimate:
        return noisy(sample(case.samples, draw), (1 + change) * exp(gate.noise * draw.gauss(0, 1)))

    results = []
    for _ in range(repetitions):
        baseline = [run(0.0) for _ in range(gate.runs)]
        first = compare(run(case.change), baseline, budget=gate.budget)
        decision = first.decision
        if decision == "fail":
            decision = confirmed(decision, compare(run(case.change), baseline, budget=gate.budget).decision)
        results.append((first.decision, decision, first.ratio > 1 + gate.budget))
    return results


def row(case: Case, results: list[tuple[Decision, Decision, bool]]) -> tuple[str, ...]:
    """Return the table's row of *results*."""
    count = len(results)
    failed = sum(decision == "fail" for _, decision, _ in results) / count
    once = Counter(first for first, _, _ in results)
    if case.at_most is not None:
        target = f"<= {case.at_most:.1%} {verdict(failed <= case.at_most)}"
    elif case.at_least is not None:
        target = f">= {case.at_least:.0%} {verdict(failed >= case.at_least)}"
    else:
        target = "(reported)"
    return (
        f"{case.change:+.0%}, n = {case.samples:,}",
        f"{failed:.3%} ± {sqrt(failed * (1 - failed) / count):.3%}",
        f"{once['fail'] / count:.2%}",
        f"{once['pass'] / count:.1%}",
        f"{once['undecided'] / count:.1%}",
        f"{sum(naive for *_, naive in results) / count:.2%}",
        target,
    )


def report(asked: argparse.Namespace) -> None:
    """Simulate as *asked* and print the table."""
    gate = Gate(asked.runs, asked.noise, asked.budget)
    each = max(1, asked.repetitions // PIECES)
    rows = []
    with ProcessPoolExecutor(asked.workers) as pool:
        for case in CASES:
            pieces = [
                pool.submit(repeat, case, gate, f"{asked.seed} {case} {piece}", each, full=asked.full)
                for piece in range(PIECES)
            ]
            rows.append(row(case, [result for piece in pieces for result in piece.result()]))
    head = ("change", "fails, confirmed ± s.e.", "one run: fails", "passes", "undecided", "naive fails", "target")
    title = (
        f"regression gate on p95, budget {gate.budget:.0%}, lognormal sigma {SIGMA}, {gate.runs} baseline runs, "
        f"run noise {gate.noise:.0%}, {PIECES * each:,} repetitions"
    )
    print_table(title, head, rows)


def main() -> None:
    """Print the rates per case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=40_000)
    parser.add_argument("--budget", type=float, default=0.10)
    parser.add_argument("--runs", type=int, default=5, help="baseline runs")
    parser.add_argument("--noise", type=float, default=0.02, help="standard deviation of ln(latency) between runs")
    parser.add_argument("--full", action="store_true", help="draw every sample; slow, to check the shortcut")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with machine_described():
        report(asked)


if __name__ == "__main__":
    main()
