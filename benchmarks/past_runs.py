"""How often ``smload history`` names a change, and ``smload compare`` breaks, keeps or leaves open a demand.

    python benchmarks/past_runs.py [histories] [pairs]

Histories are of p95 with noise between runs, as it is between independent runs and where each run resembles the one
before; the share of histories that have a change named, without one (a false alarm) and with one after 30 runs.
Pairs are single runs of lognormal latencies, p95 held to +10 %.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from math import nan, sqrt

import numpy as np

from pytest_smload.core.baselines.comparison import compare
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.results.history import FOLLOWED, Change, Point, changes_in
from pytest_smload.core.statistics.intervals import quantile_bound
from pytest_smload.core.statistics.shifts import shifts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RANDOM = np.random.default_rng(11)


def noise(count: int, resembles: float) -> np.ndarray:
    """Normal values of variance 1, each as much like the one before."""
    values = RANDOM.normal(size=count)
    for place in range(1, count):
        values[place] = resembles * values[place - 1] + sqrt(1 - resembles**2) * values[place]
    return values


def named(values: np.ndarray) -> list[Change]:
    """Return the changes ``smload history`` names in a p95."""
    figures = dict.fromkeys(FOLLOWED, nan)
    points = [
        Point(BEGIN + timedelta(days=day), "", "pass", "", figures | {"p95": p95}) for day, p95 in enumerate(values)
    ]
    return changes_in(points)


def run(count: int, between: float, worse: float) -> Estimate:
    """Return p95 of one run of so many requests, so many times as slow."""
    latencies = np.exp(RANDOM.normal(size=count) * 0.5 + RANDOM.normal() * between) * 100 * worse
    return Estimate.of(quantile_bound(latencies, 950))


def main(histories: int = 300, pairs: int = 400) -> None:
    """Print both tables."""
    print("histories without a change: shift found at all | named by smload history (5 % or more), in per cent")
    for resembles in (0.0, 0.3, 0.6):
        for count in (12, 30, 60):
            series = [noise(count, resembles) for _ in range(histories)]
            found = sum(bool(shifts(each.tolist())) for each in series)
            by_noise = {sd: sum(bool(named(200 * np.exp(sd * each))) for each in series) for sd in (0.02, 0.05)}
            rates = ", ".join(f"{100 * hits / histories:.1f} at {sd:.0%} noise" for sd, hits in by_noise.items())
            print(f"  resembling {resembles:.1f}, {count} runs: {100 * found / histories:.1f} | {rates}")
    print("30 runs, then p95 worse: named within two runs of where it began, after 4 / 6 / 8 / 10 runs, in per cent")
    for sd, worse in ((0.02, 1.1), (0.02, 1.2), (0.05, 1.2), (0.05, 1.3)):
        rates = []
        for after in (4, 6, 8, 10):
            hits = 0
            for _ in range(histories // 3):
                values = 200 * np.exp(sd * noise(30 + after, 0.0))
                values[30:] *= worse
                hits += any(abs((change.point.at - BEGIN).days - 30) <= 2 for change in named(values))
            rates.append(f"{100 * hits / (histories // 3):.0f}")
        print(f"  {sd:.0%} noise, {worse - 1:.0%} worse: {' / '.join(rates)}")
    print('"p95 +10%" between two runs: broken / kept / undecided, in per cent')
    for count in (1000, 3000, 12000):
        for between in (0.02, 0.05):
            for worse in (1.0, 1.1, 1.2, 1.3):
                tally = dict.fromkeys(("fail", "pass", "undecided"), 0)
                for _ in range(pairs):
                    tally[compare(run(count, between, worse), [run(count, between, 1.0)], budget=0.1).decision] += 1
                shares = " / ".join(f"{100 * hits / pairs:.1f}" for hits in tally.values())
                print(f"  {count:,} requests, {between:.0%} noise, {worse - 1:.0%} worse: {shares}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
