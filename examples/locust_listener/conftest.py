"""Attaches to every load of this folder the way a locustfile does: a line per request goes to requests.csv."""

import csv
from pathlib import Path

REQUESTS = Path("smload-report", "requests.csv")


def pytest_smload_environment(environment):
    """Collect in memory and write at the end: a slow listener delays the next request and makes the load INVALID."""
    rows = []

    @environment.events.request.add_listener
    def collect(start_time, name, response_time, response_length, exception, **_):
        rows.append((f"{start_time:.3f}", name, f"{response_time:.1f}", response_length, exception or ""))

    @environment.events.test_stop.add_listener
    def write(**_):
        REQUESTS.parent.mkdir(exist_ok=True)
        with REQUESTS.open("w", newline="") as file:
            csv.writer(file).writerows([("started", "model", "latency_ms", "bytes", "error"), *rows])
