"""The check of a load that was ended early, for what it got until then."""

from __future__ import annotations

from dataclasses import replace

from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS
from pytest_smload.core.samples.recording import Abort, Recording
from pytest_smload.core.units import format_duration, format_share

SOURCE = "abort_on"
_FIRST_REQUESTS = "first requests"
SOURCES = (SOURCE, _FIRST_REQUESTS)
"""Where the limits of a load come from that was ended early; their checks are of its end alone."""


def abort_check(abort: Abort, recording: Recording, *, judged: bool = True) -> Check:
    """Return the check of *recording*, which *abort* ended: failing, or invalid where the client's own fault ended it.

    Args:
        abort: Why it ended.
        recording: What was measured until then.
        judged: False where the client's slowness means nothing (moto's mock).
    """
    if abort.p95_ms is not None:
        return _latency_check(abort.p95_ms, abort, recording, judged=judged)
    metric = METRICS["error_rate"]
    if abort.reason:
        return Check(
            scope=str(TOTAL),
            metric=metric.name,
            limit="< 100%",
            source=_FIRST_REQUESTS,
            observed=abort.error_rate,
            n=abort.requests,
            outcome="invalid" if abort.kind in CLIENT_CAUSED_KINDS else "fail",
            note=abort.reason,
            at_most=abort.limit,
            unit=metric.unit,
        )
    span = format_duration(abort.span_s)
    return Check(
        scope=str(TOTAL),
        metric=metric.name,
        limit=f"< {format_share(abort.limit)} for {span}",
        source=SOURCE,
        observed=abort.error_rate,
        n=abort.requests,
        outcome="fail",
        note=f"abort_on ended the load: that many of the requests of {span} had failed",
        at_most=abort.limit,
        unit=metric.unit,
    )


def _latency_check(p95_ms: float, abort: Abort, recording: Recording, *, judged: bool) -> Check:
    """Hold the requests due in the span, and so long before it as the limit allows, against the limit as any other:
    what the client's own slowness explains is no failure of the endpoint."""
    start_s = recording.window_end_s - abort.span_s - p95_ms / 1000
    span = replace(recording, window_start_s=start_s, stages=(), aborted=None, complete=False)
    limit = parse_limit("p95", f"{p95_ms:.12f}ms", source=SOURCE)
    check = judge([(TOTAL, limit)], measure(span), slowness=ClientSlowness(span) if judged else None)[0]
    words = format_duration(abort.span_s)
    note = f"abort_on ended the load for the requests of its last {words}"
    if not check.n:
        waited = f"nothing was answered in its last {words}, and what was under way had waited longer than the limit"
        return replace(check, limit=f"{check.limit} for {words}", note=f"abort_on ended the load: {waited}")
    if check.outcome == "pass":
        # Those due before it were slow: by itself that is no failure of what the check is of.
        check = replace(check, outcome="invalid", cause="few requests")
        note += ", in which only requests due earlier had been slow"
    return replace(check, limit=f"{check.limit} for {words}", note="; ".join(filter(None, (note, check.note))))
