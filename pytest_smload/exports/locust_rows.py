"""Makes the rows of Locust's three CSV files of a recorded load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_smload.core.measure.window import unsent_in_window, window_of
from pytest_smload.core.request.error_kinds import OK, UNSENT
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.samples.in_order import in_order
from pytest_smload.core.statistics.columns import view
from pytest_smload.exports.locust_entry import PER_TEN_THOUSAND, LocustEntry
from pytest_smload.exports.plain import encodable

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.statistics.columns import Floats, Integers
    from pytest_smload.exports.recorded_load import RecordedLoad

Row = list[str | int | float]
REQUEST_TYPE: Final = "InvokeEndpoint"
"""As the engine tells Locust."""
_SHARES: Final = [f"{share // 100}%" if not share % 100 else f"{share / 100:g}%" for share in PER_TEN_THOUSAND]
_TIMES: Final = [
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Average Content Size",
]
STATS_COLUMNS: Final = [
    *("Type", "Name", "Request Count", "Failure Count", *_TIMES, "Requests/s", "Failures/s"),
    *_SHARES,
]
HISTORY_COLUMNS: Final = [
    *("Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s", *_SHARES),
    *(f"Total {name}" for name in ("Request Count", "Failure Count", *_TIMES)),
]
FAILURES_COLUMNS: Final = ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"]


def stats_row(method: str, name: str, entry: LocustEntry) -> Row:
    """Return the row of ``_stats.csv`` of *entry*."""
    return [method, name, *entry.sums, *entry.rates, *entry.percentiles()]


def named_routes(load: RecordedLoad) -> list[tuple[str, str]]:
    """Return (type, name) of each of *load*'s routes, as Locust's tables have them."""
    recording = load.recording
    if recording.route_kind is None:
        return [(REQUEST_TYPE, encodable(load.endpoint))]
    names = map(encodable, recording.model_names)
    if recording.route_kind != NAME:
        return [(REQUEST_TYPE, name) for name in names]
    # Those of a locustfile are its events' request_type and name.
    return [(name.partition(" ")[0], name.partition(" ")[2]) if " " in name else ("", name) for name in names]


def entries(recording: Recording) -> tuple[list[LocustEntry], LocustEntry]:
    """Return what the window's requests amount to, route by route and in all."""
    window, samples = window_of(recording, in_order(recording)), recording.samples
    end, kind = view(samples.end), view(samples.kind)
    inside = (end >= recording.window_start_s) & (end < recording.window_end_s)
    ended, failed = (_counts(recording, view(samples.model)[each]) for each in (inside, inside & (kind != OK)))
    order, edges = _by_route(recording, window.model)
    by_route, total = [], LocustEntry()
    for route, (first, last) in enumerate(pairwise(edges)):
        own = order[first:last]
        answered = own[window.answered[own]]
        entry = LocustEntry(
            requests=len(own),
            failures=len(own) - len(answered),
            bytes_in=recording.bytes_in[route] if recording.bytes_in else 0,
            ended=ended[route],
            failed=failed[route],
            span_s=recording.window_s,
        )
        entry.took(window.took_ms[answered])
        by_route.append(entry)
        total.add(entry)
    total.span_s = recording.window_s
    return by_route, total


def history_rows(load: RecordedLoad) -> Iterator[Row]:
    """Yield timestamp, users and figures for each second of the window: its rates, and sums from the window's begin on.

    Requests count once they have ended, as in Locust. Users are those asked for, else the requests under way.
    """
    recording = load.recording
    samples, opens = recording.samples, recording.window_start_s
    end = view(samples.end)
    begin = view(samples.due if recording.open_model else samples.start)
    order = np.argsort(end, kind="stable")
    counted = order[begin[order] >= opens]
    ends, ok, took_ms = end[counted], view(samples.kind)[counted] == OK, (end - begin)[counted] * 1000
    seconds = ceil(recording.window_s)
    edges = np.append(opens + np.arange(seconds), recording.window_end_s)
    places = np.searchsorted(ends, edges[1:]).tolist()
    rates = _rates(recording, edges)
    under_way = np.searchsorted(np.sort(view(samples.start)), edges) - np.searchsorted(end[order], edges)
    so_far, first = LocustEntry(), 0
    for second, last in enumerate(places):
        part = slice(first, last)
        so_far.requests += last - first
        so_far.failures += int((~ok[part]).sum())
        so_far.took(took_ms[part][ok[part]])
        until = float(edges[second + 1])
        users = _users(load, until - opens) or int(under_way[second + 1])
        yield [
            int(recording.epoch_s + until), users, *rates[second], *so_far.percentiles(), *so_far.sums,
        ]  # fmt: skip
        first = last


def failure_rows(load: RecordedLoad, names: list[tuple[str, str]]) -> Iterator[Row]:
    """Yield a row for each route and error kind of the window, with the route's first example of it."""
    recording = load.recording
    samples = recording.samples
    begin, kind = view(samples.due if recording.open_model else samples.start), view(samples.kind)
    places = np.flatnonzero((begin >= recording.window_start_s) & (kind != OK))
    unsent_due, unsent_model = unsent_in_window(recording)
    codes = np.concatenate((kind[places], np.full(len(unsent_due), UNSENT, np.uint8)))
    seen = np.concatenate((view(samples.end)[places], unsent_due))
    order, edges = _by_route(recording, np.concatenate((view(samples.model)[places], unsent_model)))
    for route, ((method, name), (first, last)) in enumerate(zip(names, pairwise(edges), strict=True)):
        own = order[first:last]
        for code in np.unique(codes[own]).tolist():
            moments = seen[own][codes[own] == code] + recording.epoch_s
            said = _with_example(recording, route, recording.kind_names[code])
            yield [method, name, said, len(moments), _moment(moments.min()), _moment(moments.max())]


def _by_route(recording: Recording, model: Integers) -> tuple[Integers, list[int]]:
    """The positions of requests in the order of their routes, and where each route's begin, the last one's end too."""
    order = np.argsort(model, kind="stable")
    return order, np.searchsorted(model[order], np.arange(len(recording.model_names) + 1)).tolist()


def _counts(recording: Recording, model: Integers) -> list[int]:
    counts: list[int] = np.bincount(model, minlength=len(recording.model_names)).tolist()
    return counts


def _with_example(recording: Recording, route: int, kind: str) -> str:
    example = recording.route_examples.get((route, kind)) or recording.examples.get(kind)
    message = " ".join(example.message.split()) if example is not None else ""
    return encodable(f"{kind}: {message}" if message else kind)


def _moment(epoch_s: float) -> str:
    return datetime.fromtimestamp(int(epoch_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rates(recording: Recording, edges: Floats) -> list[tuple[str, str]]:
    """Requests/s and failures/s of each second, of all that ended in it, as Locust formats them."""
    end, failed = view(recording.samples.end), view(recording.samples.kind) != OK
    counts = (np.diff(np.searchsorted(np.sort(moments), edges)) / np.diff(edges) for moments in (end, end[failed]))
    requests, failures = (each.tolist() for each in counts)
    return [(f"{count:2f}", f"{lost:2f}") for count, lost in zip(requests, failures, strict=True)]


def _users(load: RecordedLoad, elapsed_s: float) -> int | None:
    for stage in load.recording.stages:
        if stage.start_s < elapsed_s <= stage.end_s and stage.users is not None:
            return int(stage.users)
    return load.users
