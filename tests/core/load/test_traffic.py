"""Sequences of models: exact counts, even spread, blocks that carry their remainders."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.load.traffic import (
    MAX_ROUTES,
    READY_CHOICES,
    ShuffledBlocks,
    SmoothBlocks,
    TrafficBlocks,
    apportion,
    shuffled_schedule,
    smooth_schedule,
)
from pytest_smload.core.load.weights import resolve_weights
from pytest_smload.errors import ConfigurationError

ROUNDING = Fraction(1, 10**9)
"""Shares are floats, so their sum, and each of them, is a rounding error off the ratio of the weights."""


@st.composite
def shares(draw: st.DrawFn, most: int = 40) -> list[float]:
    """Shares of a load: few or many models, even, skewed, with models of no traffic among them."""
    weight = st.one_of(st.integers(0, 5), st.floats(0, 1), st.sampled_from([1e-6, 1e-3, 1_000]))
    weights = draw(st.lists(weight, min_size=1, max_size=most).filter(lambda values: sum(values) > 1e-7))
    return [value / sum(weights) for value in weights]


def exact(values: list[float]) -> list[Fraction]:
    """The shares as ratios that sum to exactly 1."""
    whole = [Fraction(value) for value in values]
    return [value / sum(whole) for value in whole]


@settings(max_examples=60, deadline=None)
@given(shares(), st.integers(0, 5_000))
def test_apportion_is_exact(values: list[float], n: int) -> None:
    """Counts sum to n, each is its quota rounded down or up, and no traffic means none."""
    counts = apportion(values, n)

    assert n == sum(counts)
    for count, share in zip(counts, exact(values), strict=True):
        assert abs(count - n * share) < 1 + ROUNDING
        assert count == 0 or share > 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.integers(1, 50))
def test_apportion_of_whole_quotas_is_the_quotas(weights: list[int], times: int) -> None:
    """Where every quota is a whole number, that is the count."""
    total = sum(weights)

    assert [weight * times for weight in weights] == apportion([weight / total for weight in weights], total * times)


def test_apportion_gives_the_rest_to_the_largest_remainders() -> None:
    """What rounding down leaves goes to the largest remainders; ties to the first."""
    assert apportion([0.5, 0.38, 0.12], 10) == [5, 4, 1]
    assert apportion([0.25] * 4, 6) == [2, 2, 1, 1]


@settings(max_examples=50, deadline=None)
@given(shares(), st.integers(0, 3_000), st.integers(0, 100))
def test_shuffled_schedule_has_exact_counts(values: list[float], n: int, seed: int) -> None:
    """A shuffled schedule is an order of the apportioned counts, the same for the same seed."""
    schedule = shuffled_schedule(values, n, seed)

    counted = Counter(schedule.tolist())
    assert np.uint16 == schedule.dtype
    assert apportion(values, n) == [counted[index] for index in range(len(values))]
    assert list(schedule) == list(shuffled_schedule(values, n, seed))


def test_shuffle_is_shuffled() -> None:
    """Neighbours of 4 equal models are alike a quarter of the time; seeded, within five standard deviations."""
    schedule = shuffled_schedule([0.25] * 4, 20_000, 1)

    alike = sum(first == second for first, second in pairwise(schedule))
    assert abs(alike - 5_000) < 5 * (20_000 * 0.25 * 0.75) ** 0.5


def test_every_order_is_equally_likely() -> None:
    """Over seeds, the 6 orders of 3 models come up equally often, within five standard deviations."""
    orders = Counter(tuple(shuffled_schedule([1 / 3] * 3, 3, seed)) for seed in range(6_000))

    assert len(orders) == 6
    assert all(abs(times - 1_000) < 5 * (6_000 / 6 * 5 / 6) ** 0.5 for times in orders.values())


def test_schedules_are_pinned() -> None:
    """Seed 0 means the same sequence on every Python and NumPy version; a change here changes every user's load."""
    assert "".join(map(str, shuffled_schedule([0.5, 0.3, 0.2], 20, 0))) == "01220121000002111000"


@pytest.mark.parametrize(
    ("seed", "first", "sha256"),
    [
        (0, "11212120020201000120", "f76866eb992e1c567166a389229ff0da4d9aaa93b7d44924795d474542f7fbcb"),
        (1, "01001002000000011100", "78b0900eef9156d295acb93169bc1fd56bda82b7f7bc7ee51747b9de9bbc94c3"),
        (2**40, "01012111002011002110", "82bfdfe3d1f23df1d1a71b89d449c62a6ea0e2db7cc8baf11991a489f528804e"),
    ],
)
def test_shuffled_columns_are_pinned(seed: int, first: str, sha256: str) -> None:
    """Not one model of a schedule changes with NumPy or the machine."""
    schedule = shuffled_schedule([0.5, 0.3, 0.2], 1_000, seed)

    assert first == "".join(map(str, schedule[:20]))
    assert sha256 == hashlib.sha256(schedule.astype("<u2").tobytes()).hexdigest()


def test_smooth_columns_are_pinned() -> None:
    """The smooth order has no seed, and is one order."""
    schedule = smooth_schedule([0.5, 0.3, 0.2], 1_000)

    assert "01020102010102010201" == "".join(map(str, schedule[:20]))
    assert (
        "99e7ef093193bf87a4e0548230d3f02ebcd5eefed8556147ad8db19444bcb229"
        == hashlib.sha256(schedule.astype("<u2").tobytes()).hexdigest()
    )


def test_blocks_are_pinned() -> None:
    """Seed 0 means the same sequence of a closed load on every Python version."""
    blocks = ShuffledBlocks([0.5, 0.3, 0.2], 0)
    choices = bytes(blocks.next() for _ in range(2_500))

    assert "02002002000100212102" == "".join(map(str, choices[:20]))
    assert "84f5da1854675916ea861c7b4654f96f751a92f911907f042286c05f99a91de9" == hashlib.sha256(choices).hexdigest()


@settings(max_examples=40, deadline=None)
@given(shares(), st.integers(1, 800))
def test_smooth_schedule_is_within_one_at_every_prefix(values: list[float], n: int) -> None:
    """After any number of choices each model's count is less than 1 from its share of them."""
    ratios = exact(values)
    served = [0] * len(values)

    for chosen, index in enumerate(smooth_schedule(values, n), start=1):
        served[index] += 1
        # The model just chosen is the one that can be ahead; every other one can only have fallen behind.
        assert served[index] - chosen * ratios[index] < 1 + ROUNDING
        if chosen % 7 == 0 or chosen == n:
            assert all(chosen * ratio - count < 1 + ROUNDING for ratio, count in zip(ratios, served, strict=True))


def test_smooth_schedule_spreads_three_to_one() -> None:
    """3:1 puts the rare model once into every four."""
    assert list(smooth_schedule([0.75, 0.25], 20)) == [0, 0, 0, 1] * 5


def test_smooth_schedule_of_many_models_is_within_one_at_every_block_of_them() -> None:
    """200 zipf models, where the naive round robin heap is off by dozens, stay within 1."""
    values = list(resolve_weights(["m-{1..200}", "zipf(1.1)"]).values())
    schedule = smooth_schedule(values, 5_000)

    for end in range(100, 5_001, 100):
        counted = Counter(schedule[:end])
        assert max(abs(counted[index] - end * share) for index, share in enumerate(values)) < 1


@settings(max_examples=25, deadline=None)
@given(shares(most=60), st.integers(0, 100))
def test_blocks_carry_their_remainders(values: list[float], seed: int) -> None:
    """At the end of every block each model's count over all blocks is less than 1 from its share."""
    ratios = exact(values)
    served = [0] * len(values)
    blocks = ShuffledBlocks(values, seed)

    for block in range(1, 7):
        for _ in range(1_000):
            served[blocks.next()] += 1
        assert all(
            abs(count - 1_000 * block * ratio) < 1 + ROUNDING for count, ratio in zip(served, ratios, strict=True)
        )


def test_blocks_grow_with_the_number_of_models() -> None:
    """With more than 1,000 models a block is as long as there are models: 3,000 equal ones come once per block."""
    blocks = ShuffledBlocks([1 / 3_000] * 3_000, 0)

    for _ in range(3):
        assert list(range(3_000)) == sorted(blocks.next() for _ in range(3_000))


def test_rare_models_come_in_their_turn() -> None:
    """5,000 models too rare for every block are each within 1 of their share at every block end."""
    values = list(resolve_weights({"popular": 20_000, "m-{1..5000}": "zipf(0.7)"}).values())
    blocks = ShuffledBlocks(values, 3)
    served = [0] * len(values)

    for block in range(1, 4):
        for _ in range(len(values)):
            served[blocks.next()] += 1
        assert max(abs(served[index] - block * len(values) * share) for index, share in enumerate(values)) < 1


def test_blocks_are_filled_up_by_deadline() -> None:
    """Models due every 2.5 blocks, named first, do not crowd out those due every 2: choosing them in the order of their
    names would leave 2,078 requests due within the first 2,000."""
    values = [1 / 2_500] * 390 + [1 / 2_000] * 600
    values.append(1 - sum(values))
    blocks = ShuffledBlocks(values, 0)
    served = [0] * len(values)

    for block in range(1, 11):
        for _ in range(1_000):
            served[blocks.next()] += 1
        assert max(abs(served[index] - block * 1_000 * share) for index, share in enumerate(values)) < 1 + 1e-9


def test_each_block_is_shuffled_anew() -> None:
    """Blocks hold the same counts in different orders."""
    blocks = ShuffledBlocks([0.5, 0.5], 0)
    first, second = ([blocks.next() for _ in range(1_000)] for _ in range(2))

    assert sorted(first) == sorted(second)
    assert first != second


def shuffled() -> TrafficBlocks:
    return ShuffledBlocks([0.6, 0.3, 0.1], 5)


def smooth() -> TrafficBlocks:
    return SmoothBlocks([0.6, 0.3, 0.1])


@pytest.mark.parametrize("make", [shuffled, smooth])
def test_sequence_does_not_depend_on_when_it_is_built(make: type[TrafficBlocks]) -> None:
    """Built ahead, in pieces between choices or on the spot, the sequence is the same."""
    on_the_spot, ahead, between = make(), make(), make()
    ahead.prepare_all()
    chance = random.Random(0)

    expected = [on_the_spot.next() for _ in range(5_000)]

    assert expected == [ahead.next() for _ in range(5_000)]
    for index in expected:
        if chance.random() < 0.05:
            between.prepare(chance.choice([1, 100, 400]))
        assert index == between.next()


def test_smooth_blocks_are_the_smooth_schedule() -> None:
    """The endless smooth order begins as the finite one."""
    blocks = smooth()

    assert list(smooth_schedule([0.6, 0.3, 0.1], 2_500)) == [blocks.next() for _ in range(2_500)]


@pytest.mark.parametrize("make", [shuffled, smooth])
def test_preparing_stops_when_enough_is_ready(make: type[TrafficBlocks]) -> None:
    """prepare says when enough is ready, and builds nothing more until some is used."""
    blocks = make()
    calls = 1
    while not blocks.prepare(400):
        calls += 1

    assert 3 * READY_CHOICES / 400 >= calls > READY_CHOICES / 400 - 1
    assert blocks.prepare(100)
    for _ in range(READY_CHOICES // 2):
        blocks.next()
    assert not blocks.prepare(100)


def test_preparing_three_steps_a_choice_keeps_up() -> None:
    """A caller that gives three steps for every choice it uses never finds the store empty, with many models too."""
    blocks = ShuffledBlocks(list(resolve_weights(["m-{1..4000}", "zipf(1.1)"]).values()), 0)
    blocks.prepare_all()
    for _ in range(100):
        for _ in range(1_000):
            blocks.next()
        blocks.prepare(3_100)

    assert len(blocks._ready) > 0


def test_models_without_traffic_are_never_chosen() -> None:
    """A share of 0 is no request, in every order."""
    blocks = ShuffledBlocks([0.0, 1.0, 0.0], 0)

    assert {1} == {blocks.next() for _ in range(2_500)} | set(smooth_schedule([0.0, 1.0, 0.0], 100))
    assert {1} == set(shuffled_schedule([0.0, 1.0, 0.0], 100, 0))


@pytest.mark.parametrize(
    "make",
    [
        lambda values: apportion(values, 10),
        lambda values: shuffled_schedule(values, 10, 0),
        lambda values: smooth_schedule(values, 10),
        lambda values: ShuffledBlocks(values, 0),
        lambda values: SmoothBlocks(values).next(),
    ],
)
def test_more_models_than_two_bytes_tell_apart_are_refused(make: object) -> None:
    """65,535 models are the most."""
    with pytest.raises(ConfigurationError, match="65,536 models are named; a load can have 65,535"):
        make([1 / (MAX_ROUTES + 1)] * (MAX_ROUTES + 1))
    with pytest.raises(ValueError, match="shares sum to 0"):
        make([0.0])


def test_the_last_route_index_fits() -> None:
    """The largest load's last model can be chosen."""
    values = [0.0] * (MAX_ROUTES - 1) + [1.0]

    assert [MAX_ROUTES - 1] * 3 == list(smooth_schedule(values, 3)) == list(shuffled_schedule(values, 3, 0))
    assert ShuffledBlocks(values, 0).next() == MAX_ROUTES - 1
