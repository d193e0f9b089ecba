"""Reads regression budgets as users write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_limit import (
    BASELINE_REQUIRED,
    REGRESSION,
    REGRESSION_METRICS,
    BaselineRequired,
    RegressionLimit,
)
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import parse_share
from pytest_smload.core.wording import unknown_field

FLOOR = "floor"
_EXAMPLE = '{ p95 = "10%", floor = "5ms" }'


def parse_regression(value: object, *, source: str) -> tuple[list[RegressionLimit], list[str]]:
    """Return the budgets of ``regression = {p95 = "10%", floor = "5ms"}`` and one sentence per mistake.

    The floor holds for the latency metrics it stands beside.
    """
    if not isinstance(value, Mapping):
        return [], [f"{REGRESSION}: {quoted(value)} is not a table such as {_EXAMPLE}"]
    problems: list[str] = []
    shares: dict[str, tuple[float, str]] = {}
    for name, entry in value.items():
        if name == FLOOR:
            continue
        if name in SERVER_METRICS:
            problems.append(
                f"{REGRESSION}: {name} is CloudWatch's, and a baseline keeps what this client measured; limit it "
                f"beside {REGRESSION}"
            )
            continue
        if name not in REGRESSION_METRICS:
            problems.append(f"{REGRESSION}: {unknown_field(str(name), (*REGRESSION_METRICS, FLOOR))}")
            continue
        try:
            shares[name] = _budget(name, entry), str(entry)
        except ValueError as error:
            problems.append(f"{REGRESSION} {name}: {error}")
    floor_ms = 0.0
    if FLOOR in value:
        try:
            floor_ms = _floor_ms(value[FLOOR])
        except ValueError as error:
            problems.append(f"{REGRESSION} {FLOOR}: {error}")
    if not problems:
        problems += _incomplete(value, list(shares))
    limits = [
        RegressionLimit(name, budget, floor_ms if _is_latency(name) else 0.0, text, source)
        for name, (budget, text) in shares.items()
    ]
    return limits, problems


def parse_baseline_required(value: object, *, source: str) -> tuple[list[BaselineRequired], list[str]]:
    """Return what ``baseline_required = value`` says, and its mistake."""
    if not isinstance(value, bool):
        return [], [f"{BASELINE_REQUIRED}: {quoted(value)} is neither true nor false"]
    return [BaselineRequired(value, source)], []


def _budget(metric: str, value: object) -> float:
    row = METRICS[metric]
    example = '"5%"' if row.at_least else '"10%"'
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a change in percent; write one like {example}")  # noqa: TRY004 - one error type
    try:
        share = parse_share(value)
    except ValueError:
        raise ValueError(f"{quoted(value)} is not a change in percent; write one like {example}") from None
    if share == 0:
        raise ValueError(f"{quoted(value)}: two runs are never the same; allow some change, such as {example}")
    if row.at_least and share >= 1:
        raise ValueError(f"{quoted(value)} less {row.words} would be none at all; write less than 100%")
    return share


def _is_latency(metric: str) -> bool:
    return METRICS[metric].unit == "ms"


def _floor_ms(value: object) -> float:
    limit = parse_limit("mean", value, source="")
    if limit.at_least is not None or limit.at_most is None:
        raise ValueError(f'{quoted(value)} is not a latency; write one with its unit, like "5ms"')
    return limit.at_most


def _incomplete(table: Mapping[str, object], metrics: Sequence[str]) -> list[str]:
    if FLOOR in table and not any(map(_is_latency, metrics)):
        return [f"{REGRESSION}: the floor is for latencies, and none is limited beside it; write {_EXAMPLE}"]
    return [] if metrics else [f"{REGRESSION}: the table is empty; write {_EXAMPLE}"]
