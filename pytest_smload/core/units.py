"""Reads and writes quantities with units: durations, latencies, rates."""

from __future__ import annotations

import re

from pytest_smload.core.quoting import quoted

_DURATION_PART = re.compile(r"(\d++(?:\.\d++)?+)(ms|us|s|m|h)")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern})+")
"""Possessive, so that a hundred thousand digits without a unit are refused in one pass over them."""
LONGEST_S = 1e9
"""Thirty years: a longer time is a slip of the pen, and too much for clocks and sums."""
_MICROSECONDS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}
"""Divided at the end, so that "9ms" is 0.009 and not the float next to it."""


def parse_duration_s(value: object) -> float:
    """Return seconds for text such as ``"90s"``, ``"500ms"``, ``"5m"`` or ``"1h30m"``.

    Raises:
        ValueError: *value* is not such text; the message says what is allowed.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        example = f"{value:g}" if abs(value) <= LONGEST_S else "90"
        raise ValueError(f'{quoted(value)} needs a unit: write "{example}s" or "{example}ms"')  # noqa: TRY004 - one error type for one question
    text = value.strip() if isinstance(value, str) else ""
    if not _DURATION.fullmatch(text):
        raise ValueError(f'{quoted(value)} is not a duration; write one like "250ms", "90s", "5m" or "1h30m"')
    parts = _DURATION_PART.findall(text)
    seconds = sum(float(number) * _MICROSECONDS[unit] for number, unit in parts) / 1e6
    if seconds > LONGEST_S:
        raise ValueError(f"{quoted(value)} is longer than any load")
    return seconds


def parse_share(text: str) -> float:
    """Return 0.01 for ``"1%"``.

    Raises:
        ValueError: *text* is not a percentage.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if match is None:
        raise ValueError(f'{quoted(text)} is not a percentage; write one like "1%" or "0.5%"')
    return float(match[1]) / 100


def parse_whole(text: str) -> int:
    """Return 3 for ``"3"``.

    Raises:
        ValueError: *text* is not a whole number.
    """
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a whole number") from None


def parse_number(text: str) -> float:
    """Return 0.5 for ``"0.5"``.

    Raises:
        ValueError: *text* is not a number.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a number") from None


def format_duration(seconds: float) -> str:
    """Return the shortest common text for *seconds*: ``"90s"`` -> ``"1m30s"``, ``0.25`` -> ``"250ms"``."""
    if seconds < 1 and seconds > 0:
        return f"{seconds * 1000:g}ms"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{hours:g}h" if hours else "", f"{minutes:g}m" if minutes else "", f"{rest:g}s" if rest else ""]
    return "".join(parts) or "0s"


def format_ms(milliseconds: float) -> str:
    """Return a latency for people, three significant digits and its unit: ``"8.42 ms"``, ``"253 ms"``, ``"1.53 s"``."""
    if milliseconds != milliseconds:  # noqa: PLR0124 - NaN is the one value unequal to itself
        return "-"
    if milliseconds == float("inf"):
        return "∞"
    if milliseconds >= 999.5:
        return f"{milliseconds / 1000:.3g} s" if milliseconds < 999_500 else f"{milliseconds / 1000:.0f} s"
    return f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"


def format_share(share: float) -> str:
    """Return a ratio as a percentage: ``"0.5%"``; two decimals, or as many as keep it apart from 0% and 100%."""
    if share != share:  # noqa: PLR0124 - NaN is the one value unequal to itself
        return "-"
    decimals = 2
    while decimals < 9 and 0 < share < 1 and round(share * 100, decimals) in (0, 100):
        decimals += 1
    return f"{share * 100:.{decimals}f}".rstrip("0").rstrip(".") + "%"
