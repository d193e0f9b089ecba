"""Computes by how much the client itself has moved the 95th percentile of the latencies reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, view
from pytest_smload.core.statistics.percentiles import percentile, percentile_of

_MOST_PAIRS = 20_000
_GOLDEN_RATIO = (1 + 5**0.5) / 2


@dataclass(frozen=True, slots=True)
class ClientBias:
    """What sending and reading late amount to, in ms; NaN where there is nothing to take a percentile of.

    Attributes:
        delay_p95_ms, delay_p99_ms: Of the client delay: start - max(due, the moment the request's user became free).
        sending_ms: What that delay adds to p95. The p95 of an open load has it in it; that of a closed one leaves it
            out.
        reading_ms: What responses add to p95 that the client read later than they came: the estimate.
        reading_most_ms: The same, had each come as early as it can have; what the estimate can be short of.
    """

    delay_p95_ms: float
    delay_p99_ms: float
    sending_ms: float
    reading_ms: float
    reading_most_ms: float


def client_bias(recording: Recording, measurement: Measurement) -> ClientBias:
    """Return how far the client's own slowness is part of p95.

    Waiting for a free user is not: that is the endpoint's queueing. Samples do not tell which of several generators
    they come from, so that all count as woken like those of the one that was woken latest.
    """
    samples = recording.samples
    due, start, end = view(samples.due), view(samples.start), view(samples.end)
    # What decides whether a sample is in the window.
    counted = (due if recording.open_model else start) >= recording.window_start_s
    chosen = np.flatnonzero(counted & (view(samples.kind) == OK))
    delay_s = _client_delay_s(recording)
    reported_p95_ms = measurement.total.p95_ms
    if recording.open_model:
        # When the clock would have started, had the client sent in time.
        base = due[chosen] + delay_s[chosen]
        base_p95_ms = _p95_ms(base, end[chosen])
        sending_ms = reported_p95_ms - base_p95_ms
    else:
        base, base_p95_ms = start[chosen], reported_p95_ms
        sending_ms = _p95_ms(due[chosen], end[chosen]) - base_p95_ms
    service_ms = _service_ms(recording)
    wake_lags_ms = ([lag_s * 1000 for lag_s in client.wake_lag_s] for client in recording.clients)
    reading_ms = max(wake_bias_ms(service_ms, of_one) for of_one in wake_lags_ms)
    reading_most_ms = reading_ms
    late = len(samples.late_index)
    if late:
        # Any time is as likely; multiples of the golden ratio fill 0 to 1 more evenly than random numbers.
        likely: Floats = np.arange(1.0, late + 1) * _GOLDEN_RATIO % 1
        reading_ms += base_p95_ms - _p95_ms(base, _arrivals_s(recording, likely)[chosen])
        reading_most_ms += base_p95_ms - _p95_ms(base, _arrivals_s(recording, np.zeros(late))[chosen])
    delays_ms = delay_s[counted] * 1000
    return ClientBias(
        percentile_of(delays_ms, 950), percentile_of(delays_ms, 990), sending_ms, reading_ms, reading_most_ms
    )


def wake_bias_ms(service_ms: Floats, wake_lag_ms: Sequence[float]) -> float:
    """Return p95(service time + lag) - p95(service time), times and lags paired at random.

    A response waits for the system to wake the client as the ticker does, so that a time measured is the endpoint's
    plus such a lag. How much that moves a percentile depends on the spread of both: a lag of 6 ms at its own p95 moves
    the p95 of a constant time by 6 ms, that of one spread over 80 ms by its mean, 2 ms. Adding the lag once more shows
    by how much, a little less for constant times, whose only spread is the lag they have.

    Args:
        service_ms: Times from send to answer of the successes, ascending.
        wake_lag_ms: The ticker's readings.
    """
    if not len(service_ms) or not wake_lag_ms:
        return 0.0
    lags = Random(0).choices(wake_lag_ms, k=len(service_ms))  # noqa: S311 - pairs readings, secures nothing
    return percentile_of(service_ms + np.array(lags), 950) - percentile(service_ms, 950)


def _client_delay_s(recording: Recording) -> Floats:
    samples = recording.samples
    ready = view(samples.due).copy()
    held = view(samples.held_index)
    ready[held] = np.maximum(ready[held], view(samples.held_free))
    delay_s: Floats = np.maximum(view(samples.start) - ready, 0.0)
    return delay_s


def _arrivals_s(recording: Recording, shares: Floats) -> Floats:
    """When each response came: at its end, or *shares* of the time before that in which the client did not look."""
    samples = recording.samples
    came, earliest = view(samples.end).copy(), view(samples.late_from)
    came[view(samples.late_index)] = earliest + shares * (view(samples.late_to) - earliest)
    return came


def _p95_ms(since_s: Floats, until_s: Floats) -> float:
    return percentile_of((until_s - since_s) * 1000, 950)


def _service_ms(recording: Recording) -> Floats:
    """Service times of the window's successes, ascending; of some of them, spread over all, where there are many."""
    samples = recording.samples
    thinned = slice(None, None, 1 + len(samples) // _MOST_PAIRS)
    start, end, kind = (view(column)[thinned] for column in (samples.start, samples.end, samples.kind))
    counted = (kind == OK) & (start >= recording.window_start_s)
    return np.sort((end[counted] - start[counted]) * 1000)
