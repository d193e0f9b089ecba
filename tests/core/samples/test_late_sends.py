"""Requests that the client's own absence kept from being sent are known to be late."""

from __future__ import annotations

from pytest_smload.core.samples.late_sends import note_late_sends
from pytest_smload.core.samples.recording import Samples
from pytest_smload.core.samples.stalls import Stalls


def test_what_begins_in_or_right_after_a_stall_was_due_before_it() -> None:
    """Who waited for the loop may have been ready since it went away; a short absence says nothing."""
    samples, stalls = Samples(), Stalls()
    starts = [0.9, 1.002, 1.2, 1.301, 1.4, 2.003, 3.0]
    for start in starts:
        samples.start.append(start)
        samples.due.append(start)
    for began, ended in ((1.0, 1.3), (2.0, 2.004)):
        stalls.began.append(began)
        stalls.ended.append(ended)
    note_late_sends(samples, stalls)
    assert [0.9, 1.002, 1.0, 1.0, 1.4, 2.003, 3.0] == list(samples.due)
    assert starts == list(samples.start)


def test_without_a_stall_nothing_changes() -> None:
    """Nor where nothing was sent."""
    samples = Samples()
    note_late_sends(samples, Stalls())
    assert [] == list(samples.due)
