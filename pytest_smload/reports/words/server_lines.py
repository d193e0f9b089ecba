"""Says what CloudWatch had of a load, and what explains its figures, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.server.cross_check import Latencies
from pytest_smload.core.units import format_share
from pytest_smload.reports.words.cells import format_count, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.server.server_side import ServerSide

_SHARES = {
    "CPU": ("cpu_utilization_max", "cpu_utilization_mean"),
    "GPU": ("gpu_utilization_max", ""),
    "memory": ("memory_utilization_max", ""),
    "GPU memory": ("gpu_memory_utilization_max", ""),
    "cache hits": ("model_cache_hit", ""),
}
_CLOCK = slice(11, 19)
"""Of an ISO 8601 time, the time of day."""


def server_lines(load: LoadResult) -> list[str]:
    """Return what was counted and whose the time was, and how busy the instances were; nothing where nobody asked."""
    server = load.server
    if server is None:
        return []
    counted = format_count(server.counted)
    window = f"{server.window_begin[_CLOCK]} to {server.window_end[_CLOCK]} UTC"
    edges = f" ({format_count(server.at_edges)} under way at its edges)" if server.counted != server.sent else ""
    words = f"CloudWatch, {window}: {counted} invocations counted, {format_count(server.sent)} sent{edges}"
    latencies = Latencies(server.client_ms, server.model_ms, server.overhead_ms).words()
    lines = [f"{words}; mean {latencies}" if latencies else words]
    busy = [*_busy(server)]
    if busy:
        lines.append(f"server: {', '.join(busy)}{_instances(server)}")
    return [plain_text(line) for line in lines]


def server_figures(load: LoadResult) -> list[tuple[str, str]]:
    """Return each of CloudWatch's figures of the whole window with its unit, by the name it is limited by."""
    figures = load.server.figures if load.server is not None else {}
    return [(name, _with_unit(name, value)) for name, value in figures.items()]


def diagnosis_lines(load: LoadResult) -> list[str]:
    """Return each explanation of the figures with what to do, the gravest first."""
    return [plain_text(f"diagnosis: {found.sentence}; {found.advice}") for found in load.diagnosis]


def _with_unit(name: str, value: float) -> str:
    row = SERVER_METRICS.get(name)
    return row.quantity.rounded(value) if row is not None else f"{value:.4g}"


def _busy(server: ServerSide) -> Iterator[str]:
    for words, (most, mean) in _SHARES.items():
        if most in server.figures:
            average = f" (mean {format_share(round(server.figures[mean], 3))})" if mean in server.figures else ""
            yield f"{words} {format_share(round(server.figures[most], 3))}{average}"
    for words, name in (("5xx", "server_5xx"), ("4xx", "server_4xx")):
        if server.figures.get(name):
            yield f"{words} {format_count(server.figures[name])}"


def _instances(server: ServerSide) -> str:
    known = [
        f"{each.instances} {each.instance_type}" for each in server.variants if each.instances and each.instance_type
    ]
    return f" on {' + '.join(known)}" if known else ""
