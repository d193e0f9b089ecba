"""Simulates stalled clients in closed loops, and in runs held against a baseline: how often checks are wrong."""

from __future__ import annotations

import argparse
import heapq
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from measure import machine_described, print_table, verdict
from rule_h import KINDS, RATIOS, REQUESTS, SCALES_MS, STALLS, Kind, heard, stalls, waiting

from pytest_smload.core.baselines.checks import as_baseline_run, compare_budgets, compared, regression_check
from pytest_smload.core.baselines.runs import BaselineRun, LoadBaseline
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from pytest_smload.core.samples.recording import Recording

    Floats = NDArray[np.float64]

USERS = 20
CLOSED_METRICS = ("p50", "p95", "p99", "mean", "max", "tps")
TPS_RATIOS = (0.5, 0.9, 0.95, 0.97, 0.99, 1.01, 1.03, 1.05, 1.1)
MOST_WRONG_FAIL, MOST_WRONG_PASS = 0.002, 0.0005
CHANGES = (1.0, 1.5)
"""Unchanged code, and code half as slow again: what a regression budget of 10 % is to tell apart."""
BUDGET = 0.10
RUNS = 5


def closed(kind: Kind, service: Floats, window_s: float, begins: Floats, ends: Floats) -> Recording:
    """Return what a client away between *begins* and *ends* records of `USERS` users of an endpoint with a queue."""

    def reached(moment: float) -> tuple[float, float]:
        """When the client gets to *moment*, and since when it was away."""
        place = int(np.searchsorted(begins, moment, side="right")) - 1
        if place >= 0 and moment < ends[place]:
            return float(ends[place]), float(begins[place])
        return moment, moment

    free = [0.0] * (kind.workers if kind.busy > 0.3 else USERS)
    ready = [(0.0, user) for user in range(USERS)]
    rows = []
    for takes in service.tolist():
        moment, user = heapq.heappop(ready)
        start, _ = reached(moment)
        if start >= window_s:
            break
        answered = max(heapq.heappop(free), start) + takes
        heapq.heappush(free, answered)
        read, came = reached(answered)
        rows.append((moment, start, read, min(came, answered)))
        heapq.heappush(ready, (read, user))
    due, start, end, came = np.array(rows).T
    return replace(heard(due, start, end, came, window_s), open_model=False, stages=(), offered_tps=None)


def closed_count(seed: int) -> dict[str, Counter[str]]:
    """Return per metric how often the truth passed or failed, and what the check said of it."""
    draw = np.random.default_rng([seed, 1])
    found: dict[str, Counter[str]] = {}
    for kind, scale_ms, pattern in product(KINDS[:-1], SCALES_MS, STALLS):
        service = scale_ms / 1000 * np.exp(kind.spread * draw.standard_normal(REQUESTS) - kind.spread**2 / 2)
        # The rate of a closed loop is what comes of it; the window ends before the service times do.
        servers = kind.workers if kind.busy > 0.3 else USERS
        window_s = 0.9 * REQUESTS * scale_ms / 1000 / servers
        if window_s < 4 * pattern[1]:
            continue
        begins, ends = stalls(pattern, window_s, draw)
        true = measure(closed(kind, service, window_s, np.empty(0), np.empty(0)))
        recording = closed(kind, service, window_s, begins, ends)
        measured, slowness = measure(recording), ClientSlowness(recording)
        for metric in CLOSED_METRICS:
            truth = METRICS[metric].observe(true.scopes[TOTAL])
            for ratio in TPS_RATIOS if metric == "tps" else RATIOS:
                value = f"{ratio * truth:.9f}ms" if metric != "tps" else ratio * truth
                passes = ratio < 1 if metric == "tps" else ratio > 1
                limit = parse_limit(metric, value, source="")
                (check,) = judge([(TOTAL, limit)], measured, slowness=slowness)
                found.setdefault(metric, Counter())[f"{'pass' if passes else 'fail'} {check.outcome}"] += 1
    return found


def open_run(kind: Kind, scale_ms: float, pattern: tuple[str, float, float], draw: Generator) -> Recording:
    """Return one run of an open loop."""
    service = scale_ms / 1000 * np.exp(kind.spread * draw.standard_normal(REQUESTS) - kind.spread**2 / 2)
    window_s = REQUESTS * SCALES_MS[1] / 1000 / (kind.busy * kind.workers)
    due = np.sort(draw.random(REQUESTS)) * window_s
    begins, ends = stalls(pattern, window_s, draw)
    start, _ = waiting(due, begins, ends)
    end, came_from = waiting(kind.answers(start, service, kind.workers), begins, ends)
    return replace(heard(due, start, end, came_from, window_s), stages=())


def regression_count(seed: int) -> dict[str, Counter[str]]:
    """Return per kind of change how often a stalled run, confirmed by a stalled rerun, was passed or failed."""
    draw = np.random.default_rng([seed, 2])
    limits = [(TOTAL, RegressionLimit(metric, BUDGET, 0.0, "", "")) for metric in ("p50", "p95", "p99")]
    found: dict[str, Counter[str]] = {}
    for kind, pattern in product(KINDS[:-1], STALLS):
        measured = [measure(open_run(kind, SCALES_MS[1], STALLS[0], draw)) for _ in range(RUNS)]
        runs = tuple(_as_run(each) for each in measured)
        baseline = LoadBaseline({}, runs[0], runs)
        for change in CHANGES:
            slow = SCALES_MS[1] * (change if kind.busy < 0.3 else 1 + (change - 1) / 4)
            first, again = (
                compare_budgets(limits, measure(run), baseline, ClientSlowness(run))
                for run in (open_run(kind, slow, pattern, draw) for _ in range(2))
            )
            for run, rerun in zip(first, again, strict=True):
                comparison = compared(run, rerun if run.suspicious else None)
                check = regression_check(run, comparison)
                truth = "pass" if change == 1 else "fail"
                outcome = "undecided" if check.undecided and check.outcome == "pass" else check.outcome
                found.setdefault(f"regression {run.limit.of}", Counter())[f"{truth} {outcome}"] += 1
    return found


def _as_run(measured: Measurement) -> BaselineRun:
    limits = [(TOTAL, RegressionLimit(metric, BUDGET, 0.0, "", "")) for metric in ("p50", "p95", "p99")]
    return as_baseline_run(compare_budgets(limits, measured, None), measured, started_at="")


def main() -> None:
    """Print a row per metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    asked = parser.parse_args()
    with machine_described(), ProcessPoolExecutor(2) as pool:
        answers = [
            pool.submit(count, seed) for seed in range(asked.seeds) for count in (closed_count, regression_count)
        ]
        found: dict[str, Counter[str]] = {}
        for answer in answers:
            for name, counts in answer.result().items():
                found.setdefault(name, Counter()).update(counts)
        rows, total = [], Counter[str]()
        for name, counts in found.items():
            total += counts
            rows.append((name, *_shares(counts)))
        rows.append(("all", *_shares(total)))
        head = (
            "metric",
            "truth passes",
            "fails",
            "wrong FAIL",
            "INVALID",
            "undecided",
            "wrong PASS",
            "INVALID",
            "undecided",
        )
        print_table(
            f"closed loops of {USERS} users, and regression budgets of {BUDGET:.0%}, x {len(STALLS)} stalls", head, rows
        )
        wrong_fail, wrong_pass = total["pass fail"] / _of(total, "pass"), total["fail pass"] / _of(total, "fail")
        print(f"wrong FAIL {wrong_fail:.3%} (<= {MOST_WRONG_FAIL:.2%}) {verdict(wrong_fail <= MOST_WRONG_FAIL)}")
        print(f"wrong PASS {wrong_pass:.3%} (<= {MOST_WRONG_PASS:.2%}) {verdict(wrong_pass <= MOST_WRONG_PASS)}")


def _of(counts: Counter[str], truth: str) -> int:
    return sum(count for key, count in counts.items() if key.startswith(truth))


def _shares(counts: Counter[str]) -> tuple[object, ...]:
    passes, fails = _of(counts, "pass"), _of(counts, "fail")
    shares = [counts[f"pass {each}"] / passes for each in ("fail", "invalid", "undecided")]
    shares += [counts[f"fail {each}"] / fails for each in ("pass", "invalid", "undecided")]
    return passes, fails, *(f"{share:.2%}" for share in shares)


if __name__ == "__main__":
    main()
