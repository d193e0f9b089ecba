"""What the page's templates show of a run: texts, small pictures, and the charts each load has."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.core.baselines.words import change_words, ratio_text
from pytest_smload.core.capacity.comparison import compare_capacities
from pytest_smload.core.units import format_ms, format_share
from pytest_smload.reports.html import svg
from pytest_smload.reports.html.capacity_chart import capacity_chart
from pytest_smload.reports.html.spread import heat_chart, spectrum_chart
from pytest_smload.reports.html.timeline import timeline_chart
from pytest_smload.reports.words.capacity_lines import (
    LEVEL_HEADERS,
    capacity_headline,
    capacity_remarks,
    capacity_sentence,
    level_cells,
)
from pytest_smload.reports.words.cells import (
    format_count,
    format_latency,
    format_tps,
    interval_text,
    metric_words,
    observed_text,
    samples_text,
    verdict_word,
)
from pytest_smload.reports.words.comparison import COMPARISON_HEADERS, cheapest_sentence, comparison_rows
from pytest_smload.reports.words.details import cold_lines, cost_lines, is_judged, note_lines, variant_lines
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.margin import excess, margin_words, worst_first
from pytest_smload.reports.words.scaling_lines import scaling_lines
from pytest_smload.reports.words.server_lines import server_lines
from pytest_smload.reports.words.worker_lines import worker_lines

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import Stats
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
    from pytest_smload.reports.html.charts import Chart

MOST_ROUTES: Final = 1_000
"""Rows of a table a browser sorts and searches at once; the rest is in report.json."""
WORST_FIRST: Final = ("fail", "invalid", "interrupted", "pass")
ORDER: Final = {"fail": 0, "invalid": 1, "pass": 2}


@dataclass
class Charts:
    """The charts of a page, by the number the page knows them by; filled as the views are made."""

    charts: list[Chart] = field(default_factory=list)
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, chart: Chart | None) -> dict[str, Any] | None:
        """Keep *chart* and return what its place on the page shows without a script."""
        if chart is None:
            return None
        self.charts.append(chart)
        number = len(self.charts) - 1
        return {
            "number": number,
            "title": chart.title,
            "summary": chart.summary,
            "height": chart.height_px,
            "cursor": chart.cursor,
        }


def run_view(run: RunResult, charts: Charts) -> dict[str, Any]:
    """Return the whole page: the run's verdict, a row for each load, and every attempt with its loads and searches."""
    tests = [_test_view(test, charts, number) for number, test in enumerate(run.tests, start=1)]
    rows = [row for test in tests for row in test["rows"]]
    rows.sort(key=lambda row: WORST_FIRST.index(row["verdict"]))
    counts = Counter(row["verdict"] for row in rows)
    searched = [capacity for test in run.tests for capacity in test.capacities]
    comparison = None
    if len(searched) > 1:
        compared = compare_capacities(searched)
        comparison = {
            "headers": COMPARISON_HEADERS,
            "rows": comparison_rows(compared),
            "said": cheapest_sentence(compared),
        }
    return {
        "verdict": run.verdict,
        "started_at": run.started_at,
        "version": run.version,
        "commit": run.commit,
        "branch": run.branch,
        "interrupted": run.interrupted,
        "counts": [(verdict, counts[verdict]) for verdict in WORST_FIRST if counts[verdict]],
        "rows": rows,
        "failures": [(each.nodeid, each.why) for each in run.failures],
        "tests": tests,
        "comparison": comparison,
    }


def _test_view(test: TestResult, charts: Charts, number: int) -> dict[str, Any]:
    loads = [_load_view(load, charts, f"t{number}l{place}") for place, load in enumerate(test.loads, start=1)]
    searches = [
        _capacity_view(each, charts, f"t{number}c{place}") for place, each in enumerate(test.capacities, start=1)
    ]
    attempt = f"attempt {test.attempt}" if test.attempt > 1 else ""
    return {
        "nodeid": test.nodeid,
        "attempt": attempt,
        "verdict": test.verdict,
        "failed_besides": test.failed_besides,
        "loads": loads,
        "capacities": searches,
        "rows": [
            {
                "verdict": each["verdict"],
                "nodeid": test.nodeid,
                "which": ", ".join(filter(None, [attempt, each["which"]])),
                "anchor": each["anchor"],
                "worst": each["worst"],
                "figures": each["figures"],
            }
            for each in (*loads, *searches)
        ],
    }


def _load_view(load: LoadResult, charts: Charts, anchor: str) -> dict[str, Any]:
    checks = sorted(worst_first(load.checks), key=lambda check: ORDER[check.outcome])
    views = [_check_view(check, trusted=is_judged(load)) for check in checks]
    return {
        "anchor": anchor,
        "verdict": load.verdict,
        "which": f"load {load.label}" if load.label else "",
        "headline": load_headline(load),
        "simulated": not load.client.judged,
        "worst": views[0] if views else None,
        "figures": _figures(load.total),
        "checks": views,
        "causes": [(each.cause, each.remedy) for each in load.client.reasons],
        "warnings": [(each.cause, each.remedy) for each in load.client.warnings],
        "findings": [
            (each.sentence, each.advice, _named(each.evidence)) for each in load.diagnosis
        ],
        "routes": _routes_view(load, charts, anchor),
        "stages": [(name, _figures(stats)) for name, stats in load.stages.items()],
        "timeline": charts.add(timeline_chart(load)),
        "comparisons": [*_comparisons(load)],
        "changes": load.baseline.changes if load.baseline is not None else (),
        "control": load.control.name if load.control is not None else None,
        "spectrum": charts.add(spectrum_chart(load)),
        "heat": charts.add(heat_chart(load)),
        "errors": _errors_view(load),
        "mix": _mix_view(load),
        "cold": [*cold_lines(load)],
        "server": [*server_lines(load), *scaling_lines(load), *variant_lines(load)],
        "server_figures": _named(load.server.figures) if load.server is not None else [],
        if load.server
        else [],
        "cost": cost_lines(load),
        "workers": worker_lines(load),
        "notes": note_lines(load),
        "reruns": [_rerun_words(each) for each in load.reruns],
        "how": [*_how(load)],
    }


def _named(values: Mapping[str, float]) -> list[tuple[str, str]]:
    return [(name, f"{value:.4g}") for name, value in values.items()]


def _figures(stats: Stats) -> dict[str, str]:
    return {
        "requests": format_count(stats.requests),
        "TPS": format_tps(stats.tps),
        "p50": format_latency(stats.p50_ms),
        "p95": format_latency(stats.p95_ms),
        "p99": format_latency(stats.p99_ms),
        "max": format_latency(stats.max_ms),
        "errors": format_share(stats.error_rate) if stats.errors else "0",
    }


def _check_view(check: Check, *, trusted: bool) -> dict[str, Any]:
    word = verdict_word(check) if trusted else "NOT JUDGED"
    bound = check.at_most if check.at_most is not None else check.at_least
    lower, upper = (math.nan if each is None else each for each in (check.lower, check.upper))
    said = f"{metric_words(check)} {observed_text(check)}, limit {check.limit}, interval {interval_text(check)}"
    exact = check.lower is None or check.upper is None
    picture = None
    if bound is not None:
        ends = (check.observed, check.observed) if exact else (lower, upper)
        picture = svg.whisker(check.observed, *ends, bound, label=said)
    return {
        "word": word,
        "outcome": check.outcome if trusted else "invalid",
        "scope": check.scope,
        "metric": metric_words(check),
        "limit": check.limit,
        "observed": observed_text(check),
        "interval": interval_text(check),
        "picture": picture,
        "margin": margin_words(check) if excess(check) or check.outcome == "fail" else "",
        "proven": check.proven,
        "samples": samples_text(check),
        "source": check.source,
        "note": check.note,
    }


def _routes_view(load: LoadResult, charts: Charts, anchor: str) -> dict[str, Any] | None:
    routes, spread = load.routes, load.distribution
    if not routes:
        return None
    worst = {check.scope: check for check in reversed(worst_first(c for c in load.checks if c.scope != "total"))}
    shown = sorted(routes, key=lambda name: (-excess(worst[name]) if name in worst else 0.0, -routes[name].requests))
    shown, left_out = shown[:MOST_ROUTES], len(routes) - MOST_ROUTES
    rows = []
    for place, name in enumerate(shown):
        stats, share, check = routes[name], load.mix.get(name), worst.get(name)
        course = spread.routes_p95_ms.get(name, ()) if spread is not None else ()
        histogram = spread.routes.get(name) if spread is not None else None
        key = f"{anchor}r{place}"
        if histogram is not None:
            charts.routes[key] = _route_data(name, histogram, course, spread.slice_s if spread is not None else 0.0)
        rows.append(
            {
                "key": key if histogram is not None else None,
                "name": name,
                "cells": _figures(stats),
                "sort": _sort_keys(stats, share),
                "share": format_share(share.achieved_share) if share is not None else "",
                "margin": margin_words(check) if check is not None else "",
                "outcome": check.outcome if check is not None else "",
                "course": svg.sparkline(course, label=f"p95 of {name} over the window") if course else None,
            }
        )
    return {"kind": load.route_kind, "rows": rows, "left_out": max(0, left_out), "weighted": bool(load.mix)}


def _route_data(name: str, histogram: Any, course: Any, slice_s: float) -> dict[str, Any]:
    return {
        "name": name,
        "first": histogram.first,
        "ratio": histogram.ratio,
        "counts": [*histogram.counts],
        "p95": [value if math.isfinite(value) else None for value in course],
        "slice_s": slice_s,
    }


def _sort_keys(stats: Stats, share: Any) -> dict[str, float | str]:
    values = {
        "requests": stats.requests,
        "TPS": stats.tps,
        "p50": stats.p50_ms,
        "p95": stats.p95_ms,
        "p99": stats.p99_ms,
        "max": stats.max_ms,
        "errors": stats.error_rate,
        "share": share.achieved_share if share is not None else math.nan,
    }
    return {name: f"{value:.6g}" if math.isfinite(value) else "" for name, value in values.items()}


def _comparisons(load: LoadResult) -> Iterator[dict[str, Any]]:
    found = load.control.comparisons if load.control is not None else ()
    if not found and load.baseline is not None:
        found = load.baseline.comparisons
    for each in found:
        deciding = each.deciding
        said = change_words(each)
        yield {
            "decision": each.decision,
            "said": said,
            "ratio": ratio_text(deciding),
            "picture": svg.ratio(deciding.ratio, deciding.lower, deciding.upper, deciding.allowed, label=said),
            "against": {"latest": "latest runs", "anchor": "first run", "control": "control"}[each.against],
        }


def _errors_view(load: LoadResult) -> dict[str, Any] | None:
    if not load.errors:
        return None
    spread = load.distribution
    by_route = spread.errors_by_route if spread is not None else {}
    kinds = sorted(load.errors, key=lambda kind: -load.errors[kind])
    worst = sorted(by_route, key=lambda name: -sum(by_route[name].values()))[:50]
    over_time: Mapping[str, tuple[int, ...]] = spread.errors_over_time if spread is not None else {}
    return {
        "kinds": [
            {
                "kind": kind,
                "count": format_count(load.errors[kind]),
                "example": load.examples.get(kind, ""),
                "course": svg.sparkline(over_time[kind], label=f"{kind} over the window")
                if kind in over_time
                else None,
            }
            for kind in kinds
        ],
        "columns": kinds[:8],
        "routes": [(name, [format_count(by_route[name].get(kind, 0)) for kind in kinds[:8]]) for name in worst],
    }


def _mix_view(load: LoadResult) -> list[dict[str, Any]]:
    """The shares that are farthest off, at most twelve."""
    off = sorted(load.mix, key=lambda name: -abs(load.mix[name].target_share - load.mix[name].achieved_share))
    return [
        {
            "name": name,
            "target": format_share(round(share.target_share, 4)),
            "achieved": format_share(round(share.achieved_share, 4)) if math.isfinite(share.achieved_share) else "-",
            "picture": svg.shares(share.target_share, share.achieved_share, label=f"share of {name}"),
        }
        for name in off[:12]
        for share in (load.mix[name],)
    ]


def _rerun_words(rerun: Any) -> str:
    trusted = "" if rerun.valid else ", not trusted"
    return f"{rerun.why}: {format_count(rerun.sent)} sent, {format_count(rerun.errors)} errors{trusted}"


def _how(load: LoadResult) -> Iterator[tuple[str, str]]:
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
                f"CPU {format_share(round(client.cpu, 2))} of a core; delay p95 {format_ms(client.delay_p95_ms)}, p99 "
                f"{format_ms(client.delay_p99_ms)}; loop lag p95 {format_ms(client.loop_lag_p95_ms)}"
            ),
        )
    yield "endpoint", load.endpoint.url
    for name, value in load.profile.items():
        yield f"profile: {name}", f"{value}"


def _capacity_view(capacity: Capacity, charts: Charts, anchor: str) -> dict[str, Any]:
    check = _check_view(capacity.check, trusted=True) if capacity.check is not None else None
    best = capacity.best
    return {
        "anchor": anchor,
        "verdict": capacity.verdict,
        "which": f"capacity {capacity.label}" if capacity.label else "capacity",
        "headline": capacity_headline(capacity),
        "sentence": capacity_sentence(capacity),
        "remarks": [*capacity_remarks(capacity)],
        "worst": check,
        "figures": {
            "requests": "",
            "TPS": format_tps(capacity.tps),
            "p50": format_latency(best.p50_ms.value) if best is not None else "",
            "p95": format_latency(best.p95_ms.value) if best is not None else "",
            "p99": format_latency(best.p99_ms.value) if best is not None else "",
            "max": "",
            "errors": format_share(best.error_rate.value) if best is not None else "",
        },
        "chart": charts.add(capacity_chart(capacity)),
        "headers": LEVEL_HEADERS,
        "levels": [level_cells(level) for level in capacity.curve],
    }
