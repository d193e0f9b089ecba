"""Repeats a load that nothing but the client's own slowness left undecided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.conduct.reruns import counts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.results.result import Rerun


@dataclass(frozen=True, slots=True)
class Undecided:
    """A run that was repeated: what it sent, and a note on it for the report."""

    counts: Rerun
    note: str


def run_until_decided(
    profile: LoadProfile, run: Callable[[], Assessment], *, may_repeat: Callable[[], bool] = lambda: True
) -> tuple[Assessment, list[Undecided]]:
    """Return the run that is to be judged, and those before it that the client's slowness left undecided.

    As many as ``invalid_retries`` of *profile*; none that would go beyond its ``max_requests`` with all before it, nor
    one that *may_repeat* has something against.
    """
    last, earlier, sent = run(), list[Undecided](), 0
    while len(earlier) < profile.invalid_retries and undecided_by_client(last):
        count = len(last.recording.samples)
        sent += count
        if (profile.max_requests is not None and sent + count > profile.max_requests) or not may_repeat():
            break
        earlier.append(Undecided(counts_of(last, "client"), _note(last)))
        last = run()
    return last, earlier


def undecided_by_client(run: Assessment) -> bool:
    """Whether a check is undecided for the client's slowness and nothing else stands in the way of a verdict."""
    ended_early = run.recording.interrupted or run.recording.aborted is not None
    if ended_early or not run.health.valid or any(check.outcome == "fail" for check in run.checks):
        return False
    return any(check.cause == "client" for check in run.checks)


def _note(run: Assessment) -> str:
    check = next(check for check in run.checks if check.cause == "client")
    sent, warmup = run.measurement.sent, run.measurement.warmup.sent
    return (
        f"repeated, for the client itself was too slow ({check.scope} {check.metric} {check.note}); the {sent:,} "
        f"requests sent before, and {warmup:,} of their warm-up, are in none of these figures"
    )
