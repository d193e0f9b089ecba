"""Measures what 10,000 models add to each choice, and the memory and time a million samples take."""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from array import array
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from measure import machine_described, print_table, verdict

from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.sources import parse_marker_limits
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.load.traffic import READY_CHOICES
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine
from pytest_smload.reports.json_report import load_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.core.request.invocation import InvocationFailure, Payload, Route

FEW, MANY = 2, 10_000
MOST_MORE_NS = 3_000.0
MOST_COLUMNS_MB = 30.0
MOST_JUDGING_MB = 150.0
SAMPLES = 1_000_000
MODELS_WEIGHTED: dict[int, Mapping[str, float | str]] = {
    FEW: {"a": 3, "b": 1},
    MANY: {f"model-{{0..{MANY - 1}}}.tar.gz": "zipf(1.1)"},
}
_REQUESTS_PER_TICK = 400
"""Requests between two ticks of the engine (10 ms) at 40,000 a second."""
_CASES = ("closed, 2 models", "open, 200 models, 3 stages")


class _NoTransport:
    """Answers at once, so that what remains is the engine's own loop; ticks as the engine's ticker does."""

    name = "none"
    connects = 0

    def __init__(self) -> None:
        self.kinds = ErrorKinds()
        self.start = self.end = 0.0
        self.bytes_in = 0
        self.failure: InvocationFailure | None = None
        self.tick: Any = None
        self._calls = 0

    def connection(self) -> _NoTransport:
        return self

    def invoke(self, _route: Route, _payload: Payload) -> int:
        self._calls += 1
        if self._calls % _REQUESTS_PER_TICK == 0 and self.tick is not None:
            self.tick()
        return 0

    def open(self) -> None:
        """Nothing to open."""

    def sweep(self, now: float) -> None:
        """Nothing to sweep."""

    def close(self) -> None:
        """Nothing to close."""


class _User:
    _state = "running"


def closed_loop_ns(models: int, order: str, requests: int) -> float:
    """Return CPU ns per request of the engine's closed loop over a transport that does nothing, building included."""
    from pytest_smload.engine.session import LoadSession
    from pytest_smload.engine.shape import ClosedShape
    from pytest_smload.engine.users import drive_closed

    profile = LoadProfile(
        users=1, warmup="0s", duration="10m", order=order, models=MODELS_WEIGHTED[models], payload=b"x",
        max_requests=requests,
    )  # fmt: skip
    transport = _NoTransport()
    session = LoadSession(LoadPlan.from_profile(profile, Path()), transport, endpoint_name="scale", base_url="")
    shape = ClosedShape(session)
    shape.open_window()
    for _ in range(READY_CHOICES):  # what was built before the load is not to be counted for nothing
        session.next_model()
    transport.tick = shape.prepare
    begin_s = time.process_time()
    drive_closed(session, _User())
    return (time.process_time() - begin_s) / len(session.samples) * 1e9


def schedule_ns(models: int, order: str, requests: int) -> float:
    """Return CPU ns per arrival of an open load's sequence of models, computed before the load and then looked up."""
    from pytest_smload.engine.session import LoadSession
    from pytest_smload.engine.shape import OpenShape

    profile = LoadProfile(
        tps=requests / 10, warmup="0s", duration="10s", order=order, models=MODELS_WEIGHTED[models], payload=b"x",
        arrivals="uniform",
    )  # fmt: skip
    plan = LoadPlan.from_profile(profile, Path())
    session = LoadSession(plan, _NoTransport(), endpoint_name="scale", base_url="")
    begin_s = time.process_time()
    shape = OpenShape(session)
    rows, cursors = plan.rows, session.cursors
    for model in session.arrival_models:
        model_rows = rows[model]
        cursor = cursors[model]
        cursors[model] = cursor + 1 if cursor + 1 < len(model_rows) else 0
    took_s = time.process_time() - begin_s
    shape.turnstile.close()
    return took_s / len(session.arrival_models) * 1e9


def print_choices(requests: int, rounds: int) -> None:
    """Print the cost with 2 and with 10,000 models, and their difference."""
    measured = {
        "closed loop, shuffled": (closed_loop_ns, "shuffled"),
        "closed loop, smooth": (closed_loop_ns, "smooth"),
        "open schedule, shuffled": (schedule_ns, "shuffled"),
        "open schedule, smooth": (schedule_ns, "smooth"),
    }
    rows = []
    for name, (cost_ns, order) in measured.items():
        pairs = [(cost_ns(FEW, order, requests), cost_ns(MANY, order, requests)) for _ in range(rounds)]
        more_ns = median(many - few for few, many in pairs)
        few_ns, many_ns = (median(column) for column in zip(*pairs, strict=True))
        rows.append(
            (
                name,
                f"{few_ns:,.0f}",
                f"{many_ns:,.0f}",
                f"{more_ns:,.0f}",
                f"< {MOST_MORE_NS:,.0f} {verdict(more_ns < MOST_MORE_NS)}",
            )
        )
    head = ("engine's own use, no transport", f"ns/request, {FEW} models", f"{MANY:,} models", "more", "target")
    print_table(f"choosing a model, median of {rounds} interleaved pairs of {requests:,} requests", head, rows)


def made_up_recording(case: str) -> tuple[Recording, LoadProfile]:
    """Return a recording of a million samples over 1,000 s, about 1 % of them errors."""
    open_model = case == _CASES[1]
    count = 200 if open_model else 2
    draw = random.Random(1).random
    kinds = ErrorKinds()
    model_error = kinds.code("ModelError")
    samples = Samples()
    for number in range(SAMPLES):
        due_s = number / 1000
        start_s = due_s + 0.000_2
        samples.due.append(due_s)
        samples.start.append(start_s)
        samples.end.append(start_s + 0.01 + 0.05 * draw())
        samples.kind.append(model_error if draw() < 0.01 else 0)
        samples.model.append(int(draw() * count))
        if open_model and number % 100 == 0:
            samples.held_index.append(number)
            samples.held_free.append(due_s + 0.000_1)
    thirds = (0.0, 300.0, 600.0, 1000.0)
    names = [f"model-{number}" for number in range(count)]
    load: dict[str, Any] = {"tps": 1000} if open_model else {"users": 40}
    profile = LoadProfile(models=names, duration="1000s", warmup="0s", **load)
    return Recording(
        model_names=names,
        multi_model=True,
        target_shares=[1 / count] * count,
        kind_names=kinds.names,
        samples=samples,
        open_model=open_model,
        window_start_s=0.0,
        window_end_s=1000.0,
        client=ClientReadings(0.5, array("d", [0.0001] * 100_000), array("d", [0.0001] * 100_000)),
        started_at="2026-01-01T00:00:00+00:00",
        stages=[StageSpan(f"{n}", thirds[n], thirds[n + 1], tps=1000) for n in range(3)] if open_model else (),
        offered_tps=1000.0 if open_model else None,
        bytes_in=[1] * count,
        bytes_out=[1] * count,
    ), profile


def judge_recording(case: str) -> dict[str, float]:
    """Judge a million samples in this process; return MB of columns, extra MB at the peak, and seconds."""
    recording, profile = made_up_recording(case)
    columns = (getattr(recording.samples, name) for name in Samples.__slots__)
    columns_mb = sum(sys.getsizeof(column) for column in columns) / 1e6
    limits, _ = parse_marker_limits({"p95": "250ms", "p99": "500ms", "error_rate": "2%", "tps": ">= 900"}, source="")
    before_mb = resident_mb()
    begin_s = time.process_time()
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=("total",), simulated=False)
    result = build_result(
        recording,
        measurement,
        health,
        label=None,
        endpoint=EndpointFacts("local", "scale", "us-east-1", "http://127.0.0.1", None),
        profile=profile,
        transport="http",
        transport_reason="",
        checks=judge(limits, measurement),
        notes=(),
    )
    json.dumps(load_record(result))
    seconds = time.process_time() - begin_s
    return {"columns_mb": columns_mb, "extra_mb": peak_mb() - before_mb, "seconds": seconds}


def resident_mb() -> float:
    """Return this process's memory now, and forget its peak so far."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # proc(5): resets the peak
    return pages * resource.getpagesize() / 1e6


def peak_mb() -> float:
    """Return the largest memory since `resident_mb`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def print_judging(rounds: int) -> None:
    """Print a million samples' memory and time, each case in a process of its own."""
    rows = []
    for case in _CASES:
        runs = [json.loads(subprocess.check_output([sys.executable, __file__, "--judge", case])) for _ in range(rounds)]
        columns_mb, extra_mb, seconds = (median(column) for column in zip(*(run.values() for run in runs), strict=True))
        rows.append(
            (
                case,
                f"{columns_mb:.1f}",
                f"< {MOST_COLUMNS_MB:g} {verdict(columns_mb < MOST_COLUMNS_MB)}",
                f"{extra_mb:.1f}",
                f"< {MOST_JUDGING_MB:g} {verdict(extra_mb < MOST_JUDGING_MB)}",
                f"{seconds:.2f}",
            )
        )
    head = ("load", "columns MB", "target", "more while judging, MB", "target", "CPU s to judge")
    print_table(f"{SAMPLES:,} samples, median of {rounds} processes", head, rows)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--judge", choices=_CASES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.judge is not None:
        print(json.dumps(judge_recording(asked.judge)))
        return
    with machine_described():
        print_choices(asked.requests, asked.rounds)
        if not os.access("/proc/self/clear_refs", os.W_OK):
            sys.exit("the memory of a million samples is read from /proc, which only Linux has")
        print_judging(asked.rounds)


if __name__ == "__main__":
    main()
