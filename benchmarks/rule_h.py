"""Simulates stalled clients over endpoints of known behaviour: how often checks are wrong, how often INVALID."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from measure import machine_described, print_table, verdict
from recordings import recorded

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.measure.slowness import ClientSlowness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from pytest_smload.core.samples.recording import Recording

    Floats = NDArray[np.float64]

MOST_WRONG_FAIL, MOST_WRONG_PASS = 0.002, 0.0005
REQUESTS = 6_000
LATENCIES = ("p50", "p90", "p95", "p99", "p99_9", "mean", "max")
RATIOS = (0.5, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 1.5, 2.0)
"""Limits, as shares of what an unhurt client would have measured."""
SCALES_MS = (5.0, 50.0, 500.0)
"""Typical service times; rates follow, so that utilisation stays."""
STALLS: tuple[tuple[str, float, float], ...] = (
    ("none", 0.0, 0.0),
    ("3 ms at 5 % of the time", 0.003, 0.05),
    ("10 ms at 5 %", 0.010, 0.05),
    ("30 ms at 10 %", 0.030, 0.10),
    ("100 ms at 5 %", 0.100, 0.05),
    ("300 ms at 5 %", 0.300, 0.05),
    ("two of 400 ms", 0.400, 0.0),
    ("one of 3 s", 3.0, 0.0),
)


def queue(sent: Floats, service: Floats, workers: int) -> Floats:
    """Return when each of *sent*, ascending, is answered by a first-come first-served queue."""
    free = np.zeros(workers)
    ended = np.empty_like(sent)
    for index, (at, takes) in enumerate(zip(sent, service, strict=True)):
        worker = int(np.argmin(free))
        free[worker] = ended[index] = max(at, free[worker]) + takes
    return ended


def batches(sent: Floats, service: Floats) -> Floats:
    """Return when each is answered by an endpoint that serves all that wait at once, as long as its slowest takes."""
    ended, first, free = np.empty_like(sent), 0, 0.0
    while first < len(sent):
        begins = max(free, sent[first])
        last = max(first + 1, int(np.searchsorted(sent, begins, side="right")))
        free = begins + service[first:last].max()
        ended[first:last] = free
        first = last
    return ended


@dataclass(frozen=True)
class Kind:
    """An endpoint: *answers* tells from send and service times, and a busy share of its workers, when it answers."""

    name: str
    busy: float
    workers: int
    spread: float
    answers: Callable[[Floats, Floats, int], Floats]


def _no_queue(sent: Floats, service: Floats, _workers: int) -> Floats:
    return sent + service


def _batched(sent: Floats, service: Floats, _workers: int) -> Floats:
    return batches(sent, service)


KINDS = (
    Kind("constant, no queue", 0.2, 1, 0.0, _no_queue),
    Kind("lognormal, no queue", 0.2, 1, 0.5, _no_queue),
    Kind("long tail, no queue", 0.2, 1, 1.2, _no_queue),
    Kind("M/D/4 70 %", 0.7, 4, 0.0, queue),
    Kind("M/G/1 50 %", 0.5, 1, 0.5, queue),
    Kind("M/G/1 70 %", 0.7, 1, 0.5, queue),
    Kind("M/G/8 85 %", 0.85, 8, 0.5, queue),
    Kind("batches", 0.5, 4, 0.3, _batched),
)


def stalls(pattern: tuple[str, float, float], window_s: float, draw: Generator) -> tuple[Floats, Floats]:
    """Return begin and end of the times the client is away."""
    name, length_s, share = pattern
    count = {"two": 2, "one": 1}.get(name.split()[0], round(share * window_s / length_s) if length_s else 0)
    begins = np.sort(draw.random(count)) * max(0.0, window_s - length_s)
    ends = begins + length_s
    ends[:-1] = np.minimum(ends[:-1], begins[1:])
    return begins, ends


def waiting(moments: Floats, begins: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """Return when the client gets to each of *moments*, and since when it was away: the moment itself if it was not."""
    place = np.searchsorted(begins, moments, side="right") - 1
    away = (place >= 0) & (moments < np.append(ends, 0.0)[place])
    return np.where(away, np.append(ends, 0.0)[place], moments), np.where(away, np.append(begins, 0.0)[place], moments)


def heard(due: Floats, start: Floats, end: Floats, came_from: Floats, window_s: float) -> Recording:
    """Return what the client records; responses that lay unread have the times between which they came."""
    order = np.argsort(end, kind="stable")
    late = np.flatnonzero(came_from[order] < end[order])
    third = window_s / 6
    return recorded(
        due,
        end,
        window_s=window_s,
        start=start,
        late={
            "late_index": late.astype(np.uint32),
            "late_from": np.maximum(came_from[order], start[order])[late],
            "late_to": end[order][late],
        },
        stages=(StageSpan("short", third, 2 * third), StageSpan("rest", 2 * third, window_s)),
    )


def runs(seed: int) -> Iterator[tuple[str, Measurement, Recording, Measurement]]:
    """Yield, for each cell of the grid, its stalls, what an unhurt client measures, and what the stalled one did."""
    draw = np.random.default_rng(seed)
    for kind, scale_ms, pattern in product(KINDS, SCALES_MS, STALLS):
        service = scale_ms / 1000 * np.exp(kind.spread * draw.standard_normal(REQUESTS) - kind.spread**2 / 2)
        window_s = REQUESTS * scale_ms / 1000 / (kind.busy * kind.workers)
        due = np.sort(draw.random(REQUESTS)) * window_s
        begins, ends = stalls(pattern, window_s, draw)
        true_end = kind.answers(due, service, kind.workers)
        true = measure(heard(due, due, true_end, true_end, window_s))
        start, _ = waiting(due, begins, ends)
        answered = kind.answers(start, service, kind.workers)
        end, came_from = waiting(answered, begins, ends)
        stalled = heard(due, start, end, came_from, window_s)
        yield pattern[0], true, stalled, measure(stalled)


def count(seed: int) -> dict[str, Counter[str]]:
    """Return per metric how often the truth passed or failed, and what the check said of it."""
    found: dict[str, Counter[str]] = {}
    for _, true, recording, measured in runs(seed):
        slowness = ClientSlowness(recording)
        for metric, scope in product(LATENCIES, (TOTAL, ScopeName("stage", "short"))):
            truth_ms = METRICS[metric].observe(true.scopes[scope])
            for ratio in RATIOS:
                limit = parse_limit(metric, f"{ratio * truth_ms:.9f}ms", source="")
                (check,) = judge([(scope, limit)], measured, slowness=slowness)
                name = metric if scope == TOTAL else f"{metric}, a short stage"
                found.setdefault(name, Counter())[f"{'pass' if ratio > 1 else 'fail'} {check.outcome}"] += 1
        tps = true.total.tps
        for ratio in (0.5, 0.9, 0.97, 0.99, 1.01, 1.03, 1.1):
            (check,) = judge([(TOTAL, parse_limit("tps", ratio * tps, source=""))], measured, slowness=slowness)
            found.setdefault("tps", Counter())[f"{'pass' if ratio < 1 else 'fail'} {check.outcome}"] += 1
    return found


def main() -> None:
    """Print a row per metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with machine_described():
        found = count(asked.seed)
        total: Counter[str] = sum(found.values(), Counter())
        rows = []
        for name, counts in (*found.items(), ("all", total)):
            passes = sum(counts[f"pass {outcome}"] for outcome in ("pass", "fail", "invalid"))
            fails = sum(counts[f"fail {outcome}"] for outcome in ("pass", "fail", "invalid"))
            shares = (counts["pass fail"] / passes, counts["pass invalid"] / passes)
            shares += (counts["fail pass"] / fails, counts["fail invalid"] / fails)
            rows.append((name, passes, fails, *(f"{share:.2%}" for share in shares)))
        head = ("metric", "truth passes", "fails", "wrong FAIL", "INVALID", "wrong PASS", "INVALID")
        print_table(f"{len(KINDS)} endpoints x {len(SCALES_MS)} time scales x {len(STALLS)} stalls", head, rows)
        wrong_fail = total["pass fail"] / sum(total[f"pass {each}"] for each in ("pass", "fail", "invalid"))
        wrong_pass = total["fail pass"] / sum(total[f"fail {each}"] for each in ("pass", "fail", "invalid"))
        print(f"wrong FAIL {wrong_fail:.3%} (<= {MOST_WRONG_FAIL:.2%}) {verdict(wrong_fail <= MOST_WRONG_FAIL)}")
        print(f"wrong PASS {wrong_pass:.3%} (<= {MOST_WRONG_PASS:.2%}) {verdict(wrong_pass <= MOST_WRONG_PASS)}")


if __name__ == "__main__":
    main()
