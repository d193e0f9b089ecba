"""Decides whether a measurement can be trusted: the client was not the bottleneck, the run is what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf, isnan

import numpy as np

from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.measure.variants import diverted
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS, OK, TASK
from pytest_smload.core.request.route_kinds import NAME, WEIGHTED
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import view
from pytest_smload.core.statistics.percentiles import NAN, percentile
from pytest_smload.core.statistics.steadiness import steadiness
from pytest_smload.core.trust.client_bias import ClientBias, client_bias
from pytest_smload.core.trust.generators import late_generators, lost_generators, worst
from pytest_smload.core.trust.health import ClientHealth, Finding
from pytest_smload.core.trust.mix import mix_findings
from pytest_smload.core.units import format_ms, format_share
from pytest_smload.core.wording import some

LARGER_CLIENT = "run the client on a larger or quieter machine, or ask for less load"


def examine(
    recording: Recording, measurement: Measurement, *, budgeted_scopes: Collection[ScopeName], simulated: bool
) -> ClientHealth:
    """Return how the client fared, the reasons the measurement is INVALID, and what came close.

    An endpoint that is slow, overloaded, refuses or errs is never a reason: it is what is being measured. Waiting for a
    free user is its queueing, not client delay. Under a mock (*simulated*, or a client that is not judged) time means
    nothing, and only whether the run is what was asked for is looked at.

    Args:
        budgeted_scopes: Names of the scopes limits are set on; each needs a request.
    """
    judged = all(client.judged for client in recording.clients) and not simulated
    readings = _read(recording, measurement)
    reasons = [
        *_nothing_sent(recording, measurement),
        *lost_generators(recording),
        *_task_exceptions(recording),
        *_clock_ran_backwards(recording),
    ]
    warnings: list[Finding] = []
    if judged:
        reasons += _client_caused_errors(recording, measurement)
        if recording.window_s > 0:
            warnings += _client_was_slow(readings)
            warnings += late_generators(recording, readings.allowed_ms(5.0))
        warnings += _unsteady(recording, measurement)
    warnings += _unprimed(recording)
    if measurement.total.requests:
        reasons += mix_findings(recording, measurement)
        reasons += _diverted(recording)
        reasons += _silent_scopes(recording, measurement, budgeted_scopes)
    return ClientHealth(
        cpu=readings.cpu,
        delay_p95_ms=worst((each.delay_p95_ms for each in recording.generators), readings.bias.delay_p95_ms),
        delay_p99_ms=worst((each.delay_p99_ms for each in recording.generators), readings.bias.delay_p99_ms),
        bias_p95_ms=readings.bias.sending_ms,
        lag_bias_p95_ms=readings.bias.reading_ms,
        loop_lag_p95_ms=readings.lag_p95_ms,
        loop_lag_p99_ms=readings.lag_p99_ms,
        valid=not reasons,
        reasons=tuple(reasons),
        warnings=tuple(warnings),
        judged=judged,
    )


@dataclass(frozen=True, slots=True)
class _Readings:
    """What the client's slowness amounts to, in ms; *service_p95_ms* is NaN without a success.

    CPU and lags are those of the generator that fared worst.
    """

    open_model: bool
    cpu: float
    bias: ClientBias
    service_p95_ms: float
    lag_p95_ms: float
    lag_p99_ms: float

    def allowed_ms(self, at_least_ms: float) -> float:
        """Return max(*at_least_ms*, 5 % of the service time's p95).

        Not of the latency's: a client too slow to read its answers makes arrivals wait for its own users, and that
        wait would excuse the slowness it comes from.
        """
        return at_least_ms if isnan(self.service_p95_ms) else max(at_least_ms, 0.05 * self.service_p95_ms)


def _read(recording: Recording, measurement: Measurement) -> _Readings:
    lags = [sorted(client.loop_lag_s) for client in recording.clients if client.loop_lag_s]
    return _Readings(
        open_model=recording.open_model,
        cpu=max(client.cpu for client in recording.clients),
        bias=client_bias(recording, measurement),
        service_p95_ms=measurement.total.service_p95_ms,
        lag_p95_ms=max((percentile(of_one, 950) for of_one in lags), default=NAN) * 1000,
        lag_p99_ms=max((percentile(of_one, 990) for of_one in lags), default=NAN) * 1000,
    )


def _client_was_slow(readings: _Readings) -> list[Finding]:
    """Warnings from client delay, loop lag and CPU; whether they leave a limit undecided is each check's own question.

    What sending late and reading late add to p95 is worth a word from half of max(2 ms, 5 % of the service time's p95)
    on by the estimate, and reading from four times as much at most: where the client did not look for that long, the
    estimate says little. Open model: both together. Closed model: each, as the p95 reported has only the latter in it,
    and the former costs TPS. Where nothing succeeded there is no latency to distort: then only requests that left late
    (p95 of the delay above 1 ms) and lag are.
    """
    bias, busy = readings.bias, ""
    if readings.cpu > 0.9:
        busy = f", its CPU at {format_share(readings.cpu)} of a core"
    gravest_first = sorted(_signals(readings), key=lambda signal: signal.size_ms / signal.allowed_ms, reverse=True)
    warnings = [
        Finding(f"{signal.sentence}{busy} ({signal.rule})", LARGER_CLIENT)
        for signal in gravest_first
        if signal.size_ms > signal.allowed_ms / 2
    ]
    if bias.delay_p99_ms > readings.allowed_ms(3.0):
        cause = f"the client sent 1% of the requests {format_ms(bias.delay_p99_ms)} late or more"
        warnings.append(Finding(cause, LARGER_CLIENT))
    if busy:
        cause = f"the client used {format_share(readings.cpu)} of a core, so that TPS may be its limit"
        warnings.append(Finding(cause, LARGER_CLIENT))
    return warnings


@dataclass(frozen=True, slots=True)
class _Signal:
    """One way the client can have been too slow, and what is said of it."""

    sentence: str
    size_ms: float
    allowed_ms: float
    rule: str


def _signals(readings: _Readings) -> Iterator[_Signal]:
    bias = readings.bias
    if isnan(readings.service_p95_ms):
        rule = "2 ms are allowed"
        late = f"the client sent 5% of the requests {format_ms(bias.delay_p95_ms)} late or more"
        yield _Signal(late, bias.delay_p95_ms, 2.0, rule)
        lag = f"the client's event loop lagged by {format_ms(readings.lag_p95_ms)} at its 95th percentile"
        yield _Signal(lag, readings.lag_p95_ms, 2.0, rule)
        return
    sending_ms, reading_ms = max(0.0, bias.sending_ms), max(0.0, bias.reading_ms)
    allowed_ms = readings.allowed_ms(2.0)
    rule = f"{format_ms(allowed_ms)} are allowed, the larger of 2 ms and 5% of the service time's p95"
    if readings.open_model:
        parts = f"{format_ms(sending_ms)} by sending late, {format_ms(reading_ms)} by reading late"
        adds = f"the client itself adds {format_ms(sending_ms + reading_ms)} to p95: {parts}"
        yield _Signal(adds, sending_ms + reading_ms, allowed_ms, rule)
    else:
        late = f"the client sends late: its delay, which p95 leaves out, would add {format_ms(sending_ms)} to it"
        yield _Signal(late, sending_ms, allowed_ms, rule)
        adds = f"the client itself adds {format_ms(reading_ms)} to p95 by reading late"
        yield _Signal(adds, reading_ms, allowed_ms, rule)
    blind = f"the client left responses unread for so long that it may add {format_ms(bias.reading_most_ms)} to p95"
    allowed_ms = readings.allowed_ms(2.0) * 4
    rule = f"{format_ms(allowed_ms)} are allowed, the larger of 8 ms and 20% of the service time's p95"
    yield _Signal(blind, bias.reading_most_ms, allowed_ms, rule)


def _nothing_sent(recording: Recording, measurement: Measurement) -> Iterator[Finding]:
    if measurement.sent or recording.aborted is not None:
        return
    if (
        recording.route_kind == NAME
        and recording.task_exceptions
        and (len(recording.samples) or not recording.window_s)
    ):
        # What ended its users, or Locust, says why.
        return
    stuck = recording.window_s > 0 and max(recording.samples.end, default=-inf) >= recording.window_start_s
    if recording.interrupted:
        yield Finding("the load was interrupted before its window saw a request", "let it run, or shorten warmup")
    elif not recording.window_s:
        yield Finding(
            "the load was over before its window opened: "
            f"priming and warm-up sent all {len(recording.samples):,} requests",
            "ask for more max_requests, which counts them too, or a shorter warmup",
        )
    elif stuck and measurement.unsent:
        # The endpoint held every user from the warm-up on: the arrivals are errors of kind Unsent, and fail the test.
        return
    elif stuck or measurement.in_flight_at_end:
        yield Finding(
            "no request began in the window: every user was still waiting for an answer to one of the warm-up",
            "look at the endpoint first (does one request by sm_endpoint.invoke answer?), or set a shorter timeout",
        )
    elif recording.route_kind == NAME:
        task = recording.examples.get(TASK)
        said = f'; its users failed with "{task.message}"' if task is not None else ""
        yield Finding(
            f"the locustfile reported no request in the window of {recording.window_s:.3g} s{said}",
            "see that its tasks fire events.request for what they send (HttpUser and FastHttpUser do), and that tags, "
            "wait_time and on_start leave them something to do",
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
    total = measurement.scopes[TOTAL].requests
    found = steadiness(total.took_ms[total.answered])
    if not found.steady:
        yield Finding(
            f"the first {format_share(found.cut_share)} of the window was {found.ratio:.2g} times as slow as the rest",
            "set a longer warmup, so that the endpoint is warm when measuring begins",
        )


def _unprimed(recording: Recording) -> Iterator[Finding]:
    if recording.unprimed:
        kind = recording.route_kind or "model"
        unprimed = f"{recording.unprimed:,} {kind}{'s' if recording.unprimed > 1 else ''}"
        yield Finding(
            f"{unprimed} had not answered when priming ended, so cold loads may be in the window",
            f"set a longer prime_timeout, or give the endpoint {'memory' if kind == 'model' else 'instances'} for all "
            f"{kind}s",
        )


def _diverted(recording: Recording) -> Iterator[Finding]:
    """A variant that answered in another's place says that figures by variant are of something else."""
    for asked, answered, count, requests in diverted(recording):
        yield Finding(
            f"{count:,} of {requests:,} requests for variant {asked!r} were answered by {answered!r}",
            f"see that nothing on the way drops the header {WEIGHTED['variant'].member.header}",
        )


def _task_exceptions(recording: Recording) -> Iterator[Finding]:
    if recording.task_exceptions:
        first, count = recording.task_exceptions[0], len(recording.task_exceptions)
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        if recording.route_kind == NAME:
            yield Finding(f"{first}{more}", "mend the locustfile there; what ran is not the load that was asked for")
            return
        yield Finding(
            f"an exception ended a task of the load: {first}{more}",
            "fix the listener or payload function it names; if it names pytest_smload itself, please report it",
        )


def _clock_ran_backwards(recording: Recording) -> Iterator[Finding]:
    """A time below zero anywhere says that the others may be wrong by as much."""
    samples = recording.samples
    if not len(samples):
        return
    begin = view(samples.due if recording.open_model else samples.start)
    took_s = (view(samples.end) - np.maximum(begin, view(samples.start)))[view(samples.kind) == OK]
    shortest_s = float(took_s.min(initial=0.0))
    if shortest_s < 0:
        yield Finding(
            f"a request took {shortest_s * 1000:.3g} ms: the clock it was timed with ran backwards",
            "run the test again; where it stays, look for what suspends or migrates this machine",
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
    recording: Recording, measurement: Measurement, budgeted_scopes: Collection[ScopeName]
) -> Iterator[Finding]:
    silent = [str(name) for name in budgeted_scopes if name != TOTAL and _requests(measurement, name) == 0]
    if silent:
        cut = " (the load was interrupted)" if recording.interrupted else ""
        remedy = "give it more weight or the load a longer duration, or drop the limit"
        if recording.route_kind == NAME:
            seen = [repr(name) for name, stats in measurement.routes.items() if stats.requests]
            remedy = f"write a name that its requests have: {some(seen)}"
        yield Finding(
            f"{some(silent)} {'has a limit' if len(silent) == 1 else 'have limits'} but got no request{cut}",
            remedy,
        )


def _requests(measurement: Measurement, name: ScopeName) -> int:
    scope = measurement.scopes.get(name)
    return 0 if scope is None else scope.stats.requests
