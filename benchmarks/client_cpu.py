"""Measures the client's CPU per request against the same server: boto3 script and FastHttpUser over ours."""

from __future__ import annotations

import argparse
from statistics import median
from typing import TYPE_CHECKING

from canned_server import canned_server, loopback_certificate
from measure import ClientFigures, machine_described, median_ratio, print_table, verdict
from peers import BOTO3, FAST_HTTP, OURS, run_client

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {BOTO3: "boto3 script, a client per user", FAST_HTTP: "FastHttpUser + SigV4Auth", OURS: "pytest-smload"}
TARGETS = {"plain": {BOTO3: 25.0, FAST_HTTP: 5.0}, "TLS": {BOTO3: 20.0, FAST_HTTP: 5.0}}


def compare(label: str, url: str, *, users: int, rounds: int, window_s: float, ca_bundle: Path | None) -> None:
    """Run the three clients in turn, *rounds* times, and print medians and ratios."""
    runs: dict[str, list[ClientFigures]] = {client: [] for client in NAMES}
    for _ in range(rounds):
        for client, done in runs.items():
            done.append(run_client(client, url, users=users, window_s=window_s, ca_bundle=ca_bundle))
    cost_us = {client: [figures.cpu_us for figures in done] for client, done in runs.items()}
    rows = []
    for client, done in runs.items():
        target = TARGETS[label].get(client)
        ratio = median_ratio(cost_us[client], cost_us[OURS])
        rows.append(
            (
                NAMES[client],
                f"{median(cost_us[client]):.1f}",
                " ".join(f"{cost:.1f}" for cost in cost_us[client]),
                f"{median(figures.tps for figures in done):,.0f}",
                f"{median(figures.cpu_share for figures in done):.0%}",
                sum(figures.errors for figures in done),
                f"{ratio:.1f}",
                "" if target is None else f">= {target:g} {verdict(ratio >= target)}",
            )
        )
    head = ("client", "CPU us/request", "each", "TPS", "client CPU", "errors", "/ ours", "target")
    print_table(f"{label}, {users} users, median of {rounds} interleaved runs of {window_s:g} s", head, rows)


def main() -> None:
    """Compare without and with TLS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=3.0, help="seconds measured per run")
    parser.add_argument("--only", choices=tuple(TARGETS))
    asked = parser.parse_args()
    with machine_described():
        if asked.only != "TLS":
            with canned_server() as url:
                compare("plain", url, users=asked.users, rounds=asked.rounds, window_s=asked.window, ca_bundle=None)
        if asked.only != "plain":
            with loopback_certificate() as (chain, key, bundle), canned_server((chain, key)) as url:
                compare("TLS", url, users=asked.users, rounds=asked.rounds, window_s=asked.window, ca_bundle=bundle)


if __name__ == "__main__":
    main()
