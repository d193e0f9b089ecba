"""Which rates a capacity search probes, and what it concludes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from pytest_smload.core.capacity.search import MOST_PROBES, PRECISION, CapacitySearch, Probe, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.capacity.level import LevelVerdict


def searched(
    verdict: Callable[[Probe], LevelVerdict],
    start: float = 10.0,
    *,
    least: float = 1.0,
    most: float | None = None,
    asked: float | None = None,
) -> tuple[CapacitySearch, list[Probe]]:
    """Return a search that is over, and its probes."""
    search, probes = CapacitySearch(start, least_tps=least, most_tps=most, asked_tps=asked), list[Probe]()
    while (probe := search.next()) is not None:
        probes.append(probe)
        search.heard(probe, verdict(probe))
    return search, probes


def up_to(capacity: float) -> Callable[[Probe], LevelVerdict]:
    return lambda probe: "kept" if probe.tps <= capacity else "broken"


@pytest.mark.parametrize("start", [1.0, 3.7, 99.0, 100.0, 101.0, 5000.0])
@pytest.mark.parametrize("capacity", [1.3, 100.0, 777.7, 12_345.0])
def test_the_bracket_holds_the_capacity(start: float, capacity: float) -> None:
    """From wherever it begins, the bracket holds the truth, is within 5 %, and each end was looked at again."""
    search, probes = searched(up_to(capacity), start)

    assert search.kept_tps <= capacity < (search.not_kept_tps or 0)
    assert (search.not_kept_tps or 0) / search.kept_tps <= PRECISION
    assert search.confirmed
    assert [Probe(search.kept_tps, "confirm"), Probe(search.not_kept_tps or 0, "recheck")] == probes[-2:]
    assert len(probes) < MOST_PROBES


def test_rates_rise_by_half_then_halve_the_bracket() -> None:
    """Geometrically."""
    _, probes = searched(up_to(30.0))

    ups = [probe.tps for probe in probes if probe.purpose == "up"]
    halves = [probe.tps for probe in probes if probe.purpose == "bisect"]
    assert [10.0, 15.0, 22.5, 33.8] == ups
    assert [27.6, 30.5, 29.0] == halves[:3]


def test_unproven_counts_as_not_kept() -> None:
    """A rate that nothing was proven at is above the answer, as one that is broken."""
    search, _ = searched(lambda probe: "kept" if probe.tps <= 20 else "unproven")

    assert search.kept_tps <= 20 < (search.not_kept_tps or 0)


def test_an_untrusted_probe_ends_the_search_and_bounds_nothing() -> None:
    """A client that cannot make a rate says nothing of the endpoint: there is no rate not kept, and no confirmation. It
    is tried twice."""
    search, probes = searched(lambda probe: "invalid" if probe.tps > 20 else "kept")

    assert (15.0, None, False, True) == (search.kept_tps, search.not_kept_tps, search.confirmed, search.ended)
    assert [10.0, 15.0, 22.5, 22.5] == [probe.tps for probe in probes]


def test_a_client_that_is_disturbed_again_and_again_ends_it() -> None:
    """After three repetitions nothing is repeated."""
    calls = iter(range(1000))
    search, probes = searched(lambda _: "kept" if next(calls) % 2 else "invalid")

    assert search.ended
    assert 7 == len(probes)


def test_a_confirmation_that_fails_lowers_the_answer() -> None:
    """What was kept by chance is not kept; a lower rate is confirmed instead."""
    refused: list[float] = []

    def verdict(probe: Probe) -> LevelVerdict:
        if probe.purpose == "confirm" and not refused:
            refused.append(probe.tps)
            return "broken"
        return "kept" if probe.tps <= 30 else "broken"

    search, probes = searched(verdict)

    assert search.confirmed
    confirmed = [probe.tps for probe in probes if probe.purpose == "confirm"]
    assert confirmed[0] == refused[0] > confirmed[1]


def test_it_goes_down_where_the_first_rate_is_not_kept() -> None:
    """To the lowest rate that can be judged, which is looked at twice, and no further: then nothing was found."""
    search, probes = searched(lambda _: "broken", 10.0, least=4.0)

    assert [10.0, 6.67, 4.45, 4.0, 4.0] == [probe.tps for probe in probes]
    assert (0.0, 4.0, False) == (search.kept_tps, search.not_kept_tps, search.confirmed)
    assert not search.at_most_allowed


def test_the_highest_rate_allowed_is_not_exceeded() -> None:
    """An endpoint that carries all that may be asked for: the answer says it is a floor."""
    search, probes = searched(lambda _: "kept", 10.0, most=20.0)

    assert [10.0, 15.0, 20.0, 20.0] == [probe.tps for probe in probes]
    assert search.at_most_allowed
    assert (20.0, None, True) == (search.kept_tps, search.not_kept_tps, search.confirmed)


def test_a_beginning_beyond_what_is_allowed() -> None:
    """It begins at what is allowed."""
    _, probes = searched(up_to(5.0), 100.0, most=8.0)

    assert 8.0 == probes[0].tps
    assert all(probe.tps <= 8.0 for probe in probes)


@pytest.mark.parametrize("disturbed", range(9))
@pytest.mark.parametrize("start", [10.0, 70.0, 100.0, 400.0])
def test_one_disturbed_probe_is_not_the_last_word(disturbed: int, start: float) -> None:
    """A pause of the endpoint, or models not loaded yet, at any one probe: the capacity is found all the same."""
    calls = iter(range(1000))
    search, _ = searched(lambda probe: "broken" if next(calls) == disturbed else up_to(100.0)(probe), start)

    assert search.kept_tps <= 100.0 < (search.not_kept_tps or 0)
    assert (search.not_kept_tps or 0) / search.kept_tps <= PRECISION
    assert search.confirmed


@pytest.mark.parametrize("asked", [97.0, 99.9, 100.1, 103.0])
@pytest.mark.parametrize("start", [60.0, 97.5, 200.0])
def test_the_rate_asked_for_is_answered(asked: float, start: float) -> None:
    """A bracket of 5 % around it would leave it open: it is kept, or it is not."""
    search, _ = searched(up_to(100.0), start, asked=asked)

    assert (asked <= 100.0) == (search.kept_tps >= asked)
    assert search.kept_tps >= asked or (search.not_kept_tps or 0) <= asked


def test_an_endpoint_that_does_not_recover_is_no_capacity() -> None:
    """Once overloaded it stays down: a rate that had been kept is broken, and so is one far below it. That ends it."""
    collapsed: list[float] = []

    def verdict(probe: Probe) -> LevelVerdict:
        if probe.tps > 100:
            collapsed.append(probe.tps)
        return "broken" if collapsed else "kept"

    search, probes = searched(verdict, 40.0)

    broken, kept = search.contradiction or (0.0, 0.0)
    assert 90.0 == kept > 1.2 * broken
    assert not search.confirmed
    assert len(probes) < 12


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_contradiction(seed: int) -> None:
    """Verdicts within a tenth of the capacity are chance."""
    chance = Random(seed)
    search, _ = searched(lambda probe: "kept" if probe.tps <= 100.0 * chance.uniform(0.92, 1.08) else "broken", 20.0)

    assert search.contradiction is None
    assert 90 < search.kept_tps < 110


def test_an_endpoint_that_changes_its_mind_ends() -> None:
    """Verdicts that contradict each other end in a bounded number of probes, and the answer was kept below all that
    were not."""
    calls = iter("kept" if number % 3 else "unproven" for number in range(1000))
    search, probes = searched(lambda _: next(calls))  # type: ignore[arg-type,return-value]

    assert len(probes) <= MOST_PROBES
    assert search.spent == (len(probes) == MOST_PROBES)
    assert search.not_kept_tps is None or search.kept_tps < search.not_kept_tps


@pytest.mark.parametrize(("tps", "text"), [(0.012345, 0.0123), (3.7777, 3.78), (1234.5, 1230.0), (100.04, 100.0)])
def test_rates_have_three_digits(tps: float, text: float) -> None:
    """Finer than the precision, and readable."""
    assert text == rounded(tps)
