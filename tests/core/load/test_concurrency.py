"""Users and caps of a load as numbers, and how they split over generators."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smload.core.load.concurrency import Concurrency
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import Stage

COUNTS = st.integers(1, 5_000)


@given(
    users=st.lists(COUNTS, max_size=4),
    spawn_rate=st.floats(0.001, 10_000),
    in_flight=COUNTS,
    most=st.none() | st.integers(1, 10**9),
    parts=st.integers(1, 40),
)
def test_parts_sum_to_exactly_the_whole(
    users: list[int], spawn_rate: float, in_flight: int, most: int | None, parts: int
) -> None:
    """Users per stage, spawn rate, in-flight cap and cap on requests: nothing is lost and nothing added."""
    whole = Concurrency(tuple(users), spawn_rate if users else 0.0, in_flight, most)
    dealt = [whole.part(index, parts) for index in range(parts)]

    assert users == [sum(part.users[stage] for part in dealt) for stage in range(len(users))]
    assert whole.spawn_rate == sum(part.spawn_rate for part in dealt)
    assert in_flight == sum(part.max_in_flight for part in dealt)
    assert most == (None if most is None else sum(part.max_requests or 0 for part in dealt))
    for column in ([part.users[0] for part in dealt] if users else [], [part.max_in_flight for part in dealt]):
        assert sorted(column, reverse=True) == column
        assert not column or column[0] - column[-1] <= 1


def test_all_generators_have_started_their_users_at_the_same_time() -> None:
    """A part's spawn rate is to the whole's as its users are."""
    parts = [Concurrency((10,), 2.0, 10, None).part(index, 4) for index in range(4)]

    assert [(3,), (3,), (2,), (2,)] == [part.users for part in parts]
    assert [pytest.approx(5.0)] * 4 == [part.users[0] / part.spawn_rate for part in parts]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"users": 7}, Concurrency((7,), 7, 7, None)),
        ({"users": 7, "spawn_rate": 2.5, "max_requests": 100}, Concurrency((7,), 2.5, 7, 100)),
        ({"stages": (Stage("1s", users=2), Stage("1s", users=9))}, Concurrency((2, 9), 2, 9, None)),
        ({"tps": 10, "max_in_flight": 3}, Concurrency((), 0, 3, None)),
        ({"tps": 100}, Concurrency((), 0, 200, None)),
    ],
)
def test_numbers_of_a_profile(fields: dict[str, Any], expected: Concurrency) -> None:
    """All users at once unless a spawn rate is given; an open load has its in-flight cap alone."""
    assert expected == Concurrency.of(LoadProfile(**fields))


def test_a_generator_more_than_users_has_none() -> None:
    """With more generators than users the last ones have nothing to do."""
    assert Concurrency((0,), 0.0, 0, 0) == Concurrency((2,), 2.0, 2, 1).part(2, 3)


def test_a_part_that_is_none_of_them() -> None:
    """Parts are numbered from 0."""
    with pytest.raises(ValueError, match="part 3 of 3: parts are numbered from 0 to 2"):
        Concurrency((2,), 2.0, 2, None).part(3, 3)
