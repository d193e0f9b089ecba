"""Shifts of level over a series of runs: rarely found where there are none, found where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_smload.core.statistics.shifts import FEWEST, LEVEL, shifts


@pytest.mark.parametrize("noise", ["normal", "heavy tails", "one run in ten odd", "mostly zero"])
@pytest.mark.parametrize("count", [12, 30])
def test_few_series_without_a_shift_have_one(noise: str, count: int) -> None:
    """0.5 % of 200 series is one; five and more would be by chance in 0.4 % of tests, and the seed is fixed."""
    random = np.random.default_rng(7)
    found = 0
    for _ in range(200):
        series = random.normal(size=count)
        if noise == "heavy tails":
            series = random.standard_t(2, size=count)
        elif noise == "one run in ten odd":
            series *= np.where(random.random(count) < 0.1, 8, 1)
        elif noise == "mostly zero":
            series = np.where(random.random(count) < 0.8, 0, random.random(count))
        found += bool(shifts(series.tolist()))
    assert found < 5


def test_shift_is_found_where_it_is() -> None:
    """Of five standard deviations, six runs after it, within a run or two."""
    random = np.random.default_rng(8)
    places = []
    for _ in range(40):
        series = random.normal(size=36)
        series[30:] += 5
        places.append([shift.place for shift in shifts(series.tolist())])
    assert sum(any(abs(place - 30) <= 2 for place in found) for found in places) >= 34


def test_several_shifts_with_their_medians() -> None:
    """There and back again."""
    series = [200.0 + number % 3 for number in range(12)]
    series += [250.0 + number % 3 for number in range(12)] + series
    first, second = shifts(series)
    assert [(12, 201.0, 251.0), (24, 251.0, 201.0)] == [
        (each.place, each.before, each.after) for each in (first, second)
    ]
    assert max(first.p, second.p) <= LEVEL


@pytest.mark.parametrize("series", [[], [1.0], [1.0] * 100, [1.0, 2.0, 3.0, 9.0, 9.0, 9.0, 9.0]])
def test_too_little_to_say(series: list[float]) -> None:
    """No runs, fewer than two times `FEWEST`, or all alike."""
    assert FEWEST == 4
    assert [] == shifts(series)


def test_one_odd_run_is_no_shift() -> None:
    """However odd, at either end too."""
    for place in (0, 15, 29):
        series = [200.0 + number % 5 for number in range(30)]
        series[place] = 1e9
        assert [] == shifts(series)
