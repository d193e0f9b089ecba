"""Reads the client's CPU, describes the machine and prints tables, the same way in every benchmark."""

from __future__ import annotations

import math
import os
import platform
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Self

_IDLE, _IOWAIT, _STEAL = 3, 4, 7


@dataclass(frozen=True, slots=True)
class CpuMark:
    """User and system CPU seconds of this process, all threads, at a moment of ``time.perf_counter()``."""

    at_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> Self:
        """Read both."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return cls(time.perf_counter(), usage.ru_utime + usage.ru_stime)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFigures:
    """What one client process measured of its load alone, without set-up, ramp, drain and judging.

    Attributes:
        begin_s, end_s: The span measured, on ``time.perf_counter()``, which all processes of a Linux machine share.
        requests, errors: Requests that ended in it, and how many of them failed.
        cpu_s: The process's user and system CPU seconds in it.
        p95_ms: 95th percentile of the latency the client reports.
        delay_p99_ms: 99th percentile of the client delay (ours only, else NaN).
    """

    begin_s: float
    end_s: float
    requests: int
    errors: int
    cpu_s: float
    p95_ms: float = math.nan
    delay_p99_ms: float = math.nan

    @property
    def cpu_us(self) -> float:
        """CPU per request, in microseconds."""
        return self.cpu_s / self.requests * 1e6

    @property
    def tps(self) -> float:
        """Requests per second."""
        return self.requests / (self.end_s - self.begin_s)

    @property
    def cpu_share(self) -> float:
        """CPU seconds per second; near 1 the client is the limit, not the server."""
        return self.cpu_s / (self.end_s - self.begin_s)


def nearest_rank(values: Iterable[float], p: float) -> float:
    """Return the nearest-rank percentile *p* (0..1) of *values*, NaN where there are none."""
    ordered = sorted(values)
    return ordered[max(math.ceil(p * len(ordered)), 1) - 1] if ordered else math.nan


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the pairwise ratios: each pair ran back to back, on a machine equally busy."""
    return median(a / b for a, b in zip(above, below, strict=True))


def verdict(met: bool) -> str:  # noqa: FBT001 - the one thing it is told
    """Return what a table says of a target."""
    return "OK" if met else "NOT"


@contextmanager
def machine_described() -> Iterator[None]:
    """Print the machine before the block, and after it who else had its CPUs: how far to trust the figures."""
    print(_machine())
    before, own_before_s = _ticks(), _own_cpu_s()
    yield
    spent = [after - start for after, start in zip(_ticks(), before, strict=True)]
    if not any(spent):
        return
    total, stolen, idle = sum(spent), spent[_STEAL], spent[_IDLE] + spent[_IOWAIT]
    own = (_own_cpu_s() - own_before_s) * os.sysconf("SC_CLK_TCK")
    others = max(0.0, total - stolen - idle - own)
    print(
        f"\nthe machine's CPU meanwhile: {own / total:.0%} this benchmark, {others / total:.0%} other processes, "
        f"{stolen / total:.0%} withheld by its host, {idle / total:.0%} idle"
    )


def _machine() -> str:
    model = next((line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), "")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores {model or platform.machine()}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, load average {load}"
    )


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print *rows* under *head*, the first column to the left, the others to the right."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for row in cells:
        first, *rest = (
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([f"  {first}", *rest]).rstrip())


def _own_cpu_s() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _ticks() -> list[int]:
    """The machine's CPU time by use, proc(5): user, nice, system, idle, iowait, irq, softirq, steal."""
    try:
        return list(map(int, Path("/proc/stat").read_text(encoding="ascii").split(maxsplit=9)[1:9]))
    except OSError:
        return [0] * 8


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
