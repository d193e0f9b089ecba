"""Says why a probe tells nothing of its endpoint: the client did not make the rate, or bound it by its own limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pytest_smload.core.statistics.columns import view
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.trust.validity import LARGER_CLIENT
from pytest_smload.core.units import format_ms, format_share

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.samples.recording import Recording

_FASTER = f"{LARGER_CLIENT}; the http transport makes tens of times the SDK's rate"
_LEAST_BEGUN = 0.97
"""Share of a window's arrivals that are to be sent in it, beside what chance leaves."""
_CHANCE = 3.0
"""Standard deviations of that, of Poisson arrivals."""
_LATE_MS, _LATE_SHARE = 50.0, 0.1
"""A probe that breaks something says so of the endpoint where 95 % of its requests left no later than this after they
could, or than this share of the service time's p95."""
_MOST_CPU = 0.9
_SDK_CPU, _SDK_LAG_MS = 0.7, 20.0
"""Of a core, and the event loop's at its 95th percentile. The SDK's threads wait for each other long before a core is
used up, and their waits cannot be told from an endpoint that takes its time."""


def doubt_of(
    result: LoadResult, recording: Recording, profile: LoadProfile, most_ms: float | None, *, kept: bool
) -> Finding | None:
    """Return why the probe that came to *result* says nothing of the endpoint; None where it does.

    Args:
        most_ms: The highest latency that a limit allows; None where none does.
        kept: Whether the budget was.
    """
    if not result.client.judged:
        return None
    short = _short(result, recording, profile)
    return short or (None if kept else _late(result) or _busy(result) or _held_back(result, profile, most_ms))


def _short(result: LoadResult, recording: Recording, profile: LoadProfile) -> Finding | None:
    """Fewer requests were sent in the window than were due, and not for want of a free user: the rate was not made."""
    start, end = view(recording.samples.start), view(recording.samples.end)
    opens, closes = recording.window_start_s, recording.window_end_s
    begun = int(np.count_nonzero((start >= opens) & (start < closes)))
    due = result.scheduled
    if begun >= _LEAST_BEGUN * due - _CHANCE * math.sqrt(due):
        return None
    if np.count_nonzero((start < closes) & (end >= closes)) >= profile.most_in_flight:
        return None
    cause = f"the client sent {begun:,} of the {due:,} requests that were due in the window: it did not make the rate"
    return Finding(cause, LARGER_CLIENT)


def _late(result: LoadResult) -> Finding | None:
    service_ms = result.service_p95_ms
    allowed_ms = _LATE_MS if math.isnan(service_ms) else max(_LATE_MS, _LATE_SHARE * service_ms)
    if not result.client.delay_p95_ms > allowed_ms:
        return None
    cause = f"the client sent 5% of the requests {format_ms(result.client.delay_p95_ms)} late or more"
    return Finding(f"{cause} ({format_ms(allowed_ms)} are allowed where a rate is not kept)", LARGER_CLIENT)


def _busy(result: LoadResult) -> Finding | None:
    client, sdk = result.client, result.transport == "boto3"
    most_cpu = _SDK_CPU if sdk else _MOST_CPU
    if client.cpu > most_cpu:
        return Finding(f"the client used {format_share(client.cpu)} of a core, so that TPS may be its limit", _FASTER)
    if sdk and client.loop_lag_p95_ms > _SDK_LAG_MS:
        cause = f"the client's event loop lagged by {format_ms(client.loop_lag_p95_ms)} at its 95th percentile"
        return Finding(f"{cause}: the SDK's threads wait for each other", _FASTER)
    return None


def _held_back(result: LoadResult, profile: LoadProfile, most_ms: float | None) -> Finding | None:
    """Return why a probe's in-flight cap, the largest there is, may be what bound it; None where it cannot be.

    An endpoint whose requests take no longer than the highest latency allowed, *most_ms*, has tps x that of them under
    way.
    """
    needed = (profile.tps or 0.0) * (most_ms or 0.0) / 1000
    if not result.cap_hits or profile.most_in_flight >= needed or result.service_p95_ms > (most_ms or 0.0):
        return None
    return Finding(
        f"{profile.most_in_flight:,} requests in flight, all that a load may have, were under way at once, and an "
        f"endpoint that keeps the budget may need {needed:,.0f} at {profile.tps:g} TPS",
        "allow less latency, or search below (max_tps)",
    )
