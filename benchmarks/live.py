"""Measures what watching a load costs its client: CPU of the live view, with and without the web UI."""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING, Any

from canned_server import canned_server
from measure import machine_described, print_table, verdict
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
from pytest_smload.engine.live import LiveReadings
from pytest_smload.engine.run import run_load
from pytest_smload.engine.web_ui.address import Address
from pytest_smload.engine.web_ui.process import WebUi

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SHARE = 0.01
MODELS = {"xgboost-{0..199}.tar.gz": 1}
VIEW, UI = "live view", "live view and web UI"


read_of_live_readings = LiveReadings.read


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


@dataclass(frozen=True)
class Watched:
    """What watching one load took.

    Attributes:
        requests, cpu_s: Of the client in its window, watching included.
        watching_s: CPU seconds of watching.
        longest_ms: The longest that the loop was held by it.
    """

    requests: int
    errors: int
    cpu_s: float
    watching_s: float
    longest_ms: float


class Clocked:
    """Adds up the CPU that calls take."""

    def __init__(self) -> None:
        self.took_s: list[float] = []

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return *work*, clocked."""

        def clocked(*arguments: Any) -> Any:
            begin_s = thread_time()
            try:
                return work(*arguments)
            finally:
                self.took_s.append(thread_time() - begin_s)

        return clocked


def client(watched: str, url: str, tps: float, window_s: float) -> Watched:
    """Run one load."""
    profile = profile_of(tps=tps, warmup="500ms", duration=f"{window_s}s", models=MODELS)
    plan = LoadPlan.from_profile(profile, Path())
    target = target_at(url)
    transport = MeteredTransport(target, timeout_s=profile.timeout_s)
    hooks, ui = LoadHooks(), None
    if watched == UI:
        ui = WebUi(Address.parse("0", "benchmark"))
        hooks = LoadHooks(on_progress=ui.hear, wants_end=ui.wants_end)
        browser = subprocess.Popen([sys.executable, __file__, "--browse", ui.url])
    request: Any = _Request()
    console = Console(lambda: nullcontext(Sink()))
    demands = Demands.of(request, plan, simulated=False)
    hooks = Following(request, plan, demands, console.progress, hooks).hooks(lambda _running: False)
    reading, showing = Clocked(), Clocked()
    assert hooks.on_progress is not None
    hooks = replace(hooks, on_progress=showing.around(hooks.on_progress))
    LiveReadings.read = reading.around(read_of_live_readings)  # type: ignore[method-assign]
    with ui.showing(url, "benchmark") if ui is not None else nullcontext():
        recording = run_load(plan, transport, endpoint_name=target.endpoint_name, base_url=target.url, hooks=hooks)
    if ui is not None:
        browser.kill()
        browser.wait()
        ui.close()
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=(), simulated=False)
    figures = Load(recording, measurement, health, transport.marks).figures()
    # One look a second, but for those at both ends.
    looks = [read_s + shown_s for read_s, shown_s in zip(reading.took_s, showing.took_s, strict=True)][1:-1]
    a_second_s = sum(looks) / len(looks)
    return Watched(
        figures.requests,
        figures.errors,
        figures.cpu_s,
        a_second_s * (figures.end_s - figures.begin_s),
        max(*reading.took_s, *showing.took_s) * 1000,
    )


def _browse(url: str) -> None:
    """Ask for the figures as an open page does, every two seconds."""
    while True:
        connection = http.client.HTTPConnection(url.removeprefix("http://").strip("/"), timeout=10)
        connection.request("GET", "/stats/requests")
        connection.getresponse().read()
        connection.close()
        time.sleep(2)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browse", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--tps", type=float, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--window", type=float, default=15.0, help="seconds measured per run")
    asked = parser.parse_args()
    if asked.browse:
        _browse(asked.browse)
    os.environ.update(client_environment())
    rows = []
    with machine_described(), canned_server() as url:
        for tps in asked.tps:
            for watched in (VIEW, UI):
                found = client(watched, url, tps, asked.window)
                assert not found.errors
                # Of a core: what is idle at this rate must not make it look small.
                share = found.watching_s / asked.window
                rows.append(
                    (
                        f"{tps:,.0f}",
                        watched,
                        f"{found.cpu_s / found.requests * 1e6:.1f}",
                        f"{found.watching_s / found.requests * 1e6:.2f}",
                        f"{share:.2%}",
                        f"{found.longest_ms:.2f}",
                        f"<= {MOST_SHARE:.0%} {verdict(share <= MOST_SHARE)}",
                    )
                )
    head = ("TPS", "watched by", "CPU us/request", "of it watching", "of a core", "longest hold, ms", "target")
    print_table(f"200 models with limits of their own, {asked.window:g} s", head, rows)


if __name__ == "__main__":
    main()
