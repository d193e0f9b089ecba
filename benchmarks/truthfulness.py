"""Measures how near the reported latency is to the endpoint's own log, and how late the client sends on a schedule."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measure import ClientFigures, machine_described, nearest_rank, print_table, verdict
from peers import BOTO3, OURS, run_client

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OVER_LOG_MS = 3.0
MOST_DELAY_P99_MS = 3.0
CLIENTS = {OURS: "pytest-smload", BOTO3: "boto3 script"}


@contextmanager
def constant_endpoint(latency: str) -> Iterator[EmulatorProcess]:
    """Run the embedded endpoint, answering every request after *latency*."""
    with TemporaryDirectory() as folder:
        scenario = Path(folder, "constant.toml")
        scenario.write_text(f'latency = "{latency}"\n', encoding="utf-8")
        with EmulatorProcess.start(scenario) as endpoint:
            yield endpoint


def logged_p95_ms(endpoint: EmulatorProcess, figures: ClientFigures) -> float:
    """Return the log's p95 of what arrived in the span the client measured."""
    log = endpoint.log()
    times = zip(log.received_s, log.answered_s, log.kind, strict=True)
    inside = [end - start for start, end, kind in times if kind == "ok" and figures.begin_s <= start < figures.end_s]
    return nearest_rank(inside, 0.95) * 1000


def compare_closed(endpoint: EmulatorProcess, *, users: int, rounds: int, window_s: float) -> None:
    """Print both clients' p95 beside the log's."""
    runs: dict[str, list[tuple[ClientFigures, float]]] = {client: [] for client in CLIENTS}
    for _ in range(rounds):
        for client, done in runs.items():
            endpoint.reset()
            figures = run_client(client, endpoint.url, users=users, window_s=window_s)
            done.append((figures, logged_p95_ms(endpoint, figures)))
    rows = []
    for client, done in runs.items():
        over_ms = median(figures.p95_ms - logged_ms for figures, logged_ms in done)
        rows.append(
            (
                CLIENTS[client],
                f"{median(figures.tps for figures, _ in done):,.0f}",
                f"{median(logged_ms for _, logged_ms in done):.2f}",
                f"{median(figures.p95_ms for figures, _ in done):.2f}",
                f"{over_ms:.2f}",
                " ".join(f"{figures.p95_ms - logged_ms:.2f}" for figures, logged_ms in done),
                f"<= {MOST_OVER_LOG_MS:g} {verdict(over_ms <= MOST_OVER_LOG_MS)}" if client == OURS else "",
            )
        )
    head = ("client", "TPS", "log p95 ms", "reported p95 ms", "over log ms", "each", "target")
    print_table(f"closed model, {users} users, median of {rounds} interleaved runs of {window_s:g} s", head, rows)


def measure_open(endpoint: EmulatorProcess, *, tps: float, rounds: int, window_s: float) -> None:
    """Print the client delay of an open load."""
    runs = [run_client(OURS, endpoint.url, tps=tps, window_s=window_s) for _ in range(rounds)]
    delay_ms = median(figures.delay_p99_ms for figures in runs)
    row = (
        CLIENTS[OURS],
        f"{median(figures.tps for figures in runs):,.0f}",
        f"{median(figures.cpu_share for figures in runs):.0%}",
        f"{delay_ms:.2f}",
        " ".join(f"{figures.delay_p99_ms:.2f}" for figures in runs),
        f"<= {MOST_DELAY_P99_MS:g} {verdict(delay_ms <= MOST_DELAY_P99_MS)}",
    )
    head = ("client", "TPS", "client CPU", "p99 client delay ms", "each", "target")
    print_table(f"open model, {tps:g} TPS poisson, median of {rounds} runs of {window_s:g} s", head, [row])


def main() -> None:
    """Measure both models against an endpoint that takes a constant time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", default="20ms")
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--tps", type=float, default=1000)
    parser.add_argument("--rounds", type=int, default=5, help="runs of the closed model")
    parser.add_argument("--open-rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=3.0, help="seconds measured per run")
    asked = parser.parse_args()
    with machine_described(), constant_endpoint(asked.latency) as endpoint:
        print(f"endpoint: the embedded one, {asked.latency} constant")
        compare_closed(endpoint, users=asked.users, rounds=asked.rounds, window_s=asked.window)
        measure_open(endpoint, tps=asked.tps, rounds=asked.open_rounds, window_s=asked.window)


if __name__ == "__main__":
    main()
