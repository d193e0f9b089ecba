"""Figures of a record as people read them: each with its unit, "-" where there is none, "∞" where it never came."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_ms, format_share

if TYPE_CHECKING:
    from pytest_smload.core.results.record_schema import CheckRecord

_METRIC_WORDS = {
    "tps": "TPS",
    "error_rate": "error rate",
    "p99_9": "p99.9",
    "max": "max latency",
    "mean": "mean latency",
}
NARROWEST = 40
"""Columns below which wrapping text no longer helps a reader."""
_COUNTS = ("requests", "errors")
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def number(value: object) -> float:
    """Return a record's figure as a float: null is NaN, ``"inf"`` is infinity."""
    return math.nan if value is None else float(value)  # type: ignore[arg-type]  # a record's figures are numbers or "inf"


def format_count(value: object) -> str:
    """Return a whole number with thousands separators: ``"12,000"``."""
    count = number(value)
    return f"{count:,.0f}" if math.isfinite(count) else _not_finite(count)


def format_tps(value: object) -> str:
    """Return a rate to three significant digits, whole from 100 on: ``"4.97"``, ``"1,002"``; its unit goes beside."""
    tps = number(value)
    if not math.isfinite(tps):
        return _not_finite(tps)
    return f"{tps:,.0f}" if tps >= 99.95 else f"{tps:.3g}"


def format_latency(value: object, *, tight: bool = False) -> str:
    """Return a latency with its unit; *tight* leaves out the space between the two."""
    text = format_ms(number(value))
    return text.replace(" ", "") if tight else text


def format_share_pair(target: object, achieved: object) -> str:
    """Return ``"75/74.9%"``: what was asked for, and what was sent."""
    return f"{_percent(target)}/{_percent(achieved)}%"


def observed_text(check: CheckRecord) -> str:
    """Return a check's observed value with its unit.

    A failed one is never rounded onto its limit: ``"1504 ms"`` where the limit is ``"<= 1.5 s"``.
    """
    value = number(check["observed"])
    metric: str = check["metric"]
    if not math.isfinite(value):
        return _not_finite(value)
    kind = metric.partition(".")[0]
    if kind in _COUNTS:
        return format_count(value)
    if kind == "error_rate":
        text, precise = format_share(value), f"{value * 100:.6g}%"
    elif kind == "tps":
        text, precise = f"{format_tps(value)} TPS", f"{value:.6g} TPS"
    else:
        text, precise = format_ms(value), f"{value:.7g} ms"
    limit: str = check["limit"]
    # A share of the offered rate does not show the number it comes to, so rounding onto it would go unseen.
    hidden = kind == "tps" and "%" in limit
    rounds_to_limit = hidden or text.split()[0].rstrip("%") in _NUMBER.findall(limit)
    return precise if rounds_to_limit and check["outcome"] == "fail" else text


def interval_text(check: CheckRecord) -> str:
    """Return a check's interval in the unit of what was observed, ``"[181 ms, 219 ms]"``; ``"-"`` for a fact."""
    if check["lower"] is None and check["upper"] is None:
        return "-"
    family = check["metric"].partition(".")[0]
    form = {"error_rate": format_share, "tps": format_tps}.get(family, format_ms)
    lower, upper = (number(check["lower"]), number(check["upper"]))
    return f"[{form(lower)}, {'∞' if math.isinf(upper) else form(upper)}]"


def samples_text(check: CheckRecord) -> str:
    """Return how many samples a check has, and in brackets how many independent ones they are worth, where fewer."""
    count, effective = check["n"], check["n_eff"]
    return f"{count:,}" if effective is None or effective >= count else f"{count:,} ({effective:,})"


def metric_words(check: CheckRecord) -> str:
    """Return what a check is about, as the subject of a sentence: ``"p95 of xgboost-1.tar.gz"``."""
    family, _, kind = check["metric"].partition(".")
    words = f"{kind} errors" if kind else _METRIC_WORDS.get(family, family)
    return words if check["scope"] == "total" else f"{words} of {check['scope']}"


def plain_text(text: object, longest: int | None = None) -> str:
    """Return *text* on one line without control characters, an endpoint's own words may hold any; cut to *longest*."""
    line = _NOT_PRINTABLE.sub(" ", str(text)).strip()
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Return *text* in lines of at most *width* columns, broken at spaces only, continued two columns further in."""
    return textwrap.wrap(
        text,
        max(width, NARROWEST),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _percent(share: object) -> str:
    value = number(share)
    return f"{round(value * 100, 2):.3g}" if math.isfinite(value) else _not_finite(value)


def _not_finite(value: float) -> str:
    return "-" if math.isnan(value) else "∞"
