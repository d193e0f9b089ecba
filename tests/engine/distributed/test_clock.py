"""The offset between two clocks, from messages there and back."""

from __future__ import annotations

from random import Random

import pytest

from pytest_smload.engine.distributed.clock import Reading, offset_of


def test_the_offset_is_within_its_uncertainty() -> None:
    """Whatever the way there and back took, each by itself."""
    draw = Random(1).random
    for _ in range(200):
        true_s = draw() * 1000 - 500
        readings = []
        for number in range(8):
            there_s, back_s, sent_s = draw() * 0.05, draw() * 0.05, number * 0.2
            readings.append(Reading(sent_s, sent_s + there_s + true_s, sent_s + there_s + back_s))

        found = offset_of(readings)

        assert abs(found.offset_s - true_s) <= found.uncertainty_s + 1e-9


def test_the_quickest_reading_counts() -> None:
    """A slow one says less."""
    quick, slow = Reading(0.0, 10.001, 0.002), Reading(1.0, 11.9, 2.0)

    assert offset_of([slow, quick]) == offset_of([quick])
    assert offset_of([slow, quick]).uncertainty_s == pytest.approx(0.001)
