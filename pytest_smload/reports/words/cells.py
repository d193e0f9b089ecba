"""Figures as people read them: each with its unit, "-" where there is none, "∞" where it never came."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from pytest_smload.core.limits.cost_limit import COST_METRICS
from pytest_smload.core.limits.metrics import metric_named
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.units import format_ms, format_share
from pytest_smload.reports.words.margin import is_undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.limits.check import Check, Unit
    from pytest_smload.core.measure.figures import MixShare

NARROWEST = 40
"""Columns below which wrapping text no longer helps a reader."""
_VERDICTS = {"pass": "PASS", "fail": "FAIL", "invalid": "INVALID"}
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_UNSEEN = re.compile(r"[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Turns the order of what follows round, or takes no room: what is shown would not be what is there."""


def verdict_word(check: Check) -> str:
    """Return a check's verdict in one word; what passes for want of proof alone is neither passed nor failed."""
    return "UNDECIDED" if is_undecided(check) else _VERDICTS[check.outcome]


def format_count(count: float) -> str:
    """Return a whole number with thousands separators: ``"12,000"``."""
    return f"{count:,.0f}" if math.isfinite(count) else _not_finite(count)


def format_tps(tps: float) -> str:
    """Return a rate to three significant digits, whole from 100 on: ``"4.97"``, ``"1,002"``; its unit goes beside."""
    if not math.isfinite(tps):
        return _not_finite(tps)
    return f"{tps:,.0f}" if tps >= 99.95 else f"{tps:.3g}"


def format_latency(latency_ms: float, *, tight: bool = False) -> str:
    """Return a latency with its unit; *tight* leaves out the space between the two."""
    text = format_ms(latency_ms)
    return text.replace(" ", "") if tight else text


def share_pair(share: MixShare) -> str:
    """Return ``"75/74.9%"``: what was asked for, and what was sent."""
    return f"{_percent(share.target_share)}/{_percent(share.achieved_share)}%"


_FORMS: dict[Unit, Callable[[float], str]] = {
    "ms": format_ms,
    "requests/s": lambda tps: f"{format_tps(tps)} TPS",
    "ratio": format_share,
    "requests": format_count,
    "requests/min": lambda rate: f"{format_tps(rate)} a minute",
    "models": lambda count: f"{count:,.4g}",
    "instances": format_count,
    "usd": lambda amount: f"${amount:.3g}",
}
_PRECISE: dict[Unit, Callable[[float], str]] = {
    "ms": lambda latency_ms: f"{latency_ms:.7g} ms",
    "requests/s": lambda tps: f"{tps:.6g} TPS",
    "ratio": lambda share: f"{share * 100:.6g}%",
    "requests": format_count,
    "requests/min": lambda rate: f"{rate:.6g} a minute",
    "models": lambda count: f"{count:.7g}",
    "instances": format_count,
    "usd": lambda amount: f"${amount:.6g}",
}


def observed_text(check: Check) -> str:
    """Return a check's observed value with its unit.

    A failed one is never rounded onto its limit: ``"1504 ms"`` where the limit is ``"<= 1.5 s"``.
    """
    value = check.observed
    if not math.isfinite(value):
        return _not_finite(value)
    form = _FORMS[check.unit]
    text = form(value)
    bounds = [form(bound) for bound in (check.at_least, check.at_most) if bound is not None]
    return _PRECISE[check.unit](value) if check.outcome == "fail" and text in bounds else text


def interval_text(check: Check) -> str:
    """Return a check's interval in the unit of what was observed, ``"[181 ms, 219 ms]"``; ``"-"`` for a fact."""
    lower, upper = (math.nan if bound is None else bound for bound in (check.lower, check.upper))
    if math.isnan(lower) and math.isnan(upper):
        return "-"
    form = format_tps if check.unit == "requests/s" else _FORMS[check.unit]
    return f"[{form(lower)}, {'∞' if math.isinf(upper) else form(upper)}]"


def samples_text(check: Check) -> str:
    """Return how many samples a check has, and in brackets how many independent ones they are worth, where fewer."""
    count, effective = check.n, check.n_eff
    return f"{count:,}" if effective is None or effective >= count else f"{count:,} ({effective:,})"


def metric_words(check: Check) -> str:
    """Return what a check is about, as the subject of a sentence: ``"p95 of xgboost-1.tar.gz"``."""
    tables = (SERVER_METRICS, SCALING_METRICS, COST_METRICS)
    words = next((table[check.metric].words for table in tables if check.metric in table), None)
    words = words or metric_named(check.metric).words
    return words if check.scope == "total" else f"{words} of {check.scope}"


def plain_text(text: object, longest: int | None = None) -> str:
    """Return *text* on one line without control, bidi and zero-width characters; cut to *longest*.

    An endpoint's own words, and names people choose, may hold any of them.
    """
    line = _NOT_PRINTABLE.sub(" ", _UNSEEN.sub("", str(text))).strip()
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"


def printed(line: str) -> str:
    """Return *line*, its indentation kept, as it may be printed: plain, and no command to who reads the output.

    GitHub's runner obeys lines that begin with ``::``, spaces before it or not.
    """
    words = plain_text(line)
    indent = line[: len(line) - len(line.lstrip(" "))]
    return indent + (f": :{words[2:]}" if words.startswith("::") else words)


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Return *text* in lines of at most *width* columns, broken at spaces only, continued two columns further in."""
    lines = textwrap.wrap(
        text,
        max(width, NARROWEST),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [printed(line) for line in lines]


def _percent(share: float) -> str:
    return f"{round(share * 100, 2):.3g}" if math.isfinite(share) else _not_finite(share)


def _not_finite(value: float) -> str:
    return "-" if math.isnan(value) else "∞"
