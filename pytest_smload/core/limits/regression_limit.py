"""Regression budgets, by how much a metric may be worse than its baseline: read, said to people, held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.evidence import RegressionEvidence, unproven_words
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.metrics import METRICS, Metric
from pytest_smload.core.units import format_ms, parse_share
from pytest_smload.core.wording import unknown_field

REGRESSION = "regression"
BASELINE_REQUIRED = "baseline_required"
REGRESSION_METRICS = tuple(name for name, metric in METRICS.items() if metric.comparable)
"""What a regression budget may be about."""
FLOOR = "floor"
_PREFIX = f"{REGRESSION} "
_EXAMPLE = '{ p95 = "10%", floor = "5ms" }'


@dataclass(frozen=True, slots=True)
class RegressionLimit:
    """By how much one metric may be worse than in the baseline.

    Attributes:
        of: One of `REGRESSION_METRICS`.
        budget: The change for the worse allowed, 0.1 for 10 %: more latency, less ``tps``.
        floor_ms: A latency may grow by this much in any case.
        text: What the user wrote.
        source: Where.
    """

    of: str
    budget: float
    floor_ms: float
    text: str
    source: str

    @property
    def metric(self) -> str:
        """What tells it apart from other limits on its scope: ``"regression p95"``."""
        return _PREFIX + self.of

    @property
    def row(self) -> Metric:
        """What is known of the metric it is about."""
        return METRICS[self.of]

    @property
    def higher_is_better(self) -> bool:
        """True for ``tps``."""
        return self.row.at_least

    def describe(self) -> str:
        """Return the budget for people: ``"10% over the baseline, or 5 ms"``, ``"5% under the baseline"``."""
        share = f"{self.budget * 100:.10g}%"
        if self.higher_is_better:
            return f"{share} under the baseline"
        return f"{share} over the baseline" + (f", or {format_ms(self.floor_ms)}" if self.floor_ms else "")

    def looser_than(self, other: RegressionLimit) -> bool:
        """Return whether this budget allows what *other* refuses."""
        return self.budget > other.budget or self.floor_ms > other.floor_ms

    def hold(self, evidence: RegressionEvidence) -> Check:
        """Return the check of this budget on one scope; it fails where there is nothing to compare with."""
        bound, change = evidence.bound, evidence.change
        sign = ">=" if self.higher_is_better else "<="
        if change is None:
            share = 1 - self.budget if self.higher_is_better else 1 + self.budget
            limit, worst = f"{sign} {share * 100:.4g}% of a baseline", None
            note, passed, proven = evidence.missing, False, True
        else:
            limit, worst = f"{sign} {change.allowed * 100:.4g}% of {change.of}", change.base * change.allowed
            note, proven = change.note, change.proven
            if not proven:
                note += f"; {unproven_words(evidence.on_unproven)}"
            passed = change.kept and (proven or evidence.on_unproven == "estimate")
        return Check(
            scope=str(evidence.name),
            metric=self.of,
            limit=limit,
            source=self.source,
            observed=bound.observed if bound is not None else nan,
            n=bound.n if bound is not None else 0,
            outcome="pass" if passed else "fail",
            note=note,
            lower=bound.lower if bound is not None else None,
            upper=bound.upper if bound is not None else None,
            n_eff=bound.n_eff if bound is not None else None,
            proven=proven,
            at_least=worst if self.higher_is_better else None,
            at_most=None if self.higher_is_better else worst,
            unit=self.row.unit,
            base=change.base if change is not None else None,
        )


@dataclass(frozen=True, slots=True)
class BaselineRequired:
    """Whether a regression budget without a comparable baseline fails.

    Attributes:
        required: Whether it does.
        source: Where that was written.
    """

    required: bool
    source: str

    @property
    def metric(self) -> str:
        """What it merges under."""
        return BASELINE_REQUIRED

    @property
    def text(self) -> str:
        """What the user wrote."""
        return str(self.required).lower()


def parse_regression(value: object, *, source: str) -> tuple[list[RegressionLimit], list[str]]:
    """Return the budgets of ``regression = {p95 = "10%", floor = "5ms"}`` and one sentence per mistake.

    The floor holds for the latency metrics it stands beside.
    """
    if not isinstance(value, Mapping):
        return [], [f"{REGRESSION}: {value!r} is not a table such as {_EXAMPLE}"]
    problems: list[str] = []
    shares: dict[str, tuple[float, str]] = {}
    for name, entry in value.items():
        if name == FLOOR:
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
        return [], [f"{BASELINE_REQUIRED}: {value!r} is neither true nor false"]
    return [BaselineRequired(value, source)], []


def _budget(metric: str, value: object) -> float:
    row = METRICS[metric]
    example = '"5%"' if row.at_least else '"10%"'
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a change in percent; write one like {example}")  # noqa: TRY004 - one error type
    try:
        share = parse_share(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a change in percent; write one like {example}") from None
    if share == 0:
        raise ValueError(f"{value!r}: two runs are never the same; allow some change, such as {example}")
    if row.at_least and share >= 1:
        raise ValueError(f"{value!r} less {row.words} would be none at all; write less than 100%")
    return share


def _is_latency(metric: str) -> bool:
    return METRICS[metric].unit == "ms"


def _floor_ms(value: object) -> float:
    limit = parse_limit("mean", value, source="")
    if limit.at_least is not None or limit.at_most is None:
        raise ValueError(f'{value!r} is not a latency; write one with its unit, like "5ms"')
    return limit.at_most


def _incomplete(table: Mapping[str, object], metrics: Sequence[str]) -> list[str]:
    if FLOOR in table and not any(map(_is_latency, metrics)):
        return [f"{REGRESSION}: the floor is for latencies, and none is limited beside it; write {_EXAMPLE}"]
    return [] if metrics else [f"{REGRESSION}: the table is empty; write {_EXAMPLE}"]
