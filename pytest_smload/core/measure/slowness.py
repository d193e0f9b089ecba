"""The load as it would have been at best: without the time the client itself may have lost.

Client lateness can only delay arrivals. A response has come at the earliest when the client last looked and found
nothing, a request is the endpoint's business from its real start on, and a burst that catches up after the client was
away queues at the endpoint through no fault of its own. What is still too slow then is the endpoint's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

import numpy as np

from pytest_smload.core.measure.scope import Scope
from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.measure.silence import Silence
from pytest_smload.core.measure.window import Window, unsent_in_window
from pytest_smload.core.request.error_kinds import OK, TIMEOUT
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Flags, Floats, Integers, view
from pytest_smload.core.statistics.spans import merged
from pytest_smload.core.units import format_share

LATE_MS = 5.0
"""A request sent later than this, or than a tenth of the limit, may have met a burst of the client's making."""
LATE_SHARE = 0.1
_FEWEST = 50
"""Starts that tell what is usual."""
HALF = 0.5
MOST_STALLED_SHARE = 0.05
"""A closed load that stood still for longer has put less load on the endpoint than was asked for."""


@dataclass(frozen=True)
class ClientSlowness:
    """What the client may have added to the figures of *recording*, scope by scope."""

    recording: Recording

    @property
    def open_model(self) -> bool:
        """Whether requests follow a schedule."""
        return self.recording.open_model

    def at_best(self, scope: Scope, limit_ms: float | None) -> Scope:
        """Return *scope* without what the client may have lost.

        Args:
            limit_ms: What latencies are limited to, for how late a request may be sent before it disturbs; None for a
                limit on something else.
        """
        rows = self._rows(scope.name)
        requests = scope.requests
        late_ms = LATE_MS if limit_ms is None else max(LATE_MS, LATE_SHARE * limit_ms)
        took_ms, kind = requests.took_ms.copy(), requests.kind.copy()
        sent = len(rows)
        took_ms[:sent] = self._soonest_ms[rows]
        unread = np.zeros(len(kind), dtype=bool)
        # A response that lay unread until its time was out had come.
        unread[:sent] = (kind[:sent] == TIMEOUT) & self._read_late[rows]
        within = unread
        if self.open_model:
            within = within | self._disturbed(scope.name, rows, late_ms)
        took_ms[within & ~unread] = 0.0
        failed_within = within & (kind != OK)
        kind[within] = OK
        best = replace(requests, took_ms=took_ms, kind=kind)
        return replace(
            scope,
            requests=best,
            latency_ms=np.sort(took_ms[best.answered]),
            failures=_without(scope, requests, failed_within),
            silence=self._silence_at_best(scope.silence),
            stats=replace(
                scope.stats,
                ok=int(np.count_nonzero(best.answered)),
                errors=int(np.count_nonzero(~best.answered)),
                error_rate=float(np.mean(~best.answered)) if len(kind) else scope.stats.error_rate,
                tps=self._tps_at_best(scope, within),
            ),
        )

    def _silence_at_best(self, silence: Silence | None) -> Silence | None:
        """*silence* without the time in which the client was not looking, or kept its users from sending."""
        if silence is None:
            return None
        since, until = self._late_spans(LATE_MS)
        opens = self.recording.window_start_s
        begin_s, end_s = opens + silence.begin_s, opens + silence.end_s
        away_s = float((np.clip(until, begin_s, end_s) - np.clip(since, begin_s, end_s)).sum())
        return replace(silence, end_s=silence.end_s - away_s)

    @cached_property
    def stalled_share(self) -> float:
        """Share of the window in which the client kept requests from being sent, or responses from being read.

        Of several generators that of the one that fared worst: what one of them lost the others do not make up for,
        and moments that each loses at another time do not add up to a load that stood still for all of them.
        """
        generators = self.recording.generators
        if generators:
            return max(each.stalled_share for each in generators)
        window_s = self.recording.window_s
        if window_s <= 0:
            return 0.0
        since, until = self._late_spans(LATE_MS)
        opens, closes = self.recording.window_start_s, self.recording.window_end_s
        lengths = np.clip(until, opens, closes) - np.clip(since, opens, closes)
        return float(lengths.sum()) / window_s

    @property
    def most_rise(self) -> float:
        """By what factor a closed load's latencies and errors may rise with the load its client did not put on.

        Twice what is missing: in simulation 5 % lift p95 by 3 to 8 %. Of half or more missing nothing is known.
        """
        stalled = self.stalled_share
        if self.open_model or stalled <= MOST_STALLED_SHARE:
            return 1.0
        return 1 + 2 * stalled / (1 - stalled) if stalled < HALF else inf

    @property
    def doubt_of_a_pass(self) -> str:
        """Why a limit that was kept may not have been, had the client not stood still, or ``""``.

        A closed load asks less of the endpoint while its client stands still; a schedule does not.
        """
        stalled = self.stalled_share
        if self.open_model or stalled <= MOST_STALLED_SHARE:
            return ""
        return (
            f"undecided: the client stood still for {format_share(stalled)} of the window, and a closed load asks less "
            f"of the endpoint then ({format_share(MOST_STALLED_SHARE)} are allowed)"
        )

    def _tps_at_best(self, scope: Scope, within: Flags) -> float:
        """What the rate can have been, had every request the client disturbed been answered in time."""
        if scope.span_s <= 0:
            return scope.stats.tps
        if self.open_model:
            return (sum(scope.ended_ok) + int(np.count_nonzero(within))) / scope.span_s
        return scope.stats.tps / max(1e-9, 1 - self.stalled_share)

    @property
    def _begin_s(self) -> Floats:
        """When each request was due (open model) or begun (closed model)."""
        samples = self.recording.samples
        begin_s: Floats = view(samples.due if self.open_model else samples.start)
        return begin_s

    @cached_property
    def _order(self) -> Integers:
        begins = self._begin_s
        order = np.argsort(begins, kind="stable")
        inside: Integers = order[np.searchsorted(begins[order], self.recording.window_start_s) :]
        return inside

    def _rows(self, name: ScopeName) -> Integers:
        """Positions, among the samples in the order of their begin, of those sent of the scope *name*."""
        recording, order = self.recording, self._order
        chosen: Integers = order
        if name.route_kind is not None:
            route = list(recording.model_names).index(name.name)
            chosen = order[view(recording.samples.model)[order] == route]
        if name.kind == "stage":
            stages = {stage.name: number for number, stage in enumerate(recording.stages)}
            edges = [recording.window_start_s + stage.start_s for stage in recording.stages][1:]
            chosen = order[np.searchsorted(edges, self._begin_s[order], side="right") == stages[name.name]]
        return chosen

    @cached_property
    def _ready_s(self) -> Floats:
        """When each request could have been sent: when it was due, or its user free."""
        samples = self.recording.samples
        ready = view(samples.due).copy()
        held = view(samples.held_index)
        ready[held] = np.maximum(ready[held], view(samples.held_free))
        return ready

    @cached_property
    def _came_s(self) -> Floats:
        """When each response came at the earliest."""
        samples = self.recording.samples
        came = view(samples.end).copy()
        late = view(samples.late_index)
        np.minimum.at(came, late, view(samples.late_from))
        return came

    @cached_property
    def _read_late(self) -> Flags:
        return self._came_s < view(self.recording.samples.end)

    @cached_property
    def _soonest_ms(self) -> Floats:
        samples = self.recording.samples
        start = view(samples.start)
        soonest_s: Floats = np.maximum(self._came_s - start, 0.0)
        if self.open_model:
            # Waiting for a free user is the endpoint's queueing.
            soonest_s += np.maximum(self._ready_s - view(samples.due), 0.0)
        return soonest_s * 1000

    def _late_spans(self, late_ms: float) -> tuple[Floats, Floats]:
        """The times in which the client was late by more than *late_ms*, merged: sending, and reading."""
        samples = self.recording.samples
        start, end = view(samples.start), view(samples.end)
        sending = np.flatnonzero(start - self._ready_s > late_ms / 1000)
        reading = np.flatnonzero(end - self._came_s > late_ms / 1000)
        since = np.concatenate((self._ready_s[sending], self._came_s[reading]))
        until = np.concatenate((start[sending], end[reading]))
        return merged(since, until)

    def _disturbed(self, name: ScopeName, rows: Integers, late_ms: float) -> Flags:
        """Which of a scope's requests were due in a disturbed span, those never sent last."""
        since, until = self._disturbed_spans(late_ms)
        due = np.concatenate((view(self.recording.samples.due)[rows], self._unsent_due_s(name)))
        place = np.searchsorted(since, due, side="right") - 1
        return (place >= 0) & (due < until[np.maximum(place, 0)]) if len(since) else np.zeros(len(due), dtype=bool)

    def _unsent_due_s(self, name: ScopeName) -> Floats:
        recording = self.recording
        due, model = unsent_in_window(recording)
        if name.route_kind is not None:
            due = due[model == list(recording.model_names).index(name.name)]
        if name.kind == "stage":
            stage = next(stage for stage in recording.stages if stage.name == name.name)
            offset = due - recording.window_start_s
            due = due[(offset >= stage.start_s) & (offset < stage.end_s)]
        return due

    def _disturbed_spans(self, late_ms: float) -> tuple[Floats, Floats]:
        """From when a request should have been sent that was sent late, until all such have ended and the number under
        way is back to its median."""
        samples = self.recording.samples
        start, end = view(samples.start), view(samples.end)
        late = np.flatnonzero(start - self._ready_s > late_ms / 1000)
        if not len(late):
            return np.empty(0), np.empty(0)
        since, until = merged(self._ready_s[late], end[late])
        moments = np.concatenate((start, end))
        order = np.argsort(moments, kind="stable")
        moments, starts = moments[order], order < len(start)
        under_way = np.cumsum(np.where(starts, 1, -1))
        calm = moments[under_way <= _usual(moments[starts], under_way[starts], since, until)]
        calmed = np.searchsorted(calm, until)
        return merged(since, np.where(calmed < len(calm), np.append(calm, np.inf)[calmed], np.inf))


def _usual(start: Floats, under_way: Integers, since: Floats, until: Floats) -> float:
    """The median number under way at the starts that no late request disturbs.

    The smaller of all such and of those before the first late one, where they are enough: a backlog that takes long to
    clear would otherwise be taken for what is usual.
    """
    place = np.searchsorted(since, start, side="right") - 1
    calm = (place < 0) | (start >= until[np.maximum(place, 0)])
    before = under_way[start < since[0]]
    medians = [
        float(np.median(each)) for each, fewest in ((under_way[calm], 1), (before, _FEWEST)) if len(each) >= fewest
    ]
    return min(medians, default=0.0)


def _without(scope: Scope, requests: Window, forgiven: Flags) -> dict[tuple[str, int | None], int]:
    fewer = requests.failures(forgiven)
    return {each: count - fewer.get(each, 0) for each, count in scope.failures.items() if count > fewer.get(each, 0)}
