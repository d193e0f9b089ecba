"""Compares, per model, the requests in the endpoint's own log with those in the report, and an open load's mix."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import ours
from measure import machine_described, print_table, verdict
from peers import client_environment

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.trust.validity import examine
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.reports.json_report import load_record
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.sdk.transport import Boto3Transport

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.samples.recording import Recording

HEALTHY = 'latency = { lognormal = { p50 = "5ms", p95 = "12ms" } }\n'
FAULTS = (
    HEALTHY
    + """
[[faults]]
kind = "ModelError"
rate = 0.03
[[faults]]
kind = "ThrottlingException"
rate = 0.02
[[faults]]
kind = "503"
rate = 0.01
[[faults]]
kind = "reset"
rate = 0.02
"""
)
TOO_SLOW = 'latency = "40ms"\nworkers = 4\n'
THREE = {"large.tar.gz": 3, "medium.tar.gz": 1.5, "small.tar.gz": 0.25}
MANY = {"model-{0..39}.tar.gz": "zipf(1.1)"}


@dataclass(frozen=True, slots=True)
class Case:
    """One load and the endpoint it goes to."""

    name: str
    scenario: str
    load: dict[str, Any]
    models: dict[str, Any] = field(default_factory=lambda: THREE)
    transport: str = "http"


def cases(seconds: float) -> list[Case]:
    """Return the loads compared."""
    half = f"{seconds / 2}s"
    whole = {"duration": f"{seconds}s"}
    users = tuple(Stage(half, users=number) for number in (5, 25))
    rates = tuple(Stage(half, tps=rate) for rate in (150, 450))
    return [
        Case("closed, 20 users", HEALTHY, {"users": 20, **whole}),
        Case("closed, 40 models", HEALTHY, {"users": 20, **whole}, MANY),
        Case("closed, stages", HEALTHY, {"stages": users}),
        Case("closed, faults", FAULTS, {"users": 20, **whole}),
        Case("closed, boto3", FAULTS, {"users": 5, **whole}, transport="boto3"),
        Case("open, poisson", HEALTHY, {"tps": 500, **whole}),
        Case("open, uniform, smooth", HEALTHY, {"tps": 500, "arrivals": "uniform", "order": "smooth", **whole}),
        Case("open, 40 models", HEALTHY, {"tps": 500, **whole}, MANY),
        Case("open, stages", HEALTHY, {"stages": rates}),
        Case("open, faults", FAULTS, {"tps": 500, **whole}),
        Case("open, too slow", TOO_SLOW, {"tps": 500, "max_in_flight": 50, **whole}),
    ]


def run_case(case: Case, endpoint: EmulatorProcess) -> tuple[Recording, dict[str, Any]]:
    """Run the load through all steps of the plugin and return its recording and its part of ``report.json``."""
    target = ours.target_at(endpoint.url)
    profile = ours.profile_of(models=case.models, warmup="0.5s", timeout="20s", **case.load)
    plan = LoadPlan.from_profile(profile, Path())
    transport = open_transport(case, target, profile.most_in_flight, profile.timeout_s)
    recording = run_load(plan, transport, endpoint_name=target.endpoint_name, base_url=target.url, hooks=LoadHooks())
    measurement = measure(recording)
    result = build_result(
        recording,
        measurement,
        examine(recording, measurement, budgeted_scopes=(), simulated=False),
        label=None,
        endpoint=EndpointFacts("local", target.endpoint_name, target.region, target.url, None),
        profile=profile,
        transport=case.transport,
        transport_reason="benchmark",
        checks=(),
        notes=(),
    )
    return recording, load_record(result)


def open_transport(case: Case, target: EndpointTarget, in_flight: int, timeout_s: float) -> Any:
    """Return the case's transport."""
    if case.transport == "boto3":
        return Boto3Transport(target, timeout_s=timeout_s, pool_size=in_flight, mocked=False)
    return HttpTransport(target, timeout_s=timeout_s)


def compare(case: Case, endpoint: EmulatorProcess) -> tuple[bool, tuple[object, ...]]:
    """Run *case* and return whether all is exact, and its table row."""
    endpoint.reset()
    recording, record = run_case(case, endpoint)
    log = endpoint.log()
    warmup = record["warmup"]
    unsent = Counter(recording.model_names[model] for _, model in recording.unsent_in_window())
    reported = {
        name: warmup["models"][name] + stats["requests"] - unsent[name] for name, stats in record["models"].items()
    }
    different = {name for name in {*reported, *log.models} if reported.get(name, 0) != log.models.get(name, 0)}
    sent_in_all = warmup["sent"] + record["sent"]
    exact = not different and sent_in_all == log.requests
    off = max(
        abs(stats["requests"] - record["mix"][name]["target_share"] * record["total"]["requests"])
        for name, stats in record["models"].items()
    )
    mix_met = not recording.open_model or off <= 1
    mix = f"{off:.2f} {verdict(mix_met)}" if recording.open_model else ""
    logged_errors = log.requests - log.kinds.get("ok", 0)
    reported_errors = warmup["errors"] + record["total"]["errors"] - record["unsent"]
    row = (
        case.name,
        len(reported),
        f"{log.requests:,}",
        f"{warmup['sent']:,} + {record['sent']:,}",
        len(different),
        verdict(exact),
        f"{logged_errors} / {reported_errors} {verdict(logged_errors == reported_errors)}",
        record["unsent"],
        mix,
    )
    return exact and mix_met and logged_errors == reported_errors, row


def compare_all(seconds: float) -> bool:
    """Run every case, print the table, and return whether all is exact."""
    rows, all_met = [], True
    with TemporaryDirectory() as folder:
        for scenario in (HEALTHY, FAULTS, TOO_SLOW):
            path = Path(folder, "scenario.toml")
            path.write_text(scenario, encoding="utf-8")
            with EmulatorProcess.start(path) as endpoint:
                for case in cases(seconds):
                    if case.scenario == scenario:
                        met, row = compare(case, endpoint)
                        all_met &= met
                        rows.append(row)
    head = (
        "load", "models", "log", "warm-up + window", "models off", "counts", "errors log / report", "unsent",
        "mix off by, requests",
    )  # fmt: skip
    print_table(f"windows of {seconds:g} s; target: counts equal, mix within 1 request per model", head, rows)
    return all_met


def main() -> None:
    """Run every case; the exit status says whether all counts are equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="window of each load")
    asked = parser.parse_args()
    os.environ.update(client_environment())
    with machine_described():
        all_met = compare_all(asked.seconds)
    sys.exit(not all_met)


if __name__ == "__main__":
    main()
