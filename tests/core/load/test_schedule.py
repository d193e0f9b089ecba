"""Schedules of open loads as values: what they hold, how they are capped, how they split over generators."""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.load.arrivals import rampup_arrivals, window_arrivals
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.schedule import Schedule
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.traffic import apportion
from pytest_smload.errors import ConfigurationError

SHARES = (0.5, 0.3, 0.2)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Schedules of every kind: with and without warm-up, stages, a cap."""
    fields = {
        "warmup": draw(st.sampled_from(["0s", "500ms", "3s"])),
        "arrivals": draw(st.sampled_from(["poisson", "uniform"])),
        "order": draw(st.sampled_from(["shuffled", "smooth"])),
        "seed": draw(st.integers(0, 2**40)),
    }
    rates = draw(st.lists(st.floats(0.5, 150), min_size=1, max_size=3))
    if len(rates) > 1:
        profile = LoadProfile(stages=[Stage("2s", tps=tps) for tps in rates], **fields)
    else:
        profile = LoadProfile(tps=rates[0], duration="4s", **fields)
    return Schedule.of(profile, SHARES, most=draw(st.none() | st.integers(0, 900)))


@settings(max_examples=80, deadline=None)
@given(whole=schedules(), parts=st.integers(1, 9))
def test_parts_are_exactly_the_whole(whole: Schedule, parts: int) -> None:
    """Dealt in turn, the parts' arrivals are the whole's: the same due times, models, warm-up and window."""
    dealt = [whole.part(index, parts) for index in range(parts)]
    offsets_s, models = np.empty_like(whole.offsets_s), np.empty_like(whole.models)
    for index, part in enumerate(dealt):
        offsets_s[index::parts], models[index::parts] = part.offsets_s, part.models
        assert (whole.warmup_s, whole.ends[-1].offset_s) == (part.warmup_s, part.ends[-1].offset_s)
        assert all(part.offsets_s[: part.warmup_count] < whole.warmup_s)
        assert all(part.offsets_s[part.warmup_count :] >= whole.warmup_s)

    assert whole.offsets_s.tobytes() == offsets_s.tobytes()
    assert whole.models.tobytes() == models.tobytes()
    assert whole.warmup_count == sum(part.warmup_count for part in dealt)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


@settings(max_examples=60, deadline=None)
@given(whole=schedules())
def test_a_schedule_is_in_order_and_exact(whole: Schedule) -> None:
    """Ascending offsets inside warm-up plus window, and exact counts per model over each of the two."""
    warmup, window = np.split(whole.models, [whole.warmup_count])

    assert all(np.diff(whole.offsets_s) >= 0)
    assert all(whole.offsets_s < whole.warmup_s + whole.ends[-1].offset_s) or len(window) == 0
    for models in (warmup, window):
        counted = Counter(models.tolist())
        expected = apportion(SHARES, len(models))
        assert all(abs(expected[index] - counted[index]) <= 1 for index in range(len(SHARES)))


def test_a_schedule_is_the_ramp_and_the_window_after_it() -> None:
    """Offsets count from the load's begin, those of the window from the warm-up's end."""
    schedule = Schedule.of(LoadProfile(tps=4, warmup="2s", duration="1250ms", arrivals="uniform"), (1.0,))

    assert schedule.warmup_count == 6
    assert [*rampup_arrivals(4, 2, "uniform", 0), 2.0, 2.25, 2.5, 2.75, 3.0] == schedule.offsets_s.tolist()
    assert (2.0, 1.25) == (schedule.warmup_s, schedule.ends[-1].offset_s)


def test_stages_begin_at_the_first_ones_rate() -> None:
    """The ramp rises to the first stage's rate, and each stage has its own."""
    stages = [Stage("2s", tps=2), Stage("1s", tps=5)]
    schedule = Schedule.of(LoadProfile(stages=stages, warmup="4s", arrivals="uniform"), (1.0,))

    assert schedule.warmup_count == len(rampup_arrivals(2, 4, "uniform", 0))
    window_s = (schedule.offsets_s[schedule.warmup_count :] - 4).tolist()
    assert [0.0, 0.5, 1.0, 1.5, *(pytest.approx(2 + rank / 5) for rank in range(5))] == window_s
    assert schedule.ends[-1].offset_s == 3


def test_a_cap_ends_the_window_where_the_first_arrival_cut_off_was_due() -> None:
    """What is left is the head of the same arrivals, warm-up included, and its counts per model are exact."""
    profile = LoadProfile(tps=20, warmup="1s", duration="10s", seed=3)
    whole, capped = Schedule.of(profile, (0.75, 0.25)), Schedule.of(profile, (0.75, 0.25), most=55)

    assert whole.offsets_s[:55].tolist() == capped.offsets_s.tolist()
    assert (15, whole.offsets_s[55] - 1) == (capped.warmup_count, pytest.approx(capped.ends[-1].offset_s))
    assert [30, 10] == np.bincount(capped.models[15:]).tolist()


@pytest.mark.parametrize(("most", "warmup_count", "duration_s"), [(10, 10, 0.0), (0, 0, 0.0), (1000, 15, 10.0)])
def test_a_cap_below_the_warm_up_leaves_no_window(most: int, warmup_count: int, duration_s: float) -> None:
    """A cap that nothing of the window fits under ends it as it begins; one that all fits under changes nothing."""
    profile = LoadProfile(tps=20, warmup="1s", duration="10s", arrivals="uniform")
    capped = Schedule.of(profile, (1.0,), most=most)

    assert (warmup_count, duration_s) == (capped.warmup_count, capped.ends[-1].offset_s)
    assert min(most, 215) == len(capped) == len(capped.due(5.0)) == len(capped.routes())


def test_columns_for_use_one_by_one() -> None:
    """Plain arrays with plain numbers, due times on the clock of the begin."""
    schedule = Schedule.of(LoadProfile(tps=4, warmup="0s", duration="1s", arrivals="uniform"), (0.5, 0.5)).part(1, 2)

    assert [10.25, 10.75] == list(schedule.due(10.0))
    assert schedule.models.tolist() == list(schedule.routes())
    assert ("d", "H") == (schedule.due(0.0).typecode, schedule.routes().typecode)


def test_warm_up_and_window_have_sequences_of_their_own() -> None:
    """With one seed, the warm-up does not rehearse the window's order of models."""
    schedule = Schedule.of(LoadProfile(tps=100, warmup="4s", duration="3s"), (0.5, 0.5))

    assert schedule.warmup_count == 300
    assert schedule.models[:300].tolist() != schedule.models[300:].tolist()


def test_a_whole_schedule_is_pinned() -> None:
    """Seed 0 means the same load on every Python and NumPy version."""
    schedule = Schedule.of(LoadProfile(tps=100, warmup="2s", duration="10s"), SHARES)

    assert window_arrivals(100, 10, "poisson", 0)[0] + 2 == schedule.offsets_s[150]
    columns = schedule.offsets_s.astype("<f8").tobytes() + schedule.models.astype("<u2").tobytes()
    assert "ff511b7ffcebefefd53ac577bff88b552337378abdff9942a6a7e7e94aa9521c" == hashlib.sha256(columns).hexdigest()


def test_a_schedule_travels() -> None:
    """It can be pickled, for a generator in another process."""
    schedule = Schedule.of(LoadProfile(tps=10, duration="2s"), SHARES)
    arrived = pickle.loads(pickle.dumps(schedule))

    assert (schedule.due(1.0), schedule.routes()) == (arrived.due(1.0), arrived.routes())
    assert schedule.warmup_count == arrived.warmup_count


@pytest.mark.parametrize("index", [-1, 2])
def test_a_part_that_is_none_of_them(index: int) -> None:
    """Parts are numbered from 0."""
    with pytest.raises(ValueError, match=f"part {index} of 2: parts are numbered from 0 to 1"):
        Schedule.of(LoadProfile(tps=10, duration="2s"), SHARES).part(index, 2)


def test_schedules_that_would_not_fit_are_refused() -> None:
    """A slip in tps or duration is told before anything is sent."""
    with pytest.raises(ConfigurationError, match="lower tps or shorten the duration"):
        Schedule.of(LoadProfile(tps=1e6, duration="1h"), SHARES)
