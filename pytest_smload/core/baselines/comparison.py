"""Decides whether a run is worse than the baseline runs: significantly, by more than a budget, beyond the run noise.

The log-ratio of two estimates, with a MOVER interval (each end of it from the ends of the two intervals that matter
there, so that an estimate unbounded above can still be shown worse), widened by how much runs of the same code differ.

A failure is confirmed by a rerun, minutes after the run. The rerun averages the run's own sampling away, but neither
what the baseline's runs happened to be nor the state the machines are in, which run and rerun share: these must be
exceeded by the run alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, isnan, log, nan, sqrt
from typing import Literal

from pytest_smload.core.baselines.estimate import Z95, Estimate, inverse, log_of, sampling_variance
from pytest_smload.core.baselines.run_noise import RunNoise, centre, centre_variance, run_noise

Decision = Literal["fail", "pass", "undecided"]

CUMULATIVE = 2.0
"""How many times a metric's budget the anchor may be exceeded by: many small steps, each within the budget, add up."""
BEYOND = 2.0
"""How many times what is allowed two runs must both be worse by to fail, however vague each of them is."""

MOST_TPS_LOST = 0.9
"""Of which `BEYOND` times a budget is no more."""
_SCATTERS, _REACHES = 3.5, 3.0
"""From where a value is beyond what baseline runs explain by their own scatter, or else by their intervals, which are
too short where requests queue: 70 and 80 % busy, 1,000 requests, unchanged code is so in under 1 % of runs."""
_Z90 = 1.645
_Z_SHARED = 2.576
"""What unchanged code exceeds in one run of 200: of all that a rerun does not average away."""
_Z_POWER = 1.282
"""What nine runs of ten stay below."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run compared with baseline runs.

    Attributes:
        decision: ``"fail"``: worse, significantly and by more than is allowed. ``"pass"``: shown not to be worse by
            more than that. Else ``"undecided"``.
        ratio: New value / (geometric) mean of the baseline's, of three and more without the least and the largest.
        lower, upper: The interval decided on. For the worse it is as wide as one run and its rerun, on the same
            machines in the same state, leave it in 99.5 % of cases; the other side is missed by 5 %.
        allowed: The ratio allowed: 1.1 for 10 % more latency, 0.95 for 5 % less TPS; more where the floor is larger.
        base: The baseline's geometric mean.
        runs: Baseline runs it was compared with.
        noise: Standard deviation of ln(metric) between runs, as estimated or assumed.
        attainable: The smallest budget that unchanged code is shown to keep nine times in ten with this many baseline
            runs and any number of requests.
        attainable_now: The same with the requests of these runs.
        detectable: The smallest change for the worse that fails nine times in ten with the requests of these runs.
        beyond: Whether the value is worse by `BEYOND` times what is allowed, and by more than the baseline and the
            noise between runs explain: where a rerun is so too it is a failure, though its sampling alone may explain
            either.
        shared: How much of what varies within the window does so on both sides of it alike, 0..1, and leaves their
            ratio as it is; None against recorded runs.
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
    detectable: float
    beyond: bool = False
    shared: float | None = None

    @property
    def suspicious(self) -> bool:
        """Whether a rerun has to say what it is."""
        return self.decision == "fail" or self.beyond


def compare(
    new: Estimate,
    baseline: Sequence[Estimate],
    *,
    budget: float,
    floor: float = 0.0,
    higher_is_better: bool = False,
    noise: RunNoise | None = None,
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
    noise = run_noise(baseline) if noise is None else noise
    if higher_is_better:
        far = max(budget, min(BEYOND * budget, MOST_TPS_LOST))
        costs = [run.inverse() for run in baseline]
        return _inverted(_compare_costs(new.inverse(), costs, (-log(1 - budget), -log(1 - far)), noise))
    share = max(budget, floor / exp(centre([log(run.value) for run in baseline])))
    return _compare_costs(new, baseline, (log(1 + share), log(1 + BEYOND * share)), noise)


def compare_with_anchor(
    new: Estimate,
    anchor: Estimate,
    *,
    budget: float,
    noise: RunNoise,
    floor: float = 0.0,
    higher_is_better: bool = False,
) -> Comparison:
    """Compare *new* with the run everything began with, on the cumulative budget.

    Args:
        new: The run judged.
        anchor: The anchor's estimate.
        budget: The budget against the latest runs; `CUMULATIVE` times that is allowed, 90 % less at most.
        noise: Of the latest runs.
        floor: As in `compare`.
        higher_is_better: True for tps.
    """
    cumulative = min(CUMULATIVE * budget, MOST_TPS_LOST) if higher_is_better else CUMULATIVE * budget
    return compare(new, [anchor], budget=cumulative, floor=floor, higher_is_better=higher_is_better, noise=noise)


def confirmed(first: Comparison, rerun: Comparison | None) -> Decision:
    """Return the decision of a run and its confirming rerun: a failure only counts when both say the same."""
    if not first.suspicious:
        return first.decision
    if rerun is None:
        return "undecided"
    both = (first.decision == rerun.decision == "fail") or (first.beyond and rerun.beyond)
    return "fail" if both else "undecided"


def attainable_budget(noise: float, runs: int) -> float:
    """Return the smallest budget unchanged code is shown to keep nine times in ten, however many requests are sent."""
    return exp((_Z90 + _Z_POWER) * noise * sqrt(1 + centre_variance(runs))) - 1


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far, squared and in ln, chance may take the log-ratio for the worse or the better.

    Attributes:
        shared: For the worse, of what run and rerun have in common.
        known: The same as far as the baseline's runs bound it.
        base_down: For the better, of the baseline and the noise between runs.
    """

    shared: float
    known: float
    base_down: float

    @classmethod
    def of(cls, baseline: Sequence[Estimate], weight: float, noise: RunNoise) -> _Reach:
        """Return it for the runs of the *baseline* that its centre, of variance *weight*, is of."""
        count = len(baseline)
        up = [(log_of(run.upper) - log(run.value)) ** 2 for run in baseline]
        down = [(log(run.value) - log_of(run.lower)) ** 2 for run in baseline]
        bounded = [min(ends) for ends in zip(up, down, strict=True)]
        feared = (_Z_SHARED * noise.feared) ** 2 * (1 + weight)
        widest = (_Z_SHARED / Z95) ** 2 * weight / count
        return cls(
            shared=feared + widest * sum(up),
            known=feared + widest * sum(each for each in bounded if isfinite(each)),
            base_down=(_Z90 / Z95) ** 2 * weight / count * sum(down) + (_Z90 * noise.likely) ** 2 * (1 + weight),
        )


def _compare_costs(
    new: Estimate, baseline: Sequence[Estimate], allowed: tuple[float, float], noise: RunNoise
) -> Comparison:
    """Compare where less is better; *allowed* is the log-ratio allowed, and `BEYOND` times it."""
    count = len(baseline)
    middle = centre([log(run.value) for run in baseline])
    weight = centre_variance(count)
    # The sampling of a run the centre leaves out, an outage say, is no part of it either.
    central = sorted(baseline)[1:-1] if count > 2 else baseline
    reach = _Reach.of(central, weight, noise)
    ratio, lower, upper = _interval(new, middle, reach)
    decision: Decision = "undecided"
    if lower > 0 and ratio > allowed[0]:
        decision = "fail"
    elif upper <= allowed[0]:
        decision = "pass"
    own = sampling_variance(new)
    sampling = own + weight * sum(sampling_variance(run) for run in central) / len(central)
    scatter = sqrt(noise.likely**2 * (1 + weight) + sampling)
    caught = max(allowed[0], sqrt(reach.shared + _Z90**2 * own)) + _Z_POWER * scatter
    return Comparison(
        decision=decision,
        ratio=_exp(ratio),
        lower=_exp(lower),
        upper=_exp(upper),
        allowed=exp(allowed[0]),
        base=exp(middle),
        runs=count,
        noise=noise.likely,
        attainable=attainable_budget(noise.likely, count),
        attainable_now=_exp((_Z90 + _Z_POWER) * scatter) - 1,
        detectable=_exp(caught) - 1,
        beyond=ratio > max(allowed[1], _explained(reach, noise, weight)),
    )


def _explained(reach: _Reach, noise: RunNoise, weight: float) -> float:
    """The log-ratio that is not by chance, whatever the interval of the new value."""
    if noise.scatter is None:
        return _REACHES * sqrt(reach.known)
    return sqrt(1 + weight) * max(_Z_SHARED * noise.feared, _SCATTERS * noise.scatter)


def _interval(new: Estimate, middle: float, reach: _Reach) -> tuple[float, float, float]:
    """The log-ratio and the ends of its interval; all of it at +inf where *new* is lost even at its lower end."""
    if isnan(new.value):
        return nan, -inf, inf
    shrink = (_Z90 / Z95) ** 2
    value, low, high = log_of(new.value), log_of(new.lower), log_of(new.upper)
    if not isfinite(value):
        # The MOVER distance from an infinite value does not exist; from its lower end on, the others' reach does.
        return value - middle, low - middle - sqrt(reach.shared), inf
    distance = value - middle
    return (
        distance,
        distance - sqrt(shrink * (value - low) ** 2 + reach.shared),
        distance + sqrt(shrink * (high - value) ** 2 + reach.base_down),
    )


def _inverted(costs: Comparison) -> Comparison:
    """The comparison of a metric of which more is better, from that of its inverse."""
    return Comparison(
        decision=costs.decision,
        ratio=inverse(costs.ratio),
        lower=inverse(costs.upper),
        upper=inverse(costs.lower),
        allowed=1 / costs.allowed,
        base=1 / costs.base,
        runs=costs.runs,
        noise=costs.noise,
        attainable=1 - 1 / (1 + costs.attainable),
        attainable_now=1 - 1 / (1 + costs.attainable_now),
        detectable=1 - 1 / (1 + costs.detectable),
        beyond=costs.beyond,
    )


def _exp(value: float) -> float:
    return inf if value >= 700 else exp(value)
