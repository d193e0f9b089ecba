"""Measures whether a request costs more the longer a load is, or the more models it has."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from bisect import bisect_left
from itertools import pairwise
from statistics import median

import ours
from canned_server import canned_server
from measure import CpuMark, machine_described, median_ratio, print_table, verdict
from peers import client_environment
from scale import FEW, MANY, MODELS_WEIGHTED, Case, closed_loop_ns, judge_recording, made_up_recording

from pytest_smload.core.samples.recording import Samples

TPS = 1_000
"""The rate at which so many seconds are so many samples."""
SPANS_S = (10, 100, 1_000)
MOST_RATIO = 1.10
_PARTS = 4


def cost_of(span_s: int) -> dict[str, float]:
    """Return what *span_s* of samples cost, in this process: the engine's own CPU, the columns and judging."""
    count = span_s * TPS
    # Of equally many requests each time, so that what a load costs once does not look like a request's.
    loads = SPANS_S[-1] // span_s
    engine_ns = median(closed_loop_ns(FEW, "shuffled", count) for _ in range(min(loads, 9) | 1))
    case = Case(count, FEW, open_model=False, most_mb=0, most_s=0)
    recording, _ = made_up_recording(case)
    columns = sum(sys.getsizeof(getattr(grown(recording.samples), name)) for name in Samples.__slots__)
    judged = judge_recording(case)
    return {
        "engine_ns": engine_ns,
        "bytes": columns / count,
        "judging_us": judged["seconds"] / count * 1e6,
        "judging_bytes": judged["extra_mb"] * 1e6 / count,
    }


def grown(samples: Samples) -> Samples:
    """Return *samples* with columns grown one by one, as a load grows them, spare room included."""
    found = Samples()
    for name in Samples.__slots__:
        column = getattr(found, name)
        for value in getattr(samples, name):
            column.append(value)
    return found


def print_lengths(rounds: int) -> bool:
    """Print cost by length, each in a process of its own, and return whether the ratios are within the target."""
    runs: dict[int, list[dict[str, float]]] = {span_s: [] for span_s in SPANS_S}
    for _ in range(rounds):
        for span_s, done in runs.items():
            done.append(json.loads(subprocess.check_output([sys.executable, __file__, "--span", str(span_s)])))
    rows, kept = [], True
    for key, what, judged in (
        ("engine_ns", "engine's own CPU per request, ns", True),
        ("bytes", "columns, bytes per sample", True),
        ("judging_us", "judging, CPU us per sample", False),
        ("judging_bytes", "judging, more memory, bytes per sample", False),
    ):
        values = {span_s: [run[key] for run in done] for span_s, done in runs.items()}
        ratios = [median_ratio(values[span_s], values[SPANS_S[0]]) for span_s in SPANS_S[1:]]
        met = all(1 / MOST_RATIO <= ratio <= MOST_RATIO for ratio in ratios)
        kept &= met or not judged
        rows.append(
            (
                what,
                *(f"{median(column):,.1f}" for column in values.values()),
                *(f"{ratio:.2f}" for ratio in ratios),
                f"within {MOST_RATIO - 1:.0%} {verdict(met)}" if judged else "falls: a part is per load",
            )
        )
    lengths = [f"{span_s:,} s" for span_s in SPANS_S]
    head = ("cost", *lengths, *(f"{length} / {lengths[0]}" for length in lengths[1:]), "target")
    print_table(f"samples of {TPS:,} TPS, median of {rounds} processes each", head, rows)
    return kept


def along_the_load(load: ours.Load) -> list[float]:
    """Return CPU us per request in each quarter of a load, as near as its marks come."""
    samples, marks = load.recording.samples, load.marks
    window = load.recording.window_start_s, load.recording.window_end_s
    inside = [mark for mark in marks if window[0] <= mark.at_s < window[1]]
    cuts = [inside[(len(inside) - 1) * part // _PARTS] for part in range(_PARTS + 1)]
    return [_cost_us(samples, before, after) for before, after in pairwise(cuts)]


def _cost_us(samples: Samples, before: CpuMark, after: CpuMark) -> float:
    requests = bisect_left(samples.end, after.at_s) - bisect_left(samples.end, before.at_s)
    return (after.cpu_s - before.cpu_s) / requests * 1e6


def run_real(url: str, models: int, window_s: float) -> tuple[list[float], int]:
    """Run one load in a process of its own; return CPU us per request by quarter, and its requests."""
    command = [sys.executable, __file__, "--load", url, "--models", str(models), "--window", str(window_s)]
    found = json.loads(subprocess.check_output(command, env=client_environment()).splitlines()[-1])
    return found["quarters_us"], found["requests"]


def print_real(rounds: int, window_s: float) -> bool:
    """Print what requests over the http transport cost, along a load and with many models."""
    runs: dict[int, list[tuple[list[float], int]]] = {FEW: [], MANY: []}
    with canned_server() as url:
        for _ in range(rounds):
            for models, done in runs.items():
                done.append(run_real(url, models, window_s))
    along = [median(quarters[part] for quarters, _ in runs[FEW]) for part in range(_PARTS)]
    whole = {models: [sum(quarters) / _PARTS for quarters, _ in done] for models, done in runs.items()}
    last_to_first = median(quarters[-1] / quarters[0] for quarters, _ in runs[FEW])
    many_to_few = median_ratio(whole[MANY], whole[FEW])
    choosing_us = [
        (closed_loop_ns(MANY, "shuffled", 200_000) - closed_loop_ns(FEW, "shuffled", 200_000)) / 1e3
        for _ in range(rounds)
    ]
    choosing = 1 + median(choosing_us) / median(whole[FEW])
    requests = median(requests for _, requests in runs[FEW])
    rows = [
        ("first quarter", f"{along[0]:.2f}", "1.00", ""),
        ("last quarter", f"{along[-1]:.2f}", f"{last_to_first:.2f}", _target(last_to_first)),
        (f"{FEW} models", f"{median(whole[FEW]):.2f}", "1.00", ""),
        (f"choosing among {MANY:,} models", f"+ {median(choosing_us):.2f}", f"{choosing:.2f}", _target(choosing)),
        (f"{MANY:,} models, signatures too", f"{median(whole[MANY]):.2f}", f"{many_to_few:.2f}", _target(many_to_few)),
    ]
    title = f"loads over http of {window_s:g} s, {requests:,.0f} requests each, median of {rounds}"
    print_table(title, ("what", "CPU us/request", "ratio", "target"), rows)
    print("  the first request of each model in ten seconds is signed anew, the others of these ten are not")
    return max(last_to_first, choosing, many_to_few) <= MOST_RATIO


def _target(ratio: float) -> str:
    return f"<= {MOST_RATIO:g} {verdict(ratio <= MOST_RATIO)}"


def main() -> None:
    """Print both tables; the exit status is 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=6.0, help="seconds of each load over http")
    parser.add_argument("--span", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--models", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.span is not None:
        print(json.dumps(cost_of(asked.span)))
        return
    if asked.load is not None:
        profile = ours.profile_of(
            users=20, duration=f"{asked.window}s", warmup="1s", prime=False, models=MODELS_WEIGHTED[asked.models]
        )
        load = ours.run(asked.load, profile)
        print(json.dumps({"quarters_us": along_the_load(load), "requests": load.measurement.total.requests}))
        return
    with machine_described():
        kept = print_lengths(asked.rounds)
        kept &= print_real(asked.rounds, asked.window)
    if not kept:
        sys.exit(1)


if __name__ == "__main__":
    main()
