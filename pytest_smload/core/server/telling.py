"""Turns CloudWatch's figures of a load into checks, reasons, notes, and the result's server side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import nan
from typing import TYPE_CHECKING

from pytest_smload.core.limits.evidence import ServerEvidence
from pytest_smload.core.limits.server_metrics import HOSTS
from pytest_smload.core.server.cross_check import MOST_UNCOUNTED, Counts, Latencies
from pytest_smload.core.server.server_side import ServerSide
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from pytest_smload.core.limits.budget import ScopedServerLimit
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.limits.server_metrics import ServerMetric
    from pytest_smload.core.measure.scope_name import ScopeName
    from pytest_smload.core.server.account import Account
    from pytest_smload.core.server.readings import Reading, Window
    from pytest_smload.core.server.server_side import ServerSeries
    from pytest_smload.core.trust.health import Finding

_OF_EACH_ANSWER = ("ModelLatency", "OverheadLatency")
"""Series with a value for every answer of the model."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What CloudWatch answered.

    Attributes:
        counts: Invocations of the window.
        in_all: Invocations of all periods of the load's runs; *sent_in_all*: what these sent.
        waited_s: How long it took to have counted.
        readings: By the name of the metric.
        series: The same and what else is shown over time, period by period.
    """

    counts: Counts
    in_all: int
    sent_in_all: int
    waited_s: float
    readings: Mapping[str, Reading]
    series: tuple[ServerSeries, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say."""

    checks: tuple[Check, ...] = ()
    reasons: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    server: ServerSide | None = None


def untold(limits: Sequence[ScopedServerLimit], why: str) -> Told:
    """Return the checks of *limits* without any figure: each fails, saying *why*."""
    checks = tuple(limit.hold(ServerEvidence(scope, missing=why)) for scope, limit in limits)
    return Told(checks, notes=() if limits else (why,))


def told(limits: Sequence[ScopedServerLimit], figures: Figures, window: Window, account: Account) -> Told:
    """Return what *figures* say of a load, its limits held against them."""
    counts = figures.counts
    latencies = _latencies(figures, account)
    short = _uncounted_words(figures, account)
    checks = tuple(limit.hold(_evidence(limit.row, figures, account, scope, short)) for scope, limit in limits)
    reason = counts.foreign_reason()
    notes = [counts.note(), latencies.note(), "" if limits else short]
    return Told(
        checks,
        () if reason is None else (reason,),
        tuple(filter(None, notes)),
        _server_side(figures, window, account, latencies),
    )


def lags(row: ServerMetric, reading: Reading, account: Account) -> bool:
    """Return whether *row* may still come: CloudWatch has counted the requests, and not all of this."""
    return reading.value is None or bool(_lacking(row, reading, account))


def _lacking(row: ServerMetric, reading: Reading, account: Account) -> str:
    if row.namespace == HOSTS or row.series not in _OF_EACH_ANSWER:
        return reading.lacking
    expected = (account.answered - account.at_edges) * (1 - MOST_UNCOUNTED)
    if reading.samples >= expected:
        return ""
    return f"CloudWatch has {row.series} of {reading.samples:,} of the {account.answered:,} requests the model answered"


def _evidence(row: ServerMetric, figures: Figures, account: Account, scope: ScopeName, short: str) -> ServerEvidence:
    reading = figures.readings[row.name]
    behind = ""
    if row.series in _OF_EACH_ANSWER and reading.samples < account.sent - account.at_edges:
        behind = f"{reading.samples:,} of the {account.sent:,} requests sent are behind it"
    return ServerEvidence(
        scope,
        reading.value,
        reading.samples,
        reading.missing,
        short or _lacking(row, reading, account),
        figures.counts.counted,
        behind,
    )


def _uncounted_words(figures: Figures, account: Account) -> str:
    if not figures.counts.uncounted or (figures.in_all >= figures.sent_in_all and figures.counts.is_whole(account)):
        return ""
    words = (
        f"CloudWatch had counted {figures.counts.counted:,} of the {account.answered:,} requests of the window that "
        f"the model answered after {format_duration(round(figures.waited_s))}"
    )
    if figures.in_all >= figures.sent_in_all:
        return f"{words}, and the others of the load beside the window: set this machine's clock right"
    return words


def _latencies(figures: Figures, account: Account) -> Latencies:
    def value(name: str) -> float:
        found = figures.readings.get(name)
        return nan if found is None or found.value is None else found.value

    return Latencies(
        account.service_mean_ms,
        value("model_latency_mean"),
        value("overhead_latency_mean"),
        account.lost,
        account.begun_mean_ms,
    )


def _server_side(figures: Figures, window: Window, account: Account, latencies: Latencies) -> ServerSide:
    return ServerSide(
        window_begin=_iso(window.span.begin_s),
        window_end=_iso(window.span.end_s),
        period_s=window.resolution.window_s,
        variants=tuple(window.variants),
        sent=account.sent,
        counted=figures.counts.counted,
        at_edges=account.at_edges,
        foreign=figures.counts.foreign,
        uncounted=figures.counts.uncounted,
        sent_in_all=figures.sent_in_all,
        counted_in_all=figures.in_all,
        waited_s=round(figures.waited_s, 1),
        client_ms=latencies.client_ms,
        model_ms=latencies.model_ms,
        overhead_ms=latencies.overhead_ms,
        rest_ms=latencies.rest_ms,
        agrees=not latencies.disagree,
        figures={name: reading.value for name, reading in figures.readings.items() if reading.value is not None},
        series=figures.series,
    )


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
