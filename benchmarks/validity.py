"""Measures, with real loads beside a client held up in many ways, whether a check says what the endpoint did not do."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from measure import machine_described, nearest_rank, print_table, verdict

from pytest_smload.aws.endpoint import local_target
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.trust.validity import examine
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

VARIED = 'workers = 64\nlatency = { lognormal = { p50 = "50ms", p95 = "80ms" } }\n'
CONSTANT = 'workers = 64\nlatency = "20ms"\n'
LOADS: tuple[dict[str, Any], ...] = ({"users": 15}, {"tps": 200.0, "max_in_flight": 400})
RATIOS = (0.8, 1.25)
"""Limits, as shares of what the endpoint's own log has."""
TIGHT = 1.1
"""The limit, of a constant endpoint, that a crowded client was once failed by."""
HELD_MS = (0.0, 10.0, 30.0, 60.0, 100.0, 200.0, 300.0)
"""How long something else holds the client's loop at a time: 0 is a calm run."""
APART = 10
"""Between two holds there are so many of their lengths."""
HOGS = 3


@contextmanager
def held(burst_ms: float) -> Iterator[None]:
    """Hold the event loop for *burst_ms* again and again, as a slow listener would."""

    def hold() -> None:
        while True:
            gevent.sleep(APART * burst_ms / 1000)
            until = perf_counter() + burst_ms / 1000
            while perf_counter() < until:
                pass

    holder = gevent.spawn(hold) if burst_ms else None
    try:
        yield
    finally:
        if holder is not None:
            holder.kill()


@contextmanager
def stopped(after_s: float, for_s: float) -> Iterator[None]:
    """Have this process stopped by a signal, once."""
    commands = f"sleep {after_s}; kill -STOP {os.getpid()}; sleep {for_s}; kill -CONT {os.getpid()}"
    stopper = subprocess.Popen(["sh", "-c", commands])
    try:
        yield
    finally:
        stopper.wait()


@contextmanager
def crowded() -> Iterator[None]:
    """Share one core with `HOGS` processes that never sleep; the endpoint keeps the others."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(HOGS)]
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        for hog in hogs:
            hog.kill()
            hog.wait()


@dataclass(frozen=True, slots=True)
class Case:
    """One run: its load, how long its window is, and what holds the client up."""

    name: str
    load: dict[str, Any]
    window_s: float
    disturbed: Callable[[], AbstractContextManager[None]]
    ratios: tuple[float, ...] = RATIOS

    @property
    def is_calm(self) -> bool:
        """Whether nothing holds the client up."""
        return self.name == "calm"


def cases(window_s: float) -> Iterator[tuple[str, Case]]:
    """Yield the scenario of the endpoint, and the case."""
    for load in LOADS:
        for burst_ms in HELD_MS:
            name = f"held {burst_ms:g} ms" if burst_ms else "calm"
            yield VARIED, Case(name, load, window_s, lambda burst_ms=burst_ms: held(burst_ms))
    for load in LOADS:
        yield VARIED, Case("stopped 3 s of 8", load, 8.0, lambda: stopped(3.0, 3.0))
        yield VARIED, Case("stopped 1.5 s of 15", load, 15.0, lambda: stopped(5.0, 1.5))
        for _ in range(5):
            yield CONSTANT, Case(f"{HOGS} hogs on its core", load, window_s, crowded, (TIGHT,))


def outcomes(endpoint: EmulatorProcess, case: Case) -> Iterator[tuple[str, float, float, str, str]]:
    """Run *case*; yield each check: metric, what the log has, what was observed, the limit's ratio, and how it is."""
    endpoint.reset()
    target = local_target(
        endpoint.url,
        access_key=endpoint.access_key,
        secret_key=endpoint.secret_key,
        endpoint_name="local",
        region=endpoint.region,
    )
    profile = LoadProfile(payload=b"1,2,3", duration=f"{case.window_s:g}s", warmup="500ms", **case.load)
    plan = LoadPlan.from_profile(profile, Path())
    with case.disturbed():
        recording = run_load(
            plan, HttpTransport(target, timeout_s=30), endpoint_name="local", base_url=target.url, hooks=LoadHooks()
        )
    measurement, slowness = measure(recording), ClientSlowness(recording)
    health = examine(recording, measurement, budgeted_scopes=(TOTAL,), simulated=False)
    log = endpoint.log()
    times = zip(log.received_s, log.answered_s, strict=True)
    inside = [end - start for start, end in times if start >= recording.window_start_s]
    for metric, share in (("p95", 0.95), ("p99", 0.99)):
        truth_ms = nearest_rank(inside, share) * 1000
        for ratio in case.ratios:
            limit = parse_limit(metric, f"{ratio * truth_ms:.6f}ms", source="")
            (check,) = judge([(TOTAL, limit)], measurement, slowness=slowness)
            outcome = check.outcome if health.valid else "invalid"
            right = "pass" if ratio > 1 else "fail"
            yield metric, truth_ms, check.observed, f"{ratio:g}", f"{right} {outcome}"


def main() -> None:
    """Run all and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=4.0, help="seconds measured per run (default: %(default)s)")
    window_s = parser.parse_args().window
    rows, found = [], Counter[str]()
    with machine_described(), TemporaryDirectory() as folder, ExitStack() as endpoints:
        running: dict[str, EmulatorProcess] = {}
        for scenario, case in cases(window_s):
            if scenario not in running:
                path = Path(folder, f"{len(running)}.toml")
                path.write_text(scenario, encoding="utf-8")
                running[scenario] = endpoints.enter_context(EmulatorProcess.start(path))
            cells = []
            for metric, truth_ms, observed_ms, ratio, outcome in outcomes(running[scenario], case):
                found[f"{'calm' if case.is_calm else 'held up'} {outcome}"] += 1
                cells.append(f"{metric} {truth_ms:.1f}/{observed_ms:.1f} x{ratio}: {outcome.split()[1]}")
            rows.append(("open" if "tps" in case.load else "closed", case.name, "; ".join(cells)))
    print_table(f"{len(rows)} runs", ("load", "client", "p of the log / reported ms, limit x log: outcome"), rows)
    checks = sum(count for key, count in found.items() if key.startswith("held up"))
    wrong = {what: sum(n for key, n in found.items() if key.endswith(what)) for what in ("pass fail", "fail pass")}
    undecided = sum(count for key, count in found.items() if key.startswith("held up") and key.endswith("invalid"))
    calm = sum(count for key, count in found.items() if key.startswith("calm") and key.endswith("invalid"))
    print(f"checks of a client held up: {checks}, INVALID {undecided}; of a calm one INVALID: {calm}")
    print(f"wrong FAIL {wrong['pass fail']}, wrong PASS {wrong['fail pass']} (0) {verdict(not any(wrong.values()))}")


if __name__ == "__main__":
    main()
