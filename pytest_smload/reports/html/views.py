"""What the page's templates show of a run: texts, small pictures, and the charts each load has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.core.baselines.words import change_words, ratio_text
from pytest_smload.core.capacity.comparison import compare_capacities
from pytest_smload.reports.html import svg
from pytest_smload.reports.html.capacity_views import capacity_view
from pytest_smload.reports.html.check_views import check_view, figures_view
from pytest_smload.reports.html.heat import heat_chart
from pytest_smload.reports.html.route_views import errors_view, mix_view, routes_view
from pytest_smload.reports.html.side_views import (
    besides_view,
    cold_view,
    how_view,
    named,
    sides_view,
    workers_view,
)
from pytest_smload.reports.html.spectrum import spectrum_chart
from pytest_smload.reports.html.timeline import timeline_chart
from pytest_smload.reports.words.comparison import COMPARISON_HEADERS, cheapest_sentence, comparison_rows
from pytest_smload.reports.words.details import is_judged, note_lines
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.margin import is_undecided, worst_first
from pytest_smload.reports.words.server_lines import server_figures

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
    from pytest_smload.reports.html.charts import Charts

WORST_FIRST: Final = ("fail", "invalid", "interrupted", "pass")
MOST_KEPT: Final = 20
"""Checks that are shown at once, and all that are not kept; the others unfold."""
ORDER: Final = {"fail": 0, "invalid": 1, "pass": 2}


def run_view(run: RunResult, charts: Charts) -> dict[str, Any]:
    """Return the whole page: the run's verdict, a row for each load, and every attempt with its loads and searches."""
    tests = [_test_view(test, charts, number) for number, test in enumerate(run.tests, start=1)]
    last = {test.nodeid: number for number, test in enumerate(run.tests)}
    rows: list[dict[str, Any]] = []
    repeated: list[dict[str, Any]] = []
    for number, test in enumerate(tests):
        (rows if last[test["nodeid"]] == number else repeated).extend(test["rows"])
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
        "repeated": repeated,
        "failures": [(each.nodeid, each.why) for each in run.failures],
        "tests": tests,
        "comparison": comparison,
    }


def _test_view(test: TestResult, charts: Charts, number: int) -> dict[str, Any]:
    loads = [_load_view(load, charts, number, place) for place, load in enumerate(test.loads, start=1)]
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
                "said": each["said"],
                "figures": each["figures"],
            }
            for each in (*loads, *searches)
        ],
    }


def _load_view(load: LoadResult, charts: Charts, number: int, place: int) -> dict[str, Any]:
    anchor = f"t{number}l{place}"
    checks = sorted(worst_first(load.checks), key=lambda check: (ORDER[check.outcome], not is_undecided(check)))
    views = [check_view(check, trusted=is_judged(load)) for check in checks]
    shown = max(MOST_KEPT, sum(view["word"] != "PASS" for view in views))
    return {
        "anchor": anchor,
        "verdict": load.verdict,
        "which": f"load {load.label}" if load.label else "",
        "headline": load_headline(load),
        "said": "no limit: it only measures",
        "simulated": not load.client.judged,
        "worst": views[0] if views else None,
        "figures": figures_view(load.total),
        "checks": views[:shown],
        "kept": views[shown:],
        "causes": [(each.cause, each.remedy) for each in load.client.reasons],
        "warnings": [(each.cause, each.remedy) for each in load.client.warnings],
        "findings": [(each.sentence, each.advice, named(each.evidence)) for each in load.diagnosis],
        "routes": routes_view(load, f"{number}.{place}", anchor),
        "stages": [(name, figures_view(stats)) for name, stats in load.stages.items()],
        "timeline": charts.add(timeline_chart(load)),
        "comparisons": [*_comparisons(load)],
        "changes": load.baseline.changes if load.baseline is not None else (),
        "sides": sides_view(load),
        "spectrum": charts.add(spectrum_chart(load)),
        "heat": charts.add(heat_chart(load)),
        "errors": errors_view(load),
        "mix": mix_view(load),
        "cold": cold_view(load),
        "besides": besides_view(load),
        "server_figures": server_figures(load),
        "workers": workers_view(load),
        "notes": note_lines(load),
        "how": [*how_view(load)],
    }


def _comparisons(load: LoadResult) -> Iterator[dict[str, Any]]:
    found = load.control.comparisons if load.control is not None else ()
    if not found and load.baseline is not None:
        found = load.baseline.comparisons
    for each in sorted(found, key=lambda each: ("fail", "undecided", "pass").index(each.decision)):
        deciding = each.deciding
        said = change_words(each)
        yield {
            "decision": each.decision,
            "said": said,
            "ratio": ratio_text(deciding),
            "picture": svg.ratio(deciding.ratio, deciding.lower, deciding.upper, deciding.allowed, label=said),
            "against": {"latest": "latest runs", "anchor": "first run", "control": "control"}[each.against],
        }
