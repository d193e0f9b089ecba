"""Computes by how much the client itself has moved the 95th percentile of the latencies reported."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, repeat
from random import Random

from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.percentiles import nearest_rank, upper_percentile

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
    delay_s = _client_delay_s(recording)

    def base_s() -> Iterable[float]:
        """When the clock would have started, had the client sent in time."""
        return map(float.__add__, samples.due, delay_s) if recording.open_model else samples.start

    reported_p95_ms = measurement.total.p95_ms
    if recording.open_model:
        base_p95_ms = _p95_ms(recording, base_s(), samples.end)
        sending_ms = reported_p95_ms - base_p95_ms
    else:
        base_p95_ms = reported_p95_ms
        sending_ms = _p95_ms(recording, samples.due, samples.end) - base_p95_ms
    service_ms = _service_ms(recording)
    wake_lags_ms = ([lag_s * 1000 for lag_s in client.wake_lag_s] for client in recording.clients)
    reading_ms = max(wake_bias_ms(service_ms, of_one) for of_one in wake_lags_ms)
    reading_most_ms = reading_ms
    if samples.late_index:
        # Any time is as likely; multiples of the golden ratio fill 0 to 1 more evenly than random numbers.
        likely = (number * _GOLDEN_RATIO % 1 for number in count(1))
        reading_ms += base_p95_ms - _p95_ms(recording, base_s(), _arrivals_s(recording, likely))
        reading_most_ms += base_p95_ms - _p95_ms(recording, base_s(), _arrivals_s(recording, repeat(0.0)))
    counted = zip(delay_s, _counted_s(recording), strict=True)
    delays = array("d", (delay * 1000 for delay, since in counted if since >= recording.window_start_s))
    return ClientBias(
        upper_percentile(delays, 950), upper_percentile(delays, 990), sending_ms, reading_ms, reading_most_ms
    )


def wake_bias_ms(service_ms: Sequence[float], wake_lag_ms: Sequence[float]) -> float:
    """Return p95(service time + lag) - p95(service time), times and lags paired at random.

    A response waits for the system to wake the client as the ticker does, so that a time measured is the endpoint's
    plus such a lag. How much that moves a percentile depends on the spread of both: a lag of 6 ms at its own p95 moves
    the p95 of a constant time by 6 ms, that of one spread over 80 ms by its mean, 2 ms. Adding the lag once more shows
    by how much, a little less for constant times, whose only spread is the lag they have.

    Args:
        service_ms: Times from send to answer of the successes, ascending.
        wake_lag_ms: The ticker's readings.
    """
    if not service_ms or not wake_lag_ms:
        return 0.0
    lags = Random(0).choices(wake_lag_ms, k=len(service_ms))  # noqa: S311 - pairs readings, secures nothing
    rank = nearest_rank(len(service_ms), 950) - 1
    return sorted(map(float.__add__, service_ms, lags))[rank] - service_ms[rank]


def _client_delay_s(recording: Recording) -> array[float]:
    # The columns here may have a million rows: each step overwrites its column or is a generator, to spare memory.
    delay = array("d", recording.samples.due)
    for index, free in zip(recording.samples.held_index, recording.samples.held_free, strict=True):
        delay[index] = max(delay[index], free)
    for index, start in enumerate(recording.samples.start):
        ready = delay[index]
        delay[index] = start - ready if start > ready else 0.0
    return delay


def _counted_s(recording: Recording) -> array[float]:
    """The times that decide whether a sample is in the window."""
    return recording.samples.due if recording.open_model else recording.samples.start


def _arrivals_s(recording: Recording, shares: Iterator[float]) -> array[float]:
    """When each response came: at its end, or *shares* of the time before that in which the client did not look."""
    samples = recording.samples
    came = array("d", samples.end)
    for index, earliest, latest in zip(samples.late_index, samples.late_from, samples.late_to, strict=True):
        came[index] = earliest + next(shares) * (latest - earliest)
    return came


def _p95_ms(recording: Recording, since_s: Iterable[float], until_s: Iterable[float]) -> float:
    """Return the 95th percentile of *until_s* - *since_s* over the window's successes."""
    opens = recording.window_start_s
    columns = zip(since_s, until_s, _counted_s(recording), recording.samples.kind, strict=True)
    spans = ((until - since) * 1000 for since, until, counted, kind in columns if not kind and counted >= opens)
    return upper_percentile(array("d", spans), 950)


def _service_ms(recording: Recording) -> list[float]:
    """Service times of the window's successes, ascending; of some of them, spread over all, where there are many."""
    samples = recording.samples
    chosen = slice(None, None, 1 + len(samples) // _MOST_PAIRS)
    columns = (samples.start[chosen], samples.end[chosen], samples.kind[chosen])
    opens = recording.window_start_s
    return sorted(
        (end - start) * 1000 for start, end, kind in zip(*columns, strict=True) if not kind and start >= opens
    )
