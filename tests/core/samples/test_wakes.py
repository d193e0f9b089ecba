"""What readings of a ticker are evidence for: responses that came before a held-up client read them."""

from __future__ import annotations

from math import inf

import pytest

from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.samples.late_reads import note_late_reads
from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.samples.wakes import SAME_POLL_S, LateRead, Ticks, late_reads


def ticks(*rows: tuple[float, ...]) -> Ticks:
    """Return ticks of rows (due, ran, poll_began, woken, polled, waited_s)."""
    made = Ticks()
    for row in rows:
        columns = (made.due, made.ran, made.poll_began, made.woken, made.polled, made.waited_s)
        for column, moment in zip(columns, row, strict=True):
            column.append(moment)
    return made


BEFORE = (9.980, 9.9801, 9.975, 9.9801, 9.9801, 0.0)
"""A tick in time."""


@pytest.mark.parametrize(
    "row",
    [
        pytest.param((10.0, 10.0002, 9.99, 10.0001, 10.0001, 0.0), id="in time"),
        pytest.param((10.0, 10.0009, 9.99, 10.0008, 10.0008, 0.0005), id="a little late"),
        pytest.param((10.0, 10.0301, 10.03, 9.995, 10.03, 0.0), id="the loop was busy when it was due"),
        pytest.param((10.0, 10.0201, 9.99, 10.0001, 10.0001, 0.0), id="others ran first"),
    ],
)
def test_a_client_that_was_not_held_up(row: tuple[float, ...]) -> None:
    """The loop's own work is told by its stalls."""
    assert list(late_reads(ticks(BEFORE, row), Stalls())) == []


def test_what_a_poll_found_that_overslept() -> None:
    """It came since that poll began; it is read until the loop polls again."""
    found = late_reads(ticks(BEFORE, (10.0, 13.0001, 9.99, 13.0, 13.0, 0.0)), Stalls())

    assert list(found) == [LateRead(13.0, 13.0 + SAME_POLL_S, 9.99, 13.0, inf)]


def test_work_after_such_a_poll_is_part_of_reading_what_it_found() -> None:
    """However long it takes until the loop polls again."""
    stalls = Stalls()
    stalls.began.append(13.0)
    stalls.ended.append(13.2)
    (found,) = late_reads(ticks(BEFORE, (10.0, 13.0001, 9.99, 13.0, 13.0, 0.0)), stalls)

    assert found.read_to_s == 13.2


def test_a_poll_that_a_signal_cut_short() -> None:
    """The process stood still as it returned; what it had found is read then, and the next poll finds the tick."""
    found = late_reads(ticks(BEFORE, (10.0, 13.0002, 13.0, 13.0, 13.0001, 0.0)), Stalls())

    assert list(found) == [LateRead(13.0 - SAME_POLL_S, 13.0001 + SAME_POLL_S, 9.9801, 13.0001, inf)]


def test_a_busy_loop_that_was_then_woken_late() -> None:
    """The last poll found what was there, and returned late all the same."""
    (found,) = late_reads(ticks(BEFORE, (10.0, 10.0401, 10.02, 9.995, 10.04, 0.0)), Stalls())

    assert (found.read_from_s, found.earliest_s, found.latest_s) == (10.04, 10.02, 10.04)


def test_a_thread_without_a_core() -> None:
    """What was read since the tick before may have come earlier by as much as the thread waited."""
    found = late_reads(ticks(BEFORE, (9.99, 9.9905, 9.985, 9.9904, 9.9904, 0.004)), Stalls())

    assert list(found) == [LateRead(9.9801, 9.9904 + SAME_POLL_S, -inf, inf, 0.004)]


def test_the_earliest_counts() -> None:
    """A response may have waited for the system and for the loop's own work; it cannot have come before its request."""
    samples = Samples()
    for start, end in ((9.0, 9.97), (9.0, 9.9904), (9.988, 9.99041), (9.0, 13.0001), (11.0, 13.0002), (9.0, 13.5)):
        samples.start.append(start)
        samples.end.append(end)
    stalls = Stalls()
    for column, moment in zip(
        (stalls.began, stalls.ended, stalls.found, stalls.polled, stalls.until),
        (12.9, 12.95, 1, 13.0, 13.0003),
        strict=True,
    ):
        column.append(moment)
    readings = ticks(BEFORE, (9.99, 9.9905, 9.985, 9.9904, 9.9904, 0.004), (10.0, 13.0001, 9.995, 13.0, 13.0, 0.0))
    note_late_reads(samples, stalls, readings, Sendings())

    assert list(samples.late_index) == [1, 2, 3, 4]
    assert list(samples.late_from) == pytest.approx([9.9864, 9.988, 9.995, 11.0])
    assert list(samples.late_to) == pytest.approx([9.9904, 9.99041, 13.0, 13.0])
