"""A load split over several generators."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_smload.core.load.part import WHOLE, Part, split_problems
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.schedule import Schedule
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.request.invocation import Payload

PROFILE = LoadProfile(tps=301, duration="3s", warmup="1s", models={"a": 3, "b": 1}, payload=b"x", seed=7)
SHARES = (0.75, 0.25)


def _rows(count: int) -> tuple[Payload, ...]:
    return tuple(Payload(index, str(index).encode(), "") for index in range(count))


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_each_arrival_has_the_payload_it_has_in_one_process(parts: int) -> None:
    """Generators that take their rows in turn send, arrival by arrival, what one generator would."""
    whole = Schedule.of(PROFILE, SHARES)
    rows = (_rows(5), _rows(1))

    def sent(part: Part) -> list[tuple[float, int, int]]:
        own, own_rows, cursors = part.schedule(whole), part.rows(whole, rows), [0, 0]
        found = []
        for offset_s, model in zip(own.offsets_s.tolist(), own.models.tolist(), strict=True):
            found.append((offset_s, model, own_rows[model][cursors[model]].index))
            cursors[model] = (cursors[model] + 1) % len(own_rows[model])
        return found

    of_all = [each for index in range(parts) for each in sent(Part(index, parts))]
    assert sorted(of_all) == sorted(sent(WHOLE))
    assert Counter(model for _, model, _ in of_all)[0] == Counter(whole.models.tolist())[0]


def test_a_route_without_arrivals_here_has_payloads_all_the_same() -> None:
    """Priming sends the first of them."""
    whole = Schedule.of(PROFILE.replace(tps=2, duration="1s", warmup="0s"), SHARES)

    assert all(Part(0, 2).rows(whole, (_rows(5), _rows(5))))


def test_shares_sum_to_the_whole() -> None:
    """Of any count, over any number of parts."""
    for parts in (1, 2, 3, 10):
        for count in (0, 1, 9, 10, 1001):
            assert sum(Part(index, parts).share(count) for index in range(parts)) == count


def test_generators_of_a_closed_load_are_not_in_step() -> None:
    """Each has a seed and a first payload of its own; the first has those of a load in one process."""
    parts = [Part(index, 3) for index in range(3)]

    assert len({part.seed(5) for part in parts}) == 3
    assert parts[0].seed(5) == 5
    assert [part.first_rows((_rows(6),)) for part in parts] == [[0], [2], [4]]
    assert [part.primes for part in parts] == [True, False, False]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"users": 2}, "users: 2 cannot be split over 3"),
        ({"stages": [Stage("1s", users=9), Stage("1s", users=2)]}, "users: 2 cannot be split over 3"),
        ({"tps": 10, "max_in_flight": 1}, "max_in_flight: 1 cannot be split over 3 processes"),
        ({"tps": 10, "max_requests": 2}, "max_requests: 2 cannot be split"),
        ({"tps": 10, "duration": "1s", "max_duration": "4s"}, "max_duration: "),
    ],
)
def test_loads_that_cannot_be_split_are_refused(fields: dict[str, object], what: str) -> None:
    """One sentence each, with what would go."""
    (problem,) = split_problems(LoadProfile(payload=b"x", **fields), 3)

    assert problem.startswith(what)


def test_loads_that_can_be_split_are_not_refused() -> None:
    """One user for each process is enough."""
    assert not split_problems(LoadProfile(users=3, payload=b"x"), 3)
    assert not split_problems(PROFILE, 50)
