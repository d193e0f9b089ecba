"""Requests that wait for the client's loop before they are sent: their answers may have come that much earlier."""

from __future__ import annotations

import pytest

from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.samples.late_reads import note_late_reads
from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.samples.wakes import Ticks


def samples_of(*rows: tuple[float, float]) -> Samples:
    samples = Samples()
    for start, end in rows:
        samples.due.append(start)
        samples.start.append(start)
        samples.end.append(end)
        samples.kind.append(0)
        samples.model.append(0)
    return samples


def stalls_of(*rows: tuple[float, float, bool]) -> Stalls:
    """Stalls between polls, each with whether something had come; the next poll returned at once."""
    stalls = Stalls()
    for began, ended, found in rows:
        stalls.began.append(began)
        stalls.ended.append(ended)
        stalls.found.append(found)
        stalls.polled.append(ended)
        stalls.until.append(ended + 0.001)
    return stalls


def earliest(samples: Samples, stalls: Stalls, *sendings: tuple[float, float]) -> dict[int, float]:
    noted = Sendings()
    for began, ended in sendings:
        noted.note(began, ended)
    note_late_reads(samples, stalls, Ticks(), noted)
    return dict(zip(samples.late_index, samples.late_from, strict=True))


def test_a_connect_noticed_late_makes_its_answer_late() -> None:
    """The client was away for 0.1 s while the connection came up: the answer came 0.1 s earlier at the earliest."""
    found = earliest(samples_of((1.0, 1.25)), stalls_of((1.0, 1.1, True)), (1.0, 1.101))

    assert {0: pytest.approx(1.15)} == found


def test_what_is_read_late_besides_counts_too() -> None:
    """Away while connecting, and again when the answer came."""
    stalls = stalls_of((1.0, 1.1, True), (1.2, 1.3, True))
    found = earliest(samples_of((1.0, 1.3)), stalls, (1.0, 1.101))

    assert {0: pytest.approx(1.1)} == found


def test_a_request_sent_at_once_owes_nothing_to_an_earlier_stall() -> None:
    """Only the one that had to connect was held up by it."""
    found = earliest(samples_of((1.01, 1.25), (1.0, 1.26)), stalls_of((1.0, 1.1, True)), (1.0, 1.101))

    assert {1: pytest.approx(1.16)} == found


def test_no_answer_comes_before_its_request() -> None:
    """However long the client was away."""
    found = earliest(samples_of((1.0, 1.0955)), stalls_of((0.5, 1.095, True)), (1.0, 1.095))

    assert {0: 1.0} == found


def test_a_connect_that_no_stall_touches_is_left_alone() -> None:
    """It is the endpoint's, as any latency is."""
    assert {} == earliest(samples_of((2.0, 2.5)), stalls_of((1.0, 1.1, True)), (2.0, 2.4))
