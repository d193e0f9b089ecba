"""Lays out how a load's latencies and failures are spread, over time and over what it was sent to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from pytest_smload.core.measure.figures import Figures
from pytest_smload.core.measure.histogram import LEAST_MS, RATIO, Histogram
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.measure.window import unsent_in_window
from pytest_smload.core.request.error_kinds import OK, UNSENT
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, Integers, view

MOST_SLICES = 100
"""Of the window: as much as a picture shows apart."""
MOST_ROUTES_OVER_TIME = 250
"""Those with the most requests have a course over time."""
_CHUNK = 1 << 17
BINS_EACH = 4
"""Bins of a histogram that one over time puts together."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some requests of the window: when due or begun, which route, kind and latency each has."""

    slot: Integers
    route: Integers
    kind: Integers
    took_ms: Floats


def distribution_of(recording: Recording, total: Figures) -> Distribution | None:
    """Return how the samples of *recording*, whose figures are *total*, are spread; None where its window is empty."""
    if recording.window_s <= 0:
        return None
    tables = _Tables(recording, total)
    for part in _parts(recording, tables.slices):
        tables.add(part)
    names, kinds = recording.model_names, recording.kind_names
    weighted = list(enumerate(names)) if recording.route_kind is not None else []
    routes = {name: trimmed(tables.first, tables.fine[index]) for index, name in weighted}
    return Distribution(
        total=trimmed(tables.first, tables.fine.sum(axis=0)),
        routes={name: each for name, each in routes.items() if each.counts},
        slice_s=recording.window_s / tables.slices,
        over_time=tuple(trimmed(tables.wide_first, row, bins_each=BINS_EACH) for row in tables.wide),
        routes_p95_ms={names[route]: row for route, row in tables.courses()},
        errors_over_time={kinds[code]: tuple(row.tolist()) for code, row in enumerate(tables.failed_in) if row.any()},
        errors_by_route={
            name: {kind: count for kind, count in zip(kinds, tables.failed_at[index].tolist(), strict=True) if count}
            for index, name in weighted
            if tables.failed_at[index].any()
        },
        client_lag_ms=_client_lag_ms(recording, tables.slices),
    )


def _client_lag_ms(recording: Recording, slices: int) -> tuple[float, ...]:
    worst_ms = np.zeros(slices)
    for client in recording.clients:
        lag_s = view(client.loop_lag_s)
        if not client.judged or not len(lag_s):
            continue
        # Readings bear no time: each takes a tick of a mean length, and what it was late by.
        ended_s = np.cumsum(lag_s + max(0.0, recording.window_s - float(lag_s.sum())) / len(lag_s))
        slots = _slots(recording, recording.window_start_s + ended_s - lag_s, slices)
        np.maximum.at(worst_ms, slots, lag_s * 1000)
    return tuple(round(lag_ms, 3) for lag_ms in worst_ms.tolist())


class _Tables:
    """Requests counted by route, slice, bin and kind."""

    def __init__(self, recording: Recording, total: Figures) -> None:
        routes, kinds = len(recording.model_names), len(recording.kind_names)
        self.slices = min(MOST_SLICES, max(1, ceil(recording.window_s)))
        spanned = bins_of(np.array([total.min_ms, total.max_ms])) if total.ok else np.zeros(2, np.int64)
        self.first, last = int(spanned[0]), int(spanned[1])
        self.wide_first = self.first // BINS_EACH
        width, wide = last - self.first + 1, last // BINS_EACH - self.wide_first + 1
        self.fine = np.zeros((routes, width), np.int64)
        self.wide = np.zeros((self.slices, wide), np.int64)
        self.failed_in = np.zeros((kinds, self.slices), np.int64)
        self.failed_at = np.zeros((routes, kinds), np.int64)
        asked = np.bincount(view(recording.samples.model), minlength=routes)
        shown = MOST_ROUTES_OVER_TIME if recording.route_kind is not None else 0
        self.chosen = np.sort(np.argsort(-asked, kind="stable")[:shown])
        self.place = np.full(routes, -1, np.int64)
        self.place[self.chosen] = np.arange(len(self.chosen))
        self.course = np.zeros((len(self.chosen) * self.slices, wide), np.int64)

    def add(self, part: _Part) -> None:
        """Count the requests of *part*."""
        failed = part.kind != OK
        if failed.any():
            _count(self.failed_in, part.kind[failed], part.slot[failed])
            _count(self.failed_at, part.route[failed], part.kind[failed])
            part = _Part(*(column[~failed] for column in (part.slot, part.route, part.kind, part.took_ms)))
        bins = bins_of(part.took_ms)
        wide = bins // BINS_EACH - self.wide_first
        _count(self.fine, part.route, bins - self.first)
        _count(self.wide, part.slot, wide)
        place = self.place[part.route]
        if len(self.chosen) < len(self.place):
            shown = place >= 0
            place, wide, slot = place[shown], wide[shown], part.slot[shown]
        else:
            slot = part.slot
        _count(self.course, place * self.slices + slot, wide)

    def courses(self) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Yield each route chosen and its p95 per slice."""
        ranks = np.cumsum(self.course, axis=1)
        wanted = np.maximum(1, np.ceil(ranks[:, -1] * 0.95))
        bins = np.argmax(ranks >= wanted[:, None], axis=1)
        p95_ms = np.where(ranks[:, -1] > 0, RATIO ** (BINS_EACH * (self.wide_first + bins + 0.5)), np.nan)
        rounded = [float(f"{value:.4g}") for value in p95_ms.tolist()]
        for index, route in enumerate(self.chosen.tolist()):
            yield route, tuple(rounded[index * self.slices : (index + 1) * self.slices])


def _count(table: Integers, rows: Integers, columns: Integers) -> None:
    """Add one to the cell of *table* at each row and column."""
    width = table.shape[1]
    cells = rows.astype(np.int64) * width + columns
    if len(cells) * 16 < table.size:
        np.add.at(table.reshape(-1), cells, 1)
    else:
        table += np.bincount(cells, minlength=table.size).reshape(table.shape)


def _parts(recording: Recording, slices: int) -> Iterator[_Part]:
    """Yield the requests of the window in chunks, those never sent last; columns are not copied whole."""
    samples = recording.samples
    begin, end = view(samples.due if recording.open_model else samples.start), view(samples.end)
    kind, model = view(samples.kind), view(samples.model)
    for at in range(0, len(end), _CHUNK):
        rows = slice(at, at + _CHUNK)
        inside = begin[rows] >= recording.window_start_s
        begun = begin[rows][inside]
        took_ms = (end[rows][inside] - begun) * 1000
        yield _Part(_slots(recording, begun, slices), model[rows][inside], kind[rows][inside], took_ms)
    due, unsent_model = unsent_in_window(recording)
    if len(due):
        codes = np.full(len(due), UNSENT, np.uint8)
        yield _Part(_slots(recording, due, slices), unsent_model, codes, np.full(len(due), np.inf))


def _slots(recording: Recording, moments: Floats, slices: int) -> Integers:
    slots = ((moments - recording.window_start_s) * (slices / recording.window_s)).astype(np.int64)
    clipped: Integers = np.clip(slots, 0, slices - 1)
    return clipped


def bins_of(latencies_ms: Floats) -> Integers:
    """Return the number of the bin, of ratio `RATIO`, that each latency is in."""
    bins: Integers = np.floor(np.log(np.maximum(latencies_ms, LEAST_MS)) / log(RATIO)).astype(np.int64)
    return bins


def trimmed(first: int, counts: Integers, *, bins_each: int = 1) -> Histogram:
    """Return the histogram of *counts* without the empty bins at its ends.

    Args:
        first: Number of the first.
        counts: Per bin.
        bins_each: How many bins of ratio `RATIO` one of *counts* spans.
    """
    filled = np.flatnonzero(counts)
    ratio = RATIO**bins_each
    if not len(filled):
        return Histogram(ratio, 0, ())
    begin, end = int(filled[0]), int(filled[-1]) + 1
    return Histogram(ratio, first + begin, tuple(counts[begin:end].tolist()))
