"""Measures whether INVALID tells runs the client distorted from those it did not, from calm to saturated."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
from measure import machine_described, nearest_rank, print_table, verdict

from pytest_smload.aws.endpoint import local_target
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.trust.validity import examine
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIO = 'workers = 64\nlatency = { lognormal = { p50 = "50ms", p95 = "80ms" } }\n'
OFF_SHARE, OFF_MS = 0.10, 5.0
"""A run is distorted when its p95 is further than both from the endpoint's own."""
TRUE_SHARE = 0.05
"""A run is true when its p95 is nearer than this."""
MOST_TRUE_INVALID = 1
LOADS: tuple[dict[str, Any], ...] = ({"users": 15}, {"tps": 200.0, "max_in_flight": 400})
BURSTS_MS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 120.0)
"""How long something else holds the client's loop at a time, a few milliseconds apart: 0 is a calm run."""
APART_MS = 4.0


class Run(NamedTuple):
    """One run's facts."""

    load: str
    burst_ms: float
    log_p95_ms: float
    p95_ms: float
    busy_share: float
    cap_hits: int
    valid: bool

    @property
    def off_ms(self) -> float:
        """How far the report is from the log."""
        return abs(self.p95_ms - self.log_p95_ms)

    @property
    def counts(self) -> bool:
        """Whether the endpoint was less than half busy and no arrival waited for a user."""
        return self.busy_share < 0.5 and self.cap_hits == 0

    @property
    def is_distorted(self) -> bool:
        """Whether the client's part of p95 is too large to judge an endpoint by it."""
        return self.off_ms > OFF_SHARE * self.log_p95_ms and self.off_ms > OFF_MS

    @property
    def is_true(self) -> bool:
        """Whether the report is as good as the log."""
        return self.off_ms <= TRUE_SHARE * self.log_p95_ms


@contextmanager
def busy_loop(burst_ms: float) -> Iterator[None]:
    """Hold the event loop for *burst_ms* again and again, as a slow listener would."""

    def hold() -> None:
        while True:
            gevent.sleep(APART_MS / 1000)
            until = perf_counter() + burst_ms / 1000
            while perf_counter() < until:
                pass

    holder = gevent.spawn(hold) if burst_ms else None
    try:
        yield
    finally:
        if holder is not None:
            holder.kill()


def one_run(endpoint: EmulatorProcess, load: dict[str, Any], burst_ms: float, window_s: float) -> Run:
    """Run *load* beside a loop held for *burst_ms* at a time, and read the endpoint's own log of its window."""
    endpoint.reset()
    target = local_target(
        endpoint.url,
        access_key=endpoint.access_key,
        secret_key=endpoint.secret_key,
        endpoint_name="local",
        region=endpoint.region,
    )
    profile = LoadProfile(payload=b"1,2,3", duration=f"{window_s:g}s", warmup="500ms", **load)
    plan = LoadPlan.from_profile(profile, Path())
    with busy_loop(burst_ms):
        recording = run_load(
            plan, HttpTransport(target, timeout_s=30), endpoint_name="local", base_url=target.url, hooks=LoadHooks()
        )
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=(TOTAL,), simulated=False)
    log = endpoint.log()
    times = zip(log.received_s, log.answered_s, strict=True)
    inside = [end - start for start, end in times if start >= recording.window_start_s]
    return Run(
        load="open" if recording.open_model else "closed",
        burst_ms=burst_ms,
        log_p95_ms=nearest_rank(inside, 0.95) * 1000,
        p95_ms=measurement.total.p95_ms,
        busy_share=log.busy_share,
        cap_hits=measurement.cap_hits,
        valid=health.valid,
    )


def main() -> None:
    """Run all and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=3.0, help="seconds measured per run (default: %(default)s)")
    window_s = parser.parse_args().window
    with machine_described(), TemporaryDirectory() as folder:
        scenario = Path(folder, "steady.toml")
        scenario.write_text(SCENARIO, encoding="utf-8")
        with EmulatorProcess.start(scenario) as endpoint:
            runs = [one_run(endpoint, load, burst_ms, window_s) for burst_ms in BURSTS_MS for load in LOADS]
        print_runs(runs)


def print_runs(runs: list[Run]) -> None:
    """Print each run, and how many of the distorted and of the true ones were INVALID."""
    rows = [
        (
            run.load,
            f"{run.burst_ms:g}",
            f"{run.log_p95_ms:.1f}",
            f"{run.p95_ms:.1f}",
            "distorted" if run.is_distorted else "true" if run.is_true else "between",
            "valid" if run.valid else "INVALID",
            "" if run.counts else f"not counted (busy {run.busy_share:.0%}, cap hits {run.cap_hits})",
        )
        for run in runs
    ]
    head = ("load", "loop held ms", "log p95 ms", "reported p95 ms", "report is", "verdict", "")
    print_table(f"{len(runs)} runs, {APART_MS:g} ms between holds", head, rows)
    counted = [run for run in runs if run.counts]
    distorted = [run for run in counted if run.is_distorted]
    missed = sum(run.valid for run in distorted)
    accused = sum(not run.valid for run in counted if run.is_true)
    true_runs = sum(run.is_true for run in counted)
    print(f"distorted runs called valid: {missed} of {len(distorted)} (target 0) {verdict(missed == 0)}")
    print(
        f"true runs called INVALID: {accused} of {true_runs} (target <= {MOST_TRUE_INVALID}) "
        f"{verdict(accused <= MOST_TRUE_INVALID)}"
    )


if __name__ == "__main__":
    main()
