"""Compares the hot path of this checkout with that of another revision: CPU per request in interleaved pairs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from canned_server import canned_server, loopback_certificate
from measure import ClientFigures, machine_described, median_ratio, print_table, verdict
from peers import OURS, client_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_RATIO = 1.03
ROOT = Path(__file__).parents[1]


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give a folder with the files of *revision*."""
    with TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)


def run_client(checkout: Path, url: str, *, users: int, window_s: float, ca_bundle: Path | None) -> ClientFigures:
    """Run the client of *checkout* in a process of its own."""
    environment = os.environ | client_environment(ca_bundle) | {"PYTHONPATH": str(checkout)}
    options = ["--users", str(users), "--warmup", "0.5", "--window", str(window_s)]
    command = [sys.executable, str(checkout / "benchmarks" / "peers.py"), OURS, url, *options]
    printed = subprocess.check_output(command, env=environment, text=True)
    return ClientFigures(**json.loads(printed.splitlines()[-1]))


def compare(
    label: str, url: str, earlier: Path, *, users: int, rounds: int, window_s: float, ca_bundle: Path | None = None
) -> tuple[str, ...]:
    """Return a table row: medians of the two, and the median of the ratios of the pairs."""
    pairs = []
    for _ in range(rounds):
        before, now = (
            run_client(checkout, url, users=users, window_s=window_s, ca_bundle=ca_bundle).cpu_us
            for checkout in (earlier, ROOT)
        )
        pairs.append((before, now))
    before_us, now_us = zip(*pairs, strict=True)
    ratio = median_ratio(now_us, before_us)
    return (
        label,
        f"{median(before_us):.1f}",
        f"{median(now_us):.1f}",
        " ".join(f"{now / before:.3f}" for before, now in pairs),
        f"{ratio:.3f}",
        f"<= {MOST_RATIO:g} {verdict(ratio <= MOST_RATIO)}",
    )


def main() -> None:
    """Compare without and with TLS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", help="what to compare with, such as HEAD~1 or a tag")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=3.0, help="seconds measured per run")
    asked = parser.parse_args()
    how = {"users": asked.users, "rounds": asked.rounds, "window_s": asked.window}
    with machine_described(), checked_out(asked.revision) as earlier:
        with canned_server() as url:
            rows = [compare("plain", url, earlier, **how)]
        with loopback_certificate() as (chain, key, bundle), canned_server((chain, key)) as url:
            rows.append(compare("TLS", url, earlier, **how, ca_bundle=bundle))
        head = ("", f"CPU us/request at {asked.revision}", "now", "each ratio", "median ratio", "target")
        print_table(f"{asked.users} users, {asked.rounds} interleaved pairs of {asked.window:g} s", head, rows)


if __name__ == "__main__":
    main()
