"""Simulates how often the regression gate fails unchanged code, and the smallest regression it fails nine times in ten.

Run and confirming rerun are minutes apart on the same machines: they share the run's noise. What is recorded, the run
and its rerun go through the product's own comparison, with the latest runs and with the anchor.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from measure import machine_described, print_table, verdict
from numpy.typing import NDArray

from pytest_smload.core.baselines.checks import ComparedBudget, compared
from pytest_smload.core.baselines.comparison import Decision, compare, compare_with_anchor
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.run_noise import run_noise
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.statistics.binomial import normal_quantile
from pytest_smload.core.statistics.blocks import BLOCKS
from pytest_smload.core.statistics.dependence import design_effect
from pytest_smload.core.statistics.intervals import bound_ranks, quantile_bound
from pytest_smload.core.statistics.percentiles import nearest_rank

P95 = 950
SIGMA = 0.5
TARGET = 0.005
"""Of false alarms after the rerun, at 2 and 5 % run noise, with 1 and 5 baseline runs."""
MOST = log(40)
"""The largest change, in ln, that is looked at."""

Draw = Callable[[int, np.random.Generator], list[Estimate]]
"""Estimates of that many runs without run noise."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated.

    Attributes:
        process: ``"lognormal"``, or ``"queue 70 %"``: M/G/1, that busy.
        samples: Requests a run.
        runs: Of the baseline.
        noise: Standard deviation of ln(latency) between runs, shared by run and rerun.
        budget: The regression budget.
    """

    process: str
    samples: int
    runs: int
    noise: float
    budget: float

    def draws(self) -> Draw:
        """Return what draws runs of it."""
        if self.process == "lognormal":
            return lambda count, rng: lognormal_runs(self.samples, count, rng)
        busy = float(self.process.split()[1]) / 100
        return lambda count, rng: [queue_run(self.samples, busy, rng) for _ in range(count)]


def lognormal_runs(samples: int, count: int, rng: np.random.Generator) -> list[Estimate]:
    """Return the p95 of *count* runs of independent lognormal latencies, with intervals.

    The samples themselves are not drawn: in which block an exceedance falls does not depend on the values, and those
    that matter are three order statistics of uniforms, whose joint distribution is that of sums of exponentials.
    """
    rank, size = nearest_rank(samples, P95), samples // BLOCKS
    places = rng.multivariate_hypergeometric([size] * BLOCKS, samples - rank, size=count)
    n_eff = [int(samples / design_effect(counts, size)) for counts in places.tolist()]
    ends = {each: bound_ranks(samples, each, P95) for each in set(n_eff)}
    ranks = np.array([ends[each] for each in n_eff])
    lower, upper = ranks[:, 0], ranks[:, 1]
    if not (np.all(lower >= 1) and np.all(upper <= samples)):
        raise SystemExit(f"{samples} samples do not bound p95; ask for more")
    sums = np.cumsum([rng.gamma(lower), _gamma(rng, rank - lower), _gamma(rng, upper - rank)], axis=0)
    shares = sums / (sums[-1] + rng.gamma(samples + 1 - upper))
    quantiles = np.vectorize(normal_quantile)(shares)
    return [Estimate(middle, low, high) for low, middle, high in np.exp(SIGMA * quantiles).T.tolist()]


def _gamma(rng: np.random.Generator, shape: NDArray[np.int64]) -> NDArray[np.float64]:
    """Gamma variates, 0 where the shape is."""
    return np.where(shape > 0, rng.gamma(np.maximum(shape, 1)), 0.0)


def queue_run(samples: int, busy: float, rng: np.random.Generator) -> Estimate:
    """Return the p95 of a run against one worker with lognormal service times, *busy* of the time, from its middle."""
    settle = 5_000
    service = rng.lognormal(-(SIGMA**2) / 2, SIGMA, samples + settle)
    steps = np.concatenate([[0.0], np.cumsum(service[:-1] - rng.exponential(1 / busy, samples + settle - 1))])
    latency = steps - np.minimum.accumulate(steps) + service
    return Estimate.of(quantile_bound(latency[settle:], P95))


def decided(case: Case, run: Estimate, rerun: Estimate, recorded: list[Estimate]) -> Decision:
    """Return what the gate makes of a run and its rerun against the runs recorded, the first of which is the anchor."""
    limit = RegressionLimit("p95", case.budget, 0.0, "", "")
    noise = run_noise(recorded)

    def held(new: Estimate) -> ComparedBudget:
        latest = compare(new, recorded, budget=case.budget, noise=noise)
        anchor = compare_with_anchor(new, recorded[0], budget=case.budget, noise=noise) if case.runs > 1 else None
        return ComparedBudget(TOTAL, limit, None, "", latest, anchor)

    first = held(run)
    comparison = compared(first, held(rerun) if first.suspicious else None)
    assert comparison is not None
    return comparison.decision


def repeat(case: Case, seed: int, repetitions: int, *, search: bool) -> tuple[list[Decision], list[float]]:
    """Return per repetition the decision on unchanged code, and the smallest change (ln) that is a failure."""
    rng = np.random.default_rng([seed, case.samples, case.runs, int(1e4 * case.noise), int(1e4 * case.budget)])
    decisions: list[Decision] = []
    caught = []
    every = iter(case.draws()(repetitions * (case.runs + 2), rng))
    for _ in range(repetitions):
        factors = np.exp(case.noise * rng.standard_normal(case.runs + 1)).tolist()
        recorded = [next(every).scaled(factor) for factor in factors[1:]]
        run, rerun = next(every).scaled(factors[0]), next(every).scaled(factors[0])
        decisions.append(decided(case, run, rerun, recorded))
        if search:
            caught.append(_smallest_caught(case, run, rerun, recorded))
    return decisions, caught


def _smallest_caught(case: Case, run: Estimate, rerun: Estimate, recorded: list[Estimate]) -> float:
    low, high = 0.0, MOST
    while high - low > 0.002:
        middle = (low + high) / 2
        changed = exp(middle)
        if decided(case, run.scaled(changed), rerun.scaled(changed), recorded) == "fail":
            high = middle
        else:
            low = middle
    return high


def alarms_row(case: Case, decisions: list[Decision], *, judged: bool) -> tuple[str, ...]:
    """Return the table's row of false alarms."""
    count = len(decisions)
    failed = decisions.count("fail") / count
    return (
        f"{case.process}, n = {case.samples:,}",
        f"{case.noise:.0%}",
        f"{case.runs}",
        f"{case.budget:.0%}",
        f"{failed:.3%} ± {sqrt(failed * (1 - failed) / count):.3%}",
        f"{decisions.count('undecided') / count:.1%}",
        f"<= {TARGET:.1%} {verdict(failed <= TARGET)}" if judged else "(reported)",
    )


def caught_row(case: Case, caught: list[float]) -> tuple[str, ...]:
    """Return the table's row of the smallest regression caught."""
    nine = exp(float(np.quantile(caught, 0.9))) - 1
    half = exp(float(np.quantile(caught, 0.5))) - 1
    what = f"{case.process}, n = {case.samples:,}"
    return (what, f"{case.noise:.0%}", f"{case.runs}", f"+{half:.0%}", f"+{nine:.0%}")


def report(asked: argparse.Namespace) -> None:
    """Simulate as *asked* and print both tables."""
    alarms = [
        Case("lognormal", samples, runs, noise, budget)
        for budget in (asked.budget, 0.02)
        for samples in (500, 3000, 12_000)
        for noise in (0.02, 0.05, 0.08)
        for runs in asked.runs
    ]
    queues = [Case(f"queue {busy} %", 1000, runs, 0.02, asked.budget) for busy in (70, 95) for runs in asked.runs]
    caught = [case for case in alarms if case.budget == asked.budget] + queues
    few = max(1, asked.repetitions // 20)
    with ProcessPoolExecutor(asked.workers) as pool:
        unchanged = [pool.submit(repeat, case, asked.seed, asked.repetitions, search=False) for case in alarms]
        queued = [pool.submit(repeat, case, asked.seed, few, search=False) for case in queues]
        changed = [pool.submit(repeat, case, asked.seed + 1, few, search=True) for case in caught]
        rows = [
            alarms_row(case, done.result()[0], judged=case.noise <= 0.05)
            for case, done in zip(alarms, unchanged, strict=True)
        ]
        rows += [alarms_row(case, done.result()[0], judged=False) for case, done in zip(queues, queued, strict=True)]
        title = f"false alarms on p95 after the rerun, which shares the run's noise; {asked.repetitions:,} repetitions"
        head = ("load", "run noise", "baseline runs", "budget", "fails ± s.e.", "undecided", "target")
        print_table(f"{title} ({few:,} of queues)", head, rows)
        title = f"regression of p95 that is caught, budget {asked.budget:.0%}, {few:,} repetitions"
        head = ("load", "run noise", "baseline runs", "every other time", "9 times in 10")
        print_table(
            title, head, [caught_row(case, done.result()[1]) for case, done in zip(caught, changed, strict=True)]
        )


def main() -> None:
    """Print how often unchanged code fails and what is caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20_000)
    parser.add_argument("--budget", type=float, default=0.10)
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 5], help="baseline runs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with machine_described():
        report(asked)


if __name__ == "__main__":
    main()
