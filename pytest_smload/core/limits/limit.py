"""Reads one limit as a user writes it, says it back to people, and decides whether a value keeps to it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pytest_smload.core.limits.metrics import AT_LEAST_METRICS, ERRORS_PREFIX, LATENCY_METRICS, METRICS
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS
from pytest_smload.core.statistics.bound import Bound
from pytest_smload.core.units import parse_duration_s, parse_share
from pytest_smload.core.wording import unknown_field

_BOUND = re.compile(r"\s*([<>=!~≤≥]*)\s*(.*?)\s*", re.DOTALL)
_MEANT = {"<": "<=", "=<": "<=", "≤": "<=", ">": ">=", "=>": ">=", "≥": ">="}
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")
_LARGEST = 1e15
"""Up to here floats hold whole numbers exactly."""
_COMMON_KINDS = (
    "Timeout", "Connection", "BadResponse", "Unsent", "ModelError", "ModelNotReadyException", "ThrottlingException",
    "ServiceUnavailable", "ValidationError", "InternalFailure", "InternalDependencyException",
    *sorted(CLIENT_CAUSED_KINDS),
)  # fmt: skip
_TYPO_RATIO = 0.88
"""Any code AWS answers with is a kind; ServiceUnavailableException, 0.8 like its sibling, must stay one of its own."""
_RELATIVE_TOLERANCE = 1e-9
"""A share of a count is rounded in the 16th digit (0.29 * 100 < 29), which must not decide."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One line of a budget.

    Attributes:
        metric: One of `METRICS`, with ``errors.KIND`` in place of ``errors``.
        at_least, at_most: The bounds, inclusive, or None: latency in ms, ``tps`` in requests/s, ``error_rate`` as a
            ratio 0..1, ``errors.KIND`` and ``requests`` as counts.
        relative: The bounds are shares 0..1 instead: of the offered rate (``tps``), of the requests (``errors.KIND``).
        text: What the user wrote.
        source: Where.
    """

    metric: str
    at_least: float | None
    at_most: float | None
    relative: bool
    text: str
    source: str

    def describe(self, base: float | None = None) -> str:
        """Return the limit for people: ``"<= 250 ms"``, ``">= 96% of 50 TPS offered"``, ``"40..60 TPS"``.

        Args:
            base: What a relative limit is a share of: the offered rate, the number of requests.
        """
        if self.at_least is None:
            text = f"<= {self._value_text(self.at_most)}"
        elif self.at_most is None:
            text = f">= {self._value_text(self.at_least)}"
        else:
            text = f"{self._value_text(self.at_least)}..{self._value_text(self.at_most)}"
        if self.metric != "tps":
            of = "requests" if base is None else f"{base:,.0f} requests"
            return f"{text} of {of}" if self.relative else text
        if not self.relative:
            return f"{text} TPS"
        return f"{text} of the offered TPS" if base is None else f"{text} of {base:.4g} TPS offered"

    def allows(self, observed: float, base: float = 1.0) -> bool:
        """Return whether *observed*, in the metric's unit, is within the bounds; NaN never is.

        Args:
            observed: The value measured.
            base: What a relative limit is a share of.
        """
        scale = base if self.relative else 1.0
        if math.isnan(observed) or math.isnan(scale):
            return False
        return (self.at_least is None or _at_least(observed, self.at_least * scale)) and (
            self.at_most is None or _at_least(self.at_most * scale, observed)
        )

    def settled_by(self, bound: Bound, base: float = 1.0) -> bool:
        """Return whether *bound*'s interval lies wholly on one side of this limit: all of it keeps to it, or none.

        Args:
            bound: Of this limit's metric.
            base: What a relative limit is a share of.
        """
        scale = base if self.relative else 1.0
        if self.allows(bound.lower, base) and self.allows(bound.upper, base):
            return True
        below = self.at_least is not None and bound.upper < self.at_least * scale
        above = self.at_most is not None and bound.lower > self.at_most * scale
        return below or above

    def looser_than(self, other: Limit) -> bool | None:
        """Return whether this limit allows what *other* refuses; None where a share meets a number."""
        if self.relative != other.relative:
            return None
        lower = -math.inf if self.at_least is None else self.at_least
        upper = math.inf if self.at_most is None else self.at_most
        return (other.at_least is not None and lower < other.at_least) or (
            other.at_most is not None and upper > other.at_most
        )

    def _value_text(self, value: float | None) -> str:
        assert value is not None  # noqa: S101 - a limit has at least one bound
        if self.metric in LATENCY_METRICS:
            return f"{value:.10g} ms" if value < 1000 else f"{value / 1000:.10g} s"
        if self.relative or self.metric == "error_rate":
            return f"{value * 100:.10g}%"
        return f"{value:.10g}" if self.metric == "tps" else f"{value:,.0f}"


def parse_limits(
    fields: Mapping[str, object], *, source: str, beside: Sequence[str] = ()
) -> tuple[list[Limit], list[str]]:
    """Return the limits of ``{metric: value}`` and one sentence per mistake.

    ``errors`` takes a table, a limit per error kind.

    Args:
        fields: As written.
        source: Where.
        beside: Keys that stand beside the limits there, for the sentence on an unknown key.
    """
    limits: list[Limit] = []
    problems: list[str] = []
    for metric, value in fields.items():
        if metric not in METRICS:
            problems.append(unknown_field(str(metric), (*METRICS, *beside)))
            continue
        entries, mistakes = _kinds(value) if metric == "errors" else ({metric: value}, [])
        problems.extend(mistakes)
        for name, entry in entries.items():
            try:
                limits.append(parse_limit(name, entry, source=source))
            except ValueError as error:
                problems.append(f"{name}: {error}")
    return limits, problems


def parse_limit(metric: str, value: object, *, source: str) -> Limit:
    """Return the limit on *metric* written as *value*.

    Args:
        metric: One of `METRICS`, or ``errors.KIND``.
        value: A bare value takes the metric's natural direction (``tps`` and ``requests`` at least, all others at
            most); ``"<= 250ms"``, ``">= 40"`` and the inclusive range ``"40..60"`` say it.

    Raises:
        ValueError: saying what is wrong with *value* and what to write.
    """
    operator, low, high = _parts(value)
    at_least, low_relative = (None, None) if low is None else _quantity(metric, low)
    at_most, high_relative = (None, None) if high is None else _quantity(metric, high)
    if operator == "" and (metric in AT_LEAST_METRICS):
        at_least, low_relative, at_most, high_relative = at_most, high_relative, None, None
    if at_least is not None and at_most is not None:
        if low_relative != high_relative:
            raise ValueError(f"{value!r} mixes a share and a number; give both ends as one or the other")
        if at_least > at_most:
            raise ValueError(f'{value!r} counts down; write "{high}..{low}"')
    relative = bool(low_relative or high_relative)
    _check_reachable(metric, value, at_least, at_most, relative=relative)
    return Limit(metric, at_least, at_most, relative and metric != "error_rate", str(value), source)


def _at_least(observed: float, bound: float) -> bool:
    return observed >= bound or math.isclose(observed, bound, rel_tol=_RELATIVE_TOLERANCE)


def _kinds(value: object) -> tuple[dict[str, object], list[str]]:
    """Entries ``{"errors.KIND": limit}`` of the table *value*, and its mistakes."""
    if not isinstance(value, Mapping):
        example = '{"ModelError": 0}'
        return {}, [f"errors: {value!r} is not a table of kinds like {example}; for all of them write error_rate"]
    entries: dict[str, object] = {}
    problems: list[str] = []
    for kind, limit in value.items():
        if not isinstance(kind, str) or not kind:
            problems.append(f"errors: {kind!r} is not the name of an error kind; one is 'ModelError'")
            continue
        near = _nearest_kind(kind)
        if near is not None:
            problems.append(f"errors: no error kind {kind!r}; did you mean {near!r}?")
            continue
        entries[ERRORS_PREFIX + kind] = limit
    return entries, problems


def _nearest_kind(kind: str) -> str | None:
    """The common kind that *kind* is a misspelling of, or None."""
    if kind in _COMMON_KINDS:
        return None
    by_folded = {common.casefold(): common for common in _COMMON_KINDS}
    near = get_close_matches(kind.casefold(), by_folded, n=1, cutoff=_TYPO_RATIO)
    return by_folded[near[0]] if near else None


def _parts(value: object) -> tuple[str, object, object]:
    """Operator (``""`` bare, ``".."`` range), lower and upper end as written; a bare value is the upper end."""
    if value is None:
        raise ValueError("None is not a limit; leave it out")
    if not isinstance(value, str):
        return "", None, value
    match = _BOUND.fullmatch(value)
    assert match is not None  # noqa: S101 - the pattern matches any text
    operator, rest = match[1], match[2]
    if operator not in ("", "<=", ">="):
        hint = f'; write "{_MEANT[operator]} {rest}"' if operator in _MEANT else ""
        raise ValueError(f'{value!r}: only <=, >= and inclusive ranges such as "40..60" are allowed{hint}')
    if ".." in rest:
        low, _, high = (part.strip() for part in rest.partition(".."))
        if operator or not low or not high:
            raise ValueError(f'{value!r} is not a range; write one like "40..60", without <= or >=')
        return "..", low, high
    return operator, rest if operator == ">=" else None, None if operator == ">=" else rest


def _quantity(metric: str, value: object) -> tuple[float, bool]:
    """One bound in the metric's unit, and whether it is a share."""
    if metric in LATENCY_METRICS:
        return _latency_ms(value), False
    if isinstance(value, str) and value.endswith("%") and metric != "requests":
        return parse_share(value), True
    number = _plain_number(value)
    if metric == "error_rate":
        return _rate(value, number), True
    if metric == "tps":
        if number is None:
            raise ValueError(f'{value!r} is not a rate; write requests/s, 40, or a share of the offered rate, "96%"')
        return number, False
    if number is None or not number.is_integer() or isinstance(value, float):
        share = ', or a share of the requests, "1%"' if metric != "requests" else ""
        raise ValueError(f"{value!r} is not a count; write a whole number{share}")
    return number, False


def _plain_number(value: object) -> float | None:
    """A finite number from 0 up, as a number or as text; None for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LARGEST:
        return None
    return float(value)


def _latency_ms(value: object) -> float:
    number = _plain_number(value)
    if number is not None:
        raise ValueError(f'{value!r} needs a unit: write "{number:g}ms" or "{number:g}s"')
    try:
        seconds = parse_duration_s("".join(value.split()) if isinstance(value, str) else str(value))
    except ValueError:
        raise ValueError(f'{value!r} is not a latency; write one with its unit, like "250ms" or "1.5s"') from None
    if seconds > _LARGEST:
        raise ValueError(f"{value!r} is longer than any load")
    return round(seconds * 1000, 9)


def _rate(value: object, number: float | None) -> float:
    if number == 1:
        raise ValueError(f'{value!r}: 1 % or 100 %? write "1%" or "100%"')
    if number is None or number > 1:
        percent = f'"{number:g}%"' if number is not None else '"1%"'
        raise ValueError(f"{value!r} is not a rate; write {percent} or a number below 1")
    return number


def _check_reachable(
    metric: str, value: object, at_least: float | None, at_most: float | None, *, relative: bool
) -> None:
    """Refuse limits that everything or nothing keeps to."""
    if metric in LATENCY_METRICS and at_most == 0:
        raise ValueError(f"{value!r}: no response takes no time; write a latency above 0")
    if metric == "tps" and relative and at_least is not None and at_least > 1:
        raise ValueError(f"{value!r} is more than is offered; write a share up to 100%")
    if relative and metric != "tps" and max(at_least or 0.0, at_most or 0.0) > 1:
        raise ValueError(f"{value!r} is more than all requests; write a share up to 100%")
