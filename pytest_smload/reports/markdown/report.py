"""Writes a run as GitHub-flavoured markdown: a table of verdicts, why each was not a pass, and the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pytest_smload.reports.markdown.capacity import capacities_markdown
from pytest_smload.reports.markdown.fitting import HEAD, Part, fitted
from pytest_smload.reports.markdown.gfm import code, code_block, escaped, row, table, unfolding
from pytest_smload.reports.text.failure import failure_text, invalid_text
from pytest_smload.reports.words.cells import (
    format_count,
    format_latency,
    format_tps,
    interval_text,
    metric_words,
    observed_text,
    plain_text,
    samples_text,
    share_pair,
    verdict_word,
)
from pytest_smload.reports.words.details import (
    LONG_EXAMPLE,
    NOT_JUDGED,
    client_line,
    error_lines,
    is_judged,
    remark_lines,
)
from pytest_smload.reports.words.headline import endpoint_words, load_headline
from pytest_smload.reports.words.margin import worst_first
from pytest_smload.reports.words.next_step import next_steps, rerun_command
from pytest_smload.reports.words.scaling_lines import scaling_lines
from pytest_smload.reports.words.server_lines import diagnosis_lines, server_lines
from pytest_smload.reports.words.worker_lines import worker_lines

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import Stats
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult

LONGEST_BYTES: Final = 900_000
"""GitHub takes 1 MiB of summary for a step, and nothing of a longer one."""
MAX_CHECK_ROWS = 60
MAX_MODEL_ROWS = 1_000
MAX_REMARKS = 20
LONGEST_WHY = 300
_VERDICTS = {"interrupted": "INTERRUPTED", "fail": "FAIL", "invalid": "INVALID", "pass": "PASS"}
_WORST_FIRST = ("interrupted", "invalid", "fail", "pass")
_FIGURES = ("requests", "TPS", "p50", "p95", "p99", "max", "errors")
_SAMPLES = "n (n_eff)"
_NUMBERS = (*_FIGURES, "observed", _SAMPLES, "share")

# What a part is, the first to be kept first.
_BAD_ROW, _GOOD_ROW, _WHY, _DETAILS = range(HEAD + 1, HEAD + 5)


def run_markdown(
    run: RunResult,
    *,
    report_dir: str | None = None,
    longest_bytes: int = LONGEST_BYTES,
) -> str:
    """Return the run's report, at most *longest_bytes* in UTF-8 whatever the run: details are left out first.

    Args:
        run: The run.
        report_dir: The folder this run's ``report.json`` goes to, or None.
        longest_bytes: The heading is there even where it is less than that takes.
    """
    parts = [Part(HEAD, _heading(run)), *_verdict_table(run)]
    if run.failures:
        rows = [[code(each.nodeid, in_table=True), escaped(plain_text(each.why, LONGEST_WHY))] for each in run.failures]
        text = table(["failed besides the measurement", "why"], rows)
        parts.append(Part(_WHY, f"\n{text}\n"))
    parts += [Part(_WHY, f"\n{capacities_markdown(run)}\n")] if any(each.capacities for each in run.tests) else []
    for test in run.tests:
        if _breached(test):
            parts += _why(test, report_dir)
    for test in run.tests:
        if not _breached(test):
            parts += [Part(_DETAILS, _details(test, load)) for load in test.loads]
    return fitted(parts, longest_bytes)


def _breached(test: TestResult) -> bool:
    """Whether a load of it failed or is INVALID: a test may fail on an assertion of its own alone."""
    return any(load.verdict != "pass" for load in test.loads) or any(each.verdict != "pass" for each in test.capacities)


def _heading(run: RunResult) -> str:
    last = {test.nodeid: test for test in run.tests}
    counts = Counter(_worst_load(test) for test in last.values() if test.loads or test.capacities)
    words = [f"{counts[verdict]} {_VERDICTS[verdict]}" for verdict in _VERDICTS if counts[verdict]]
    if run.failures:
        words.append(f"{len(run.failures)} failed besides the measurement")
    interrupted = "; interrupted, what was measured until then is below" if run.interrupted else ""
    return f"## smload: {', '.join(words) or 'nothing was measured'}\n\nstarted {run.started_at}{interrupted}\n"


def _worst_load(test: TestResult) -> str:
    """The verdict on a test's loads: its own, but for what failed besides the measurement."""
    verdicts = {load.verdict for load in test.loads} | {each.verdict for each in test.capacities}
    return next(verdict for verdict in _WORST_FIRST if verdict in verdicts)


def _verdict_table(run: RunResult) -> Iterator[Part]:
    """One row for each load: the verdict on it, its worst check, its figures."""
    if not any(test.loads for test in run.tests):
        return
    headers = ["verdict", "test", "limit", "observed", "endpoint", *_FIGURES]
    yield Part(HEAD, "\n" + table(headers, [headers], right=_NUMBERS).rpartition("\n")[0] + "\n")
    for test in run.tests:
        for load in test.loads:
            verdict = load.verdict
            words = _VERDICTS[verdict] if verdict == "pass" else f"**{_VERDICTS[verdict]}**"
            words += "" if load.client.judged else " (simulated)"
            name = f"{code(test.nodeid, in_table=True)} {escaped(_which(test, load))}".rstrip()
            cells = [words, name, *_worst_check(load), escaped(endpoint_words(load.endpoint)), *_figures(load.total)]
            yield Part(_GOOD_ROW if verdict == "pass" else _BAD_ROW, row(cells) + "\n")


def _worst_check(load: LoadResult) -> tuple[str, str]:
    """Limit and value of the check that decided the load; of one that passed, of the check nearest to its limit."""
    for outcome in ("fail", "invalid", "pass"):
        for check in worst_first(check for check in load.checks if check.outcome == outcome)[:1]:
            return escaped(f"{metric_words(check)} {check.limit}"), escaped(observed_text(check))
    return "none", ""


def _which(test: TestResult, load: LoadResult | None = None) -> str:
    """Which attempt, and which load where the test ran several: ``" (attempt 2, load 'calm')"``."""
    words = [f"attempt {test.attempt}"] if test.attempt > 1 else []
    if load is not None and len(test.loads) > 1:
        place = next(place for place, one in enumerate(test.loads, start=1) if one is load)
        words.append(f"load {load.label or place!r}")
    return f" ({', '.join(words)})" if words else ""


def _why(test: TestResult, report_dir: str | None) -> Iterator[Part]:
    """A test that was not a pass: the sentence pytest shows as well, then each such load, then what to do."""
    invalid = test.verdict == "invalid"
    if test.verdict == "interrupted":
        sentence = "the test was interrupted during a load; nothing of it is judged"
    else:
        sentence = (invalid_text(test) if invalid else failure_text(test)).partition("\n")[0]
    name = code(test.nodeid)
    yield Part(_WHY, f"\n### {_VERDICTS[test.verdict]} {name}{_which(test)}\n\n{escaped(sentence)}\n")
    for load in test.loads:
        if load.verdict != "pass":
            yield Part(_WHY, _load_text(load))
        yield Part(_DETAILS, _details(test, load))
    steps = next_steps(test, report_dir) if test.verdict == "fail" else [rerun_command(test.nodeid)]
    yield Part(_WHY, f"\nnext:\n\n{code_block(steps)}\n")


def _load_text(load: LoadResult) -> str:
    """Causes and remedies, checks, errors, remarks of one load."""
    blocks = [escaped(load_headline(load))]
    if load.verdict == "invalid":
        blocks.append(
            "\n".join(
                f"- **cause**: {escaped(finding.cause)}\n  **remedy**: {escaped(finding.remedy)}"
                for finding in load.client.reasons
            )
        )
        blocks.append(escaped(client_line(load)))
    blocks.append(_checks(load))
    errors = error_lines(load, LONG_EXAMPLE)
    blocks.append(code_block(errors) if errors else "")
    remarks = remark_lines(load)
    if len(remarks) > MAX_REMARKS:
        remarks[MAX_REMARKS:] = [f"{len(remarks) - MAX_REMARKS:,} more remarks are in report.json"]
    remarks += [*server_lines(load), *diagnosis_lines(load)]
    blocks.append("\n".join(f"- {escaped(remark)}" for remark in remarks))
    return "".join(f"\n{block}\n" for block in blocks if block)


def _checks(load: LoadResult) -> str:
    checks = sorted(worst_first(load.checks), key=lambda check: check.outcome != "fail")
    if not checks:
        return ""
    trusted = is_judged(load)
    headers = ["verdict", "scope", "metric", "limit", "observed", "95% interval", "proven", _SAMPLES]
    rows = [_check_cells(check, trusted=trusted) for check in checks[:MAX_CHECK_ROWS]]
    text = table([*headers, "limit comes from", "note"], rows, right=_NUMBERS)
    left_out = len(checks) - MAX_CHECK_ROWS
    return f"{text}\n\n{left_out:,} more checks are in report.json" if left_out > 0 else text


def _check_cells(check: Check, *, trusted: bool) -> list[str]:
    verdict = verdict_word(check)
    return [
        NOT_JUDGED if not trusted else f"**{verdict}**" if check.outcome == "fail" else verdict,
        escaped(check.scope),
        escaped(check.metric),
        escaped(check.limit),
        escaped(observed_text(check)),
        escaped(interval_text(check)),
        "yes" if check.proven else "no",
        samples_text(check),
        escaped(check.source),
        escaped(check.note),
    ]


def _details(test: TestResult, load: LoadResult) -> str:
    """Everything on one load that not every reader wants to see at once."""
    routes, stages = load.routes, load.stages
    blocks = []
    passed = load.verdict == "pass"
    if passed:
        blocks += [escaped(load_headline(load)), _checks(load) or "no limit: this load only measures"]
        blocks += [] if load.client.judged else [escaped(client_line(load))]
    shown = sorted(routes, key=lambda name: -routes[name].requests)[:MAX_MODEL_ROWS]
    shares = {name: share_pair(share) for name, share in load.mix.items()}
    rows = [["total", "", *_figures(load.total)]]
    rows += [[escaped(name), shares.get(name, ""), *_figures(routes[name])] for name in shown]
    blocks.append(table([load.route_kind or "scope", "share", *_FIGURES], rows, right=_NUMBERS))
    if len(routes) > MAX_MODEL_ROWS:
        blocks.append(f"{len(routes) - MAX_MODEL_ROWS:,} more {load.route_kind}s are in report.json")
    if stages:
        rows = [[escaped(name), *_figures(stats)] for name, stats in stages.items()]
        blocks.append(table(["stage", *_FIGURES], rows, right=_NUMBERS))
    blocks.append("\n".join(f"- {escaped(line)}" for line in [*scaling_lines(load), *worker_lines(load)]))
    if passed:
        remarks = [*remark_lines(load)[:MAX_REMARKS], *server_lines(load), *diagnosis_lines(load)]
        blocks += [f"- {escaped(remark)}" for remark in remarks]
    what = f"{len(routes):,} {load.route_kind}s" if len(routes) > 1 else "figures"
    name = f"{_VERDICTS[load.verdict]} {test.nodeid}{_which(test, load)}: {what}"
    return f"\n{unfolding(name, (chr(10) * 2).join(filter(None, blocks)))}\n"


def _figures(stats: Stats) -> list[str]:
    latencies = [format_latency(each) for each in (stats.p50_ms, stats.p95_ms, stats.p99_ms, stats.max_ms)]
    return [format_count(stats.requests), format_tps(stats.tps), *latencies, format_count(stats.errors)]
