"""Simulates what a control in the same window catches that a recorded baseline does not, and where it gains nothing.

Both ways send as many requests to the side judged. A window has noise of its machine that comes and goes (10 %, slower
than requests and faster than the window), and runs differ by 5 % besides; both worsen the two sides of one window
alike, and no two runs. Everything goes through the product's own intervals and comparisons.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from measure import machine_described, print_table, verdict
from numpy.typing import NDArray
from regression_gate import SIGMA, Case, decided

from pytest_smload.core.baselines.comparison import Decision, confirmed
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.paired import Pairing, compare_sides, quantile_pairing
from pytest_smload.core.statistics.intervals import quantile_bound

TARGET = 0.005
"""Of false alarms after the rerun."""
MACHINE_NOISE, RUN_NOISE = 0.10, 0.05
SPELLS = 40
"""Spells of the machine's noise in a window."""
RECORDED = 5

Latencies = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Load:
    """What is simulated.

    Attributes:
        process: ``"lognormal"``, or ``"queue 70 %"``: M/G/1, so busy.
        samples: Requests a side and run.
        per_mille: The percentile.
        budget: The regression budget.
    """

    process: str
    samples: int
    per_mille: int
    budget: float

    @property
    def words(self) -> str:
        """What it is called in a table."""
        return f"{self.process}, p{self.per_mille / 10:g}, n = {self.samples:,}"


def window(load: Load, rng: np.random.Generator) -> tuple[Latencies, Latencies]:
    """Return the latencies of both sides of one window of unchanged code."""
    if load.process != "lognormal":
        busy = float(load.process.split()[1]) / 100
        return _queue(load.samples, busy, rng), _queue(load.samples, busy, rng)
    level = RUN_NOISE * rng.standard_normal() + _machine(load.samples, rng)
    return tuple(np.exp(SIGMA * rng.standard_normal(load.samples) + level) for _ in range(2))  # type: ignore[return-value]


def _machine(samples: int, rng: np.random.Generator) -> Latencies:
    """Noise of the machine at each request: spells that go over into one another."""
    knots = rng.standard_normal(SPELLS + 1)
    noise = np.interp(np.linspace(0, SPELLS, samples), np.arange(SPELLS + 1), knots)
    return np.asarray(MACHINE_NOISE * noise / sqrt(2 / 3))


def _queue(samples: int, busy: float, rng: np.random.Generator) -> Latencies:
    settle = 5_000
    service = rng.lognormal(-(SIGMA**2) / 2, SIGMA, samples + settle)
    steps = np.concatenate([[0.0], np.cumsum(service[:-1] - rng.exponential(1 / busy, samples + settle - 1))])
    latency: Latencies = steps - np.minimum.accumulate(steps) + service
    return latency[settle:]


def estimate(latencies: Latencies, per_mille: int) -> Estimate:
    """Return what a run keeps of *latencies*."""
    return Estimate.of(quantile_bound(latencies, per_mille))


Decide = Callable[[float], Decision]
"""The decision on code that is so many times as slow."""


def against_control(load: Load, rng: np.random.Generator) -> Decide:
    """Return what a run and its rerun, each with a control, come to."""
    runs = []
    for new, control in (window(load, rng), window(load, rng)):
        pairing = quantile_pairing(new, control, load.per_mille)
        runs.append((estimate(new, load.per_mille), estimate(control, load.per_mille), pairing))

    def decide(slower: float) -> Decision:
        first, again = (
            compare_sides(new.scaled(slower), control, _slower(pairing, slower), budget=load.budget)
            for new, control, pairing in runs
        )
        return confirmed(first, again)

    return decide


def _slower(pairing: Pairing, times: float) -> Pairing:
    return pairing._replace(typical=pairing.typical + log(times), mostly=pairing.mostly + log(times))


def against_recorded(load: Load, rng: np.random.Generator) -> Decide:
    """Return what a run and its rerun, which shares the run's noise, come to against recorded runs."""
    case = Case(load.process, load.samples, RECORDED, 0.0, load.budget)
    recorded = [estimate(window(load, rng)[0], load.per_mille) for _ in range(RECORDED)]
    run, rerun = (estimate(side, load.per_mille) for side in _run_and_rerun(load, rng))
    return lambda slower: decided(case, run.scaled(slower), rerun.scaled(slower), recorded)


def _run_and_rerun(load: Load, rng: np.random.Generator) -> Sequence[Latencies]:
    # The hour is the same, the machine's spells within it are not.
    run, again = window(load, rng)[0], window(load, rng)[0]
    if load.process != "lognormal":
        return run, again
    return run, again * np.exp(np.log(run).mean() - np.log(again).mean())


WAYS = {"recorded, 5 runs": against_recorded, "control": against_control}


def repeat(load: Load, way: str, repetitions: int, seed: int) -> tuple[float, float, float]:
    """Return the share of false alarms and of undecided, and the change that is a failure 9 times in 10."""
    rng = np.random.default_rng([seed, load.samples, load.per_mille, int(1000 * load.budget)])
    fails = undecided = 0
    caught = []
    for _ in range(repetitions):
        decide = WAYS[way](load, rng)
        unchanged = decide(1.0)
        fails += unchanged == "fail"
        undecided += unchanged == "undecided"
        caught.append(_smallest_caught(decide))
    return fails / repetitions, undecided / repetitions, exp(float(np.quantile(caught, 0.9))) - 1


def _smallest_caught(decide: Decide) -> float:
    low, high = 0.0, 3.0
    while high - low > 0.004:
        middle = (low + high) / 2
        if decide(exp(middle)) == "fail":
            high = middle
        else:
            low = middle
    return high


def report(asked: argparse.Namespace) -> None:
    """Simulate as *asked* and print the table."""
    loads = [
        Load("lognormal", 3000, 950, asked.budget),
        Load("lognormal", 12_000, 950, asked.budget),
        Load("lognormal", 12_000, 990, asked.budget),
        Load("queue 70 %", 3000, 950, asked.budget),
        Load("queue 70 %", 12_000, 950, asked.budget),
        Load("queue 90 %", 3000, 950, asked.budget),
    ]
    with ProcessPoolExecutor(asked.workers) as pool:
        done = [
            (load, way, pool.submit(repeat, load, way, asked.repetitions, asked.seed)) for load in loads for way in WAYS
        ]
        rows = []
        for load, way, future in done:
            fails, undecided, caught = future.result()
            error = sqrt(max(fails, 1 / asked.repetitions) / asked.repetitions)
            target = f"<= {TARGET:.1%} {verdict(fails <= TARGET + 2 * error)}" if way == "control" else "(reported)"
            rows.append((load.words, way, f"{fails:.2%} ± {error:.2%}", target, f"{undecided:.1%}", f"+{caught:.0%}"))
    title = f"unchanged code, budget {asked.budget:.0%}, {asked.repetitions:,} repetitions; a failure is one twice"
    print_table(title, ("load", "against", "fails ± s.e.", "target", "undecided", "caught 9 in 10"), rows)


def main() -> None:
    """Print false alarms and the smallest regression caught, against recorded runs and against a control."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2_000)
    parser.add_argument("--budget", type=float, default=0.05)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with machine_described():
        report(asked)


if __name__ == "__main__":
    main()
