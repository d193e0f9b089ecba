"""Statistics of values kept in runs."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pytest_smload.emulator.control.samples import Samples

VALUES = st.lists(st.floats(0, 1e9), min_size=1, max_size=50)


@given(parts=st.lists(VALUES, min_size=1, max_size=5), p=st.floats(0, 1))
def test_percentiles_are_those_of_all_values(parts: list[list[float]], p: float) -> None:
    """The nearest rank of joined samples is that of one sorted list."""
    joined = Samples()
    for part in parts:
        joined.join(Samples.of(*part))
    ordered = sorted(value for part in parts for value in part)

    assert ordered[max(math.ceil(p * len(ordered)), 1) - 1] == joined.percentile(p)
    assert (len(ordered), ordered[0], ordered[-1]) == (joined.count, joined.low, joined.high)


def test_many_values() -> None:
    """More values than a run holds are all there."""
    samples = Samples.of(*(float(value * 7919 % 10_007) for value in range(10_007)))

    assert [5003.0, 10_006.0, 0.0] == [samples.percentile(p) for p in (0.5, 1.0, 0.0)]


def test_a_statistic_set_has_no_percentile() -> None:
    """Counts alone have sums and extremes, and no percentile."""
    samples = Samples()
    samples.add_counts(4, 2.0, 0.0, 1.0)
    samples.add_counts(0, 0.0, math.inf, -math.inf)

    assert (samples.count, samples.total, samples.low, samples.high) == (4, 2.0, 0.0, 1.0)
    assert samples.percentile(0.5) is None
