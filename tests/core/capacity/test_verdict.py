"""What a probe says of its rate."""

from __future__ import annotations

import pytest
from capacities import check, level

from pytest_smload.core.capacity.backlog import Backlog
from pytest_smload.core.capacity.level import LevelVerdict
from pytest_smload.core.capacity.verdict import falls_behind, judge_level
from pytest_smload.core.limits.check import Check

KEPT = check()
BROKEN = check(outcome="fail")
HALF_KEPT = check(proven=False)
HALF_BROKEN = check(outcome="fail", proven=False)
CLIENT = check(outcome="invalid", cause="client")
BURSTY_RATE = check("tps", proven=False, observed=99.0, at_most=None, at_least=98.0, base=100.0)
UNPROVEN_RATE = check("tps", proven=False, observed=99.0, at_most=None, at_least=98.0)


@pytest.mark.parametrize(
    ("checks", "valid", "verdict"),
    [
        ([KEPT, KEPT], True, "kept"),
        ([KEPT, BROKEN], True, "broken"),
        ([KEPT, HALF_KEPT], True, "unproven"),
        ([KEPT, HALF_BROKEN], True, "unproven"),
        ([KEPT, CLIENT], True, "invalid"),
        ([CLIENT, BROKEN], True, "broken"),
        ([CLIENT, HALF_BROKEN], True, "invalid"),
        ([BROKEN], False, "invalid"),
        ([BURSTY_RATE], True, "kept"),
        ([UNPROVEN_RATE], True, "unproven"),
    ],
)
def test_three_ways_and_invalid(checks: list[Check], valid: bool, verdict: LevelVerdict) -> None:
    """Kept is proven kept; a sound failure decides; a measurement that cannot be trusted says
    nothing. A share of the offered rate is decided by its estimate."""
    assert verdict == judge_level(checks, valid=valid)


@pytest.mark.parametrize(
    ("arrivals", "before", "after", "behind"),
    [
        (6_000, 20, 25, False),
        (6_000, 20, 110, False),
        (6_000, 20, 320, True),  # 5 % more than it carries, for 30 s at 200 TPS
        (40, 2, 5, False),
        (40, 2, 40, True),
        (40, 0, 0, False),
    ],
)
def test_a_queue_that_grows_is_not_kept_up_with(arrivals: int, before: int, after: int, behind: bool) -> None:
    """Also under a budget that limits nothing but errors, which a long queue keeps for as long as it has room."""
    found = falls_behind(Backlog(arrivals, before, after, before, after))

    assert behind == (found is not None)
    assert found is None or ("fail" == found.outcome and "does not keep up" in found.note)


def test_a_queue_of_answers_that_were_not_read_is_the_client_s() -> None:
    """It is undecided, and never the endpoint's."""
    found = falls_behind(Backlog(6_000, 20, 900, 20, 30))

    assert found is not None
    assert ("invalid", "client") == (found.outcome, found.cause)
    assert "invalid" == judge_level([KEPT, found], valid=True)


def test_no_error_at_all_cannot_be_proven() -> None:
    """No number of requests without one shows that there is none: its estimate decides."""
    none = check("error_rate", proven=False, observed=0.0, at_most=0.0)

    assert "kept" == judge_level([none], valid=True)
    assert "unproven" == judge_level(
        [check("error_rate", "fail", proven=False, observed=0.01, at_most=0.0)], valid=True
    )


def test_what_binds_is_what_is_broken_most() -> None:
    """A proven breach before one that is not, that before what is only not proven; nothing where all is kept."""
    far, near = check("p99", "fail", observed=900.0), check("p95", "fail", observed=260.0)

    assert far == level(1.0, checks=(HALF_BROKEN, near, far, KEPT)).binding
    assert near == level(1.0, checks=(HALF_BROKEN, near, HALF_KEPT)).binding
    assert HALF_KEPT == level(1.0, checks=(KEPT, HALF_KEPT)).binding
    assert level(1.0, checks=(KEPT, BURSTY_RATE)).binding is None
