"""Decides whether a measurement can be trusted: the client was not the bottleneck, the run is what was asked for."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import isnan

from pytest_smload.core.kinds import CLIENT_CAUSED_KINDS
from pytest_smload.core.lag import MOST_PAIRS, lag_bias_ms
from pytest_smload.core.measurement import TOTAL, Measurement
from pytest_smload.core.mix import mix_findings, some
from pytest_smload.core.percentiles import percentile, upper_percentile
from pytest_smload.core.recording import Recording
from pytest_smload.core.result import ClientHealth, Finding
from pytest_smload.core.steadiness import steadiness
from pytest_smload.core.units import format_ms, format_share

LARGER_CLIENT = "run the client on a larger or quieter machine, or ask for less load"


def examine(
    recording: Recording, measurement: Measurement, *, budgeted_scopes: Collection[str], simulated: bool
) -> ClientHealth:
    """Return how the client fared, the reasons the measurement is INVALID, and what came close.

    An endpoint that is slow, overloaded, refuses or errs is never a reason: it is what is being measured. Waiting for a
    free user is its queueing, not client delay. Under a mock (*simulated*, or a client that is not judged) time means
    nothing, and only whether the run is what was asked for is looked at.

    Args:
        budgeted_scopes: Names of the scopes limits are set on; each needs a request.
    """
    judged = recording.client.judged and not simulated
    readings = _read(recording, measurement)
    reasons = [*_nothing_sent(recording, measurement), *_task_exceptions(recording)]
    warnings: list[Finding] = []
    if judged:
        slow, close = _client_too_slow(readings)
        reasons += slow
        reasons += _client_caused_errors(recording, measurement)
        warnings += close
        warnings += _unsteady(recording, measurement)
    warnings += _unprimed(recording)
    if measurement.total.requests:
        reasons += mix_findings(recording, measurement)
        reasons += _silent_scopes(recording, measurement, budgeted_scopes)
    return ClientHealth(
        cpu=recording.client.cpu,
        delay_p95_ms=readings.delay_p95_ms,
        delay_p99_ms=readings.delay_p99_ms,
        bias_p95_ms=readings.bias_p95_ms,
        lag_bias_p95_ms=readings.lag_bias_ms,
        loop_lag_p95_ms=readings.lag_p95_ms,
        loop_lag_p99_ms=readings.lag_p99_ms,
        valid=not reasons,
        reasons=tuple(reasons),
        warnings=tuple(warnings),
        judged=judged,
    )


@dataclass(frozen=True, slots=True)
class _Readings:
    """What the client's slowness amounts to, in ms; *p95_ms* is the latency it is held against, NaN without success."""

    cpu: float
    p95_ms: float
    service_p95_ms: float
    delay_p95_ms: float
    delay_p99_ms: float
    bias_p95_ms: float
    lag_bias_ms: float
    lag_p95_ms: float
    lag_p99_ms: float

    def allowed_ms(self, at_least_ms: float) -> float:
        """Return max(*at_least_ms*, 5 % of p95)."""
        return at_least_ms if isnan(self.p95_ms) else max(at_least_ms, 0.05 * self.p95_ms)

    def allowed_lag_ms(self) -> float:
        """Return max(2 ms, 5 % of the service time's p95).

        Not of the latency's: a client too slow to read its answers makes arrivals wait for its own users, and that
        wait would excuse the lag it comes from.
        """
        return 2.0 if isnan(self.service_p95_ms) else max(2.0, 0.05 * self.service_p95_ms)


def _read(recording: Recording, measurement: Measurement) -> _Readings:
    lags = sorted(recording.client.loop_lag_s)
    delays, other = _client_delays(recording)
    p95_ms, other_p95_ms = measurement.total.p95_ms, upper_percentile(other, 950)
    return _Readings(
        cpu=recording.client.cpu,
        p95_ms=p95_ms,
        service_p95_ms=measurement.total.service_p95_ms,
        delay_p95_ms=upper_percentile(delays, 950),
        delay_p99_ms=upper_percentile(delays, 990),
        bias_p95_ms=p95_ms - other_p95_ms if recording.open_model else other_p95_ms - p95_ms,
        lag_bias_ms=lag_bias_ms(_service_ms(recording), [lag_s * 1000 for lag_s in lags]),
        lag_p95_ms=percentile(lags, 950) * 1000,
        lag_p99_ms=percentile(lags, 990) * 1000,
    )


def _service_ms(recording: Recording) -> list[float]:
    """Service times of the window's successes, ascending; of some of them where there are very many."""
    samples = recording.samples
    chosen = slice(None, None, 1 + len(samples) // MOST_PAIRS)
    columns = (samples.start[chosen], samples.end[chosen], samples.kind[chosen])
    opens = recording.window_start_s
    return sorted(
        (end - start) * 1000 for start, end, kind in zip(*columns, strict=True) if not kind and start >= opens
    )


def _client_delays(recording: Recording) -> tuple[array[float], array[float]]:
    """Client delays of the window's samples, and the latency of its successes that is not reported, in ms.

    Open model: latency without the client's delay, which the one reported has in it. Closed model: latency from the
    moment the user was ready, which the one reported leaves the delay out of. Either way the difference of their 95th
    percentiles is what the client's delay does to p95.
    """
    samples = recording.samples
    ready = array("d", samples.due)
    for index, free in zip(samples.held_index, samples.held_free, strict=True):
        ready[index] = max(ready[index], free)
    delays, latencies = array("d"), array("d")
    add_delay, add_latency = delays.append, latencies.append
    opens, open_model = recording.window_start_s, recording.open_model
    for due, start, end, kind, free in zip(samples.due, samples.start, samples.end, samples.kind, ready, strict=True):
        if (due if open_model else start) < opens:
            continue
        delay = start - free if start > free else 0.0
        add_delay(delay * 1000)
        if not kind:
            add_latency((end - due - delay if open_model else end - due) * 1000)
    return delays, latencies


def _client_too_slow(readings: _Readings) -> tuple[list[Finding], list[Finding]]:
    """Reasons and warnings from client delay, loop lag and CPU.

    What client delay and loop lag each do to p95 may be max(2 ms, 5 % of p95). Half of that is the warning level, which
    is a reason once the CPU is above 90 % of a core. Where nothing succeeded there is no latency to distort: then only
    requests that left late (p95 of the delay above 2 ms) are a reason, and lag, which a storm of refusals causes, is a
    warning.
    """
    no_success = isnan(readings.p95_ms)
    if no_success:
        late_ms, late = readings.delay_p95_ms, "the client sent 5% of the requests {} late or more"
    else:
        late_ms, late = (
            readings.bias_p95_ms,
            f"the client's own delay is {{}} of the p95 of {format_ms(readings.p95_ms)}",
        )
    lag_ms = readings.lag_p95_ms if no_success else readings.lag_bias_ms
    lag = (
        "the client's event loop lagged by {} at its 95th percentile"
        if no_success
        else f"the client's event loop, {format_ms(readings.lag_p95_ms)} late at its 95th percentile, adds {{}} to p95"
    )
    busy = f", its CPU at {format_share(readings.cpu)} of a core" if readings.cpu > 0.9 else ""
    reasons: list[Finding] = []
    warnings: list[Finding] = []
    signals = (
        (late, late_ms, readings.allowed_ms(2.0), "p95", True),
        (lag, lag_ms, readings.allowed_lag_ms(), "the service time's p95", not no_success),
    )
    for sentence, value_ms, allowed_ms, of, decides in signals:
        rule = f"{format_ms(allowed_ms)} are allowed, the larger of 2 ms and 5% of {of}"
        finding = Finding(f"{sentence.format(format_ms(value_ms))}{busy} ({rule})", LARGER_CLIENT)
        if decides and (value_ms > allowed_ms or (busy and value_ms > allowed_ms / 2)):
            reasons.append(finding)
        elif value_ms > allowed_ms / 2:
            warnings.append(finding)
    if readings.delay_p99_ms > readings.allowed_ms(3.0):
        cause = f"the client sent 1% of the requests {format_ms(readings.delay_p99_ms)} late or more"
        warnings.append(Finding(cause, LARGER_CLIENT))
    if busy and not reasons:
        cause = f"the client used {format_share(readings.cpu)} of a core, so that TPS may be its limit"
        warnings.append(Finding(cause, LARGER_CLIENT))
    return reasons, warnings


def _nothing_sent(recording: Recording, measurement: Measurement) -> Iterator[Finding]:
    if measurement.sent or recording.aborted is not None:
        return
    stuck = any(end >= recording.window_start_s for end in recording.samples.end)
    if recording.interrupted:
        yield Finding("the load was interrupted before its window saw a request", "let it run, or shorten warmup")
    elif stuck and measurement.unsent:
        # The endpoint held every user from the warm-up on: the arrivals are errors of kind Unsent, and fail the test.
        return
    elif stuck or measurement.in_flight_at_end:
        yield Finding(
            "no request began in the window: every user was still waiting for an answer to one of the warm-up",
            "look at the endpoint first (does one request by sm_endpoint.invoke answer?), or set a shorter timeout",
        )
    else:
        yield Finding(
            f"no request was sent in the window of {recording.window_s:.3g} s",
            "ask for a longer duration, a higher tps, or more max_requests (the warm-up's count towards it)",
        )


def _unsteady(recording: Recording, measurement: Measurement) -> Iterator[Finding]:
    """Stages change the load on purpose, so that only a load of one rate has to be steady."""
    if recording.stages:
        return
    found = steadiness(measurement.scope(TOTAL).outcome_ms)
    if not found.steady:
        yield Finding(
            f"the first {format_share(found.cut_share)} of the window was {found.ratio:.2g} times as slow as the rest",
            "set a longer warmup, so that the endpoint is warm when measuring begins",
        )


def _unprimed(recording: Recording) -> Iterator[Finding]:
    if recording.unprimed:
        models = f"{recording.unprimed:,} model{'s' if recording.unprimed > 1 else ''}"
        yield Finding(
            f"{models} had not answered when priming ended, so cold loads may be in the window",
            "set a longer prime_timeout, or give the endpoint memory for all models",
        )


def _task_exceptions(recording: Recording) -> Iterator[Finding]:
    if recording.task_exceptions:
        first, count = recording.task_exceptions[0], len(recording.task_exceptions)
        more = f" (and {count - 1} more)" if count > 1 else ""
        yield Finding(
            f"an exception ended a task of the load: {first}{more}",
            "fix the listener or payload function it names; if it names pytest_smload itself, please report it",
        )


def _client_caused_errors(recording: Recording, measurement: Measurement) -> Iterator[Finding]:
    kinds = {kind: count for kind, count in measurement.errors.items() if kind in CLIENT_CAUSED_KINDS}
    count, requests = sum(kinds.values()), measurement.total.requests
    if count > max(5, 0.001 * requests):
        worst = max(kinds, key=lambda kind: kinds[kind])
        example = recording.examples.get(worst)
        said = f': "{example.message}"' if example is not None and example.message else ""
        yield Finding(
            f"{count:,} of {requests:,} requests failed on the client's side, {kinds[worst]:,} as {worst}{said}",
            "check credentials and permissions, this machine's clock, DNS and file descriptors (ulimit -n)",
        )


def _silent_scopes(
    recording: Recording, measurement: Measurement, budgeted_scopes: Collection[str]
) -> Iterator[Finding]:
    silent = [name for name in budgeted_scopes if name != TOTAL and _requests(measurement, name) == 0]
    if silent:
        cut = " (the load was interrupted)" if recording.interrupted else ""
        yield Finding(
            f"{some(silent)} {'has a limit' if len(silent) == 1 else 'have limits'} but got no request{cut}",
            "give it more weight or the load a longer duration, or drop the limit",
        )


def _requests(measurement: Measurement, name: str) -> int:
    scope = measurement.scopes.get(name)
    return 0 if scope is None else scope.stats.requests
