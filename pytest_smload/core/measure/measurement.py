"""Turns a recording's samples into statistics: per load, per model, per stage, and over time."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from math import inf, isnan

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.cold import first_touches_ms
from pytest_smload.core.measure.figures import MixShare, Stats, TimelinePoint, WarmupCounts
from pytest_smload.core.measure.scope import SLICES, Scope, Tally, summarise
from pytest_smload.core.measure.timeline import timeline
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.in_order import InOrder, in_order
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.percentiles import NAN

TOTAL = "total"
STAGE_PREFIX = "stage "


@dataclass(frozen=True, slots=True)
class Measurement:
    """The statistics of one load.

    Attributes:
        total: The whole load over its window.
        models: Per TargetModel, also those without a sample; empty where the endpoint is not multi-model.
        stages: Per stage by its name; empty without stages.
        mix: Share of the requests sent per model; empty where the endpoint is not multi-model.
        errors: Failures per kind, ``Unsent`` included; their sum is ``total.errors``.
        timeline: One point a second over the window.
        warmup: What was sent before the window.
        sent: Requests of the window that were sent.
        unsent: Arrivals of the window that were not.
        scheduled: Both together.
        cap_hits: Requests of the window that were due while every user was busy.
        in_flight_at_end: Requests under way when the window closed.
        scopes: Every scope by the name limits use: ``"total"``, a model's name, ``"stage NAME"``.
    """

    total: Stats
    models: Mapping[str, Stats]
    stages: Mapping[str, Stats]
    mix: Mapping[str, MixShare]
    errors: Mapping[str, int]
    timeline: Sequence[TimelinePoint]
    warmup: WarmupCounts
    sent: int
    unsent: int
    scheduled: int
    cap_hits: int
    in_flight_at_end: int
    scopes: Mapping[str, Scope]

    def scope(self, name: str) -> Scope:
        """Return the scope *name*: ``"total"``, a model's name, or ``"stage NAME"``.

        Raises:
            KeyError: the load has no such scope.
        """
        return self.scopes[name]


def measure(recording: Recording) -> Measurement:
    """Return the statistics of *recording*.

    A sample belongs to the window when it was due (open model) or started (closed model) at or after the window's
    start, and to the warm-up before. The engine begins nothing once the window has ended; a request whose start was
    stamped just after the end it was checked against still counts: warm-up + window is what the endpoint's log has.
    """
    samples = recording.samples
    ordered, whole = in_order(recording), Tally()
    tallies = _per_route(recording, ordered, whole)
    stage_tallies = _per_stage(recording, ordered, whole) if recording.stages else []
    points = timeline(recording, ordered, whole.outcome_ms)
    warmup = _warmup(recording, ordered)
    # A copy of all columns; sorting latencies next takes as much again.
    del ordered
    for tally, touch_ms in zip(tallies, first_touches_ms(recording), strict=True):
        if not isnan(touch_ms):
            tally.touches_ms.append(touch_ms)
    stages = _stage_scopes(recording, stage_tallies)
    models = _model_scopes(recording, tallies)
    whole.add_counts(tallies)
    total = summarise(
        TOTAL,
        whole,
        span_s=recording.window_s,
        body_bytes=(sum(recording.bytes_in), sum(recording.bytes_out)),
        offered_tps=recording.offered_tps,
        parts=models,
    )
    per_model = {scope.name: scope for scope in models} if recording.multi_model else {}
    return Measurement(
        total=total.stats,
        models={name: scope.stats for name, scope in per_model.items()},
        stages={scope.name.removeprefix(STAGE_PREFIX): scope.stats for scope in stages},
        mix=_mix(recording, tallies) if recording.multi_model else {},
        errors=dict(sorted(total.kinds.items(), key=lambda entry: (-entry[1], entry[0]))),
        timeline=points,
        warmup=warmup,
        sent=whole.sent,
        unsent=whole.unsent,
        scheduled=whole.sent + whole.unsent,
        cap_hits=sum(samples.due[index] >= recording.window_start_s for index in samples.held_index),
        in_flight_at_end=points[-1].in_flight if points else 0,
        scopes={TOTAL: total, **per_model, **{scope.name: scope for scope in stages}},
    )


def _stage_scopes(recording: Recording, tallies: Sequence[Tally]) -> list[Scope]:
    return [
        summarise(
            STAGE_PREFIX + stage.name,
            tally,
            span_s=_length_s(stage, recording.window_s),
            body_bytes=(None, None),
            offered_tps=stage.tps,
        )
        for stage, tally in zip(recording.stages, tallies, strict=True)
    ]


def _model_scopes(recording: Recording, tallies: Sequence[Tally]) -> list[Scope]:
    """The scope of each route; that of an endpoint that is not multi-model is not used."""
    return [
        summarise(
            name,
            tally,
            span_s=recording.window_s,
            body_bytes=(_at(recording.bytes_in, index), _at(recording.bytes_out, index)),
            offered_tps=None if recording.offered_tps is None else recording.offered_tps * share,
            one_model=True,
        )
        for index, (name, tally, share) in enumerate(
            zip(recording.model_names, tallies, recording.target_shares, strict=True)
        )
    ]


def _warmup(recording: Recording, ordered: InOrder) -> WarmupCounts:
    sent = [0] * len(recording.model_names)
    for model in ordered.model[: ordered.first]:
        sent[model] += 1
    errors = ordered.first - ordered.kind[: ordered.first].count(OK)
    per_model = dict(zip(recording.model_names, sent, strict=True)) if recording.multi_model else {}
    return WarmupCounts(ordered.first, errors, per_model)


def _per_route(recording: Recording, ordered: InOrder, whole: Tally) -> list[Tally]:
    """Tallies per route; the outcomes of all go to *whole* as well, in their common order."""
    tallies = [Tally() for _ in recording.model_names]
    add_outcome = [tally.outcome_ms.append for tally in tallies]
    add_service = [tally.service_ms.append for tally in tallies]
    add_any = whole.outcome_ms.append
    names, open_model, first = recording.kind_names, recording.open_model, ordered.first
    columns = (ordered.begin, ordered.start, ordered.end, ordered.kind, ordered.model)
    for begin, start, end, kind, model in zip(*(column[first:] for column in columns), strict=True):
        if kind:
            tallies[model].fail(names[kind])
            add_any(tallies[model].outcome_ms[-1])
        else:
            latency_ms = (end - begin) * 1000
            add_outcome[model](latency_ms)
            add_any(latency_ms)
            if open_model:
                add_service[model]((end - start) * 1000)
    for _, model in recording.unsent_in_window():
        tallies[model].leave_unsent()
        add_any(inf)
    _count_ends(recording, ordered, tallies)
    return tallies


def _count_ends(recording: Recording, ordered: InOrder, tallies: Sequence[Tally]) -> None:
    """Count successes by when they ended, whenever they began."""
    opens, closes = recording.window_start_s, recording.window_end_s
    slices_per_s = _slices_per_s(recording.window_s)
    ended_ok = [tally.ended_ok for tally in tallies]
    for end, kind, model in zip(ordered.end, ordered.kind, ordered.model, strict=True):
        if not kind and opens <= end < closes:
            ended_ok[model][int((end - opens) * slices_per_s)] += 1


def _slices_per_s(span_s: float) -> float:
    # A hair less than exact, so that the very end of the span falls into its last slice.
    return SLICES * (1 - 1e-9) / span_s if span_s > 0 else 0.0


def _per_stage(recording: Recording, ordered: InOrder, whole: Tally) -> list[Tally]:
    """Tallies of the stages, which follow one another from the window's start to its end: stretches of *whole*."""
    stages = recording.stages
    begins_s = [recording.window_start_s + stage.start_s for stage in stages]
    edges = [ordered.first, *(bisect_left(ordered.begin, begin_s) for begin_s in begins_s[1:]), len(ordered.begin)]
    opens, closes = recording.window_start_s, recording.window_end_s
    ended_ok = array(
        "d", sorted(end for end in compress(ordered.end, _succeeded(ordered.kind)) if opens <= end < closes)
    )
    tallies = []
    for stage, begin_s, (first, last) in zip(stages, begins_s, pairwise(edges), strict=True):
        kinds = Counter(ordered.kind[first:last])
        tally = Tally(
            outcome_ms=whole.outcome_ms[first - ordered.first : last - ordered.first],
            kinds={recording.kind_names[kind]: count for kind, count in kinds.items() if kind != OK},
            ended_ok=_ended_in_slices(ended_ok, begin_s, _length_s(stage, recording.window_s)),
        )
        if recording.open_model:
            answered = zip(ordered.start[first:last], ordered.end[first:last], ordered.kind[first:last], strict=True)
            tally.service_ms.extend([(end - start) * 1000 for start, end, kind in answered if not kind])
        tallies.append(tally)
    for due, _ in recording.unsent_in_window():
        tallies[bisect_right(begins_s, due) - 1].leave_unsent()
    return tallies


def _succeeded(kinds: array[int]) -> Iterator[bool]:
    return (kind == OK for kind in kinds)


def _ended_in_slices(ended_s: Sequence[float], begin_s: float, length_s: float) -> list[int]:
    """How many of *ended_s*, ascending, lie in each of the equal slices of a span."""
    edges = [bisect_left(ended_s, begin_s + length_s * index / SLICES) for index in range(SLICES + 1)]
    return [last - first for first, last in pairwise(edges)]


def _length_s(stage: StageSpan, window_s: float) -> float:
    """How long *stage* lasted: shorter than asked for where the window ended inside it."""
    return max(0.0, min(stage.end_s, window_s) - stage.start_s)


def _mix(recording: Recording, tallies: Sequence[Tally]) -> dict[str, MixShare]:
    sent = sum(tally.sent for tally in tallies)
    return {
        name: MixShare(share, tally.sent / sent if sent else NAN)
        for name, share, tally in zip(recording.model_names, recording.target_shares, tallies, strict=True)
    }


def _at(counts: Sequence[int], index: int) -> int:
    return counts[index] if counts else 0
