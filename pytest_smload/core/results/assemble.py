"""Puts a load's recording, measurement, health and checks together into its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pytest_smload.core.hosting.hosting import Hosting
from pytest_smload.core.limits.check import Check
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.written import written_profile
from pytest_smload.core.measure.distribution import distribution_of
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.request.route_kinds import ROUTE_TABLES
from pytest_smload.core.results.result import LoadResult, Rerun
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.trust.health import ClientHealth


def build_result(  # noqa: PLR0913 - a result has this many origins
    recording: Recording,
    measurement: Measurement,
    health: ClientHealth,
    *,
    label: str | None,
    endpoint: EndpointFacts,
    profile: LoadProfile,
    transport: str,
    transport_reason: str,
    checks: Sequence[Check],
    notes: Sequence[str],
    reruns: Sequence[Rerun] = (),
    hosting: Hosting | None = None,
) -> LoadResult:
    """Return the load's result, its total's figures as its own attributes."""
    figures = {spec.name: getattr(measurement.total, spec.name) for spec in fields(measurement.total)}
    del figures["errors"]
    routes: dict[str, Any] = {table: {} for table in ROUTE_TABLES.values()}
    if measurement.route_kind is not None:
        routes[ROUTE_TABLES[measurement.route_kind]] = measurement.routes
    return LoadResult(
        **figures,
        label=label,
        endpoint=endpoint,
        profile=written_profile(profile),
        transport=transport,
        transport_reason=transport_reason,
        started_at=recording.started_at,
        window_s=recording.window_s,
        offered_tps=recording.offered_tps,
        scheduled=measurement.scheduled,
        sent=measurement.sent,
        unsent=measurement.unsent,
        cap_hits=measurement.cap_hits,
        connects=recording.connects,
        in_flight_at_end=measurement.in_flight_at_end,
        interrupted=recording.interrupted,
        warmup=measurement.warmup,
        **routes,
        stages=measurement.stages,
        mix=measurement.mix,
        invoked_variants=measurement.invoked_variants,
        errors=measurement.errors,
        examples={kind: _one_line(failure) for kind, failure in recording.examples.items()},
        examples_by_route=_by_route(recording),
        client=health,
        timeline=tuple(measurement.timeline),
        warmup_timeline=tuple(measurement.warmup_timeline),
        checks=tuple(checks),
        notes=tuple(notes),
        reruns=tuple(reruns),
        hosting=hosting,
        workers=tuple(recording.generators),
        distribution=distribution_of(recording, measurement.total),
    )


def _by_route(recording: Recording) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if recording.route_kind is not None:
        for (route, kind), failure in recording.route_examples.items():
            found.setdefault(recording.model_names[route], {})[kind] = _one_line(failure)
    return found


def _one_line(failure: InvocationFailure) -> str:
    """The failure's message, with the statuses it does not name itself."""
    statuses = []
    if failure.status is not None and str(failure.status) not in failure.message:
        statuses.append(f"HTTP {failure.status}")
    if failure.original_status is not None and str(failure.original_status) not in failure.message:
        statuses.append(f"the container's own status {failure.original_status}")
    message = " ".join(failure.message.split()) or failure.kind
    return f"{message} ({', '.join(statuses)})" if statuses else message
