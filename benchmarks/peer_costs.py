"""Measures what a request costs each client, and how near the p95 each reports is to the endpoint's own log."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from canned_server import canned_server
from measure import machine_described, nearest_rank
from peers import BOTO3, FAST_HTTP, OURS, client_environment, run_client
from verdict_cases import CASES, Place
from workload import CONTENT_TYPE, ENDPOINT_NAME, ROW

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from verdicts import Tool

USERS, SHORT_S, LONG_S = 20, 1, 5
ARTILLERY_TPS = 1_000
_SCENARIO = 'check_signatures = false\nlatency = { lognormal = { p50 = "20ms", p95 = "60ms" } }\n'
_OURS = {"pytest-smload": OURS, "boto3 Locust script": BOTO3, "FastHttpUser + SigV4": FAST_HTTP}
_ARTILLERY = """
config: {target: "%s", phases: [{duration: %d, arrivalRate: %d}]}
scenarios:
  - flow: [{post: {url: "/endpoints/%s/invocations", headers: {Content-Type: "%s"}, body: "%s"}}]
"""
_REMARKS = f"""
CPU is of the load alone: of the clients in Python the process's in its window, of the others the difference between a
run of {LONG_S} s and one of {SHORT_S} s, so that their start is not in it. All are closed loops of {USERS} users or
connections against a server that answers at once, save Artillery, which is given {ARTILLERY_TPS:,} virtual users a
second. hey, wrk and Artillery do not sign; the others sign each request. TPS per core is 1 s ÷ CPU per request.
The p95s are of the healthy endpoint of the table above, at its rates.
"""


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _hey(url: str, span_s: int, _folder: Path) -> int:
    command = ["hey", "-z", f"{span_s}s", "-c", str(USERS), "-m", "POST", "-T", CONTENT_TYPE, "-d", ROW.decode(), url]
    return sum(int(count) for count in re.findall(r"\[200\]\s+(\d+) responses", _printed(command)))


def _wrk(url: str, span_s: int, folder: Path) -> int:
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method, wrk.body = "POST", "{ROW.decode()}"\nwrk.headers["Content-Type"] = "{CONTENT_TYPE}"\n'
    )
    printed = _printed(["wrk", "-t", "1", "-c", str(USERS), "-d", f"{span_s}s", "-s", str(script), url])
    return sum(map(int, re.findall(r"(\d+) requests in", printed)))


def _artillery(url: str, span_s: int, folder: Path) -> int:
    script, report = folder / "script.yml", folder / "report.json"
    base = url.partition("/endpoints/")[0]
    script.write_text(_ARTILLERY % (base, span_s, ARTILLERY_TPS, ENDPOINT_NAME, CONTENT_TYPE, ROW.decode()))
    _printed(["artillery", "run", "--quiet", "--output", str(report), str(script)])
    return int(json.loads(report.read_text())["aggregate"]["counters"].get("http.codes.200", 0))


_OTHERS: dict[str, Callable[[str, int, Path], int]] = {"hey": _hey, "wrk": _wrk, "Artillery": _artillery}


def _printed(command: list[str]) -> str:
    environment = client_environment() | {"ARTILLERY_DISABLE_TELEMETRY": "true"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False).stdout


def cpu_us(name: str, url: str) -> float:
    """Return CPU per request of the client called *name*, in microseconds."""
    if name in _OURS:
        return run_client(_OURS[name], url, users=USERS, window_s=LONG_S - SHORT_S).cpu_us
    path = f"{url}/endpoints/{ENDPOINT_NAME}/invocations"
    spent, sent = [], []
    with TemporaryDirectory() as folder:
        for span_s in (SHORT_S, LONG_S):
            before_s = _cpu_s()
            sent.append(_OTHERS[name](path, span_s, Path(folder)))
            spent.append(_cpu_s() - before_s)
    return (spent[1] - spent[0]) / max(1, sent[1] - sent[0]) * 1e6


def reported_and_logged_ms(tool: Tool) -> tuple[float, float]:
    """Return the p95 *tool* reports of the healthy endpoint, and the one of the endpoint's log."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "scenario.toml")
        path.write_text(_SCENARIO, encoding="utf-8")
        with EmulatorProcess.start(path) as endpoint:
            said = tool(CASES[0], Place(endpoint.url, lambda: None, endpoint.pid))
            log = endpoint.log()
    answered = [end - start for start, end in zip(log.received_s, log.answered_s, strict=True)]
    return said.p95_ms, nearest_rank(answered, 0.95) * 1000


def section(tools: Mapping[str, Tool]) -> str:
    """Return the part of peers.md on cost and truth."""
    lines = [
        "\n## What a request costs, and whose p95 is reported\n",
        "| client | CPU per request | TPS per core | p95 reported | p95 of the endpoint's log |",
        "|---|---|---|---|---|",
    ]
    for name, tool in tools.items():
        with canned_server() as url:
            cost_us = cpu_us(name, url)
        reported_ms, logged_ms = reported_and_logged_ms(tool)
        lines.append(
            f"| {name} | {cost_us:,.0f} µs | {1e6 / cost_us:,.0f} | {reported_ms:.1f} ms | {logged_ms:.1f} ms |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n" + _REMARKS


def main() -> None:
    """Print that part alone."""
    from verdicts import tools

    with machine_described():
        print(section(tools()))
    missing = [name for name in _OTHERS if not shutil.which(name.lower())]
    if missing:
        print(f"not on this machine: {', '.join(missing)}")


if __name__ == "__main__":
    main()
