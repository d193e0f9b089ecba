"""Whether a window was steady from its first request on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import exp, inf, nan, sqrt

import numpy as np
import pytest

from pytest_smload.core.statistics.steadiness import Steadiness, steadiness


def judged(values: Sequence[float]) -> Steadiness:
    """What is said of *values*."""
    return steadiness(np.array(values, dtype=float))


def decaying(count: int, *, times: float, seed: int, tau_s: float = 15.0, run_s: float = 120.0) -> list[float]:
    """Lognormal latencies that begin *times* as slow and decay with *tau_s* over *run_s*."""
    draw = random.Random(seed)
    return [
        draw.lognormvariate(3, 0.5) * (1 + (times - 1) * exp(-index * run_s / count / tau_s)) for index in range(count)
    ]


def autoregressive(count: int, *, seed: int) -> list[float]:
    """Latencies whose logarithm is half AR(0.9), half independent noise."""
    draw = random.Random(seed)
    state, values = draw.gauss(0, 1), []
    for _ in range(count):
        state = 0.9 * state + sqrt(1 - 0.81) * draw.gauss(0, 1)
        values.append(exp(3 + 0.5 * (state + draw.gauss(0, 1)) / sqrt(2)))
    return values


def queue(count: int, *, utilisation: float, seed: int) -> list[float]:
    """Response times of an M/G/1 queue with lognormal service times of mean 1, in a steady state."""
    draw = random.Random(seed)
    wait, values = 0.0, []
    for _ in range(count + 2000):
        service = draw.lognormvariate(-0.125, 0.5)
        values.append(wait + service)
        wait = max(0.0, wait + service - draw.expovariate(utilisation))
    return values[2000:]


@pytest.mark.parametrize("seed", range(5))
def test_warming_up(seed: int) -> None:
    """A window that begins four times as slow and takes 15 of 120 s to calm down is not steady."""
    found = judged(decaying(6000, times=4, seed=seed))

    assert not found.steady
    assert 0.15 < found.cut_share < 0.4
    assert found.ratio > 1.5


@pytest.mark.parametrize("seed", range(5))
def test_steady(seed: int) -> None:
    """Neither serial dependence nor a queue is taken for a warm-up."""
    series = [
        decaying(6000, times=1, seed=seed),
        autoregressive(6000, seed=seed),
        queue(6000, utilisation=0.5, seed=seed),
        queue(6000, utilisation=0.7, seed=seed),
    ]

    assert [True] * 4 == [judged(each).steady for each in series]


def test_cutting_helps() -> None:
    """What is left after the cut is nearer to the steady state than the whole window."""
    values = decaying(6000, times=4, seed=9)
    begin = int(judged(values).cut_share * len(values))
    p95_whole, p95_rest = (sorted(part)[int(0.95 * len(part))] for part in (values, values[begin:]))
    truth = exp(3 + 1.645 * 0.5)

    assert p95_whole > 1.25 * truth
    assert p95_rest < 1.12 * truth


def test_faster_beginning() -> None:
    """A beginning that is faster than the rest is not a short warm-up."""
    found = judged([10.0 + index % 3 for index in range(1500)] + [20.0 + index % 3 for index in range(3500)])

    assert found.cut_share == pytest.approx(0.3, abs=0.01)
    assert found.ratio < 1
    assert found.steady


def test_slower_beginning() -> None:
    """A step down is cut exactly where it is."""
    found = judged([20.0 + index % 5 for index in range(1500)] + [10.0 + index % 5 for index in range(3500)])

    assert (found.cut_share, found.steady, found.n) == (0.3, False, 5000)


def test_at_most_half() -> None:
    """Never more than half is cut."""
    found = judged([2.0 + index % 5 for index in range(4000)] + [1.0] * 1000)

    assert found.cut_share <= 0.5


def test_few_samples_are_not_judged() -> None:
    """A short series is not called unsteady."""
    assert judged([20.0 + index % 5 for index in range(150)] + [10.0 + index % 5 for index in range(350)]).steady


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 9, [inf, nan]])
def test_next_to_nothing(values: list[float]) -> None:
    """Hardly any samples give nothing to cut."""
    assert Steadiness(0.0, 1.0, sum(value < inf for value in values)) == judged(values)


def test_equal_samples() -> None:
    """A constant endpoint, or a clock that shows 0, is steady."""
    assert [True, True] == [judged([value] * 2000).steady for value in (20.0, 0.0)]


def test_lost_and_failed_are_passed_over() -> None:
    """What has no latency plays no part."""
    values = decaying(3000, times=4, seed=2)
    holed = [each for value in values for each in (value, inf, nan)]

    assert judged(values) == judged(holed)
