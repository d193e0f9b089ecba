"""What the page's templates show of a run: texts, small pictures, and the charts each load has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.core.baselines.words import change_words, ratio_text
from pytest_smload.core.capacity.comparison import compare_capacities
from pytest_smload.core.units import format_ms, format_share
from pytest_smload.reports.html import svg
from pytest_smload.reports.html.capacity_views import capacity_view
from pytest_smload.reports.html.check_views import check_view, figures_view
from pytest_smload.reports.html.route_views import errors_view, mix_view, routes_view
from pytest_smload.reports.html.spread import heat_chart, spectrum_chart
from pytest_smload.reports.html.timeline import timeline_chart
from pytest_smload.reports.words.cells import (
    format_count,
)
from pytest_smload.reports.words.comparison import COMPARISON_HEADERS, cheapest_sentence, comparison_rows
from pytest_smload.reports.words.details import cold_lines, cost_lines, is_judged, note_lines, variant_lines
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.margin import worst_first
from pytest_smload.reports.words.scaling_lines import scaling_lines
from pytest_smload.reports.words.server_lines import server_lines
from pytest_smload.reports.words.worker_lines import worker_lines

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
    from pytest_smload.reports.html.charts import Charts

WORST_FIRST: Final = ("fail", "invalid", "interrupted", "pass")
ORDER: Final = {"fail": 0, "invalid": 1, "pass": 2}


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
        capacity_view(each, charts, f"t{number}c{place}") for place, each in enumerate(test.capacities, start=1)
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
    views = [check_view(check, trusted=is_judged(load)) for check in checks]
    return {
        "anchor": anchor,
        "verdict": load.verdict,
        "which": f"load {load.label}" if load.label else "",
        "headline": load_headline(load),
        "simulated": not load.client.judged,
        "worst": views[0] if views else None,
        "figures": figures_view(load.total),
        "checks": views,
        "causes": [(each.cause, each.remedy) for each in load.client.reasons],
        "warnings": [(each.cause, each.remedy) for each in load.client.warnings],
        "findings": [(each.sentence, each.advice, _named(each.evidence)) for each in load.diagnosis],
        "routes": routes_view(load, charts, anchor),
        "stages": [(name, figures_view(stats)) for name, stats in load.stages.items()],
        "timeline": charts.add(timeline_chart(load)),
        "comparisons": [*_comparisons(load)],
        "changes": load.baseline.changes if load.baseline is not None else (),
        "control": load.control.name if load.control is not None else None,
        "spectrum": charts.add(spectrum_chart(load)),
        "heat": charts.add(heat_chart(load)),
        "errors": errors_view(load),
        "mix": mix_view(load),
        "cold": [*cold_lines(load)],
        "server": [*server_lines(load), *scaling_lines(load), *variant_lines(load)],
        "server_figures": _named(load.server.figures) if load.server is not None else [],
        "cost": cost_lines(load),
        "workers": worker_lines(load),
        "notes": note_lines(load),
        "reruns": [_rerun_words(each) for each in load.reruns],
        "how": [*_how(load)],
    }


def _named(values: Mapping[str, float]) -> list[tuple[str, str]]:
    return [(name, f"{value:.4g}") for name, value in values.items()]


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
