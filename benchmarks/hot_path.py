"""Measures the CPU of one request: `HttpConnection.invoke` alone, and the whole engine loop at 20 users."""

from __future__ import annotations

import argparse
import hashlib
import os
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import ours
from canned_server import canned_server, loopback_certificate
from line_profile import LineProfile
from measure import CpuMark, machine_described, print_table
from peers import client_environment
from workload import CONTENT_TYPE, ROW

from pytest_smload.core.request.invocation import Payload, Route
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

CACHED_ROWS = 4
FRESH_ROWS = 65_536
"""More than any client sends in a second, so that no signature of that second is used twice."""
SIGNATURES = {"cached": CACHED_ROWS, "fresh": FRESH_ROWS}


def rows(count: int) -> list[bytes]:
    """Return *count* different bodies of about the article's length."""
    return [ROW[:-3] + b"%.5f" % (number / 100_000) for number in range(count)]


def invoke_alone(url: str, bodies: list[bytes], *, seconds: float) -> tuple[float, float]:
    """Send one request after the other on one connection; return CPU us and wall us of each."""
    transport = HttpTransport(ours.target_at(url), timeout_s=10)
    connection = transport.connection()
    route = Route(0, "xgboost-0.tar.gz", (("TargetModel", "xgboost-0.tar.gz"), ("ContentType", CONTENT_TYPE)))
    payloads = [Payload(index, body, hashlib.sha256(body).hexdigest()) for index, body in enumerate(bodies)]
    try:
        connection.open()
        count = 0
        begin = CpuMark.now()
        until_s = perf_counter() + seconds
        while connection.end < until_s:
            if connection.invoke(route, payloads[count % len(payloads)]):
                raise SystemExit(f"a request failed: {connection.failure}")
            count += 1
        end = CpuMark.now()
    finally:
        transport.close()
    return (end.cpu_s - begin.cpu_s) / count * 1e6, (end.at_s - begin.at_s) / count * 1e6


def whole_loop(
    url: str, bodies: list[bytes], *, users: int, seconds: float, around: AbstractContextManager[object] | None
) -> tuple[float, float]:
    """Run a closed load; return CPU us per request and the share of a core the client used."""
    profile = ours.profile_of(users=users, payload=bodies, duration=f"{seconds}s", warmup="0.5s")
    load = ours.run(url, profile, around=around)
    figures = load.figures()
    if figures.errors:
        raise SystemExit(f"{figures.errors} requests failed: {load.recording.examples}")
    return figures.cpu_us, figures.cpu_share


def measure_scheme(
    label: str, url: str, *, users: int, rounds: int, seconds: float, profile: LineProfile | None
) -> list[tuple[str, ...]]:
    """Return a table row per way of signing, medians of *rounds* interleaved runs."""
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in SIGNATURES}
    for _ in range(rounds):
        for name, count in SIGNATURES.items():
            bodies = rows(count)
            alone = invoke_alone(url, bodies, seconds=seconds)
            around = profile.taken(f"{label}, {name} signatures, {users} users") if profile is not None else None
            loop = whole_loop(url, bodies, users=users, seconds=seconds, around=around)
            found[name].append((*alone, *loop))
    table: list[tuple[str, ...]] = []
    for name, runs in found.items():
        medians = [median(column) for column in zip(*runs, strict=True)]
        table.append(
            (f"{label}, {name} signatures", *(f"{cost_us:.1f}" for cost_us in medians[:3]), f"{medians[3]:.0%}")
        )
    return table


def main() -> None:
    """Measure plain and TLS, signatures from the cache and fresh ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each run")
    parser.add_argument("--only", choices=("plain", "TLS"))
    parser.add_argument("--profile", action="store_true", help="sample the engine loop and print its costliest lines")
    asked = parser.parse_args()
    with machine_described():
        profile = LineProfile() if asked.profile else None
        table: list[tuple[str, ...]] = []

        def measure(label: str, url: str, ca_bundle: Path | None) -> None:
            os.environ.update(client_environment(ca_bundle))
            table.extend(
                measure_scheme(
                    label, url, users=asked.users, rounds=asked.rounds, seconds=asked.seconds, profile=profile
                )
            )

        if asked.only != "TLS":
            with canned_server() as url:
                measure("plain", url, None)
        if asked.only != "plain":
            with loopback_certificate() as (chain, key, bundle), canned_server((chain, key)) as url:
                measure("TLS", url, bundle)
        head = ("case", "invoke alone, CPU us", "wall us", f"loop at {asked.users} users, CPU us", "client CPU")
        print_table(f"per request, median of {asked.rounds} interleaved runs of {asked.seconds:g} s", head, table)
        if profile is not None:
            profile.print_report()


if __name__ == "__main__":
    main()
