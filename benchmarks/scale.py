"""Measures what 10,000 models add to each choice, and the memory and time that judging samples takes."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from array import array
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from measure import machine_described, print_table, verdict

from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.sources import parse_marker_limits
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.load.traffic import READY_CHOICES
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.request.variant_names import VariantNames
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine
from pytest_smload.reports.json_report import load_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.core.request.invocation import InvocationFailure, Payload, Route

FEW, MANY = 2, 10_000
MOST_MORE_NS = 3_000.0
MODELS_WEIGHTED: dict[int, Mapping[str, float | str]] = {
    FEW: {"a": 3, "b": 1},
    MANY: {f"model-{{0..{MANY - 1}}}.tar.gz": "zipf(1.1)"},
}
_REQUESTS_PER_TICK = 400
"""Requests between two ticks of the engine (10 ms) at 40,000 a second."""


class Case(NamedTuple):
    """A load to judge, and what judging it may take."""

    samples: int
    models: int
    open_model: bool
    most_mb: float
    most_s: float
    counts_all_memory: bool = False


_CASES = {
    "1,000,000, closed, 2 models": Case(1_000_000, 2, open_model=False, most_mb=150.0, most_s=0.6),
    "1,000,000, open, 200 models, 3 stages": Case(1_000_000, 200, open_model=True, most_mb=150.0, most_s=0.6),
    "10,000,000, open, 200 models, 3 stages": Case(
        10_000_000, 200, open_model=True, most_mb=1_500.0, most_s=8.0, counts_all_memory=True
    ),
}


class _NoTransport:
    """Answers at once, so that what remains is the engine's own loop; ticks as the engine's ticker does."""

    name = "none"
    connects = 0

    def __init__(self) -> None:
        self.kinds = ErrorKinds()
        self.variants = VariantNames()
        self.variant = 0
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


def made_up_recording(case: Case) -> tuple[Recording, LoadProfile]:
    """Return a recording at 1,000 TPS, about 1 % of it errors."""
    draw = np.random.default_rng(1)
    kinds = ErrorKinds()
    model_error = kinds.code("ModelError")
    window_s = case.samples / 1000
    due = np.arange(case.samples) / 1000
    start = due + 0.000_2
    columns = {
        "due": due,
        "start": start,
        "end": start + 0.01 + 0.05 * draw.random(case.samples),
        "kind": np.where(draw.random(case.samples) < 0.01, model_error, 0).astype(np.uint8),
        "model": (draw.random(case.samples) * case.models).astype(np.uint16),
    }
    if case.open_model:
        held = np.arange(0, case.samples, 100, dtype=np.uint32)
        columns |= {"held_index": held, "held_free": due[held] + 0.000_1}
    samples = Samples()
    for name, column in columns.items():
        getattr(samples, name).frombytes(column.tobytes())
    thirds = (0.0, 0.3 * window_s, 0.6 * window_s, window_s)
    names = [f"model-{number}" for number in range(case.models)]
    load: dict[str, Any] = {"tps": 1000} if case.open_model else {"users": 40}
    profile = LoadProfile(models=names, duration=f"{window_s:g}s", warmup="0s", **load)
    ticks = array("d", [0.0001] * min(100_000, int(100 * window_s)))
    return Recording(
        model_names=names,
        route_kind="model",
        target_shares=[1 / case.models] * case.models,
        kind_names=kinds.names,
        samples=samples,
        open_model=case.open_model,
        window_start_s=0.0,
        window_end_s=window_s,
        clients=[ClientReadings(0.5, ticks, ticks)],
        started_at="2026-01-01T00:00:00+00:00",
        stages=[StageSpan(f"{n}", thirds[n], thirds[n + 1], tps=1000) for n in range(3)] if case.open_model else (),
        offered_tps=1000.0 if case.open_model else None,
        bytes_in=[1] * case.models,
        bytes_out=[1] * case.models,
    ), profile


def judge_recording(case: Case) -> dict[str, float]:
    """Judge in this process; return MB of columns, more at the peak, and of the process then; CPU s, and of imports."""
    recording, profile = made_up_recording(case)
    columns = (getattr(recording.samples, name) for name in Samples.__slots__)
    columns_mb = sum(sys.getsizeof(column) for column in columns) / 1e6
    limits, _ = parse_marker_limits({"p95": "250ms", "p99": "500ms", "error_rate": "2%", "tps": ">= 900"}, source="")
    before_mb = resident_mb()
    begin_s = time.process_time()
    import_module("pytest_smload.core.statistics.intervals")
    imports_s = time.process_time() - begin_s
    begin_s = time.process_time()
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=(TOTAL,), simulated=False)
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
    return {
        "columns_mb": columns_mb,
        "extra_mb": peak_mb() - before_mb,
        "all_mb": peak_mb(),
        "seconds": seconds,
        "imports_s": imports_s,
    }


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
    """Print memory and time of judging, each case in a process of its own."""
    rows = []
    for name, case in _CASES.items():
        runs = [json.loads(subprocess.check_output([sys.executable, __file__, "--judge", name])) for _ in range(rounds)]
        columns = zip(*(run.values() for run in runs), strict=True)
        columns_mb, extra_mb, all_mb, seconds, imports_s = (median(column) for column in columns)
        which, memory_mb = ("all", all_mb) if case.counts_all_memory else ("more", extra_mb)
        rows.append(
            (
                name,
                f"{columns_mb:.1f}",
                f"{extra_mb:.0f}",
                f"{all_mb:.0f}",
                f"{which} < {case.most_mb:,.0f} {verdict(memory_mb < case.most_mb)}",
                f"{seconds:.2f}",
                f"<= {case.most_s:g} {verdict(seconds <= case.most_s)}",
                f"{imports_s:.2f}",
            )
        )
    head = (
        "load",
        "columns MB",
        "more while judging, MB",
        "in all, MB",
        "target",
        "CPU s to judge",
        "target",
        "CPU s to import SciPy",
    )
    print_table(f"judging, median of {rounds} processes", head, rows)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--judge", choices=_CASES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.judge is not None:
        print(json.dumps(judge_recording(_CASES[asked.judge])))
        return
    with machine_described():
        print_choices(asked.requests, asked.rounds)
        if not os.access("/proc/self/clear_refs", os.W_OK):
            sys.exit("the memory of judging is read from /proc, which only Linux has")
        print_judging(asked.rounds)


if __name__ == "__main__":
    main()
