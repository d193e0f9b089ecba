"""Measures what reports add to a load: client CPU per request, in two runs of pytest whose loads take turns."""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import pty
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from statistics import median
from struct import pack
from tempfile import TemporaryDirectory
from termios import TIOCSWINSZ
from typing import TYPE_CHECKING

from canned_server import canned_server
from measure import machine_described, median_ratio, nearest_rank, print_table, verdict
from peers import client_environment
from workload import CONTENT_TYPE, ENDPOINT_NAME, ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from otlp_receiver import otlp_receiver

MOST_RATIO = 1.03
BARE, EVERY = "none", "every report"
COLUMNS, ROWS = 120, 50
_TEST = """
import pytest

@pytest.mark.perf(tps={tps}, duration="{window_s}s", warmup="500ms", models={{"xgboost-{{0..199}}.tar.gz": 1}})
@pytest.mark.perf_budget(p95="1s", error_rate="0%")
@pytest.mark.perf_budget(model="each", p95="2s")
@pytest.mark.parametrize("turn", range({rounds}))
def test_cost(turn, load_result):
    assert load_result.requests == {tps} * {window_s}
"""
_CONFTEST = """
import atexit, json, os, resource, time
from pathlib import Path

import pytest
from pytest_smload.engine.health import CpuMeter

marks, others = [], []
begin, end = CpuMeter.begin, CpuMeter.end

def of_others():
    children = [pid for each in Path("/proc/self/task").glob("*/children") for pid in each.read_text().split()]
    fields = [Path("/proc", pid, "stat").read_text().rpartition(")")[2].split() for pid in children]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")

def begin_marked(meter):
    others.append(of_others())
    begin(meter)
    marks.append(time.process_time())

def end_marked(meter):
    end(meter)
    marks.append(time.process_time())
    others.append(of_others())

CpuMeter.begin, CpuMeter.end = begin_marked, end_marked

@pytest.fixture(autouse=True)
def in_turn():
    descriptor = int(os.environ["COST_TURNS"])
    os.read(descriptor, 1)
    yield
    os.write(descriptor, b".")

def note():
    own = resource.getrusage(resource.RUSAGE_SELF)
    Path(os.environ["COST_NOTED"]).write_text(json.dumps([marks, others, own.ru_utime + own.ru_stime]))

atexit.register(note)
"""
_SETTINGS = """
endpoint = "canned"

[endpoints.canned]
name = "{name}"
endpoint_url = "{url}"
content_type = "{content_type}"
payload = "row.csv"
"""
_SERVED_AT = re.compile(rb"web UI of the running load: http://([\w.:]+)/")


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of one run of pytest.

    Attributes:
        windows_s: Of its own process, in the window of each load.
        before_s, after_s: Until the first window, and from the end of the last one on.
        others_s: In all windows, of the processes it started: the web UI.
    """

    windows_s: list[float]
    before_s: float
    after_s: float
    others_s: float


class Run:
    """Pytest on *folder* in a process of its own, whose loads wait for their turn; on a terminal if it has options."""

    def __init__(self, folder: Path, options: tuple[str, ...], environment: Mapping[str, str], noted: Path) -> None:
        self._noted = noted
        self._turns, theirs = socket.socketpair()
        command = [sys.executable, "-m", "pytest", "-m", "perf", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        given = {"COST_NOTED": str(noted), "COST_TURNS": str(theirs.fileno()), "PYTEST_ADDOPTS": "", "TERM": "xterm"}
        ours, terminal = pty.openpty()
        ioctl(ours, TIOCSWINSZ, pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._child = subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env=client_environment() | given | environment,
            stdin=subprocess.DEVNULL,
            stdout=terminal if options else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
        )
        os.close(terminal)
        theirs.close()
        self._printed = b""
        self._reader = threading.Thread(target=self._read, args=(ours,))
        self._reader.start()

    def take_turn(self) -> None:
        """Let it run its next load."""
        self._turns.sendall(b".")
        if not self._turns.recv(1):
            self.end()

    def end(self) -> Spent:
        """Wait for its end and return what it spent."""
        self._reader.join()
        if self._child.wait():
            raise SystemExit(self._printed.decode())
        self._turns.close()
        marks, others, whole_s = json.loads(self._noted.read_text(encoding="utf-8"))
        return Spent(_between(marks), marks[0], whole_s - marks[-1], sum(_between(others)))

    def _read(self, terminal: int) -> None:
        """Take all it prints; a page of its web UI is held open from the moment that its address is known."""
        descriptor = terminal if self._child.stdout is None else self._child.stdout.fileno()
        is_over = threading.Event()
        page = None
        while piece := _piece(descriptor):
            self._printed += piece
            if page is None and (found := _SERVED_AT.search(self._printed)):
                page = threading.Thread(target=_look, args=(found[1].decode(), is_over))
                page.start()
        is_over.set()
        os.close(terminal)
        if page is not None:
            page.join()


def _between(marks: list[float]) -> list[float]:
    """From each begin to its end."""
    return [end_s - begin_s for begin_s, end_s in zip(marks[::2], marks[1::2], strict=True)]


def _piece(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        # Linux ends a pseudo-terminal whose other side is closed so.
        return b""


def _look(address: str, is_over: threading.Event) -> None:
    """Ask for the figures as an open page does, every two seconds."""
    while not is_over.wait(2):
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", "/stats/requests")
            connection.getresponse().read()
        except OSError:
            return
        finally:
            connection.close()


def options_for(folder: Path) -> tuple[str, ...]:
    """Return every option that has something shown, written or sent."""
    return (
        "--smload-ui=0",
        "--smload-otel",
        f"--junitxml={folder / 'junit.xml'}",
        f"--smload-report={folder / 'report'}",
        f"--smload-csv={folder / 'csv'}",
        f"--smload-samples={folder / 'samples.parquet'}",
        f"--smload-openmetrics={folder / 'metrics.txt'}",
    )


def main() -> None:
    """Let two runs take turns, load by load, each first in every other pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tps", type=int, default=4_000)
    parser.add_argument("--window", type=int, default=2, help="seconds measured per load")
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    with machine_described(), canned_server() as url, otlp_receiver() as receiver, TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {
            "test_cost.py": _TEST.format(tps=asked.tps, window_s=asked.window, rounds=asked.rounds),
            "conftest.py": _CONFTEST,
            "smload.toml": _SETTINGS.format(name=ENDPOINT_NAME, url=url, content_type=CONTENT_TYPE),
            "row.csv": ROW.decode(),
            "pytest.ini": "[pytest]\n",
        }.items():
            (folder / file).write_text(text, encoding="utf-8")
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
        runs = {
            BARE: Run(folder, (), {}, folder / "bare.json"),
            EVERY: Run(folder, options_for(folder), told, folder / "every.json"),
        }
        for number in range(asked.rounds):
            for kind in (BARE, EVERY) if number % 2 else (EVERY, BARE):
                runs[kind].take_turn()
        _print({kind: run.end() for kind, run in runs.items()}, asked.tps * asked.window, asked.window)


def _print(spent: Mapping[str, Spent], requests: int, window_s: int) -> None:
    each = [above / below for above, below in zip(spent[EVERY].windows_s, spent[BARE].windows_s, strict=True)]
    ratio = median_ratio(spent[EVERY].windows_s, spent[BARE].windows_s)
    rows = [
        (
            kind,
            f"{median(run.windows_s) / requests * 1e6:.1f}",
            f"{ratio:.3f}" if kind == EVERY else "",
            f"<= {MOST_RATIO:g} {verdict(ratio <= MOST_RATIO)}" if kind == EVERY else "",
            f"{run.before_s:.2f}",
            f"{run.after_s:.2f}",
        )
        for kind, run in spent.items()
    ]
    head = ("reports", "CPU us/request", "ratio", "target", "CPU s before the first window", "after the last")
    title = f"{len(each)} pairs of loads of {requests:,} requests in {window_s} s, 200 models"
    print_table(title, head, rows)
    # Of so many pairs, these ranks hold the median 19 times in 20.
    off = 0.98 / math.sqrt(len(each))
    spans = {
        "95% interval of their median": (max(0.5 - off, 0.0), min(0.5 + off, 1.0)),
        "the middle half": (0.25, 0.75),
        "all": (0.0, 1.0),
    }
    told = (
        f"{name} {nearest_rank(each, low):.3f} to {nearest_rank(each, high):.3f}" for name, (low, high) in spans.items()
    )
    print(f"  ratios of the pairs: {', '.join(told)}")
    share = spent[EVERY].others_s / (window_s * len(each))
    print(f"  the web UI's own process, with a page open, takes {share:.1%} of a core meanwhile")


if __name__ == "__main__":
    main()
