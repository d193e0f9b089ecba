"""Where the window of a load may end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.schedule import Schedule, WindowEnd

SHARES = [0.75, 0.25]


@pytest.mark.parametrize(
    ("max_duration", "ends_s"),
    [(None, (10,)), ("10s", (10,)), ("11s", (10,)), ("15s", (10, 15)), ("25s", (10, 20, 25)), ("1h", (10, 20, 40))],
)
def test_a_window_ends_after_its_duration_twice_or_four_times_that(
    max_duration: str | None, ends_s: tuple[float, ...]
) -> None:
    """Cut at max_duration; a tenth of the duration more is not worth a look."""
    profile = LoadProfile(tps=1, duration="10s", max_duration=max_duration)

    assert ends_s == profile.window_ends_s


def extendable(**fields: object) -> LoadProfile:
    return LoadProfile(**{"tps": 20, "duration": "10s", "warmup": "4s", "max_duration": "40s"} | fields)


def test_a_load_that_may_go_on_begins_as_one_that_may_not() -> None:
    """Its first stretch is the same to the arrival."""
    whole, short = Schedule.of(extendable(), SHARES), Schedule.of(extendable(max_duration=None), SHARES)

    assert [WindowEnd(10, 260), WindowEnd(20, 460), WindowEnd(40, 860)] == list(whole.ends)
    assert [WindowEnd(10, 260)] == list(short.ends)
    assert np.array_equal(short.offsets_s, whole.offsets_s[:260])
    assert np.array_equal(short.models, whole.models[:260])


def test_each_stretch_has_its_exact_counts() -> None:
    """Arrivals per model, and no arrival outside its stretch; the stretches differ."""
    schedule = Schedule.of(extendable(), SHARES)
    counts = []
    for before, after in pairwise((WindowEnd(0, schedule.warmup_count), *schedule.ends)):
        offsets_s = schedule.offsets_s[before.arrivals : after.arrivals] - schedule.warmup_s
        assert before.offset_s <= offsets_s.min() < offsets_s.max() < after.offset_s
        counts.append(np.bincount(schedule.models[before.arrivals : after.arrivals]).tolist())

    assert [[150, 50], [150, 50], [300, 100]] == counts
    assert np.all(np.diff(schedule.offsets_s) >= 0)
    first, second = schedule.offsets_s[60:260] - 4, schedule.offsets_s[260:460] - 14
    assert not np.allclose(first, second)


def test_a_cap_ends_the_load_in_the_stretch_it_falls_in() -> None:
    """What is left of that stretch has its exact counts; there is no later end."""
    schedule = Schedule.of(extendable(), SHARES, most=360)

    assert [10, pytest.approx(15, abs=1.5)] == [end.offset_s for end in schedule.ends]
    assert [260, 360] == [end.arrivals for end in schedule.ends]
    assert [75, 25] == np.bincount(schedule.models[260:]).tolist()


def test_a_cap_at_an_end_leaves_no_later_one() -> None:
    """The stretch is whole."""
    schedule = Schedule.of(extendable(), SHARES, most=260)

    assert [WindowEnd(10, 260)] == list(schedule.ends)


def test_parts_end_where_the_whole_does() -> None:
    """Every generator may go on at the same moments, and their arrivals up to each are the whole's."""
    whole = Schedule.of(extendable(), SHARES)
    parts = [whole.part(index, 3) for index in range(3)]

    for place, end in enumerate(whole.ends):
        assert {end.offset_s} == {part.ends[place].offset_s for part in parts}
        assert end.arrivals == sum(part.ends[place].arrivals for part in parts)
