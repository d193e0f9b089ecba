"""The table of metrics: all that is to be known of what a limit may be about, a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_smload.core.limits.check import Unit
from pytest_smload.core.limits.observed import (
    Refusal,
    answered_or_lost,
    failure_share,
    failures_take_their_time,
    kinds_ran_over,
    latency_percentile,
    lost_are_slowest,
    mean_latency,
    silence_words,
    silent_models,
    success_rate_per_s,
    too_few_for,
    without_success,
    without_touch,
)
from pytest_smload.core.limits.quantities import COUNT, COUNT_OR_SHARE, LATENCY, RATE, RATIO, Quantity
from pytest_smload.core.request.known_kinds import counts_as
from pytest_smload.core.statistics.percentiles import needed_samples, percentile

if TYPE_CHECKING:
    from pytest_smload.core.measure.scope import Scope
    from pytest_smload.core.statistics.bound import Bound


@dataclass(frozen=True, slots=True)
class Metric:
    """What a limit may be about.

    Attributes:
        name: The key it is limited by.
        words: What it is called in a sentence.
        quantity: What its values are, and how bounds of them are written.
        observe: Its value in a scope, in the quantity's unit.
        samples: How many samples of the scope are behind that.
        bound: The value with an interval that misses the level given; None for a fact (a count, an extreme).
        refuse: Why a check on it fails whatever was observed, or None.
        note: What a reader of a check must know of the scope besides, or ``""``.
        at_least: Whether a bare value is the least allowed, and less of it is worse; else the most, and more is worse.
        comparable: Whether a regression budget may be about it: an estimate on a ratio scale, with an interval.
        observe_kind: Of a metric that is limited per error kind, its value for one kind; else None.
        needed: How many samples it takes to be judged.
    """

    name: str
    words: str
    quantity: Quantity
    observe: Callable[[Scope], float]
    samples: Callable[[Scope], int]
    bound: Callable[[Scope, float], Bound | None] = lambda _scope, _alpha: None
    refuse: Callable[[Scope], Refusal | None] = without_success
    note: Callable[[Scope], str] = lambda _scope: ""
    at_least: bool = False
    comparable: bool = False
    observe_kind: Callable[[Scope, str], float] | None = None
    needed: int = 1

    @property
    def unit(self) -> Unit:
        """The unit of its values."""
        return self.quantity.unit

    @property
    def timed(self) -> bool:
        """Whether it means nothing under a mock, whose responses take no time."""
        return self.quantity.timed

    def of_kind(self, kind: str) -> Metric:
        """Return the metric of one error *kind*, ``errors.ModelError``.

        Raises:
            KeyError: it has no kinds.
        """
        if self.observe_kind is None:
            raise KeyError(f"{self.name}.{kind}")
        observe = partial(_of_kind, self.observe_kind, kind)
        return replace(
            self,
            name=f"{self.name}.{kind}",
            words=f"{kind} {self.words}",
            observe=observe,
            refuse=partial(kinds_ran_over, self.refuse),
        )


def _of_kind(observe: Callable[[Scope, str], float], kind: str, scope: Scope) -> float:
    return observe(scope, kind)


def _percentile(name: str, per_mille: int, words: str) -> Metric:
    """A percentile in thousandths: no rank or sample count is off by a rounding error."""
    return Metric(
        name,
        words,
        LATENCY,
        observe=lambda scope: scope.check_quantile_ms(per_mille),
        samples=answered_or_lost,
        bound=partial(latency_percentile, per_mille=per_mille),
        refuse=partial(too_few_for, metric=name, per_mille=per_mille),
        note=lost_are_slowest,
        comparable=True,
        needed=needed_samples(per_mille),
    )


_ROWS = (
    _percentile("p50", 500, "p50"),
    _percentile("p90", 900, "p90"),
    _percentile("p95", 950, "p95"),
    _percentile("p99", 990, "p99"),
    _percentile("p99_9", 999, "p99.9"),
    Metric(
        "mean",
        "mean latency",
        LATENCY,
        observe=lambda scope: scope.check_mean_ms(),
        samples=answered_or_lost,
        bound=mean_latency,
        note=failures_take_their_time,
        comparable=True,
    ),
    Metric(
        "max",
        "max latency",
        LATENCY,
        observe=lambda scope: scope.check_max_ms(),
        samples=answered_or_lost,
        note=failures_take_their_time,
    ),
    Metric(
        "cold_p95",
        "cold_p95",
        LATENCY,
        observe=lambda scope: percentile(scope.touches_ms, 950),
        samples=lambda scope: len(scope.touches_ms),
        refuse=without_touch,
        note=silent_models,
    ),
    Metric(
        "stalled",
        "silence",
        LATENCY,
        observe=lambda scope: scope.silence.length_ms if scope.silence is not None else 0.0,
        samples=lambda scope: scope.stats.requests,
        refuse=lambda _scope: None,
        note=silence_words,
    ),
    Metric(
        "tps",
        "TPS",
        RATE,
        observe=lambda scope: scope.stats.tps,
        samples=lambda scope: scope.stats.ok,
        bound=success_rate_per_s,
        at_least=True,
        comparable=True,
    ),
    Metric(
        "error_rate",
        "error rate",
        RATIO,
        observe=lambda scope: scope.stats.error_rate,
        samples=lambda scope: scope.stats.requests,
        bound=failure_share,
    ),
    Metric(
        "errors",
        "errors",
        COUNT_OR_SHARE,
        observe=lambda scope: float(scope.stats.errors),
        samples=lambda scope: scope.stats.requests,
        observe_kind=lambda scope, kind: float(sum(n for of, n in scope.failures.items() if counts_as(*of, kind))),
    ),
    Metric(
        "requests",
        "requests",
        COUNT,
        observe=lambda scope: float(scope.stats.requests),
        samples=lambda scope: scope.stats.requests,
        at_least=True,
    ),
)

COLD_METRIC = "cold_p95"
"""Of a first touch of models, which alone are loaded."""
CLOSED_METRIC = "stalled"
"""The one that only a closed load has: its users wait for answers."""
METRICS: Mapping[str, Metric] = {row.name: row for row in _ROWS}
"""By name, in the order checks are shown."""


def metric_family(name: str) -> str:
    """Return the key of `METRICS` that *name* belongs to: ``errors`` for ``errors.ModelError``."""
    return name.partition(".")[0]


def metric_named(name: str) -> Metric:
    """Return the metric *name*: a key of `METRICS`, or ``errors.KIND``.

    Raises:
        KeyError: there is none.
    """
    family, _, kind = name.partition(".")
    return METRICS[family].of_kind(kind) if kind else METRICS[family]
