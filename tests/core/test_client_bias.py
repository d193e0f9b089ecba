"""What the event loop's lag does to the 95th percentile reported."""

from __future__ import annotations

from random import Random

import pytest

from pytest_smload.core.client_bias import wake_bias_ms


def test_no_lag_moves_nothing() -> None:
    """Nor is there anything to move without a success or a reading."""
    assert wake_bias_ms([10.0] * 100, [0.0] * 50) == 0
    assert wake_bias_ms([], [5.0]) == 0
    assert wake_bias_ms([10.0], []) == 0


def test_a_constant_latency_moves_by_the_lag_s_own_p95() -> None:
    """Where nothing else varies, the slowest are those that met the lag."""
    lags = [6.0] * 10 + [0.0] * 90

    assert wake_bias_ms([50.0] * 10_000, lags) == 6.0


def test_a_latency_that_varies_more_moves_by_the_lag_s_mean() -> None:
    """A short lag is lost in a long spread: its mean is what remains."""
    draw = Random(1).uniform
    latencies = sorted(draw(0, 1_000) for _ in range(100_000))
    lags = [draw(0, 10) for _ in range(1_000)]

    assert wake_bias_ms(latencies, lags) == pytest.approx(5, rel=0.2)


def test_a_million_samples_are_judged_by_a_part_of_them() -> None:
    """The part is spread over all of them."""
    latencies = [float(value) for value in range(200_001)]

    assert wake_bias_ms(latencies, [7.0]) == pytest.approx(7, abs=0.1)
