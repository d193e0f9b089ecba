"""Lays out the tables of a load: models (or variants, ...), stages, checks, each within the width of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.core.measure.scope_name import ScopeName
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
    wrap,
)
from pytest_smload.reports.words.headline import listed_stages, load_amount, stage_names
from pytest_smload.reports.words.margin import is_undecided, worst_first

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import MixShare, Stats
    from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.results.result import LoadResult

MAX_MODEL_ROWS = 12
MOST_USED_ROWS = 8
MAX_FAILED_ROWS = 20
MAX_PASSED_ROWS = 8
MAX_NOTES = 8
SHORTEST_NAME = 10
_GAP = 2
_EXPENDABLE = ("max", "p50", "share")
"""Columns a narrow terminal does without, first to go first."""
_INTERVAL, _SAMPLES, _SOURCE = "95% interval", "n (n_eff)", "limit comes from"
_EXPENDABLE_OF_CHECKS = (_SAMPLES, _INTERVAL)
_UNPROVEN_LEGEND = "?: not proven, the interval reaches over the limit"


def models_table(load: LoadResult, width: int) -> list[str]:
    """Return the table of the whole load and of each model, variant, container or component, the total first.

    Beyond 12 models only the most used 8, those with a failing check and the one with the worst p95 are shown; a line
    says how many more ``report.json`` has.
    """
    models = load.routes
    shown = _shown_models(load)
    mix = load.mix
    rows = [("total", load.total, "")]
    rows += [(name, models[name], _share_cell(mix.get(name))) for name in shown]
    columns = ["share"] if models else []
    lines = _stats_table(load.route_kind or "", columns, rows, width)
    left_out = len(models) - len(shown)
    if left_out:
        lines.append(f"{left_out:,} more {load.route_kind}s are in report.json")
    return lines


def stages_table(load: LoadResult, width: int) -> list[str]:
    """Return the table of stages, or no line where the load has none."""
    stages = load.stages
    asked_for = listed_stages(load.profile)
    amounts = dict(zip(stage_names(asked_for), map(load_amount, asked_for), strict=True))
    rows = [(name, stats, amounts.get(name, "")) for name, stats in stages.items()]
    return _stats_table("stage", ["load"], rows, width) if rows else []


def checks_table(checks: Sequence[Check], width: int) -> list[str]:
    """Return the table of limits and what was observed, failed and worst ones first; a ``?`` marks what is not proven.

    Below it: origins and columns that did not fit, how many checks are not shown, and what failed checks need said
    besides.
    """
    checks = worst_first(checks)
    failed = [check for check in checks if check.outcome == "fail"]
    invalid = [check for check in checks if not check.valid]
    undecided = [check for check in checks if is_undecided(check)]
    passed = [check for check in checks if check.outcome == "pass" and not is_undecided(check)]
    shown = failed[:MAX_FAILED_ROWS] + invalid[:MAX_FAILED_ROWS] + undecided[:MAX_FAILED_ROWS]
    shown += passed[:MAX_PASSED_ROWS]
    if not shown:
        return []
    lines = _fitting_checks(shown, width)
    if any(map(_has_mark, shown)):
        lines.append(_UNPROVEN_LEGEND)
    left_out = {
        "failed": len(failed) - MAX_FAILED_ROWS,
        "are INVALID": len(invalid) - MAX_FAILED_ROWS,
        "are undecided": len(undecided) - MAX_FAILED_ROWS,
        "passed": len(passed) - MAX_PASSED_ROWS,
    }
    lines += [f"{count:,} more checks {what}; they are in report.json" for what, count in left_out.items() if count > 0]
    told = (*failed, *invalid, *(check for check in undecided if not check.undecided))
    return lines + _notes([check for check in told if check.note], width)


def _notes(noted: Sequence[Check], width: int) -> list[str]:
    sentences = [plain_text(f"{metric_words(check)}: {check.note}") for check in noted[:MAX_NOTES]]
    lines = [line for sentence in sentences for line in wrap(sentence, width)]
    left_out = len(noted) - MAX_NOTES
    return [*lines, f"{left_out:,} more such remarks are in report.json"] if left_out > 0 else lines


def _fitting_checks(shown: Sequence[Check], width: int) -> list[str]:
    """The table of checks in at most *width* columns, as far as shortening and leaving out bring it there."""
    rows = [_check_cells(check) for check in shown]
    idle = [column for column in (_INTERVAL,) if all(row[column] == "-" for row in rows)]
    sources = [row[_SOURCE] for row in rows]
    lines = _checks_lines(rows, idle)
    if _fits(lines, width):
        return lines
    distinct = list(dict.fromkeys(sources))
    rows = [{**row, _SOURCE: f"[{distinct.index(row[_SOURCE]) + 1}]"} for row in rows]
    rows = [{"from" if column == _SOURCE else column: cell for column, cell in row.items()} for row in rows]
    missing: list[str] = []
    for column in ("", *(each for each in _EXPENDABLE_OF_CHECKS if each not in idle)):
        missing += [column] if column else []
        lines = _checks_lines(rows, [*idle, *missing])
        if _fits(lines, width):
            break
        lines = _checks_lines(_with_short_scopes(rows, max(map(len, lines)) - width), [*idle, *missing])
        if _fits(lines, width):
            break
    lines += [line for place, source in enumerate(distinct, start=1) for line in wrap(f"[{place}] {source}", width)]
    return [*lines, f"not shown in {width} columns: {', '.join(missing)}"] if missing else lines


def _with_short_scopes(rows: Sequence[dict[str, str]], excess: int) -> list[dict[str, str]]:
    names = [row["scope"] for row in rows]
    short = shorten_names(names, max(max(map(len, names)) - excess, SHORTEST_NAME))
    return [{**row, "scope": name} for row, name in zip(rows, short, strict=True)]


def _checks_lines(rows: Sequence[dict[str, str]], without: Sequence[str]) -> list[str]:
    headers = [column for column in rows[0] if column not in without]
    return tabulated([[row[column] for column in headers] for row in rows], headers, right=("observed", _SAMPLES))


def _check_cells(check: Check) -> dict[str, str]:
    return {
        "verdict": verdict_word(check) + ("?" if _has_mark(check) else ""),
        "scope": plain_text(check.scope),
        "metric": plain_text(check.metric),
        "limit": plain_text(check.limit),
        "observed": observed_text(check),
        _INTERVAL: interval_text(check),
        _SAMPLES: samples_text(check),
        _SOURCE: plain_text(check.source),
    }


def _has_mark(check: Check) -> bool:
    return not (check.proven or check.undecided or is_undecided(check))


def _shown_models(load: LoadResult) -> list[str]:
    models = load.routes
    if len(models) <= MAX_MODEL_ROWS:
        return list(models)
    by_use = sorted(models, key=lambda name: -models[name].requests)
    failing = [ScopeName.parse(check.scope).name for check in load.checks if check.outcome == "fail"]
    slowest = max(models, key=lambda name: _p95_order(models[name]))
    chosen = {*by_use[:MOST_USED_ROWS], *[name for name in failing if name in models][:MAX_MODEL_ROWS], slowest}
    return [name for name in by_use if name in chosen]


def _p95_order(stats: Stats) -> float:
    return -1.0 if math.isnan(stats.p95_ms) else stats.p95_ms


def _share_cell(share: MixShare | None) -> str:
    return share_pair(share) if share else ""


def _stats_table(subject: str, extra: list[str], rows: Sequence[tuple[str, Stats, str]], width: int) -> list[str]:
    """Return a table of STATS; *extra* names the column of the rows' third item, if there is one."""
    names = [plain_text(name) for name, _, _ in rows]
    headers = [*extra, "requests", "TPS", "p50", "p95", "p99", "max", "errors"]
    for tight in (False, True):
        cells = [[*([text] if extra else []), *_stats_cells(stats, tight=tight)] for _, stats, text in rows]
        lines = _named_table(names, subject, cells, headers)
        if _fits(lines, width):
            return lines
    missing: list[str] = []
    for column in ("", *_EXPENDABLE):
        if column in headers:
            place = headers.index(column)
            headers = headers[:place] + headers[place + 1 :]
            cells = [row[:place] + row[place + 1 :] for row in cells]
            missing.append(column)
        figures_width = max(map(len, tabulated(cells, headers, right=headers)))
        room = max(width - figures_width - _GAP, SHORTEST_NAME)
        lines = _named_table(shorten_names(names, room), subject, cells, headers)
        if _fits(lines, width):
            break
    if missing:
        lines.append(f"not shown in {width} columns: {', '.join(missing)}")
    return lines


def shorten_names(names: Sequence[str], longest: int) -> list[str]:
    """Return *names* cut to *longest* characters, what they have in common first: the ``.tar.gz``, then the folder.

    ``total`` stays as it is.
    """
    if max(map(len, names)) <= longest:
        return list(names)
    models = [name for name in names if name != "total"]
    shared_end = _shared_start([name[::-1] for name in models])[::-1]
    suffix = shared_end[shared_end.find(".") :] if "." in shared_end else ""
    short = [_cut_end(name, suffix) for name in models]
    if max(map(len, short)) > longest and len(models) > 1:
        shared_start = _shared_start(models)
        prefix = shared_start[: max(shared_start.rfind("/"), shared_start.rfind("-")) + 1]
        short = ["…" + name[len(prefix) :] if len(prefix) > 1 else name for name in short]
    short = [name if len(name) <= longest else name[: longest - 1] + "…" for name in short]
    shortened = dict(zip(models, short, strict=True))
    return [shortened.get(name, name) for name in names]


def _shared_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    length = next(
        (place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:length]


def _cut_end(name: str, suffix: str) -> str:
    return name[: -len(suffix)] + "…" if len(suffix) > 1 and len(name) > len(suffix) else name


def _stats_cells(stats: Stats, *, tight: bool) -> list[str]:
    latencies = [format_latency(each, tight=tight) for each in (stats.p50_ms, stats.p95_ms, stats.p99_ms, stats.max_ms)]
    return [format_count(stats.requests), format_tps(stats.tps), *latencies, format_count(stats.errors)]


def _named_table(names: Sequence[str], subject: str, cells: list[list[str]], headers: list[str]) -> list[str]:
    rows = [[name, *row] for name, row in zip(names, cells, strict=True)]
    return tabulated(rows, [subject, *headers], right=headers)


def _fits(lines: list[str], width: int) -> bool:
    return max(map(len, lines)) <= width


def tabulated(rows: list[list[str]], headers: list[str], *, right: Sequence[str]) -> list[str]:
    from tabulate import tabulate  # a run without perf tests never needs it

    aligned = ["right" if header in right else "left" for header in headers]
    # Headers as a row: tabulate makes columns two wider than headers it knows of.
    table = tabulate([headers, *rows], tablefmt="plain", disable_numparse=True, colalign=aligned)
    return [line.rstrip() for line in table.splitlines()]
