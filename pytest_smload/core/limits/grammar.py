"""Reads absolute limits as users write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pytest_smload.core.limits.cost_limit import COST_METRICS, CostLimit
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import METRICS, Metric, metric_named
from pytest_smload.core.limits.quantities import Quantity
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS, ScalingLimit
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.known_kinds import ALLOWED, KNOWN_KINDS, is_known
from pytest_smload.core.units import parse_share
from pytest_smload.core.wording import nearest, unknown_field

_BOUND = re.compile(r"\s*([<>=!~≤≥]*)\s*(.*?)\s*", re.DOTALL)
_MEANT = {"<": "<=", "=<": "<=", "≤": "<=", ">": ">=", "=>": ">=", "≥": ">="}


AbsoluteLimit = Limit | ServerLimit | ScalingLimit | CostLimit


def parse_limits(
    fields: Mapping[str, object], *, source: str, beside: Sequence[str] = (), whole: bool = True
) -> tuple[list[AbsoluteLimit], list[str]]:
    """Return the limits of ``{metric: value}`` and one sentence per mistake.

    ``errors`` takes a table, a limit per error kind.

    Args:
        fields: As written.
        source: Where.
        beside: Keys that stand beside the limits there, for the sentence on an unknown key.
        whole: Whether the whole load may be limited there, and so its server's side.
    """
    limits: list[AbsoluteLimit] = []
    problems: list[str] = []
    for name, value in fields.items():
        metric = METRICS.get(name)
        if metric is None and name not in _OF_THE_WHOLE:
            problems.append(unknown_field(str(name), (*METRICS, *(_OF_THE_WHOLE if whole else ()), *beside)))
            continue
        by_kind = metric is not None and metric.observe_kind is not None
        entries, mistakes = _kinds(metric, value) if metric is not None and by_kind else ({name: value}, [])
        problems.extend(mistakes)
        for each, entry in entries.items():
            try:
                parse = _OF_THE_WHOLE[name] if metric is None else parse_limit
                limits.append(parse(each, entry, source=source))
            except ValueError as error:
                problems.append(f"{each}: {error}")
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
    row = metric_named(metric)
    return Limit(metric, *_read(row.quantity, value, at_least_if_bare=row.at_least), str(value), source)


def parse_server_limit(metric: str, value: object, *, source: str) -> ServerLimit:
    """Return the limit on *metric*, one of `SERVER_METRICS`, written as *value*; all else as `parse_limit`."""
    row = SERVER_METRICS[metric]
    return ServerLimit(metric, *_read(row.quantity, value, at_least_if_bare=row.at_least), str(value), source)


def parse_scaling_limit(metric: str, value: object, *, source: str) -> ScalingLimit:
    """Return the limit on *metric*, one of `SCALING_METRICS`, written as *value*; all else as `parse_limit`."""
    row = SCALING_METRICS[metric]
    return ScalingLimit(metric, *_read(row.quantity, value, at_least_if_bare=row.at_least), str(value), source)


def parse_cost_limit(metric: str, value: object, *, source: str) -> CostLimit:
    """Return the limit on *metric*, one of `COST_METRICS`, written as *value*; all else as `parse_limit`."""
    row = COST_METRICS[metric]
    return CostLimit(metric, *_read(row.quantity, value, at_least_if_bare=row.at_least), str(value), source)


_OF_THE_WHOLE: Mapping[str, Callable[..., AbsoluteLimit]] = {
    **dict.fromkeys(SERVER_METRICS, parse_server_limit),
    **dict.fromkeys(SCALING_METRICS, parse_scaling_limit),
    **dict.fromkeys(COST_METRICS, parse_cost_limit),
}
"""What only the whole load has limits on, and who reads them."""


def _read(quantity: Quantity, value: object, *, at_least_if_bare: bool) -> tuple[float | None, float | None, bool]:
    """Lower bound, upper bound, and whether they are shares."""
    operator, low, high = _parts(value)
    at_least, low_relative = (None, None) if low is None else _bound(quantity, low)
    at_most, high_relative = (None, None) if high is None else _bound(quantity, high)
    if operator == "" and at_least_if_bare:
        at_least, low_relative, at_most, high_relative = at_most, high_relative, None, None
    if at_least is not None and at_most is not None:
        if low_relative != high_relative:
            raise ValueError(f"{quoted(value)} mixes a share and a number; give both ends as one or the other")
        if at_least > at_most:
            raise ValueError(f'{quoted(value)} counts down; write "{high}..{low}"')
    relative = bool(low_relative or high_relative)
    share = quantity.share if relative else None
    problem = (share or quantity).refuse(at_least, at_most)
    if problem:
        raise ValueError(f"{quoted(value)}{problem}")
    return at_least, at_most, relative


def _kinds(metric: Metric, value: object) -> tuple[dict[str, object], list[str]]:
    """Entries ``{"errors.KIND": limit}`` of the table *value*, and its mistakes."""
    if not isinstance(value, Mapping):
        example = '{"ModelError": 0}'
        return {}, [
            f"{metric.name}: {quoted(value)} is not a table of kinds like {example}; for all of them write error_rate"
        ]
    entries: dict[str, object] = {}
    problems: list[str] = []
    for kind, limit in value.items():
        if not isinstance(kind, str) or not kind:
            problems.append(f"{metric.name}: {quoted(kind)} is not the name of an error kind; one is 'ModelError'")
            continue
        if not is_known(kind):
            problems.append(f"{metric.name}: {_unknown_kind(kind)}")
            continue
        entries[metric.of_kind(kind).name] = limit
    return entries, problems


def _unknown_kind(kind: str) -> str:
    folded = {known.casefold(): known for known in KNOWN_KINDS}
    near = nearest(kind.casefold(), folded)
    hint = f"; did you mean {folded[near]!r}?" if near is not None else ""
    return f"no error kind {quoted(kind)}{hint} (allowed: {ALLOWED})"


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
        raise ValueError(f'{quoted(value)}: only <=, >= and inclusive ranges such as "40..60" are allowed{hint}')
    if ".." in rest:
        low, _, high = (part.strip() for part in rest.partition(".."))
        if operator or not low or not high:
            raise ValueError(f'{quoted(value)} is not a range; write one like "40..60", without <= or >=')
        return "..", low, high
    return operator, rest if operator == ">=" else None, None if operator == ">=" else rest


def _bound(quantity: Quantity, value: object) -> tuple[float, bool]:
    """One bound in the quantity's unit, and whether it is a share instead."""
    if quantity.share is not None and isinstance(value, str) and value.endswith("%"):
        return parse_share(value), True
    return quantity.read(value), False
