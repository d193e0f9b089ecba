"""Durations as scenarios write them ("20ms", "1m30s") and the distributions they are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_smload.core import units
from pytest_smload.core.quoting import quoted

if TYPE_CHECKING:
    from random import Random

_Z95 = 1.6448536269514722  # the 95th percentile of the standard normal distribution
ALLOWED = 'a number with a unit such as "200us", "20ms", "1.5s", "1m30s"'
_SHORTEST_S = 1e-9
"""Ratios to less than this overflow, and no clock would see it."""
_KINDS = ("constant", "lognormal", "uniform")
DISTRIBUTION_ALLOWED = (
    '"20ms", { constant = "20ms" }, { lognormal = { p50 = "20ms", p95 = "60ms" } } or { uniform = ["5ms", "9ms"] }'
)


class Distribution(Protocol):
    """A distribution of durations.

    Attributes:
        typical_s: Its median, in seconds.
    """

    @property
    def typical_s(self) -> float:
        """The median, in seconds."""

    def sample_s(self, random: Random) -> float:
        """Draw one duration, in seconds."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same duration."""

    value_s: float

    @property
    def typical_s(self) -> float:
        """The value, in seconds."""
        return self.value_s

    def sample_s(self, random: Random) -> float:  # noqa: ARG002 - the protocol's signature
        """Return the value, in seconds."""
        return self.value_s


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A lognormal given by its median and 95th percentile, as latencies are usually reported."""

    p50_s: float
    p95_s: float

    @property
    def typical_s(self) -> float:
        """The median, in seconds."""
        return self.p50_s

    def sample_s(self, random: Random) -> float:
        """Draw one duration: p50 * exp(sigma * z) with sigma = ln(p95 / p50) / z95, in seconds."""
        return self.p50_s * math.exp(math.log(self.p95_s / self.p50_s) / _Z95 * random.gauss(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any duration between two, equally likely."""

    low_s: float
    high_s: float

    @property
    def typical_s(self) -> float:
        """The middle, in seconds."""
        return (self.low_s + self.high_s) / 2

    def sample_s(self, random: Random) -> float:
        """Draw one duration, in seconds."""
        return self.low_s + (self.high_s - self.low_s) * random.random()


def parse_duration_s(value: object) -> float:
    """Return the seconds in *value*, a text such as "1m30s".

    Raises:
        ValueError: If it is anything else; a bare number has no unit and is refused.
    """
    try:
        return units.parse_duration_s(value)
    except ValueError as error:
        if "longer than" in str(error):
            raise ValueError(f"{quoted(value)} is longer than anything lasts; allowed: {ALLOWED}") from None
        raise ValueError(f"{quoted(value)} is not a duration; allowed: {ALLOWED}") from None


def parse_distribution(value: object) -> Distribution:
    """Return the distribution written as a duration or as a table with one of the known shapes.

    Raises:
        ValueError: If it is none of them, or its numbers contradict each other.
    """
    if isinstance(value, (Constant, Lognormal, Uniform)):
        return value
    if isinstance(value, str):
        return Constant(parse_duration_s(value))
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= set(_KINDS):
        raise ValueError(f"{quoted(value)} is not a latency; allowed: {DISTRIBUTION_ALLOWED}")
    ((kind, shape),) = value.items()
    if kind == "constant":
        return Constant(parse_duration_s(shape))
    return _lognormal(shape) if kind == "lognormal" else _uniform(shape)


def is_distribution_table(value: object) -> bool:
    """Whether *value* is one distribution rather than a table of them by model."""
    return isinstance(value, dict) and len(value) == 1 and set(value) <= set(_KINDS)


def _lognormal(shape: object) -> Lognormal:
    if not isinstance(shape, dict) or set(shape) != {"p50", "p95"}:
        raise ValueError(f'lognormal = {quoted(shape)}; allowed: {{ p50 = "20ms", p95 = "60ms" }}')
    p50_s, p95_s = parse_duration_s(shape["p50"]), parse_duration_s(shape["p95"])
    if not _SHORTEST_S <= p50_s <= p95_s:
        raise ValueError("lognormal needs 0 < p50 <= p95, and p50 of a nanosecond or more")
    return Lognormal(p50_s, p95_s)


def _uniform(shape: object) -> Uniform:
    if not isinstance(shape, list) or len(shape) != 2:
        raise ValueError(f'uniform = {quoted(shape)}; allowed: ["5ms", "9ms"]')
    low_s, high_s = parse_duration_s(shape[0]), parse_duration_s(shape[1])
    if low_s > high_s:
        raise ValueError("uniform needs low <= high")
    return Uniform(low_s, high_s)
