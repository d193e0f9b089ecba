"""Measures what the installed plugin costs a pytest run that has no perf test: modules imported, CPU and wall time."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measure import machine_described, print_table, verdict

HEAVY = ("gevent", "locust", "botocore", "boto3", "pydantic", "tabulate", "numpy", "scipy")
MOST_EXTRA_MS = 20.0
_CONFTEST = """
import json, os, sys
from pathlib import Path

def pytest_unconfigure():
    Path(os.environ["IDLE_MODULES"]).write_text(json.dumps(sorted(sys.modules)))
"""
_TESTS = "def test_nothing():\n    pass\n"
BASE = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""hypothesis's plugin, of the [test] extra, imports a second or two of its own, whose noise would drown the figure."""
ARMS = {"plugin installed": BASE, "-p no:smload": (*BASE, "-p", "no:smload")}
WITHOUT_LOCUSTS = ("-p", "no:locust")


@dataclass(frozen=True, slots=True)
class Run:
    """One pytest run: its CPU and wall time, and what it had imported at its end."""

    cpu_ms: float
    wall_ms: float
    modules: frozenset[str]


def run_pytest(folder: Path, options: tuple[str, ...]) -> Run:
    """Run pytest on *folder* in a process of its own."""
    noted = folder / "modules.json"
    environment = os.environ | {"IDLE_MODULES": str(noted), "PYTEST_ADDOPTS": ""}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling anew is no part of a usual run
    begin_s = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - begin_s
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"pytest {' '.join(options)} ended with {child.returncode}")
    modules = frozenset(json.loads(noted.read_text(encoding="utf-8")))
    return Run((usage.ru_utime + usage.ru_stime) * 1000, wall_s * 1000, modules)


def print_imports(folder: Path) -> None:
    """Print which heavy modules each combination of plugins leaves imported."""
    rows = []
    for locusts in ((), WITHOUT_LOCUSTS):
        for name, options in ARMS.items():
            modules = run_pytest(folder, (*options, *locusts)).modules
            heavy = [module for module in HEAVY if module in modules]
            ours = sum(module.partition(".")[0] == "pytest_smload" for module in modules)
            verdict_here = "" if name == "-p no:smload" else verdict(not heavy)
            rows.append((" ".join((name, *locusts)), len(modules), ours, ", ".join(heavy) or "none", verdict_here))
    head = ("run", "modules", "of pytest_smload", f"of {', '.join(HEAVY)}", "target none")
    print_table("in sys.modules at the end of a run with one plain test", head, rows)


def print_times(folder: Path, pairs: int) -> None:
    """Print the extra time of the plugin, median of interleaved pairs."""
    runs: dict[str, list[Run]] = {name: [] for name in ARMS}
    for number in range(pairs):
        # Alternating which goes first, so that neither always follows the other.
        for name in list(ARMS) if number % 2 else reversed(list(ARMS)):
            runs[name].append(run_pytest(folder, ARMS[name]))
    rows: list[tuple[object, ...]] = [
        (name, f"{median(run.cpu_ms for run in done):.1f}", f"{median(run.wall_ms for run in done):.1f}", "")
        for name, done in runs.items()
    ]
    differences = list(zip(*runs.values(), strict=True))
    cpu_ms = median(installed.cpu_ms - without.cpu_ms for installed, without in differences)
    wall_ms = median(installed.wall_ms - without.wall_ms for installed, without in differences)
    met = verdict(max(cpu_ms, wall_ms) < MOST_EXTRA_MS)
    rows.append(("extra (median of pairs)", f"{cpu_ms:.1f}", f"{wall_ms:.1f}", f"< {MOST_EXTRA_MS:g} {met}"))
    print_table(f"{pairs} interleaved pairs of runs", ("run", "CPU ms", "wall ms", "target"), rows)


def main() -> None:
    """Compare runs with and without the plugin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=25)
    asked = parser.parse_args()
    with machine_described(), TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
        (folder / "test_plain.py").write_text(_TESTS, encoding="utf-8")
        print_imports(folder)  # and it fills the byte-code caches
        print_times(folder, asked.pairs)


if __name__ == "__main__":
    main()
