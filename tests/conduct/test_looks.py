"""How often an unproven load is looked at, when it stops, and what a look takes requests under way for."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from pytest_smload.conduct.looks import Assessment, run_until_proven
from pytest_smload.core.limits.check import Check, Outcome
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.look import Look
from pytest_smload.core.samples.recording import Abort, ClientReadings, Recording, Samples
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.trust.validity import examine

ABORT = Abort(error_rate=1.0, requests=20, span_s=1.0, limit=0.5)
PER_S = 2
EARLY_S = 1.0
"""So long before each end the fake load is looked at."""


class FakeLoad:
    """Runs nothing: its window ends where it may not go on, and the check is proven from *proven_from_s* on.

    Attributes:
        looks: Window length, level, and the kind of the last sample at each judgement.
    """

    def __init__(self, *, proven_from_s: float = 99, valid: bool = True, under_way: int = 0, **facts: Any) -> None:
        self.proven_from_s = proven_from_s
        self.valid = valid
        self.under_way = under_way
        self.facts = facts
        self.outcome_of: Callable[[Recording], Outcome] = lambda _recording: "pass"
        self.looks: list[tuple[float, float, int]] = []

    def recording(self, window_s: float) -> Recording:
        samples = Samples()
        for place in range(int(window_s * PER_S)):
            due = 100.0 + place / PER_S
            samples.due.append(due)
            samples.start.append(due)
            samples.end.append(due + 0.1)
            samples.kind.append(0)
            samples.model.append(0)
        return Recording(
            model_names=["total"],
            route_kind=None,
            target_shares=[1.0],
            kind_names=("ok", "Timeout"),
            samples=samples,
            open_model=True,
            window_start_s=100.0,
            window_end_s=100.0 + window_s,
            clients=[ClientReadings(0.1, array("d"), array("d"))],
            started_at="2026-01-01T00:00:00+00:00",
            bytes_in=[0],
            bytes_out=[0],
            **self.facts,
        )

    def run_for(self, profile: LoadProfile) -> Callable[[Callable[[Look], bool] | None], Recording]:
        def run(goes_on: Callable[[Look], bool] | None) -> Recording:
            ends_s = profile.window_ends_s
            for end_s in ends_s[:-1]:
                begins = array("d", [100.0] * self.under_way)
                look = Look(self.recording(end_s - EARLY_S), begins, array("H", [0] * self.under_way))
                if goes_on is None or not goes_on(look):
                    return self.recording(end_s)
            return self.recording(ends_s[-1])

        return run

    def judge(self, recording: Recording, alpha: float) -> Assessment:
        self.looks.append((recording.window_s, alpha, recording.samples.kind[-1]))
        proven = recording.window_s >= self.proven_from_s - EARLY_S
        outcome = self.outcome_of(recording)
        check = Check("total", "p95", "<= 1 s", "the mark", 1.0, 1, outcome, proven=proven)
        reasons = () if self.valid else (Finding("the client was busy", "free a core"),)
        found = examine(recording, measure(recording), budgeted_scopes=[], simulated=True)
        health = dataclasses.replace(found, valid=self.valid, reasons=reasons)
        return Assessment(recording, measure(recording), health, [check])

    def until_proven(self, profile: LoadProfile) -> Assessment:
        return run_until_proven(profile, self.run_for(profile), self.judge)


def extendable(max_duration: str | None = "60s", **fields: Any) -> LoadProfile:
    return LoadProfile(**{"tps": PER_S, "duration": "10s", "max_duration": max_duration, "seed": 7} | fields)


def windows_s(load: FakeLoad) -> list[float]:
    """Window lengths judged, each once."""
    return list(dict.fromkeys(window_s for window_s, _, _ in load.looks))


def test_an_unproven_load_is_judged_three_times() -> None:
    """Before one and two times its duration are over, and after four: each time at a third of the level."""
    load = FakeLoad()

    last = load.until_proven(extendable())

    assert [9, 19, 40] == windows_s(load)
    assert {0.05 / 3} == {alpha for _, alpha, _ in load.looks}
    assert (40, 80) == (last.recording.window_s, len(last.recording.samples))
    assert not last.is_settled


def test_a_load_without_max_duration_is_judged_once_at_the_whole_level() -> None:
    """Nothing is corrected for looks that never come."""
    load = FakeLoad()

    load.until_proven(extendable(None))

    assert [(10, 0.05)] == [look[:2] for look in load.looks]


@pytest.mark.parametrize(("proven_from_s", "window_s"), [(10, 10), (20, 20)])
def test_a_proven_load_stops(proven_from_s: int, window_s: int) -> None:
    """At the end before which every check was settled."""
    load = FakeLoad(proven_from_s=proven_from_s)

    last = load.until_proven(extendable())

    assert window_s == last.recording.window_s
    assert last.is_settled


@pytest.mark.parametrize(
    "facts", [{"valid": False}, {"interrupted": True}, {"aborted": ABORT}], ids=["invalid", "interrupted", "aborted"]
)
def test_a_run_not_worth_going_on_with_stops(facts: dict[str, Any]) -> None:
    """An INVALID, interrupted or aborted load does not go on, whatever is unproven."""
    load = FakeLoad(**facts)

    last = load.until_proven(extendable())

    assert [9, 10] == windows_s(load)
    assert not last.checks[0].proven


def test_a_load_without_checks_is_settled() -> None:
    """There is nothing to prove."""
    load, profile = FakeLoad(), extendable()

    nothing = run_until_proven(
        profile,
        load.run_for(profile),
        lambda recording, alpha: Assessment(recording, measure(recording), load.judge(recording, alpha).health, []),
    )

    assert (10, True) == (nothing.recording.window_s, nothing.is_settled)


def test_requests_under_way_settle_nothing_that_depends_on_them() -> None:
    """A look takes them for answered at once and for timed out; where the two say otherwise, the load goes on."""
    load = FakeLoad(proven_from_s=10, under_way=1)
    load.outcome_of = lambda recording: "fail" if recording.samples.kind[-1] else "pass"

    last = load.until_proven(extendable("20s"))

    assert [(9, 0), (9, 1), (20, 0)] == [(window_s, kind) for window_s, _, kind in load.looks]
    assert 20 == last.recording.window_s


def test_requests_under_way_do_not_hold_up_what_is_settled_either_way() -> None:
    """However they end, every check says the same."""
    load = FakeLoad(proven_from_s=10, under_way=3)

    last = load.until_proven(extendable())

    assert 10 == last.recording.window_s
