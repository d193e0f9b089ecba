"""Measures what watching a load costs its client: CPU per request without, with the live view, with the web UI."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from canned_server import canned_server
from measure import ClientFigures, machine_described, median_ratio, print_table, verdict
from ours import Load, MeteredTransport, profile_of, target_at
from peers import client_environment

from pytest_smload.conduct.allowance import Safeguards
from pytest_smload.conduct.demands import Demands
from pytest_smload.conduct.following import Following
from pytest_smload.console import Console
from pytest_smload.core.limits.sources import override_budget
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.engine.web_ui.address import Address
from pytest_smload.engine.web_ui.process import WebUi

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_RATIO = 1.01
MODELS = {"xgboost-{0..199}.tar.gz": 1}
NOBODY, VIEW, UI = "nobody", "live view", "live view and web UI"


class Sink:
    """A tall terminal nobody looks at."""

    rewrites, columns, rows = True, 120, 50

    def ensure_newline(self) -> None:
        """Nothing is there."""

    def write_line(self, line: str, /) -> None:
        """Forget it."""

    def write(self, text: str, /) -> None:
        """Forget it."""

    def flush(self) -> None:
        """There is nothing."""


class _Request:
    """Of a load request, what those who watch it read."""

    label, step, control, scaling, safeguards = None, "", None, None, Safeguards()
    budget = override_budget({"p95": "1s", "each": {"p95": "2s"}}, source="benchmark")


def client(watched: str, url: str, users: int, window_s: float) -> None:
    """Run one load and print what it took, in a process of its own."""
    profile = profile_of(users=users, warmup="500ms", duration=f"{window_s}s", models=MODELS)
    plan = LoadPlan.from_profile(profile, Path())
    target = target_at(url)
    transport = MeteredTransport(target, timeout_s=profile.timeout_s)
    hooks, ui = LoadHooks(), None
    if watched == UI:
        ui = WebUi(Address.parse("0", "benchmark"))
        hooks = LoadHooks(on_progress=ui.hear, wants_end=ui.wants_end)
        browser = subprocess.Popen([sys.executable, __file__, "--browse", ui.url])
    if watched != NOBODY:
        request: Any = _Request()
        demands = Demands.of(request, plan, simulated=False)
        console = Console(lambda: nullcontext(Sink()))
        hooks = Following(request, plan, demands, console.progress, hooks).hooks(lambda _running: False)
    with ui.showing(url, "benchmark") if ui is not None else nullcontext():
        recording = run_load(plan, transport, endpoint_name="e", base_url=url, hooks=hooks)
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=(), simulated=False)
    print(json.dumps(asdict(Load(recording, measurement, health, transport.marks).figures())))
    if ui is not None:
        browser.kill()
        browser.wait()
        ui.close()


def _browse(url: str) -> None:
    """Ask for the figures as an open page does, every two seconds."""
    while True:
        connection = http.client.HTTPConnection(url.removeprefix("http://").strip("/"), timeout=10)
        connection.request("GET", "/stats/requests")
        connection.getresponse().read()
        connection.close()
        time.sleep(2)


def runs(url: str, *, users: int, rounds: int, window_s: float) -> Iterator[dict[str, ClientFigures]]:
    """Yield the figures of each way to watch, interleaved."""
    for _ in range(rounds):
        found = {}
        for watched in (NOBODY, VIEW, UI):
            command = [sys.executable, __file__, "--client", watched, url, "--users", str(users)]
            printed = subprocess.check_output(
                [*command, "--window", str(window_s)], env=os.environ | client_environment(), text=True
            )
            found[watched] = ClientFigures(**json.loads(printed.splitlines()[-1]))
        yield found


def main() -> None:
    """Compare, or be one of the clients that are compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", nargs=2, metavar=("WATCHED", "URL"))
    parser.add_argument("--browse", metavar="URL")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=6.0, help="seconds measured per run")
    asked = parser.parse_args()
    if asked.browse:
        _browse(asked.browse)
    if asked.client:
        client(*asked.client, asked.users, asked.window)
        return
    with machine_described(), canned_server() as url:
        found = list(runs(url, users=asked.users, rounds=asked.rounds, window_s=asked.window))
    rows = []
    for watched in (NOBODY, VIEW, UI):
        cpu_us = [each[watched].cpu_us for each in found]
        ratio = median_ratio(cpu_us, [each[NOBODY].cpu_us for each in found])
        rates = median(each[watched].requests / (each[watched].end_s - each[watched].begin_s) for each in found)
        target = f"<= {MOST_RATIO:g} {verdict(ratio <= MOST_RATIO)}" if watched != NOBODY else ""
        each = " ".join(f"{one[watched].cpu_us / one[NOBODY].cpu_us:.3f}" for one in found)
        rows.append((watched, f"{median(cpu_us):.1f}", f"{rates:,.0f}", each, f"{ratio:.3f}", target))
    head = ("watched by", "CPU us/request", "requests/s", "each ratio", "median ratio", "target")
    print_table(f"200 models with limits, {asked.users} users, {asked.rounds} x {asked.window:g} s", head, rows)


if __name__ == "__main__":
    main()
