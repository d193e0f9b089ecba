"""Reads what a comparison of two runs is to fail on, in the grammar of regression budgets: ``"p95 +10%"``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_grammar import FLOOR, parse_regression
from pytest_smload.core.limits.regression_limit import REGRESSION_METRICS, RegressionLimit
from pytest_smload.core.quoting import quoted
from pytest_smload.core.results.estimates import ERROR_RATE
from pytest_smload.core.units import parse_share
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError

OPTION: Final = "--fail-on"
_DEMAND = re.compile(r"\s*(\w+)\s*([+-]?)\s*([\d.]+\s*%)\s*(?:(?:,\s*)?floor\s+(\S+))?\s*")
EXAMPLE: Final = 'write one like "p95 +10%", "p95 +10% floor 5ms", "tps -5%" or "error_rate +0.5%"'


@dataclass(frozen=True, slots=True)
class Demand:
    """By how much one figure of a run may be worse than in the run before.

    Attributes:
        text: As the user wrote it.
        metric: One of `REGRESSION_METRICS`, or ``error_rate``.
        budget: The change for the worse allowed: 0.1 for 10 %; of ``error_rate`` a share of requests more.
        floor_ms: What a latency may grow by in any case.
    """

    text: str
    metric: str
    budget: float
    floor_ms: float = 0.0

    @property
    def higher_is_better(self) -> bool:
        """True for ``tps``."""
        return METRICS[self.metric].at_least


def parse_demand(text: str) -> Demand:
    """Return what *text* demands.

    Raises:
        ConfigurationError: saying what is wrong with it and what to write.
    """
    match = _DEMAND.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"{OPTION}: {quoted(text)} is no change for the worse; {EXAMPLE}")
    metric, sign, share, floor = match.groups()
    if metric not in (*REGRESSION_METRICS, ERROR_RATE):
        raise ConfigurationError(f"{OPTION}: {unknown_field(metric, (*REGRESSION_METRICS, ERROR_RATE))}")
    worse = "-" if METRICS[metric].at_least else "+"
    if sign not in ("", worse):
        raise ConfigurationError(
            f'{OPTION}: {quoted(text)} would fail on what is better; write "{metric} {worse}{share}"'
        )
    plain = text.strip()
    if metric == ERROR_RATE:
        if floor is not None:
            raise ConfigurationError(f'{OPTION}: {quoted(text)}: a floor is for latencies; write "{metric} +{share}"')
        return Demand(plain, metric, _points(share, text))
    table = {metric: share} if floor is None else {metric: share, FLOOR: floor}
    limits, problems = parse_regression(table, source=OPTION)
    if problems:
        raise ConfigurationError(f"{OPTION}: {quoted(text)}: {'; '.join(problems)}")
    return _demand(plain, limits[0])


def _points(share: str, text: str) -> float:
    try:
        points = parse_share(share)
    except ValueError as error:
        raise ConfigurationError(f"{OPTION}: {quoted(text)}: {error}") from None
    if not 0 < points < 1:
        raise ConfigurationError(f"{OPTION}: {quoted(text)}: allow more than 0% and less than 100% of requests")
    return points


def _demand(text: str, limit: RegressionLimit) -> Demand:
    return Demand(text, limit.of, limit.budget, limit.floor_ms)
