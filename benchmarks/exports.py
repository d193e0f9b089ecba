"""Measures what the files for other tools cost once a load is over: time and bytes of a million samples."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import process_time

import numpy as np
from measure import machine_described, print_table
from recordings import recorded

from pytest_smload.exports.locust_csv import LocustCsv
from pytest_smload.exports.recorded_load import RecordedLoad
from pytest_smload.exports.samples import FORMATS, SamplesFile

MODELS = 200
TPS = 1_000.0


def load_of(count: int) -> RecordedLoad:
    """Return a load of *count* requests at 1,000 TPS over 200 models, latencies lognormal about 20 ms."""
    draw = np.random.default_rng(7)
    due = np.cumsum(draw.exponential(1 / TPS, count))
    end = due + 0.02 * np.exp(0.5 * draw.standard_normal(count))
    recording = recorded(
        due,
        end,
        window_s=float(due[-1]),
        model=draw.integers(0, MODELS, count),
        models=[f"xgboost-{number}.tar.gz" for number in range(MODELS)],
        epoch_s=1_790_000_000.0,
    )
    return RecordedLoad(
        test="tests/perf/test_abalone.py::test_weighted_traffic",
        attempt=1,
        load="",
        role="load",
        endpoint="abalone-mme-staging",
        recording=recording,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with machine_described(), tempfile.TemporaryDirectory() as folder:
        load = load_of(given.samples)
        makers = {
            **{f"samples{ending}": SamplesFile for ending in FORMATS},
            "Locust's three CSV files": LocustCsv,
        }
        spent: dict[str, list[float]] = {name: [] for name in makers}
        sizes: dict[str, int] = {}
        before_kb = getrusage(RUSAGE_SELF).ru_maxrss
        for _ in range(given.runs):
            for name, make in makers.items():
                begun = process_time()
                file = make(Path(folder) / name.replace("Locust's three CSV files", "locust"))
                file.check()
                file.add(load)
                sizes[name] = sum(path.stat().st_size for path in file.finish())
                spent[name].append(process_time() - begun)
        more_mb = (getrusage(RUSAGE_SELF).ru_maxrss - before_kb) / 1024
        print_table(
            f"{given.samples:,} samples of {MODELS} models, median CPU of {given.runs} runs",
            ["file", "CPU s", "MB", "bytes/sample"],
            [
                (name, f"{median(times):.2f}", f"{sizes[name] / 1e6:.1f}", f"{sizes[name] / given.samples:.1f}")
                for name, times in spent.items()
            ],
        )
        print(f"\nmemory above the samples' own: {more_mb:.0f} MB at most, all three together")


if __name__ == "__main__":
    main()
