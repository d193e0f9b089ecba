"""An extended load reads as one that never paused."""

from __future__ import annotations

import copy
import dataclasses

import pytest
from recordings import MODEL_ERROR, Row, recording

from pytest_smload.conduct.looks import next_stretch_s
from pytest_smload.core.measure.cold import first_touches_ms
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.join import join

FIRST = recording(
    [Row(9.0, 9.0, 9.5), Row(10.0, 10.0, 10.5), Row(19.0, 19.0, 20.5, model=1)], opens=10, closes=20, connects=2
)
SECOND = recording(
    [Row(99.0, 99.0, 99.2), Row(100.0, 100.0, 100.4, MODEL_ERROR), Row(104.0, 104.5, 105.0, model=2, free=104.4)],
    opens=100,
    closes=110,
    unsent=[(109.0, 1)],
    connects=1,
)


def test_the_windows_follow_each_other() -> None:
    """The joined window is as long as both; every window sample is in it, every ramp before it."""
    measurement = measure(join(FIRST, SECOND))

    assert join(FIRST, SECOND).window_s == 20
    assert (measurement.total.requests, measurement.total.ok, measurement.unsent) == (5, 3, 1)
    assert measurement.warmup.sent == 2
    assert measurement.errors == {"ModelError": 1, "Unsent": 1}


def test_lengths_are_kept() -> None:
    """Latencies, client delays and in-flight holds are those measured."""
    joined = join(FIRST, SECOND)
    latencies = [end - due for due, end in zip(joined.samples.due, joined.samples.end, strict=True)]

    assert latencies == pytest.approx([0.5, 0.5, 1.5, 0.2, 0.4, 1.0])
    assert list(joined.samples.held_index) == [5]
    assert joined.samples.held_free[0] - joined.samples.due[5] == pytest.approx(0.4)


def test_late_reads_are_kept() -> None:
    """A response that waited for the client waited as long on the joined clock."""
    first, second = (dataclasses.replace(each, samples=copy.deepcopy(each.samples)) for each in (FIRST, SECOND))
    for each in (first, second):
        each.samples.late_index.append(1)
        each.samples.late_from.append(each.samples.end[1] - 0.2)
        each.samples.late_to.append(each.samples.end[1] - 0.1)
    samples = join(first, second).samples
    waited = [
        (samples.end[index] - earliest, samples.end[index] - latest)
        for index, earliest, latest in zip(samples.late_index, samples.late_from, samples.late_to, strict=True)
    ]

    assert list(samples.late_index) == [1, len(first.samples) + 1]
    assert waited == [pytest.approx((0.2, 0.1))] * 2


def test_a_model_is_cold_once() -> None:
    """Its first touch is that of the first stretch, though the second's ramp lies before it on the joined clock."""
    assert first_touches_ms(join(FIRST, SECOND)) == pytest.approx([500, 1500, 500])


def test_what_drained_after_the_first_window_counts_in_the_second() -> None:
    """It stands for what the second ramp carried in: tps is that of a load that never paused."""
    joined = join(FIRST, SECOND)

    assert measure(joined).total.tps == pytest.approx(3 / 20)
    assert (joined.connects, joined.stretches) == (3, 2)


def test_error_codes_may_differ_between_stretches() -> None:
    """Each stretch numbers its kinds as it meets them."""
    names = ("ok", "Timeout", "Unsent", "Connection", "BadResponse", "Client", "Other", "ModelError")
    renumbered = recording([Row(101.0, 101.0, 101.1, 7)], opens=100, closes=110)
    joined = join(recording([Row(11.0, 11.0, 11.1, MODEL_ERROR)], opens=10, closes=20),
                  dataclasses.replace(renumbered, kind_names=names))  # fmt: skip

    assert measure(joined).errors == {"ModelError": 2}


def test_looks_are_geometric_and_end_at_the_longest_window() -> None:
    """1, 2 and 4 times the duration, cut at max_duration; a tiny rest is not worth a ramp."""
    assert next_stretch_s(60, 60, 600) == 60
    assert next_stretch_s(60, 120, 600) == 120
    assert next_stretch_s(60, 240, 600) == 0
    assert next_stretch_s(60, 60, 90) == 30
    assert next_stretch_s(60, 60, 63) == 0
    assert next_stretch_s(60, 120, 150) == 30
