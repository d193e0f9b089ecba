"""Decides whether a run is worse than the baseline runs: significantly, by more than a budget, beyond the run noise.

The log-ratio of two estimates, with a MOVER interval (each end of it from the ends of the two intervals that matter
there, so that an estimate unbounded above can still be shown worse), widened by how much runs of the same code differ.
That noise is taken from the baseline runs, less what their own sampling explains, and is never below a floor: five
runs may agree by luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, isnan, log, nan, sqrt
from typing import Literal, NamedTuple

from pytest_smload.core.statistics.bound import Bound

Decision = Literal["fail", "pass", "undecided"]

NOISE_FLOOR = 0.02
"""Standard deviation of ln(metric) between runs of the same code that is assumed at least."""
CUMULATIVE = 2.0
"""How many times a metric's budget the anchor may be exceeded by: many small steps, each within the budget, add up."""

_Z95, _Z90 = 1.96, 1.645
_Z_PASS = _Z90 + 1.282
"""From where a pass is shown nine times in ten when nothing has changed."""


class Estimate(NamedTuple):
    """A metric's value in one run with its 95 % interval; *lower* 0 or *upper* inf where that side is unbounded."""

    value: float
    lower: float
    upper: float

    @classmethod
    def of(cls, bound: Bound) -> Estimate:
        """Return what a baseline keeps of *bound*, which must be one of 95 %."""
        return cls(bound.observed, bound.lower, bound.upper)

    def inverse(self) -> Estimate:
        """Return the estimate of 1 / value: where more is better, its inverse is a cost."""
        return Estimate(_inverse(self.value), _inverse(self.upper), _inverse(self.lower))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run compared with baseline runs.

    Attributes:
        decision: ``"fail"``: worse, significantly and by more than is allowed. ``"pass"``: shown not to be worse by
            more than that. Else ``"undecided"``.
        ratio: New value / (geometric) mean of the baseline's.
        lower, upper: Its 90 % interval, so that each side is missed by 5 %.
        allowed: The ratio allowed: 1.1 for 10 % more latency, 0.95 for 5 % less TPS; more where the floor is larger.
        base: The baseline's geometric mean.
        runs: Baseline runs it was compared with.
        noise: Standard deviation of ln(metric) between runs, as estimated or assumed.
        attainable: The smallest budget that unchanged code passes nine times in ten with this many baseline runs and
            any number of requests.
        attainable_now: The same with the requests of these runs.
    """

    decision: Decision
    ratio: float
    lower: float
    upper: float
    allowed: float
    base: float
    runs: int
    noise: float
    attainable: float
    attainable_now: float


def compare(
    new: Estimate,
    baseline: Sequence[Estimate],
    *,
    budget: float,
    floor: float = 0.0,
    higher_is_better: bool = False,
    noise: float | None = None,
) -> Comparison:
    """Compare *new* with the runs of *baseline*.

    Args:
        new: The run judged.
        baseline: One estimate per baseline run, at least one, finite values above 0.
        budget: The change for the worse that is allowed, 0.1 for 10 %, below 1 where *higher_is_better*.
        floor: What is allowed in any case, in the metric's unit (ms); latency only.
        higher_is_better: True for tps.
        noise: The noise between runs where it is known better than from *baseline* (the anchor is a single run).

    Raises:
        ValueError: *baseline* is empty.
    """
    if not baseline:
        raise ValueError("a comparison needs a baseline run")
    if higher_is_better:
        return _inverted(_compare_costs(new.inverse(), [run.inverse() for run in baseline], -log(1 - budget), noise))
    base = exp(_mean([log(run.value) for run in baseline]))
    return _compare_costs(new, baseline, log(max(1 + budget, 1 + floor / base)), noise)


def compare_with_anchor(
    new: Estimate,
    anchor: Estimate,
    *,
    budget: float,
    noise: float,
    floor: float = 0.0,
    higher_is_better: bool = False,
) -> Comparison:
    """Compare *new* with the run everything began with, on the cumulative budget.

    Args:
        new: The run judged.
        anchor: The anchor's estimate.
        budget: The budget against the latest runs; `CUMULATIVE` times that is allowed, 90 % less at most.
        noise: `Comparison.noise` of the latest runs.
        floor: As in `compare`.
        higher_is_better: True for tps.
    """
    cumulative = min(CUMULATIVE * budget, 0.9) if higher_is_better else CUMULATIVE * budget
    return compare(new, [anchor], budget=cumulative, floor=floor, higher_is_better=higher_is_better, noise=noise)


def confirmed(first: Decision, rerun: Decision) -> Decision:
    """Return the decision of a run and its confirming rerun: a failure only counts when both fail."""
    return first if first != "fail" or rerun == "fail" else "undecided"


def attainable_budget(noise: float, runs: int) -> float:
    """Return the smallest budget unchanged code passes nine times in ten, however many requests are sent."""
    return exp(_Z_PASS * noise * sqrt(1 + 1 / runs)) - 1


def run_noise(baseline: Sequence[Estimate]) -> float:
    """Return the standard deviation of ln(value) between runs that their own sampling does not explain.

    At least `NOISE_FLOOR`, which also stands for a single run.
    """
    count = len(baseline)
    if count < 2:
        return NOISE_FLOOR
    logs = [log(run.value) for run in baseline]
    centre = _mean(logs)
    variance = sum((value - centre) ** 2 for value in logs) / (count - 1)
    return sqrt(max(NOISE_FLOOR**2, variance - _mean([_sampling_variance(run) for run in baseline])))


def _compare_costs(new: Estimate, baseline: Sequence[Estimate], allowed: float, noise: float | None) -> Comparison:
    """Compare where less is better; *allowed* is the log-ratio allowed."""
    count = len(baseline)
    noise = run_noise(baseline) if noise is None else noise
    centre = _mean([log(run.value) for run in baseline])
    between = noise**2 * (1 + 1 / count)
    ratio, lower, upper = _interval(new, baseline, centre, _Z90**2 * between)
    sampling = _sampling_variance(new) + _mean([_sampling_variance(run) for run in baseline]) / count
    decision: Decision = "undecided"
    if lower > 0 and ratio > allowed:
        decision = "fail"
    elif upper <= allowed:
        decision = "pass"
    return Comparison(
        decision=decision,
        ratio=_exp(ratio),
        lower=_exp(lower),
        upper=_exp(upper),
        allowed=exp(allowed),
        base=exp(centre),
        runs=count,
        noise=noise,
        attainable=attainable_budget(noise, count),
        attainable_now=_exp(_Z_PASS * sqrt(between + sampling)) - 1,
    )


def _interval(
    new: Estimate, baseline: Sequence[Estimate], centre: float, noise_reach2: float
) -> tuple[float, float, float]:
    """The log-ratio and the ends of its interval; all of it at +inf where *new* is lost even at its lower end."""
    if isnan(new.value):
        return nan, -inf, inf
    count, shrink = len(baseline), (_Z90 / _Z95) ** 2
    base_up2 = _mean([(_log(run.upper) - log(run.value)) ** 2 for run in baseline]) / count
    base_down2 = _mean([(log(run.value) - _log(run.lower)) ** 2 for run in baseline]) / count
    value, low, high = _log(new.value), _log(new.lower), _log(new.upper)
    if not isfinite(value):
        # The MOVER distance from an infinite value does not exist; from its lower end on, the others' reach does.
        return value - centre, low - centre - sqrt(shrink * base_up2 + noise_reach2), inf
    distance = value - centre
    return (
        distance,
        distance - sqrt(shrink * ((value - low) ** 2 + base_up2) + noise_reach2),
        distance + sqrt(shrink * ((high - value) ** 2 + base_down2) + noise_reach2),
    )


def _sampling_variance(run: Estimate) -> float:
    """The variance of ln(value) that a run's own interval tells of."""
    return ((_log(run.upper) - _log(run.lower)) / (2 * _Z95)) ** 2 if run.lower < inf else inf


def _inverted(costs: Comparison) -> Comparison:
    """The comparison of a metric of which more is better, from that of its inverse."""
    return Comparison(
        decision=costs.decision,
        ratio=_inverse(costs.ratio),
        lower=_inverse(costs.upper),
        upper=_inverse(costs.lower),
        allowed=1 / costs.allowed,
        base=1 / costs.base,
        runs=costs.runs,
        noise=costs.noise,
        attainable=1 - 1 / (1 + costs.attainable),
        attainable_now=1 - 1 / (1 + costs.attainable_now),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _inverse(value: float) -> float:
    return 1 / value if value else inf


def _log(value: float) -> float:
    return log(value) if value > 0 else -inf


def _exp(value: float) -> float:
    return inf if value >= 700 else exp(value)
