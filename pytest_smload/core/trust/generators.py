"""Says which of several load generators is missing, or fared so badly that the samples of all do not show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isnan

from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_ms, format_share


def late_generators(recording: Recording, allowed_ms: float) -> Iterator[Finding]:
    """A warning for the one of several generators that sent latest: among the samples of all, its own are few.

    Args:
        allowed_ms: How late 5 % of a generator's requests may be without a word.
    """
    late = [each for each in recording.generators if each.delay_p95_ms > allowed_ms]
    if not late:
        return
    latest = max(late, key=lambda each: each.delay_p95_ms)
    others = f", {len(late) - 1:,} more {'were' if len(late) > 2 else 'was'} late too" if len(late) > 1 else ""
    yield Finding(
        f"worker {latest.host} (process {latest.pid}) sent 5% of its requests {format_ms(latest.delay_p95_ms)} late or "
        f"more, its CPU at {format_share(latest.cpu)} of a core{others}",
        "give that worker a larger or quieter machine, or start more workers",
    )


def lost_generators(recording: Recording) -> Iterator[Finding]:
    """A reason for each part of the load that is missing."""
    for why in recording.lost:
        yield Finding(
            f"part of the load is missing: worker {why}",
            "run it again; where it stays, look at that worker's machine and network",
        )


def worst(of_each: Iterable[float], otherwise: float) -> float:
    """Return the largest of *of_each* that says anything, *otherwise* where there is none."""
    return max((value for value in of_each if not isnan(value)), default=otherwise)
