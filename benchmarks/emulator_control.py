"""Measures what the embedded endpoint's control plane costs its runtime: CPU per request, latency while it is asked."""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hot_path_against import checked_out
from measure import machine_described, median_ratio, nearest_rank, print_table, verdict

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_MS = 1.0
CALLS_PER_S = 15.0
SCENARIO = 'endpoint = "abalone"\nlatency = "5ms"\nworkers = 16\n[hosting]\nmetrics_period = "1s"\n'
EARLIER_SCENARIO = SCENARIO.partition("[")[0]
_FLAT_OUT = SCENARIO.replace('"5ms"', '"0ms"')
_TARGET = {
    "sagemaker": ("sagemaker", "SageMaker.DescribeEndpoint", '{"EndpointName": "abalone"}'),
    "scaling": (
        "application-autoscaling",
        "AnyScaleFrontendService.DescribeScalingActivities",
        '{"ServiceNamespace": "sagemaker"}',
    ),
}
_METRICS = (
    ("AWS/SageMaker", "Invocations", "Sum"),
    ("AWS/SageMaker", "ModelLatency", "p95"),
    ("AWS/SageMaker", "ModelLatency", "Average"),
    ("AWS/SageMaker", "OverheadLatency", "Average"),
    ("/aws/sagemaker/Endpoints", "CPUUtilization", "Maximum"),
)


def signed(emulator: EmulatorProcess, service: str, path: str, body: str, **headers: str) -> bytes:
    """Return a request's bytes, good for five minutes."""
    fields = {"host": urlsplit(emulator.url).netloc, "content-length": str(len(body)), **headers}
    request = AWSRequest("POST", emulator.url + path, data=body.encode(), headers=fields)
    SigV4Auth(Credentials(emulator.access_key, emulator.secret_key), service, emulator.region).add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}".encode()


class Wire:
    """One connection that sends what it is given and waits for the answer."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> float:
        """Send *request*; return seconds until its answer is complete."""
        begun_s = time.perf_counter()
        self._socket.sendall(request)
        answer = b""
        while True:
            answer += self._socket.recv(1 << 20)
            head, found, body = answer.partition(b"\r\n\r\n")
            if found and len(body) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
                break
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"refused: {answer[:500]!r}")
        return time.perf_counter() - begun_s

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def call_on(url: str) -> None:
    """Call the control plane at a steady rate until the parent ends this process."""
    emulator = EmulatorProcess.__new__(EmulatorProcess)
    emulator.url = url
    requests = [
        signed(emulator, service, "/", body, **{"x-amz-target": target, "content-type": "application/x-amz-json-1.1"})
        for service, target, body in _TARGET.values()
    ]
    requests.append(_metric_data(emulator))
    wire, due_s, at = Wire(url), time.perf_counter(), 0
    while True:
        wire.exchange(requests[at % len(requests)])
        at += 1
        due_s += 1 / CALLS_PER_S
        time.sleep(max(0.0, due_s - time.perf_counter()))


def _metric_data(emulator: EmulatorProcess) -> bytes:
    dimensions = [{"Name": "EndpointName", "Value": "abalone"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    queries = [
        {
            "Id": f"m{at}",
            "MetricStat": {
                "Period": 60,
                "Stat": statistic,
                "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions},
            },
        }
        for at, (namespace, name, statistic) in enumerate(_METRICS)
    ]
    now_s = time.time()
    body = json.dumps({"StartTime": now_s - 600, "EndTime": now_s + 600, "MetricDataQueries": queries})
    target = {"x-amz-target": "GraniteServiceVersion20100801.GetMetricData"}
    return signed(emulator, "monitoring", "/", body, **target, **{"content-type": "application/x-amz-json-1.0"})


@contextmanager
def calling(emulator: EmulatorProcess) -> Iterator[None]:
    """Let another process call the control plane meanwhile."""
    caller = subprocess.Popen([sys.executable, __file__, "--call", emulator.url])
    try:
        # The caller starts a Python of its own, which is not what its calls cost.
        time.sleep(1.0)
        yield
    finally:
        caller.kill()
        caller.wait()


@contextmanager
def started(checkout: Path, scenario: str) -> Iterator[EmulatorProcess]:
    """Start the embedded endpoint of a checkout."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(scenario)
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = str(checkout)
        try:
            emulator = EmulatorProcess.start(path)
        finally:
            os.environ["PYTHONPATH"] = before
        with emulator:
            yield emulator


def latency_p99_ms(emulator: EmulatorProcess, *, rate: float, seconds: float) -> float:
    """Return the 99th percentile of the latency of requests sent at a steady rate, in milliseconds."""
    request = signed(emulator, "sagemaker", "/endpoints/abalone/invocations", "1,2,3")
    wire, times_s = Wire(emulator.url), []
    due_s = time.perf_counter()
    end_s = due_s + seconds
    while due_s < end_s:
        time.sleep(max(0.0, due_s - time.perf_counter()))
        times_s.append(wire.exchange(request))
        due_s += 1 / rate
    wire.close()
    return nearest_rank(times_s, 0.99) * 1000


def cpu_us(emulator: EmulatorProcess, *, seconds: float) -> float:
    """Return the endpoint's CPU per request, flat out, in microseconds."""
    request = signed(emulator, "sagemaker", "/endpoints/abalone/invocations", "1,2,3")
    wire = Wire(emulator.url)
    wire.exchange(request)
    ticks, count = _ticks(emulator.pid), 0
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        wire.exchange(request)
        count += 1
    wire.close()
    return (_ticks(emulator.pid) - ticks) / os.sysconf("SC_CLK_TCK") / count * 1e6


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def measure(earlier: Path, *, rounds: int, seconds: float, rate: float) -> None:
    """Print CPU per request and p99 latency of both revisions, in interleaved rounds."""
    now = Path(__file__).parents[1]
    with ExitStack() as stack:
        flat_before = stack.enter_context(started(earlier, _FLAT_OUT.partition("[")[0]))
        flat_now = stack.enter_context(started(now, _FLAT_OUT))
        before = stack.enter_context(started(earlier, EARLIER_SCENARIO))
        after = stack.enter_context(started(now, SCENARIO))
        cpu: list[tuple[float, float]] = []
        p99: list[tuple[float, float, float]] = []
        for at in range(rounds):
            # Whoever comes first finds the caches of somebody else.
            step = -1 if at % 2 else 1
            spent = [cpu_us(one, seconds=seconds) for one in (flat_before, flat_now)[::step]][::step]
            cpu.append((spent[0], spent[1]))
            alone = [latency_p99_ms(one, rate=rate, seconds=seconds) for one in (before, after)[::step]][::step]
            with calling(after):
                asked = latency_p99_ms(after, rate=rate, seconds=seconds)
            p99.append((alone[0], alone[1], asked))
    then, since = zip(*cpu, strict=True)
    print_table(
        "CPU per request of the endpoint, flat out over one connection",
        ("before, us", "now, us", "ratio"),
        [(f"{median(then):.1f}", f"{median(since):.1f}", f"{median_ratio(since, then):.3f}")],
    )
    rows = []
    for at, label in enumerate(("before", "control plane idle", f"{CALLS_PER_S:g} control calls/s")):
        more_ms = median(one[at] - one[0] for one in p99)
        p99_ms = f"{median(one[at] for one in p99):.2f}"
        rows.append((label, p99_ms, f"{more_ms:+.2f}", "<= 1", verdict(more_ms <= MOST_MS)))
    head = ("", "p99, ms", "more than before, ms", "promised", "")
    print_table(f"p99 latency at {rate:g} requests/s, 5 ms of it the model's", head, rows)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", nargs="?", default="27edde5", help="the one compared with (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=150.0, help="requests a second (default: %(default)s)")
    parser.add_argument("--call", metavar="URL", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.call:
        call_on(asked.call)
    with machine_described(), checked_out(asked.revision) as earlier:
        measure(earlier, rounds=asked.rounds, seconds=asked.seconds, rate=asked.rate)


if __name__ == "__main__":
    main()
