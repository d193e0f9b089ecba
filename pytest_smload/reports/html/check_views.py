"""What the page shows of a check, and of a scope's figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_smload.core.units import format_share
from pytest_smload.reports.html import svg
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
from pytest_smload.reports.words.margin import excess, is_undecided, margin_words

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import Stats


def figures_view(stats: Stats) -> dict[str, str]:
    return {
        "requests": format_count(stats.requests),
        "TPS": format_tps(stats.tps),
        "p50": format_latency(stats.p50_ms),
        "p95": format_latency(stats.p95_ms),
        "p99": format_latency(stats.p99_ms),
        "max": format_latency(stats.max_ms),
        "errors": format_share(stats.error_rate) if stats.errors else "0",
    }


def check_view(check: Check, *, trusted: bool) -> dict[str, Any]:
    word = verdict_word(check) if trusted else "NOT JUDGED"
    bound = check.at_most if check.at_most is not None else check.at_least
    lower, upper = (math.nan if each is None else each for each in (check.lower, check.upper))
    said = f"{metric_words(check)} {observed_text(check)}, limit {check.limit}, interval {interval_text(check)}"
    exact = check.lower is None or check.upper is None
    picture = None
    if bound is not None:
        ends = (check.observed, check.observed) if exact else (lower, upper)
        picture = svg.whisker(check.observed, *ends, bound, at_least=check.at_most is None, label=said)
    return {
        "word": word,
        "outcome": "invalid" if not trusted or is_undecided(check) else check.outcome,
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
