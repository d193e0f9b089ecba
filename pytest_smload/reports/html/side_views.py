"""What the page shows beside a load's figures: its control, cold starts, CloudWatch, scaling, cost, workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_smload.core.units import format_share
from pytest_smload.reports.html.check_views import figures_view
from pytest_smload.reports.words.cells import format_count, format_latency
from pytest_smload.reports.words.details import cost_lines, variant_lines
from pytest_smload.reports.words.headline import endpoint_words
from pytest_smload.reports.words.scaling_lines import scaling_lines
from pytest_smload.reports.words.server_lines import server_lines

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult, Rerun
    from pytest_smload.core.samples.generators import Generator

MOST_WORKERS = 100
WORKER_HEADERS = ("sent", "CPU of a core", "client delay p95", "p99", "loop lag p95", "stalled", "clock off by")


def sides_view(load: LoadResult) -> list[tuple[str, str, dict[str, str]]]:
    """The load and its control, which were sent the same in the same window; empty without one."""
    control = load.control
    if control is None:
        return []
    own = ("this load", endpoint_words(load.endpoint), figures_view(load.total))
    return [own, (f"control {control.name}", endpoint_words(control.endpoint), figures_view(control.total))]


def besides_view(load: LoadResult) -> list[tuple[str, list[str]]]:
    """Titles, each with lines of text; none that is empty."""
    titled = [
        ("CloudWatch", server_lines(load)),
        ("Variants that answered", variant_lines(load)),
        ("Scaling", scaling_lines(load)),
        ("Cost", cost_lines(load)),
        ("Sent besides", [_rerun_words(each) for each in load.reruns]),
    ]
    return [(title, [line.removeprefix(f"{title.lower()}: ") for line in lines]) for title, lines in titled if lines]


def cold_view(load: LoadResult) -> dict[str, Any] | None:
    """First touches of models beside all answers of the window; None where no model is known to be cold."""
    cold = load.cold
    if not cold.touched or load.route_kind is None:
        return None
    rows = (
        ("first answer of each", cold.touched, (cold.p50_ms, cold.p95_ms, cold.max_ms)),
        ("all of the window", load.ok, (load.p50_ms, load.p95_ms, load.max_ms)),
    )
    later = f"{format_count(cold.suspected)} later answers may have been cold too" if cold.suspected else ""
    return {
        "rows": [(name, [format_count(count), *map(format_latency, values)]) for name, count, values in rows],
        "later": later,
    }


def workers_view(load: LoadResult) -> dict[str, Any] | None:
    """A row for each process that sent the load, the busiest first; None where one sent all of it."""
    busiest_first = sorted(load.workers, key=lambda worker: -worker.cpu)
    if not busiest_first:
        return None
    return {
        "headers": WORKER_HEADERS,
        "rows": [(f"{each.host} ({each.pid})", _worker_cells(each)) for each in busiest_first[:MOST_WORKERS]],
        "left_out": max(0, len(busiest_first) - MOST_WORKERS),
    }


def named(values: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return figures as text by their names."""
    return [(name, f"{value:.4g}") for name, value in values.items()]


def how_view(load: LoadResult) -> Iterator[tuple[str, str]]:
    """How it was measured, by name."""
    client = load.client
    yield "latency counts from", "when a request was due" if load.offered_tps is not None else "when it was sent"
    yield "percentiles", "nearest rank over successes of the window; intervals are two-sided, 95 %"
    yield "window", f"{load.window_s:.4g} s, begun {load.started_at}"
    sent, unsent, before = (format_count(each) for each in (load.sent, load.unsent, load.warmup.sent))
    yield "counts", f"{sent} sent, {unsent} unsent, {before} before the window"
    yield "transport", f"{load.transport} ({load.transport_reason})" if load.transport_reason else load.transport
    yield "connections", f"{format_count(load.connects)} opened in the window"
    if client.judged:
        yield (
            "client",
            (
                f"CPU {format_share(round(client.cpu, 2))} of a core; delay p95 {format_latency(client.delay_p95_ms)}, "
                f"p99 {format_latency(client.delay_p99_ms)}; loop lag p95 {format_latency(client.loop_lag_p95_ms)}"
            ),
        )
    yield "endpoint", load.endpoint.url
    for name, value in load.profile.items():
        yield f"profile: {name}", f"{value}"


def _worker_cells(worker: Generator) -> list[str]:
    return [
        format_count(worker.sent),
        format_share(round(worker.cpu, 2)),
        format_latency(worker.delay_p95_ms),
        format_latency(worker.delay_p99_ms),
        format_latency(worker.loop_lag_p95_ms),
        format_share(round(worker.stalled_share, 4)),
        f"{worker.clock_offset_ms:+.3g} ms ± {format_latency(worker.clock_uncertainty_ms)}",
    ]


def _rerun_words(rerun: Rerun) -> str:
    trusted = "" if rerun.valid else ", not trusted"
    return f"{rerun.why}: {format_count(rerun.sent)} sent, {format_count(rerun.errors)} errors{trusted}"
