"""A load that only the client's own slowness left undecided is repeated by itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from test_looks import ABORT, FakeLoad, extendable

from pytest_smload.conduct.looks import Assessment
from pytest_smload.conduct.retry import run_until_decided
from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.profile import LoadProfile

SLOW = Check("total", "p99", "<= 1 s", "the mark", 1.0, 1, "invalid", note="undecided: it was late", cause="client")
FEW = dataclasses.replace(SLOW, note="too few requests", cause="few requests")
FAILED = dataclasses.replace(SLOW, metric="p50", outcome="fail", cause=None)
PASSED = dataclasses.replace(FAILED, outcome="pass")


class Runs:
    """Gives one assessment after the other, of ten seconds and twenty requests each."""

    def __init__(self, *checks: list[Check], valid: bool = True, **facts: Any) -> None:
        self.left = list(checks)
        self._load = FakeLoad(valid=valid, **facts)

    def __call__(self) -> Assessment:
        found = self._load.judge(self._load.recording(10), 0.05)
        return dataclasses.replace(found, checks=self.left.pop(0))


def profile(**fields: Any) -> LoadProfile:
    return extendable(None, **fields)


def test_an_undecided_load_is_repeated_once() -> None:
    """The second run is the one judged; what the first sent, and why it was repeated, is kept."""
    runs = Runs([PASSED, SLOW], [PASSED])
    last, (earlier,) = run_until_decided(profile(), runs)

    assert [PASSED] == last.checks
    assert (20, 0, "client", True) == (
        earlier.counts.sent,
        earlier.counts.errors,
        earlier.counts.why,
        earlier.counts.valid,
    )
    assert (
        "repeated, for the client itself was too slow (total p99 undecided: it was late); the 20 requests sent before, "
        "and 0 of their warm-up, are in none of these figures"
    ) == earlier.note


@pytest.mark.parametrize(("retries", "judged"), [(0, 1), (1, 2), (3, 4)])
def test_no_more_often_than_asked_for(retries: int, judged: int) -> None:
    """It stays undecided then."""
    runs = Runs(*[[SLOW]] * 9)
    last, earlier = run_until_decided(profile(invalid_retries=retries), runs)

    assert (judged - 1, 9 - judged) == (len(earlier), len(runs.left))
    assert [SLOW] == last.checks


@pytest.mark.parametrize(
    ("checks", "facts"),
    [
        ([PASSED], {}),
        ([FAILED, SLOW], {}),
        ([FEW], {}),
        ([], {}),
        ([SLOW], {"valid": False}),
        ([SLOW], {"interrupted": True}),
        ([SLOW], {"aborted": ABORT}),
    ],
    ids=["passed", "failed", "too few", "no check", "not what was asked for", "interrupted", "aborted"],
)
def test_anything_else_is_not_repeated(checks: list[Check], facts: dict[str, Any]) -> None:
    """One sound failure is a verdict; and what would be the same again, or was ended, is left alone."""
    runs = Runs(checks, [PASSED], **facts)
    last, earlier = run_until_decided(profile(), runs)

    assert (checks, []) == (last.checks, earlier)


@pytest.mark.parametrize(("most", "repeated"), [(39, 0), (40, 1), (59, 1), (60, 2)])
def test_never_beyond_the_cap_on_requests(most: int, repeated: int) -> None:
    """All runs together send at most max_requests."""
    runs = Runs(*[[SLOW]] * 9)
    _, earlier = run_until_decided(profile(max_requests=most, invalid_retries=9), runs)

    assert repeated == len(earlier)
