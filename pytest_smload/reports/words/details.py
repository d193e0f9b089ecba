"""Says what stands beside a load's figures: errors by kind, the client's health, warnings, remarks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_share
from pytest_smload.reports.words.cells import format_count, format_latency, metric_words, observed_text, plain_text
from pytest_smload.reports.words.control_lines import control_lines
from pytest_smload.reports.words.margin import is_undecided, worst_first

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.trust.health import Finding

TOP_ERROR_KINDS = 5
SHORT_EXAMPLE = 160
"""Characters of an example in the summary; a failure's text has them whole up to `LONG_EXAMPLE`."""
LONG_EXAMPLE = 600
_MOST_VARIANTS = 8
COLD_FACTOR = 3
"""First touches are worth a line where one took this many times the load's p50,"""
COLD_MS = 100
"""and longer than this: a connection's set-up makes any first request slower."""


def error_lines(load: LoadResult, longest_example: int) -> list[str]:
    """Return the load's errors by kind, most frequent first, each with the first example seen."""
    errors = load.errors
    if not errors:
        return []
    total = load.total
    rate = format_share(total.error_rate)
    lines = [f"errors: {format_count(total.errors)} of {format_count(total.requests)} requests ({rate})"]
    by_count = sorted(errors.items(), key=lambda item: -item[1])
    kind_width = max(len(plain_text(kind)) for kind, _ in by_count[:TOP_ERROR_KINDS])
    count_width = len(format_count(by_count[0][1]))
    for kind, count in by_count[:TOP_ERROR_KINDS]:
        example = plain_text(load.examples.get(kind, ""), longest_example)
        lines.append(f"  {plain_text(kind):<{kind_width}}  {format_count(count):>{count_width}}  {example}".rstrip())
    if len(by_count) > TOP_ERROR_KINDS:
        lines.append(f"  {len(by_count) - TOP_ERROR_KINDS} more kinds are in report.json")
    return lines


def client_line(load: LoadResult) -> str:
    """Return how the client itself fared, so that a reader can see how far to trust the figures."""
    client = load.client
    if not client.judged:
        return "simulated: latency and the client's health mean nothing here and were not judged"
    delay = f"p95 {format_latency(client.delay_p95_ms)}, p99 {format_latency(client.delay_p99_ms)}"
    lag = f"p95 {format_latency(client.loop_lag_p95_ms)}, p99 {format_latency(client.loop_lag_p99_ms)}"
    parts = [
        f"CPU {format_share(round(client.cpu, 2))} of a core",
        f"client delay {delay}, adds {format_latency(client.bias_p95_ms)} to p95",
        f"loop lag {lag}, adds {format_latency(client.lag_bias_p95_ms)}",
        _counted(load.connects, "connect", " in the window"),
    ]
    if load.cap_hits:
        parts.append(f"waited for a free user {format_count(load.cap_hits)} times")
    return "client: " + "; ".join(parts)


def cold_lines(load: LoadResult) -> list[str]:
    """Return how long models took to answer first, in a line, or none where that was as fast as the load itself."""
    cold = load.cold
    if not cold.max_ms > max(COLD_FACTOR * load.p50_ms, COLD_MS):
        return []
    words = f"cold starts: {_counted(cold.touched, 'model')}, "
    if cold.touched > 1:
        words += f"p50 {format_latency(cold.p50_ms)}, p95 {format_latency(cold.p95_ms)}, max "
    words += format_latency(cold.max_ms)
    return [f"{words}; {_counted(cold.suspected, 'later suspect')}" if cold.suspected else words]


def variant_lines(load: LoadResult) -> list[str]:
    """Return which production variants answered, in a line, or none where there was but one and no choice."""
    variants = load.invoked_variants
    if len(variants) < 2 and load.route_kind != "variant":
        return []
    shown = [
        f"{plain_text(name)} {format_share(round(each.share, 4))} (p95 {format_latency(each.p95_ms)})"
        for name, each in sorted(variants.items(), key=lambda entry: -entry[1].ok)[:_MOST_VARIANTS]
    ]
    if not shown:
        return ["answered by variants: no answer named one"]
    more = f" and {len(variants) - len(shown)} more" if len(variants) > len(shown) else ""
    return [f"answered by variants: {', '.join(shown)}{more}"]


def remark_lines(load: LoadResult) -> list[str]:
    """Return the control, variants, cold starts, cost, warnings and remarks, a line each."""
    return [*control_lines(load), *variant_lines(load), *cold_lines(load), *cost_lines(load), *urgent_lines(load)]


def cost_lines(load: LoadResult) -> list[str]:
    """Return what it cost, in a line, where prices are known."""
    if load.cost is None or not math.isfinite(load.cost.usd_per_million):
        return []
    return [f"cost: ${load.cost.usd_per_million:.3g} per million requests, ${load.cost.hourly_usd:.4g} an hour"]


def urgent_lines(load: LoadResult) -> list[str]:
    """Return warnings and remarks, a line each: what a reader of a load that passed must know all the same."""
    lines = [f"warning: {finding_text(finding)}" for finding in load.client.warnings]
    if load.interrupted:
        lines.append("interrupted: the figures are those of the part that ran")
    return [*lines, *growth_lines(load), *note_lines(load)]


def growth_lines(load: LoadResult) -> list[str]:
    """Return what grows towards a limit of a load that passed, in a line: the first limit it would break."""
    growing = [check for check in load.checks if check.projected is not None and check.outcome == "pass"]
    return [f"warning: {metric_words(growing[0])} is {plain_text(growing[0].note)}"] if growing else []


def unproven_breach_lines(load: LoadResult) -> list[str]:
    """Return what is over its limit in a load that passed, for it is not proven, in a line: the worst, and how many."""
    over = [check for check in worst_first(load.checks) if is_undecided(check) and not check.undecided]
    if not over or load.verdict != "pass":
        return []
    worst, more = over[0], f" (and {format_count(len(over) - 1)} more)" if len(over) > 1 else ""
    what = f"{metric_words(worst)} was {observed_text(worst)}, limit {worst.limit}"
    return [plain_text(f"undecided: {what}; {worst.note}{more}")]


def note_lines(load: LoadResult) -> list[str]:
    """Return remarks on what was and was not checked, a line each."""
    return [f"note: {plain_text(note)}" for note in load.notes]


def finding_text(finding: Finding) -> str:
    """Return a finding's cause and remedy in one line."""
    return plain_text(f"{finding.cause}; {finding.remedy}")


def _counted(count: int, noun: str, rest: str = "") -> str:
    return f"{format_count(count)} {noun}{'s' if count != 1 else ''}{rest}"


NOT_JUDGED = "not judged"
"""Verdict of the checks of a load that was interrupted, or is INVALID as a whole."""


def is_judged(load: LoadResult) -> bool:
    """Whether the checks of *load* mean anything."""
    return load.client.valid and not load.interrupted
