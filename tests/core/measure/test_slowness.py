"""What the client's own slowness leaves of a check: each is kept, broken, or undecided by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from recordings import CONNECTION, TIMEOUT, Row, recording

from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.samples.recording import Recording

OPENS, CLOSES = 100.0, 110.0


def calm(count: int = 1000, takes_s: float = 0.02) -> list[Row]:
    """Requests 10 ms apart that are sent when due."""
    return [Row(OPENS + n / 100, OPENS + n / 100, OPENS + n / 100 + takes_s) for n in range(count)]


def frozen(rows: Sequence[Row], begins: float, ends: float, catches_up_s: float = 0.0) -> list[Row]:
    """*rows* of a client that stood still: what was due meanwhile is sent at the end, and queues for that long."""
    return [
        row._replace(start=ends, end=ends + row.end - row.start + catches_up_s) if begins <= row.due < ends else row
        for row in rows
    ]


def unread(found: Recording, begins: float, ends: float) -> Recording:
    """Let what was under way when the client stood still have come while it did."""
    samples = found.samples
    for index, (start, end) in enumerate(zip(samples.start, samples.end, strict=True)):
        if start < begins <= end:
            samples.end[index] = max(ends, end)
            samples.late_index.append(index)
            samples.late_from.append(begins)
            samples.late_to.append(ends)
    return found


def held(found: Recording, metric: str, value: object, scope: ScopeName = TOTAL) -> Check:
    """The check of one limit."""
    (check,) = judge([(scope, parse_limit(metric, value, source=""))], measure(found), slowness=ClientSlowness(found))
    return check


def test_a_burst_of_the_clients_making_breaks_no_limit() -> None:
    """What it sends all at once after it stood still, and how that queues, is not the endpoint's: undecided."""
    found = recording(frozen(calm(), 104.0, 104.5, catches_up_s=0.3), OPENS, CLOSES)

    outcomes = [held(found, metric, "100ms").outcome for metric in ("p50", "p90", "p99", "max", "mean")]
    assert ["pass", "pass", "invalid", "invalid", "pass"] == outcomes
    assert (
        "undecided: without the time the client itself may have lost it would be 20 ms"
        in held(found, "p99", "100ms").note
    )


def test_a_response_that_lay_unread_may_have_come_in_time() -> None:
    """It counts from when the client had last looked."""
    rows = [row for row in calm() if not 104.0 <= row.due < 107.0]
    found = unread(recording(rows, OPENS, CLOSES), 104.0, 107.0)

    check = held(found, "max", "100ms")
    assert (check.outcome, check.observed > 3000) == ("invalid", True)


def test_an_endpoint_slow_by_itself_fails_whatever_the_client_did_elsewhere() -> None:
    """Enough requests that no client disturbed are over the limit."""
    slow = [row._replace(end=row.start + 0.2) if index < 200 else row for index, row in enumerate(calm())]
    found = recording(frozen(slow, 106.0, 106.5), OPENS, CLOSES)

    assert "fail" == held(found, "p90", "100ms").outcome


def test_a_kept_limit_is_kept() -> None:
    """Client lateness makes latencies longer, never shorter."""
    found = recording(frozen(calm(), 104.0, 104.02), OPENS, CLOSES)

    assert ["pass", "pass"] == [held(found, metric, "100ms").outcome for metric in ("p95", "max")]


def test_only_the_stage_that_was_disturbed_is_undecided() -> None:
    """Each check looks at its own scope."""
    stages = (StageSpan("first", 0.0, 5.0, tps=100), StageSpan("last", 5.0, 10.0, tps=100))
    found = recording(frozen(calm(), 104.0, 104.5), OPENS, CLOSES, stages=stages)

    outcomes = [held(found, "p95", "100ms", ScopeName("stage", name)).outcome for name in ("first", "last")]
    assert ["invalid", "pass"] == outcomes


def test_a_rate_the_client_kept_down_is_undecided() -> None:
    """Requests it could not send, or sent too late to be answered inside the window, may have been answered."""
    rows = [row for row in calm() if row.due < 109.0]
    late = [Row(109.0 + n / 100, 110.2, 110.3) for n in range(100)]
    found = recording([*rows, *late], OPENS, CLOSES)

    assert ("invalid", "fail") == (held(found, "tps", 95).outcome, held(found, "tps", 120).outcome)


@pytest.mark.parametrize(("kind", "outcome"), [(CONNECTION, "invalid"), (TIMEOUT, "invalid")])
def test_errors_in_the_clients_own_burst_are_undecided(kind: int, outcome: str) -> None:
    """An endpoint that refuses what came all at once might have taken it one after the other."""
    rows = [row._replace(kind=kind) if 104.0 <= row.due < 104.5 else row for row in calm()]
    found = recording(frozen(rows, 104.0, 104.5), OPENS, CLOSES)

    assert outcome == held(found, "error_rate", "1%").outcome


def test_errors_elsewhere_are_the_endpoints() -> None:
    """They break the limit whatever else the client did."""
    rows = [row._replace(kind=CONNECTION) if row.due < 101.0 else row for row in calm()]
    found = recording(frozen(rows, 104.0, 104.5), OPENS, CLOSES)

    assert "fail" == held(found, "error_rate", "1%").outcome


@pytest.mark.parametrize(("stood_still_s", "outcome"), [(0.3, "pass"), (1.0, "invalid")])
def test_a_closed_load_that_stood_still_asked_too_little(stood_still_s: float, outcome: str) -> None:
    """Above 5 % of the window a kept latency limit says nothing; a rate kept even so is kept."""
    rows = [row._replace(due=row.start) for row in calm() if not 104.0 <= row.due < 104.0 + stood_still_s]
    rows.append(Row(104.0, 104.0 + stood_still_s, 104.02 + stood_still_s))
    found = recording(rows, OPENS, CLOSES, open_model=False)

    assert (outcome, "pass") == (held(found, "p95", "21ms").outcome, held(found, "tps", 50).outcome)
    assert "pass" == held(found, "p95", "100ms").outcome


def test_a_range_needs_both_ends() -> None:
    """A latency that must not be too short is not shown by a client that made it longer."""
    found = recording(frozen(calm(), 104.0, 104.5), OPENS, CLOSES)

    assert ("invalid", "pass") == (
        held(found, "max", "100ms..1h").outcome,
        held(found, "p50", "10ms..30ms").outcome,
    )
