"""What an endpoint owes, and what only looks like it."""

from __future__ import annotations

from recordings import Row, recording

from pytest_smload.core.capacity.backlog import Backlog, backlog
from pytest_smload.core.capacity.verdict import falls_behind


def loaded(takes_s: list[float], *, tps: float = 10.0) -> list[Row]:
    return [Row(place / tps, place / tps, place / tps + each) for place, each in enumerate(takes_s)]


GROWING = loaded([0.0125 * place for place in range(400)], tps=40.0)


def test_requests_that_take_long_are_no_queue() -> None:
    """Each takes 4 s: of a window without warm-up the number under way rises to 40, and stays there."""
    found = backlog(recording(loaded([4.0] * 100), 0.0, 10.0, multi_model=False), 1000)

    assert Backlog(50, 40, 40, 40, 40) == found
    assert falls_behind(found) is None


def test_a_queue_grows_through_both_halves() -> None:
    """Each takes 12.5 ms longer than the one before: a third of the arrivals is left over, in each half."""
    found = backlog(recording(GROWING, 0.0, 10.0, multi_model=False), 1000)

    assert (200, 66, 133) == (found.arrivals, found.before, found.after)
    check = falls_behind(found)
    assert check is not None
    assert "fail" == check.outcome


def test_arrivals_that_wait_at_the_cap_wait_for_the_endpoint() -> None:
    """The cap is reached before the middle: what waits for a free user, or was never sent, is owed as well."""
    rows = [Row(place / 10, place / 10, 20.0) for place in range(20)]
    unsent = [(place / 10, 0) for place in range(20, 100)]
    whole = recording(rows, 0.0, 10.0, multi_model=False, unsent=unsent)

    assert (50, 100) == (backlog(whole, 20).before, backlog(whole, 20).after)
    assert (20, 20) == (backlog(whole, 1000).before, backlog(whole, 1000).after)


def test_answers_that_lay_unread_are_not_owed() -> None:
    """They had come when the client looked: at the least nothing was under way."""
    late = recording(GROWING, 0.0, 10.0, multi_model=False)
    for place, row in enumerate(GROWING):
        late.samples.late_index.append(place)
        late.samples.late_from.append(row.start + 0.01)
        late.samples.late_to.append(row.end)

    found = backlog(late, 1000)

    assert (133, 0) == (found.after, found.at_least_after)
    check = falls_behind(found)
    assert check is not None
    assert "client" == check.cause
