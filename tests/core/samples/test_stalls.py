"""Which responses waited for the client's event loop, and since when they can have."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.samples.late_reads import note_late_reads
from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.samples.wakes import Ticks

AT_ONCE_S = 5e-6
FOUND, WAITED = 1, 0


def stalls(*rows: tuple[Any, ...]) -> Stalls:
    """Return stalls of rows (began, ended, found, polled, until); the last may be shorter."""
    made = Stalls()
    for row in rows:
        for column, moment in zip((made.began, made.ended, made.found, made.polled, made.until), row, strict=False):
            column.append(moment)
    return made


def late(found: Stalls, *ends: float, start: float = 0.0) -> dict[float, tuple[float, float]]:
    """Return, by end, between which times the late responses of samples with these *ends* came."""
    samples = Samples()
    for end in ends:
        samples.start.append(start)
        samples.end.append(end)
    note_late_reads(samples, found, Ticks(), Sendings())
    came = zip(samples.late_from, samples.late_to, strict=True)
    return {samples.end[index]: pair for index, pair in zip(samples.late_index, came, strict=True)}


def test_what_a_poll_found_at_once_came_during_the_stall_before() -> None:
    """Any time of it is as likely, however long that poll took; what is read before or long after is not late."""
    found = stalls((10.0, 10.02, FOUND, 10.02 + AT_ONCE_S, 10.021))

    assert late(found, 9.999, 10.0205, 10.022) == {10.0205: (10.0, 10.02)}


def test_what_a_poll_waited_for_was_read_when_it_came() -> None:
    """The loop was back in time: nothing is subtracted but the work since the poll returned."""
    found = stalls((10.0, 10.02, WAITED, 10.03, 10.031))

    assert late(found, 10.0305) == {10.0305: (10.03, 10.03)}


def test_what_is_read_during_a_stall_came_before_it_at_the_latest() -> None:
    """The poll before found it; other work was done first."""
    found = stalls((10.0, 10.02, WAITED, 10.03, 10.031))

    assert late(found, 10.01, 10.02) == {10.01: (10.0, 10.0), 10.02: (10.0, 10.0)}


def test_stalls_that_follow_one_another() -> None:
    """What is read during the second was found by the poll between them, and came during the first."""
    polled = 10.02 + AT_ONCE_S
    found = stalls((10.0, 10.02, FOUND, polled, 10.05), (polled, 10.05, FOUND, 10.05 + AT_ONCE_S, 10.051))

    assert late(found, 10.01, 10.04, 10.0505) == {10.01: (10.0, 10.0), 10.04: (10.0, 10.02), 10.0505: (polled, 10.05)}


def test_a_response_does_not_come_before_its_request() -> None:
    """The time between is cut where the request was sent during the stall."""
    found = stalls((10.0, 10.02, FOUND, 10.02 + AT_ONCE_S, 10.021))

    assert late(found, 10.0205, start=10.015) == {10.0205: (10.015, 10.02)}


@pytest.mark.parametrize("cut", [(10.0, 10.02), (10.0, 10.02, FOUND), (10.0, 10.02, FOUND, 10.020005)])
def test_a_load_that_ended_within_a_stall(cut: tuple[Any, ...]) -> None:
    """The last stall is left out where what followed it is unknown."""
    assert late(stalls((9.0, 9.02, FOUND, 9.02 + AT_ONCE_S, 9.021), cut), 9.0205, 10.03) == {9.0205: (9.0, 9.02)}
