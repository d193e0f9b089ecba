"""Lays the samples of a load out as columns of a table, a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_smload.core.measure.window import unsent_in_window
from pytest_smload.core.request.error_kinds import UNSENT
from pytest_smload.core.statistics.columns import Flags, Floats, Integers, view
from pytest_smload.exports.plain import encodable

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.exports.recorded_load import RecordedLoad

CHUNK_ROWS: Final = 1 << 17
COLUMNS: Final = (
    "test", "attempt", "load", "role", "endpoint", "due", "start", "end", "kind", "model", "variant", "worker",
    "in_window",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """Codes, and the texts they stand for."""

    codes: Integers
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleChunk:
    """Rows of one load, a column per fact.

    Attributes:
        due, start, end: Seconds since 1970 in UTC; start and end are NaN where nothing was sent.
        kind: ``ok``, or the error kind.
        model: What the request went to, of whatever the weights name; ``""`` without.
        variant: The production variant that answered, where the answer says; else ``""``.
        worker: From 1, in the order of ``workers`` in report.json; 0 where one process sent all.
        in_window: False for the warm-up.
    """

    due: Floats
    start: Floats
    end: Floats
    kind: Names
    model: Names
    variant: Names
    worker: Integers
    in_window: Flags

    def __len__(self) -> int:
        return len(self.due)


def chunks(load: RecordedLoad, rows: int = CHUNK_ROWS) -> Iterator[SampleChunk]:
    """Yield the samples of *load* in the order they ended, then what was due in the window and never sent."""
    recording = load.recording
    kinds = tuple(map(encodable, recording.kind_names))
    models = tuple(map(encodable, recording.model_names)) if recording.route_kind is not None else ("",)
    variants = tuple(map(encodable, recording.variant_names))
    samples, variant = recording.samples, _variants(recording)
    for first in range(0, len(samples), rows):
        part = slice(first, first + rows)
        due, start = view(samples.due)[part], view(samples.start)[part]
        yield SampleChunk(
            due=due + recording.epoch_s,
            start=start + recording.epoch_s,
            end=view(samples.end)[part] + recording.epoch_s,
            kind=Names(view(samples.kind)[part], kinds),
            model=Names(view(samples.model)[part], models),
            variant=Names(variant[part], variants),
            worker=_workers(recording, part, len(due)),
            in_window=(due if recording.open_model else start) >= recording.window_start_s,
        )
    unsent_due, unsent_model = unsent_in_window(recording)
    for first in range(0, len(unsent_due), rows):
        due = unsent_due[first : first + rows] + recording.epoch_s
        never, none = np.full(len(due), np.nan), np.zeros(len(due), np.uint16)
        yield SampleChunk(
            due=due,
            start=never,
            end=never,
            kind=Names(np.full(len(due), UNSENT, np.uint8), kinds),
            model=Names(unsent_model[first : first + rows], models),
            variant=Names(none, variants),
            worker=none,
            in_window=np.ones(len(due), np.bool_),
        )


def _variants(recording: Recording) -> Integers:
    samples = recording.samples
    column = np.zeros(len(samples), np.uint8)
    column[view(samples.variant_index)] = view(samples.variant_code)
    return column


def _workers(recording: Recording, part: slice, rows: int) -> Integers:
    if not recording.sent_by:
        return np.zeros(rows, np.uint16)
    workers: Integers = view(recording.sent_by)[part] + np.uint16(1)
    return workers
