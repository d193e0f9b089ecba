"""Merges what several load generators recorded of one window into one recording, as if one had sent it all."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.request.variant_names import VariantNames
from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, Recording, Samples
from pytest_smload.core.statistics.columns import Integers, view

_PLAN = ("model_names", "route_kind", "target_shares", "open_model", "stages", "stretches", "target_variants")


def merge(recordings: Sequence[Recording], offsets_s: Sequence[float]) -> Recording:
    """Return the recordings of one window by several generators, each with its part of the load, as one.

    The window is from the earliest begin to the latest end: on the common clock they are to be the same. Of a generator
    that ended before its window opened only the end counts. Samples are in
    the order they ended, readings of the generators in that of *recordings*.

    Args:
        recordings: One per generator, of the same models, shares, stages and stretches.
        offsets_s: Seconds from each one's clock to the common one.

    Raises:
        ValueError: recordings that are not of one window: of different plans.
    """
    _refuse_strangers(recordings)
    first, clocks = recordings[0], list(zip(recordings, offsets_s, strict=True))
    samples, kinds, variants = Samples(), ErrorKinds(), VariantNames()
    unsent_due, unsent_model = array("d"), array("H")
    for recording, offset_s in clocks:
        samples.extend(
            recording.samples,
            codes=kinds.codes(recording.kind_names, recording.kind_statuses),
            variant_codes=variants.codes(recording.variant_names),
            shift_s=offset_s,
        )
        unsent_due.extend(due + offset_s for due in recording.unsent_due)
        unsent_model.extend(recording.unsent_model)
    sent_by = _sent_by(recordings)
    _sort_by_end(samples, sent_by)
    window_end_s = max(recording.window_end_s + offset_s for recording, offset_s in clocks)
    opened = [recording.window_start_s + offset_s for recording, offset_s in clocks if recording.window_s > 0]
    return dataclasses.replace(
        first,
        kind_names=kinds.names,
        kind_statuses=kinds.statuses,
        samples=samples,
        window_start_s=min(opened, default=window_end_s),
        window_end_s=window_end_s,
        clients=[client for recording in recordings for client in recording.clients],
        started_at=min(recording.started_at for recording in recordings),
        offered_tps=_offered_tps(recordings),
        unsent_due=unsent_due,
        unsent_model=unsent_model,
        bytes_in=_sums(recording.bytes_in for recording in recordings),
        bytes_out=_sums(recording.bytes_out for recording in recordings),
        connects=sum(recording.connects for recording in recordings),
        examples={kind: failure for each in reversed(recordings) for kind, failure in each.examples.items()},
        route_examples=_route_examples(recordings),
        task_exceptions=[line for recording in recordings for line in recording.task_exceptions],
        interrupted=any(recording.interrupted for recording in recordings),
        aborted=next((recording.aborted for recording in recordings if recording.aborted is not None), None),
        unprimed=max(recording.unprimed for recording in recordings),
        complete=all(recording.complete for recording in recordings),
        epoch_s=first.epoch_s - offsets_s[0],
        variant_names=variants.names,
        sent_by=sent_by,
    )


def _refuse_strangers(recordings: Sequence[Recording]) -> None:
    if not recordings:
        raise ValueError("no recordings to merge: a load has at least one generator")
    for number, recording in enumerate(recordings, start=1):
        for name in _PLAN:
            if getattr(recording, name) != getattr(recordings[0], name):
                raise ValueError(f"recording {number} has other {name} than the first; merge recordings of one plan")


def _route_examples(recordings: Sequence[Recording]) -> dict[tuple[int, str], InvocationFailure]:
    """Of a pair that several have the first one's, as of examples per kind."""
    found: dict[tuple[int, str], InvocationFailure] = {}
    for recording in recordings:
        for pair, failure in recording.route_examples.items():
            found.setdefault(pair, failure)
    return dict(islice(found.items(), MOST_ROUTE_EXAMPLES))


def _offered_tps(recordings: Sequence[Recording]) -> float | None:
    offered = [recording.offered_tps for recording in recordings if recording.offered_tps is not None]
    return sum(offered) if offered else None


def _sums(columns: Iterable[Sequence[int]]) -> list[int]:
    return [sum(row) for row in zip(*columns, strict=True)]


def _sent_by(recordings: Sequence[Recording]) -> array[int]:
    """For each sample of all *recordings*, one after the other, which of them it is of; empty where there is one."""
    column = array("H")
    if len(recordings) > 1:
        for number, recording in enumerate(recordings):
            column.extend(array("H", [number]) * len(recording.samples))
    return column


def _sort_by_end(samples: Samples, sent_by: array[int]) -> None:
    """Sort *samples* in place, with *sent_by*: columns of ten million cost one more of them at a time."""
    order = np.argsort(view(samples.end), kind="stable")
    for column in (samples.due, samples.start, samples.end, samples.kind, samples.model):
        _reorder(column, order)
    if sent_by:
        _reorder(sent_by, order)
    moved_to = np.empty(len(order), dtype=np.uint32)
    moved_to[order] = np.arange(len(order), dtype=np.uint32)
    for index, facts in (
        (samples.held_index, (samples.held_free,)),
        (samples.late_index, (samples.late_from, samples.late_to)),
        (samples.variant_index, (samples.variant_code,)),
    ):
        view(index)[:] = moved_to[view(index)]
        order = np.argsort(view(index))
        for column in (index, *facts):
            _reorder(column, order)


def _reorder(column: array[float] | array[int], order: Integers) -> None:
    values = view(column)
    values[:] = values[order]
