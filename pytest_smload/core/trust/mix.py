"""Decides whether each model, variant, container or component got the share of the traffic its weight asked for."""

from __future__ import annotations

from math import sqrt

from pytest_smload.core.load.traffic import BLOCK_CHOICES
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_share
from pytest_smload.core.wording import some

_SIGMAS = 6.0
"""One false alarm in 10^9 models; weights that are not followed are off by far more."""

_REMEDY = "repeat the load with a longer duration; if it stays so, please report it with the profile and its seed"


def mix_findings(recording: Recording, measurement: Measurement) -> list[Finding]:
    """Return a reason for models off their weights, and one for models that should have been reached and were not.

    What is compared is requests *scheduled*, sent and unsent: an endpoint too slow to take them is not the client's
    fault. How far a count may be from p * n (its share of n requests):

    * Open model, gone through to its end: 1 per stretch of the window, since counts are exact over each.
    * Open model, cut short: the head of a shuffled schedule, so at most binomial, 6 standard deviations of
      sqrt(n p (1 - p)), + 3 for the skew of small counts.
    * Closed model: exact to 1 at the end of each block of b = max(1,000, models) shuffled choices, so that only the
      block under way counts: m choices without replacement, variance m p (1 - p) (1 - m / b) <= b p (1 - p) / 4. As
      many requests as were under way at the window's end may have crossed one of its ends between being chosen and
      being begun; each adds p (1 - p).
    """
    if recording.route_kind in (None, NAME):
        return []
    counts = [stats.requests for stats in measurement.routes.values()]
    requests = sum(counts)
    names = list(measurement.routes)
    expected = [share * requests for share in recording.target_shares]
    allowed = [_allowed(recording, measurement, share) for share in recording.target_shares]
    reached_from = 1.0 if recording.open_model and recording.complete else 20.0
    missed = [i for i, count in enumerate(counts) if count == 0 and expected[i] * (1 + 1e-9) >= reached_from]
    off = [i for i, count in enumerate(counts) if abs(count - expected[i]) > allowed[i] and i not in set(missed)]
    findings = []
    if missed:
        findings.append(
            Finding(
                f"no request went to {some([names[i] for i in missed])}, though the weights ask for "
                f"{format_share(recording.target_shares[missed[0]])} of {requests:,}",
                _REMEDY,
            )
        )
    if off:
        worst = max(off, key=lambda i: abs(counts[i] - expected[i]) - allowed[i])
        others = f" ({len(off) - 1:,} more off)" if len(off) > 1 else ""
        findings.append(
            Finding(
                f"the traffic is off its weights: {names[worst]} got {counts[worst]:,} of {requests:,} requests, "
                f"{expected[worst]:,.1f} were asked for, {allowed[worst]:.0f} more or less allowed{others}",
                _REMEDY,
            )
        )
    return findings


def _allowed(recording: Recording, measurement: Measurement, share: float) -> float:
    """How far a model's count may be from *share* of the requests."""
    requests = measurement.scheduled
    variance = share * (1 - share)
    if recording.open_model:
        return recording.stretches + 1e-9 * requests if recording.complete else 3 + _SIGMAS * sqrt(requests * variance)
    # Each generator goes through blocks of its own.
    block = max(BLOCK_CHOICES, len(recording.model_names)) * len(recording.clients)
    chosen = requests * (1 - requests / block) if requests < block / 2 else block / 4
    choosing = chosen + measurement.in_flight_at_end
    return 3 + _SIGMAS * sqrt(choosing * variance)
