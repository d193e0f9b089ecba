"""Holds our verdict, and what other tools report, beside the truth for twelve endpoints; writes peers.md."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measure import machine_described, print_table
from peer_costs import section
from peers import BOTO3, FAST_HTTP, client_environment
from verdict_cases import CASES, FREEZE_S, INVALID, STOP_S, STOPS, standing
from workload import CONTENT_TYPE, ENDPOINT_NAME, MODELS, ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from verdict_cases import Case, Place

    Tool = Callable[["Case", "Place"], "Said"]

OURS, HEY, WRK, ARTILLERY = "pytest-smload", "hey", "wrk", "Artillery"
WHY_NOT = {
    HEY: "apt-get install hey",
    WRK: "apt-get install wrk",
    ARTILLERY: "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install -g artillery",
    "vegeta": "Debian has no package of it",
}
"""Tools that may be missing, and how to get them."""
TPS, USERS, WINDOW_S, WARMUP_S = 100, 10, 4.0, 1.0
LIMIT_MS, LIMIT_ERRORS = 250.0, 0.01
_INTO_LOAD_S = 1.8
_TEST = f"""
import pytest

@pytest.mark.perf(
    tps={TPS}, duration="{WINDOW_S}s", warmup="{WARMUP_S}s", invalid_retries=0, timeout="5s", max_in_flight=200
)
@pytest.mark.perf_budget(p95="{LIMIT_MS:g}ms", error_rate="{LIMIT_ERRORS:.0%}")
@pytest.mark.perf_budget(model="each", p95="{LIMIT_MS:g}ms")
def test_it(load_result): pass
"""
_WRK_SCRIPT = """
local models = {%(models)s}
local sent = 0
wrk.method, wrk.body = "POST", "%(row)s"
request = function()
  sent = sent + 1
  return wrk.format(nil, nil, {["Content-Type"] = "%(type)s",
    ["X-Amzn-SageMaker-Target-Model"] = models[sent %% #models + 1]})
end
done = function(summary, latency)
  local e = summary.errors
  print(string.format("figures %%d %%d %%f %%f", summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, summary.duration / 1e6, latency:percentile(95) / 1000))
end
"""
_ARTILLERY_SCRIPT = """
config:
  target: "%(url)s"
  phases: [{duration: %(seconds)d, arrivalRate: %(tps)d}]
  http: {timeout: 5}
  variables: {model: [%(models)s]}
scenarios:
  - flow:
      - post:
          url: "/endpoints/%(endpoint)s/invocations"
          headers: {Content-Type: "%(type)s", X-Amzn-SageMaker-Target-Model: "{{ model }}"}
          body: "%(row)s"
"""
_PREFACE = f"""# Verdicts beside the truth

Written by `benchmarks/verdicts.py`. Twelve endpoints whose right verdict is known, each loaded for {WINDOW_S:g} s after
{WARMUP_S:g} s by each tool. Ours is a pytest run of marks alone: {TPS} TPS in the open loop, p95 at most {LIMIT_MS:g}
ms for the load and for each model, errors at most {LIMIT_ERRORS:.0%}. The others give figures and no verdict: theirs
here is what the same limits on the whole load make of their figures. The Locust scripts and wrk run {USERS} users or
connections in the closed loop, as published and documented; hey {USERS} workers held to {TPS} requests a second;
Artillery {TPS} new virtual users a second, of a request each. hey, wrk and Artillery do not sign, so the endpoint does
not ask for it, and hey sends one model's requests.
"""

_REMARKS = """
How to read it: a closed loop stops asking while the endpoint stands still, so that a freeze of two seconds is one slow
request a user. Its latency under saturation is users / capacity and says nothing of the rate nobody asked for: the
same endpoint passes with half as many users. botocore's retries turn refusals into slow successes without an error.
A tool that sends one model's requests, or counts an answer by its head, cannot see the others, or the body.
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool says of one case.

    Attributes:
        p95_ms: NaN where it gives none.
        errors: Share of the requests it counts as failed.
        tps: Requests per second.
        verdict: Its own, or what the same limits make of its figures.
        why: Its own words, "" of tools that only give figures.
    """

    p95_ms: float
    errors: float
    tps: float
    verdict: str
    why: str = ""

    @classmethod
    def of(cls, requests: int, failed: int, span_s: float, p95_ms: float) -> Said:
        """Return the figures, with what our test's limits on the whole load make of them."""
        errors = failed / requests if requests else 1.0
        broken = errors > LIMIT_ERRORS or p95_ms > LIMIT_MS or not requests
        return cls(p95_ms, errors, requests / span_s if span_s else 0.0, "fail" if broken else "pass")


def run(command: list[str], case: Case, place: Place, cwd: str | None = None) -> str:
    """Run one tool against *place*, with what happens to endpoint or client meanwhile; return what it prints."""
    with subprocess.Popen(
        command,
        env=client_environment()
        | {"PYTHONPATH": ":".join(filter(None, sys.path)), "ARTILLERY_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=cwd,
    ) as child:
        if case.freezes or case.starves:
            _disturb(child, case, place)
        try:
            return child.communicate(timeout=90)[0]
        except subprocess.TimeoutExpired:
            child.kill()
            return child.communicate()[0]


def _disturb(child: subprocess.Popen[str], case: Case, place: Place) -> None:
    while place.first_s() is None and child.poll() is None:
        time.sleep(0.05)
    time.sleep(_INTO_LOAD_S)
    pid = place.pid if case.freezes else child.pid
    assert pid is not None
    for _ in range(1 if case.freezes else STOPS):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(FREEZE_S if case.freezes else STOP_S)
            os.kill(pid, signal.SIGCONT)
        time.sleep(STOP_S)


def ours(case: Case, place: Place) -> Said:
    """Run a test of marks alone under pytest, and read its report."""
    weights = ", ".join(f'"{name}" = {weight}' for name, weight in MODELS.items())
    with TemporaryDirectory() as folder:
        Path(folder, "smload.toml").write_text(
            f'endpoint = "it"\n[endpoints.it]\nname = "{ENDPOINT_NAME}"\nregion = "us-east-1"\n'
            f'endpoint_url = "{place.url}"\ncontent_type = "{CONTENT_TYPE}"\nmodels = {{ {weights} }}\n'
            'payload = "row.csv"\n',
            encoding="utf-8",
        )
        Path(folder, "row.csv").write_bytes(ROW)
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        Path(folder, "test_it.py").write_text(_TEST, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "perf",
            "-q",
            "-p",
            "no:cacheprovider",
            "--smload-report",
            "out",
        ]
        run(command, case, place, cwd=folder)
        report = json.loads(Path(folder, "out", "report.json").read_text(encoding="utf-8"))
    loads = report["tests"][-1]["loads"]
    if not loads:
        # The run's verdict: the one of its tests says that nothing was measured.
        return Said(math.nan, math.nan, 0.0, report["verdict"], "refused before the load")
    load = loads[0]
    total = load["total"]
    decided = next((check for check in load["checks"] if check["outcome"] != "pass"), None)
    why = "" if decided is None else f"{decided['metric']} of {decided['scope']}"
    if load["verdict"] == INVALID and load["client"]["reasons"]:
        why = "the client"
    p95_ms = math.nan if total["p95_ms"] is None else total["p95_ms"]
    errors = total["error_rate"] if total["error_rate"] is not None else math.nan
    return Said(p95_ms, errors, total["tps"] or 0.0, load["verdict"], why)


def locust(client: str) -> Callable[[Case, Place], Said]:
    """Return what runs one of the Locust scripts."""

    def measured(case: Case, place: Place) -> Said:
        script = str(Path(__file__).with_name("peers.py"))
        window = ["--users", str(USERS), "--window", str(WINDOW_S), "--warmup", str(WARMUP_S)]
        lines = run([sys.executable, script, client, place.url, *window], case, place).splitlines()
        figures = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
        if figures is None:
            return Said(math.nan, math.nan, 0.0, "none", "no figures")
        span_s = figures["end_s"] - figures["begin_s"]
        return Said.of(figures["requests"], figures["errors"], span_s, figures["p95_ms"])

    return measured


def hey(case: Case, place: Place) -> Said:
    """Run hey at the same rate; it sends one model's requests, unsigned."""
    url = f"{place.url}/endpoints/{ENDPOINT_NAME}/invocations"
    command = ["hey", "-z", f"{WINDOW_S + WARMUP_S:g}s", "-c", str(USERS), "-q", str(TPS / USERS), "-m", "POST"]
    command += ["-T", CONTENT_TYPE, "-H", f"X-Amzn-SageMaker-Target-Model: {next(iter(MODELS))}", "-t", "5"]
    text = run([*command, "-d", ROW.decode(), url], case, place)
    statuses = {status: int(count) for status, count in re.findall(r"\[(\d{3})\]\s+(\d+) responses", text)}
    unanswered = sum(map(int, re.findall(r"\[(\d+)\]\s+(?:Post|net|EOF)", text)))
    requests = sum(statuses.values()) + unanswered
    found = re.search(r"95%+ in ([\d.]+) secs", text)
    p95_ms = float(found[1]) * 1000 if found else math.nan
    return Said.of(requests, requests - statuses.get("200", 0), WINDOW_S + WARMUP_S, p95_ms)


def wrk(case: Case, place: Place) -> Said:
    """Run wrk, which sends as fast as it is answered, unsigned."""
    url = f"{place.url}/endpoints/{ENDPOINT_NAME}/invocations"
    names = ", ".join(f'"{name}"' for name in MODELS)
    with TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(_WRK_SCRIPT % {"models": names, "row": ROW.decode().strip(), "type": CONTENT_TYPE})
        command = ["wrk", "-t", "1", "-c", str(USERS), "-d", f"{WINDOW_S + WARMUP_S:g}s", "--timeout", "5s", "-s"]
        text = run([*command, str(script), url], case, place)
    found = re.search(r"figures (\d+) (\d+) ([\d.]+) ([\d.]+)", text)
    if found is None:
        return Said.of(0, 0, 0.0, math.nan)
    answered, failed = int(found[1]), int(found[2])
    return Said.of(max(answered, failed), failed, float(found[3]), float(found[4]) if answered else math.nan)


def artillery(case: Case, place: Place) -> Said:
    """Run Artillery, a virtual user a request, unsigned; its report has the figures."""
    names = ", ".join(f'"{name}"' for name, weight in MODELS.items() for _ in range(weight))
    with TemporaryDirectory() as folder:
        script, report = Path(folder, "script.yml"), Path(folder, "report.json")
        script.write_text(
            _ARTILLERY_SCRIPT
            % {
                "url": place.url,
                "seconds": WINDOW_S + WARMUP_S,
                "tps": TPS,
                "models": names,
                "endpoint": ENDPOINT_NAME,
                "type": CONTENT_TYPE,
                "row": ROW.decode().strip(),
            }
        )
        run(["artillery", "run", "--quiet", "--output", str(report), str(script)], case, place)
        if not report.exists():
            return Said(math.nan, math.nan, 0.0, "none", "no figures")
        found = json.loads(report.read_text())["aggregate"]
    counters, requests = found["counters"], found["counters"].get("http.requests", 0)
    errors = sum(count for name, count in counters.items() if name.startswith("errors."))
    ok = min(counters.get("http.codes.200", 0), requests - errors)
    p95_ms = found["summaries"].get("http.response_time", {}).get("p95", math.nan)
    return Said.of(requests, requests - ok, WINDOW_S + WARMUP_S, p95_ms)


def tools() -> dict[str, Tool]:
    """Return the tools there are on this machine."""
    found = {OURS: ours, "boto3 Locust script": locust(BOTO3), "FastHttpUser + SigV4": locust(FAST_HTTP)}
    found |= {
        name: tool for name, tool in ((HEY, hey), (WRK, wrk), (ARTILLERY, artillery)) if shutil.which(name.lower())
    }
    return found


def words(said: Said, case: Case) -> str:
    """Return one cell: verdict, whether it is right, and the figures."""
    right = "" if said.verdict in case.right else " **wrong**"
    p95 = "-" if math.isnan(said.p95_ms) else f"{said.p95_ms:.0f} ms"
    errors = "-" if math.isnan(said.errors) else f"{said.errors:.1%}"
    why = f" ({said.why})" if said.why else ""
    return f"{said.verdict.upper()}{right}{why}: p95 {p95}, errors {errors}, {said.tps:.0f}/s"


def page(results: dict[Case, dict[str, Said]]) -> str:
    """Return peers.md."""
    names = list(next(iter(results.values())))
    wrong = {name: sum(said[name].verdict not in case.right for case, said in results.items()) for name in names}
    lines = [
        _PREFACE,
        "| endpoint | truth | right | " + " | ".join(names) + " |",
        "|---" * (3 + len(names)) + "|",
    ]
    lines += [
        f"| {case.name} | {case.truth} | {' or '.join(case.right).upper()} | "
        + " | ".join(words(said[name], case) for name in names)
        + " |"
        for case, said in results.items()
    ]
    lines += [
        "",
        "Wrong of " + f"{len(results)}: " + ", ".join(f"{name} {count}" for name, count in wrong.items()) + ".",
    ]
    missing = [f"{name} ({how})" for name, how in WHY_NOT.items() if name not in names]
    lines += [f"Not on the machine it ran on: {', '.join(missing)}."] if missing else []
    lines += [_REMARKS.rstrip("\n")]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run every tool against every case; the exit status is 1 where our verdict is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="cases whose name has this in it; peers.md is left alone")
    asked = parser.parse_args()
    results: dict[Case, dict[str, Said]] = {}
    with machine_described():
        for case in CASES:
            if asked.only and asked.only not in case.name:
                continue
            results[case] = {}
            for name, tool in tools().items():
                with standing(case) as place:
                    results[case][name] = tool(case, place)
                print(f"{case.name:<36}{name:<24}{words(results[case][name], case)}", flush=True)
    if not asked.only:
        Path(__file__).with_name("peers.md").write_text(page(results) + section(tools()), encoding="utf-8")
    names = list(tools())
    counts = [sum(said[name].verdict in case.right for case, said in results.items()) for name in names]
    rows = [(name, f"{count} of {len(results)}") for name, count in zip(names, counts, strict=True)]
    print_table("right verdicts", ("tool", "right"), rows)
    if counts[0] < len(results):
        sys.exit(1)


if __name__ == "__main__":
    main()
