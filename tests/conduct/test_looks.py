"""How often an unproven load is looked at, when it stops, and what its further stretches are."""

from __future__ import annotations

import dataclasses
from array import array
from typing import Any

import pytest

from pytest_smload.conduct.looks import Assessment, run_until_proven
from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.recording import Abort, ClientReadings, Recording, Samples
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.trust.validity import examine

ABORT = Abort(error_rate=1.0, requests=20, span_s=1.0, limit=0.5)


class FakeLoad:
    """Runs nothing: each stretch takes *per_s* samples a second, and the check is proven from look *proven_at* on."""

    def __init__(self, *, proven_at: int = 99, valid: bool = True, per_s: int = 2, **facts: Any) -> None:
        self.proven_at = proven_at
        self.valid = valid
        self.per_s = per_s
        self.facts = facts
        self.profiles: list[LoadProfile] = []
        self.looks: list[tuple[float, float]] = []

    def run(self, profile: LoadProfile) -> Recording:
        self.profiles.append(profile)
        samples = Samples()
        wanted = int(profile.duration_s * self.per_s)
        for place in range(wanted if profile.max_requests is None else min(wanted, profile.max_requests)):
            due = 100.0 + place / self.per_s
            samples.due.append(due)
            samples.start.append(due)
            samples.end.append(due + 0.1)
            samples.kind.append(0)
            samples.model.append(0)
        return Recording(
            model_names=["total"],
            multi_model=False,
            target_shares=[1.0],
            kind_names=("ok",),
            samples=samples,
            open_model=True,
            window_start_s=100.0,
            window_end_s=100.0 + len(samples) / self.per_s,
            clients=[ClientReadings(0.1, array("d"), array("d"))],
            started_at="2026-01-01T00:00:00+00:00",
            bytes_in=[0],
            bytes_out=[0],
            **self.facts,
        )

    def judge(self, recording: Recording, alpha: float) -> Assessment:
        self.looks.append((recording.window_s, alpha))
        proven = len(self.looks) >= self.proven_at
        check = Check("total", "p95", "<= 1 s", "the mark", 1.0, 1, "pass", proven=proven)
        reasons = () if self.valid else (Finding("the client was busy", "free a core"),)
        found = examine(recording, measure(recording), budgeted_scopes=[], simulated=True)
        health = dataclasses.replace(found, valid=self.valid, reasons=reasons)
        return Assessment(recording, measure(recording), health, [check])

    def until_proven(self, profile: LoadProfile) -> Assessment:
        return run_until_proven(profile, self.run, self.judge)


def extendable(max_duration: str | None = "60s", **fields: Any) -> LoadProfile:
    return LoadProfile(**{"tps": 2, "duration": "10s", "max_duration": max_duration, "seed": 7} | fields)


def test_an_unproven_load_is_looked_at_three_times() -> None:
    """After one, two and four times its duration, each look at a third of the level, over all stretches so far."""
    load = FakeLoad()

    last = load.until_proven(extendable())

    assert [(10, 0.05 / 3), (20, 0.05 / 3), (40, 0.05 / 3)] == load.looks
    assert ["10s", "10s", "20s"] == [profile.duration for profile in load.profiles]
    assert (40, 3, 80) == (last.recording.window_s, last.recording.stretches, len(last.recording.samples))
    assert not last.is_settled


def test_the_last_look_is_at_max_duration() -> None:
    """Where a doubling would go beyond it."""
    load = FakeLoad()

    load.until_proven(extendable("25s"))

    assert [10, 20, 25] == [window_s for window_s, _ in load.looks]


def test_a_load_without_max_duration_has_one_look_at_the_whole_level() -> None:
    """Nothing is corrected for looks that never come."""
    load = FakeLoad()

    last = load.until_proven(extendable(None))

    assert [(10, 0.05)] == load.looks
    assert last.recording.stretches == 1


@pytest.mark.parametrize("proven_at", [1, 2])
def test_a_proven_load_stops(proven_at: int) -> None:
    """At the look that settles every check."""
    load = FakeLoad(proven_at=proven_at)

    last = load.until_proven(extendable())

    assert len(load.looks) == proven_at
    assert last.is_settled


@pytest.mark.parametrize(
    "facts", [{"valid": False}, {"interrupted": True}, {"aborted": ABORT}], ids=["invalid", "interrupted", "aborted"]
)
def test_a_run_not_worth_going_on_with_stops(facts: dict[str, Any]) -> None:
    """An INVALID, interrupted or aborted load is not extended, whatever is unproven."""
    load = FakeLoad(**facts)

    last = load.until_proven(extendable())

    assert len(load.looks) == 1
    assert last.is_settled
    assert not last.checks[0].proven


def test_a_load_without_checks_is_settled() -> None:
    """There is nothing to prove."""
    load = FakeLoad()
    nothing = run_until_proven(
        extendable(),
        load.run,
        lambda recording, alpha: Assessment(recording, measure(recording), load.judge(recording, alpha).health, []),
    )

    assert len(load.looks) == 1
    assert nothing.is_settled


def test_further_stretches_are_warm_and_another_schedule() -> None:
    """Their models are not primed again, their seeds differ, and none is extended itself; all else stays."""
    load = FakeLoad()
    profile = extendable(payload=b"1", warmup="3s")

    load.until_proven(profile)

    first, *further = load.profiles
    assert first is profile
    assert [(False, 8), (False, 9)] == [(stretch.prime, stretch.seed) for stretch in further]
    for stretch in further:
        same = stretch.replace(prime=True, seed=7, duration="10s", max_duration="60s")
        assert same == profile


def test_max_requests_caps_all_stretches_together() -> None:
    """Each stretch gets what is left, and the load ends when nothing is."""
    load = FakeLoad()

    last = load.until_proven(extendable(max_requests=30))

    assert [30, 10] == [profile.max_requests for profile in load.profiles]
    assert [10, 15] == [window_s for window_s, _ in load.looks]
    assert len(last.recording.samples) == 30
