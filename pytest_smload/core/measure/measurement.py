"""Turns a recording's samples into statistics: per load, per route, per stage, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.cold import first_touches_ms
from pytest_smload.core.measure.figures import InvokedVariant, MixShare, Stats, TimelinePoint, WarmupCounts
from pytest_smload.core.measure.scope import SLICES, Scope, summarise
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.measure.silence import longest_silence
from pytest_smload.core.measure.timeline import timeline, warmup_timeline
from pytest_smload.core.measure.variants import invoked_variants
from pytest_smload.core.measure.window import Window, unsent_in_window, window_of
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.request.route_kinds import NAME, RouteKind
from pytest_smload.core.samples.in_order import InOrder, in_order
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, Integers, view
from pytest_smload.core.statistics.percentiles import NAN


@dataclass(frozen=True, slots=True)
class Measurement:
    """The statistics of one load.

    Attributes:
        total: The whole load over its window.
        route_kind: What the weights are over, or that requests have names; None without either.
        routes: Per model, variant, container or component with a weight, also those without a sample, or per name of
            requests; else empty.
        stages: Per stage by its name; empty without stages.
        mix: Share of the requests sent per route with a weight.
        invoked_variants: What each production variant answered, where answers named it.
        errors: Failures per kind, ``Unsent`` included; their sum is ``total.errors``.
        timeline: One point a second over the window.
        warmup: What was sent before the window.
        warmup_timeline: The same second by second, priming included; in no other figure.
        sent: Requests of the window that were sent.
        unsent: Arrivals of the window that were not.
        scheduled: Both together.
        cap_hits: Requests of the window that were due while every user was busy.
        in_flight_at_end: Requests under way when the window closed.
        scopes: Every scope by the name limits use.
    """

    total: Stats
    route_kind: RouteKind | None
    routes: Mapping[str, Stats]
    stages: Mapping[str, Stats]
    mix: Mapping[str, MixShare]
    invoked_variants: Mapping[str, InvokedVariant]
    errors: Mapping[str, int]
    timeline: Sequence[TimelinePoint]
    warmup: WarmupCounts
    warmup_timeline: Sequence[TimelinePoint]
    sent: int
    unsent: int
    scheduled: int
    cap_hits: int
    in_flight_at_end: int
    scopes: Mapping[ScopeName, Scope]


def measure(recording: Recording) -> Measurement:
    """Return the statistics of *recording*.

    A sample belongs to the window when it was due (open model) or started (closed model) at or after the window's
    start, and to the warm-up before. The engine begins nothing once the window has ended; a request whose start was
    stamped just after the end it was checked against still counts: warm-up + window is what the endpoint's log has.
    """
    ordered = in_order(recording)
    window = window_of(recording, ordered)
    points = timeline(recording, ordered, window)
    ended_ok = _ended_per_route(recording, ordered)
    stages = _stage_scopes(recording, ordered, window)
    warmup, before = _warmup(recording, ordered), warmup_timeline(recording, ordered)
    # A copy of all columns; sorting latencies next takes as much again.
    del ordered
    touches_ms = _touches_ms(recording)
    per_route = [] if recording.route_kind is None else _route_scopes(recording, window, ended_ok, touches_ms)
    total = summarise(
        TOTAL,
        window,
        ended_ok=ended_ok.sum(axis=0).tolist(),
        span_s=recording.window_s,
        body_bytes=(sum(recording.bytes_in), sum(recording.bytes_out)),
        offered_tps=recording.offered_tps,
        touches_ms=touches_ms,
        suspected=None if recording.route_kind is None else sum(scope.stats.cold.suspected for scope in per_route),
    )
    unsent, requests = window.unsent, len(window.kind)
    return Measurement(
        total=total.stats,
        route_kind=recording.route_kind,
        routes={scope.name.name: scope.stats for scope in per_route},
        stages={scope.name.name: scope.stats for scope in stages},
        mix=_mix(recording, per_route) if per_route and recording.route_kind != NAME else {},
        invoked_variants=invoked_variants(recording),
        errors=dict(sorted(total.kinds.items(), key=lambda entry: (-entry[1], entry[0]))),
        timeline=points,
        warmup=warmup,
        warmup_timeline=before,
        sent=requests - unsent,
        unsent=unsent,
        scheduled=requests,
        cap_hits=_cap_hits(recording),
        in_flight_at_end=points[-1].in_flight if points else 0,
        scopes={
            scope.name: replace(scope, one_rate=_has_one_rate(recording, scope.name))
            for scope in (replace(total, silence=longest_silence(recording)), *per_route, *stages)
        },
    )


def _has_one_rate(recording: Recording, name: ScopeName) -> bool:
    spans = [stage for stage in recording.stages if name.kind != "stage" or stage.name == name.name]
    steady = len({stage.tps for stage in spans}) <= 1 and not any(stage.slopes for stage in spans)
    return recording.open_model and steady


def _touches_ms(recording: Recording) -> Floats:
    """First touches of each route; only models have to be loaded."""
    if recording.route_kind in ("model", None):
        return first_touches_ms(recording)
    return np.full(len(recording.model_names), np.nan)


def _route_scopes(recording: Recording, window: Window, ended_ok: Integers, touches_ms: Floats) -> list[Scope]:
    """The scope of each route of a load that has several kinds of requests."""
    kind, routes = recording.route_kind, len(recording.model_names)
    assert kind is not None  # noqa: S101 - only such loads have them
    if routes > 1:
        window = window.take(np.argsort(window.model, kind="stable"))
    ends = np.cumsum(np.bincount(window.model, minlength=routes)).tolist()
    return [
        summarise(
            ScopeName(kind, name),
            window.take(slice(first, last)),
            ended_ok=ended_ok[index].tolist(),
            span_s=recording.window_s,
            body_bytes=(_at(recording.bytes_in, index), _at(recording.bytes_out, index)),
            offered_tps=None if recording.offered_tps is None else recording.offered_tps * share,
            touches_ms=touches_ms[index : index + 1],
            suspected=None if kind == "model" else 0,
        )
        for index, (name, share, (first, last)) in enumerate(
            zip(recording.model_names, recording.target_shares, pairwise((0, *ends)), strict=True)
        )
    ]


def _stage_scopes(recording: Recording, ordered: InOrder, window: Window) -> list[Scope]:
    """The scope of each stage; they follow one another from the window's start to its end."""
    if not recording.stages:
        return []
    begins_s = recording.window_start_s + np.array([stage.start_s for stage in recording.stages])
    begin = ordered.begin[ordered.first :]
    edges = [0, *np.searchsorted(begin, begins_s[1:]).tolist(), len(begin)]
    unsent_due, _ = unsent_in_window(recording)
    unsent_stage = np.searchsorted(begins_s, unsent_due, side="right") - 1
    ended = np.sort(ordered.end[ordered.kind == OK])
    ended = ended[(ended >= recording.window_start_s) & (ended < recording.window_end_s)]
    scopes = []
    for place, (stage, (first, last)) in enumerate(zip(recording.stages, pairwise(edges), strict=True)):
        length_s = _length_s(stage, recording.window_s)
        unsent = len(begin) + np.flatnonzero(unsent_stage == place)
        scope = summarise(
            ScopeName("stage", stage.name),
            window.take(np.concatenate((np.arange(first, last), unsent))),
            ended_ok=_ended_in_slices(ended, float(begins_s[place]), length_s),
            span_s=length_s,
            body_bytes=(None, None),
            offered_tps=stage.mean_tps(length_s),
            touches_ms=np.empty(0),
            suspected=0,
        )
        scopes.append(scope)
    return scopes


def _warmup(recording: Recording, ordered: InOrder) -> WarmupCounts:
    sent = np.bincount(ordered.model[: ordered.first], minlength=len(recording.model_names)).tolist()
    errors = int(np.count_nonzero(ordered.kind[: ordered.first] != OK))
    per_model = dict(zip(recording.model_names, sent, strict=True)) if recording.route_kind is not None else {}
    return WarmupCounts(ordered.first, errors, per_model)


def _ended_per_route(recording: Recording, ordered: InOrder) -> Integers:
    """Successes per route and slice of the window by when they ended, whenever they began: routes x `SLICES`."""
    opens, closes, routes = recording.window_start_s, recording.window_end_s, len(recording.model_names)
    inside = (ordered.kind == OK) & (ordered.end >= opens) & (ordered.end < closes)
    # A hair less than exact, so that the very end of the span falls into its last slice.
    slices_per_s = SLICES * (1 - 1e-9) / recording.window_s if recording.window_s > 0 else 0.0
    place = ordered.model[inside] * np.int64(SLICES) + ((ordered.end[inside] - opens) * slices_per_s).astype(np.int64)
    return np.bincount(place, minlength=routes * SLICES).reshape(routes, SLICES)


def _ended_in_slices(ended_s: Floats, begin_s: float, length_s: float) -> list[int]:
    """How many of *ended_s*, ascending, lie in each of the equal slices of a span."""
    edges = np.searchsorted(ended_s, [begin_s + length_s * index / SLICES for index in range(SLICES + 1)])
    counts: list[int] = np.diff(edges).tolist()
    return counts


def _length_s(stage: StageSpan, window_s: float) -> float:
    """How long *stage* lasted: shorter than asked for where the window ended inside it."""
    return max(0.0, min(stage.end_s, window_s) - stage.start_s)


def _cap_hits(recording: Recording) -> int:
    samples = recording.samples
    return int(np.count_nonzero(view(samples.due)[view(samples.held_index)] >= recording.window_start_s))


def _mix(recording: Recording, routes: Sequence[Scope]) -> dict[str, MixShare]:
    sent = [scope.stats.requests - scope.kinds.get("Unsent", 0) for scope in routes]
    return {
        name: MixShare(share, count / sum(sent) if any(sent) else NAN)
        for name, share, count in zip(recording.model_names, recording.target_shares, sent, strict=True)
    }


def _at(counts: Sequence[int], index: int) -> int:
    return counts[index] if counts else 0
