"""Estimates the centre of baseline runs and how much such runs differ, whatever one odd run among them says.

Few runs say little: the spread of five, the most distant left out, is worth 2.4 degrees of freedom. What may fail
therefore rests half on what is assumed of runs nothing is known about; ``benchmarks/regression_gate.py`` shows that
estimators which rely on the spread alone catch less at equal false alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import median

from pytest_smload.core.baselines.estimate import Estimate, sampling_variance

NOISE_FLOOR = 0.02
"""Standard deviation of ln(metric) between runs of the same code that is assumed at least."""
UNKNOWN_NOISE = 0.05
"""The same where nothing is known yet: of a single baseline run."""
RUNS_FOR_SCATTER = 5
"""Fewer runs' spread says too little to be relied on alone: they agree by luck too often."""

_CENTRE_VARIANCES = (1.0, 0.5, 0.449, 0.298, 0.227)
"""Of the centre of 1, 2, ... normal values of variance 1; from three on the extremes on either side are left out."""
_SPREAD_CORRECTIONS = (0.0, 1.0, 2.405, 1.656, 1.452)
"""What the spread of 1, 2, ... normal values has to be multiplied by, of three and more the most distant left out."""
_FREEDOMS = (0.0, 1.0, 0.8, 1.57, 2.4)
"""Degrees of freedom of that spread: of 2 / variance of its relative square."""
_ASSUMED_FREEDOM = 2.4
"""As many has what is assumed."""
_INFLATIONS = (1.02, 1.10, 1.10, 1.12, 1.20)
"""What a spread that is itself estimated asks for besides, as Student's t does; for 0.5 % of false alarms."""


@dataclass(frozen=True, slots=True)
class RunNoise:
    """Standard deviations of ln(metric) between runs of the same code.

    Attributes:
        likely: As estimated, at least `NOISE_FLOOR`: what a pass, and what people read, rests on.
        feared: What a failure rests on: so much that unchanged code exceeds 2.576 times it in one run of 200.
        scatter: How much the runs differ for whatever reason, their own sampling included; None of fewer runs than
            `RUNS_FOR_SCATTER`.
    """

    likely: float
    feared: float
    scatter: float | None = None


def run_noise(baseline: Sequence[Estimate]) -> RunNoise:
    """Return how much the runs of *baseline* differ, above all beyond what their own sampling explains."""
    count = len(baseline)
    row = min(count, len(_FREEDOMS)) - 1
    variance, explained = _spread(baseline) if count > 1 else (0.0, 0.0)
    likely = sqrt(max(NOISE_FLOOR**2, variance - explained))
    assumed = _ASSUMED_FREEDOM / (_ASSUMED_FREEDOM + _FREEDOMS[row])
    feared = sqrt(assumed * UNKNOWN_NOISE**2 + (1 - assumed) * likely**2)
    return RunNoise(likely, _INFLATIONS[row] * feared, sqrt(variance) if count >= RUNS_FOR_SCATTER else None)


def centre(logs: Sequence[float]) -> float:
    """Return the mean of *logs*; of three and more without the least and the largest."""
    kept = sorted(logs)[1:-1] if len(logs) > 2 else logs
    return sum(kept) / len(kept)


def centre_variance(count: int) -> float:
    """Return the variance of `centre` of so many values of variance 1."""
    known = len(_CENTRE_VARIANCES)
    return _CENTRE_VARIANCES[count - 1] if count <= known else _CENTRE_VARIANCES[-1] * known / count


def _spread(baseline: Sequence[Estimate]) -> tuple[float, float]:
    """The variance of ln(value) between two runs or more, and as much of it as their own sampling explains."""
    logs = [log(run.value) for run in baseline]
    kept = list(range(len(logs)))
    if len(kept) > 2:
        middle = median(logs)
        kept.remove(max(kept, key=lambda place: abs(logs[place] - middle)))
    mean = sum(logs[place] for place in kept) / len(kept)
    correction = _SPREAD_CORRECTIONS[min(len(logs), len(_SPREAD_CORRECTIONS)) - 1]
    variance = correction**2 * sum((logs[place] - mean) ** 2 for place in kept) / (len(kept) - 1)
    return variance, sum(sampling_variance(baseline[place]) for place in kept) / len(kept)
