"""The quantities limits are about: how a bound of each is written by a user, and said to people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_smload.core.limits.check import Unit
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import format_ms, format_share, parse_duration_s, parse_share

if TYPE_CHECKING:
    from pytest_smload.core.measure.scope import Scope

Refuse = Callable[[float | None, float | None], str]
"""Takes lower and upper bound; says what is wrong with bounds that everything or nothing keeps to, or ``""``."""

_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")
_LARGEST = 1e15
"""Up to here floats hold whole numbers exactly."""


@dataclass(frozen=True, slots=True)
class Share:
    """Bounds written in percent of something else.

    Attributes:
        base: What of, in the quantity's unit; None where the scope has no such thing.
        of: Says what of, with the base's value where it is known: ``" of 50 TPS offered"``.
        missing: Why a check fails whose scope has no base.
        refuse: See `Refuse`; the bounds are shares.
        needs_rate: Whether only a load that offers a rate has the base.
    """

    base: Callable[[Scope], float | None]
    of: Callable[[float | None], str]
    refuse: Refuse
    missing: str = ""
    needs_rate: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a metric's values are.

    Attributes:
        unit: Of its values.
        read: The value of a bound as a user writes it; ValueError says what to write instead.
        exact: A value as the bound it was written as, ``"250 ms"``.
        rounded: A value in three significant digits or so, with its unit.
        after: What `exact` leaves to be said once behind both ends of a range: ``" TPS"``.
        refuse: See `Refuse`.
        timed: Whether it depends on how long responses take, which a mock's do not.
        share: What a bound in percent is a share of; None where there are no such bounds.
    """

    unit: Unit
    read: Callable[[object], float]
    exact: Callable[[float], str]
    rounded: Callable[[float], str]
    after: str = ""
    refuse: Refuse = lambda _at_least, _at_most: ""
    timed: bool = False
    share: Share | None = None


def exact_share(share: float) -> str:
    """Return a share as the percentage it was written as."""
    return f"{share * 100:.10g}%"


def _exact_latency(ms: float) -> str:
    return f"{ms:.10g} ms" if ms < 1000 else f"{ms / 1000:.10g} s"


def _whole(count: float) -> str:
    return f"{count:,.0f}"


def _of_offered(tps: float | None) -> str:
    return " of the offered TPS" if tps is None else f" of {tps:.4g} TPS offered"


def _of_requests(count: float | None) -> str:
    return " of requests" if count is None else f" of {count:,.0f} requests"


def _of_invocations(count: float | None) -> str:
    return " of invocations" if count is None else f" of {count:,.0f} invocations"


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
        raise ValueError(f'{quoted(value)} needs a unit: write "{number:g}ms" or "{number:g}s"')
    try:
        seconds = parse_duration_s("".join(value.split()) if isinstance(value, str) else None)
    except ValueError as error:
        if "longer than" in str(error):
            raise
        raise ValueError(f'{quoted(value)} is not a latency; write one with its unit, like "250ms" or "1.5s"') from None
    return round(seconds * 1000, 9)


def _per_second(value: object) -> float:
    number = _plain_number(value)
    if number is None:
        raise ValueError(f'{quoted(value)} is not a rate; write requests/s, 40, or a share of the offered rate, "96%"')
    return number


def _part(value: object, what: str, example: str) -> float:
    """Return a part of a whole, 0..1, written in percent or below 1; *what* it is called, and an *example* of one."""
    if isinstance(value, str) and value.endswith("%"):
        return parse_share(value)
    number = _plain_number(value)
    if number == 1:
        raise ValueError(f'{quoted(value)}: 1 % or 100 %? write "1%" or "100%"')
    if number is None or number > 1:
        percent = f'"{number:g}%"' if number is not None else example
        raise ValueError(f"{quoted(value)} is not a {what}; write {percent} or a number below 1")
    return number


def _per_minute(value: object) -> float:
    number = _plain_number(value)
    if number is None:
        raise ValueError(f"{quoted(value)} is not a rate; write requests a minute, 4000")
    return number


def _dollars(value: object) -> float:
    number = _plain_number(value)
    if number is None:
        raise ValueError(f"{quoted(value)} is not an amount; write US dollars as a number: 1.5")
    return number


def _costs_nothing(_at_least: float | None, at_most: float | None) -> str:
    return ": instances are never free; write an amount above 0" if at_most == 0 else ""


def _count(value: object, otherwise: str = "") -> float:
    number = _plain_number(value)
    if number is None or not number.is_integer() or isinstance(value, float):
        raise ValueError(f"{quoted(value)} is not a count; write a whole number{otherwise}")
    return number


def _count_or_share(value: object) -> float:
    return _count(value, otherwise=', or a share of the requests, "1%"')


def _takes_no_time(_at_least: float | None, at_most: float | None) -> str:
    return ": no response takes no time; write a latency above 0" if at_most == 0 else ""


def _over_the_offered(at_least: float | None, _at_most: float | None) -> str:
    return " is more than is offered; write a share up to 100%" if (at_least or 0.0) > 1 else ""


def _over_the_whole(at_least: float | None, at_most: float | None) -> str:
    more = max(at_least or 0.0, at_most or 0.0) > 1
    return " is more than there is; write a share up to 100%" if more else ""


def _over_all_requests(at_least: float | None, at_most: float | None) -> str:
    more = max(at_least or 0.0, at_most or 0.0) > 1
    return " is more than all requests; write a share up to 100%" if more else ""


LATENCY = Quantity("ms", _latency_ms, _exact_latency, format_ms, refuse=_takes_no_time, timed=True)
RATE = Quantity(
    "requests/s",
    _per_second,
    exact=lambda tps: f"{tps:.10g}",
    rounded=lambda tps: f"{tps:.3g} TPS",
    after=" TPS",
    timed=True,
    share=Share(
        base=lambda scope: scope.offered_tps,
        of=_of_offered,
        refuse=_over_the_offered,
        missing="no offered rate to take a share of",
        needs_rate=True,
    ),
)
RATIO = Quantity(
    "ratio", partial(_part, what="rate", example='"1%"'), exact_share, format_share, refuse=_over_all_requests
)
COUNT = Quantity("requests", _count, _whole, _whole)
DURATION = replace(LATENCY, refuse=lambda _at_least, _at_most: "")
"""A time that may be none."""
SHARE = Quantity(
    "ratio", partial(_part, what="share", example='"70%"'), exact_share, format_share, refuse=_over_the_whole
)
"""How much of something is in use, or how often something held."""
MODELS = Quantity("models", _count, _whole, rounded=lambda count: f"{count:,.4g}")
INSTANCES = Quantity("instances", _count, _whole, _whole, after=" instances")
USD = Quantity(
    "usd", _dollars, lambda amount: f"${amount:.10g}", lambda amount: f"${amount:.3g}", refuse=_costs_nothing
)
PER_MINUTE = Quantity(
    "requests/min",
    _per_minute,
    exact=lambda rate: f"{rate:.10g}",
    rounded=lambda rate: f"{rate:,.4g} a minute",
    after=" a minute",
)
COUNT_OR_SHARE = Quantity(
    "requests",
    _count_or_share,
    _whole,
    _whole,
    share=Share(base=lambda scope: float(scope.stats.requests), of=_of_requests, refuse=_over_all_requests),
)
ANSWERS = Quantity(
    "requests",
    partial(_count, otherwise=', or a share of the invocations, "1%"'),
    _whole,
    _whole,
    # What it is a share of is CloudWatch's to say: no scope has it.
    share=Share(base=lambda _scope: None, of=_of_invocations, refuse=_over_all_requests),
)
