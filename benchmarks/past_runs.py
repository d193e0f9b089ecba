"""How often ``smload history`` names a change, and ``smload compare`` breaks, keeps or leaves open a demand.

    python benchmarks/past_runs.py [histories] [pairs]

Histories are of p95 with noise between runs, as it is between independent runs and where each run resembles the one
before; the share of histories that have a change named, without one (a false alarm) and with one after 30 runs.
Pairs are single runs of lognormal latencies, p95 held to +10 %: by the interval of its limit, and without a limit by
that of the histograms of the window's slices.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from math import nan, sqrt

import numpy as np

from pytest_smload.core.baselines.comparison import compare
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.measure.distribution import BINS_EACH, MOST_SLICES, bins_of
from pytest_smload.core.measure.histogram import RATIO
from pytest_smload.core.results.history import FOLLOWED, Change, Point, changes_in
from pytest_smload.core.statistics.binned import binned_quantile_bound
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


def run(count: int, between: float, worse: float, *, limited: bool) -> Estimate:
    """Return p95 of one run of so many requests, so many times as slow."""
    latencies = np.exp(RANDOM.normal(size=count) * 0.5 + RANDOM.normal() * between) * 100 * worse
    bound = quantile_bound(latencies, 950)
    if limited:
        return Estimate.of(bound)
    bins = bins_of(latencies) // BINS_EACH
    first, last = int(bins.min()), int(bins.max())
    slices = [np.bincount(part - first, minlength=last - first + 1) for part in np.array_split(bins, MOST_SLICES)]
    edges_ms = (RATIO ** (BINS_EACH * np.arange(first, last + 2))).tolist()
    binned = binned_quantile_bound([each.tolist() for each in slices], edges_ms, [0] * MOST_SLICES, 950)
    assert binned is not None
    return Estimate(bound.observed, binned.lower, binned.upper)


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
    print('"p95 +10%" between two runs: broken / kept / undecided, in per cent; with a limit on p95 | without')
    for count in (1000, 3000, 12000):
        for between in (0.02, 0.05):
            for worse in (1.0, 1.1, 1.2, 1.3):
                shares = " | ".join(decided(count, between, worse, pairs, limited=limited) for limited in (True, False))
                print(f"  {count:,} requests, {between:.0%} noise, {worse - 1:.0%} worse: {shares}")


def decided(count: int, between: float, worse: float, pairs: int, *, limited: bool) -> str:
    """Return how often a demand is broken, kept and left open, in per cent."""
    tally = dict.fromkeys(("fail", "pass", "undecided"), 0)
    for _ in range(pairs):
        before, after = (run(count, between, times, limited=limited) for times in (1.0, worse))
        tally[compare(after, [before], budget=0.1).decision] += 1
    return " / ".join(f"{100 * hits / pairs:.1f}" for hits in tally.values())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
