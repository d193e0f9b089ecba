"""The requests of a recording's window as columns, each with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pytest_smload.core.request.error_kinds import OK, TIMEOUT, UNSENT
from pytest_smload.core.samples.in_order import InOrder
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Flags, Floats, Integers, view

LOST_KINDS = (TIMEOUT, UNSENT)
"""Failures that were too slow rather than refused: in checks of latency they stand as +infinity."""


@dataclass(frozen=True, slots=True)
class Window:
    """Requests in the order they were due or begun, those never sent last.

    Attributes:
        took_ms: The time from when each was due or begun to its answer or failure; inf where it was never sent.
        service_ms: The time from send to answer of each, of no meaning where it failed; None in the closed model, where
            it is the latency.
        kind: Its error kind's code.
        model: Its route index.
        kind_names: Error kind names by code.
        kind_statuses: What each was answered with, None where that is not known.
    """

    took_ms: Floats
    service_ms: Floats | None
    kind: Integers
    model: Integers
    kind_names: Sequence[str]
    kind_statuses: Sequence[int | None]

    def take(self, rows: slice | Integers) -> Window:
        """Return the requests at *rows*: a view of them for a slice, a copy for positions."""
        service_ms = self.service_ms[rows] if self.service_ms is not None else None
        return Window(
            self.took_ms[rows], service_ms, self.kind[rows], self.model[rows], self.kind_names, self.kind_statuses
        )

    def followed_by(self, other: Window) -> Window:
        """Return these requests and then those of *other*, of the same kind of loop and error kinds."""
        service_ms = None
        if self.service_ms is not None and other.service_ms is not None:
            service_ms = np.concatenate((self.service_ms, other.service_ms))
        return Window(
            np.concatenate((self.took_ms, other.took_ms)),
            service_ms,
            np.concatenate((self.kind, other.kind)),
            np.concatenate((self.model, other.model)),
            self.kind_names,
            self.kind_statuses,
        )

    def failures(self, chosen: Flags | None = None) -> dict[tuple[str, int | None], int]:
        """Return how many of the requests *chosen*, or of all, failed with each (kind, status), those that occurred."""
        codes = self.kind if chosen is None else self.kind[chosen]
        counts = enumerate(np.bincount(codes, minlength=len(self.kind_names)).tolist())
        return {(self.kind_names[code], self.kind_statuses[code]): n for code, n in counts if n and code != OK}

    @property
    def answered(self) -> Flags:
        """Which succeeded."""
        answered: Flags = self.kind == OK
        return answered

    @property
    def unsent(self) -> int:
        """Arrivals that were never sent."""
        return int(np.count_nonzero(self.kind == UNSENT))


def window_of(recording: Recording, ordered: InOrder) -> Window:
    """Return the window's requests, sent and unsent."""
    _, unsent_model = unsent_in_window(recording)
    unsent, first = len(unsent_model), ordered.first
    kind = np.concatenate((ordered.kind[first:], np.full(unsent, UNSENT, np.uint8)))
    took_ms = np.concatenate(((ordered.end[first:] - ordered.begin[first:]) * 1000, np.full(unsent, np.inf)))
    service_ms = None
    if recording.open_model:
        service_ms = np.concatenate(((ordered.end[first:] - ordered.start[first:]) * 1000, np.full(unsent, np.nan)))
    model = np.concatenate((ordered.model[first:], unsent_model))
    names = recording.kind_names
    statuses = recording.kind_statuses or (None,) * len(names)
    return Window(took_ms, service_ms, kind, model, names, statuses)


def unsent_in_window(recording: Recording) -> tuple[Floats, Integers]:
    """Return due time and route index of each arrival of the window that was never sent."""
    due, model = view(recording.unsent_due), view(recording.unsent_model)
    inside = (due >= recording.window_start_s) & (due < recording.window_end_s)
    return due[inside], model[inside]
