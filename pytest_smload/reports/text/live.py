"""Words for a running load; whoever calls decides where and how often they are shown."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.units import format_duration, format_ms
from pytest_smload.reports.text.columns import columns_of, cut, padded
from pytest_smload.reports.words.cells import format_count, format_tps, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smload.core.live.standing import LiveCheck, RouteRow
    from pytest_smload.core.live.view import LiveView
    from pytest_smload.core.samples.progress import Progress

TALL = 24
"""A terminal of so many rows has room for more than one line."""
_ROWS_A_ROUTE = 5
"""Routes take no more than a row in so many of the terminal's."""
_LONGEST_NAME = 40
_GAP = "  "


def live_lines(view: LiveView, *, columns: int, rows: int) -> list[str]:
    """Return what a terminal of that size shows: one line, or on a tall one the worst routes as well.

    No line has control characters or fills the last column: a terminal moves on to the next line there.
    """
    width = max(1, columns - 1)
    if rows < TALL:
        return [live_line(view, width)]
    progress, standing = view.progress, view.standing
    first = [_clock_of(progress), *_titles(view), plain_text(progress.phase), _recent(progress)]
    errors, in_flight = _counts(progress)
    lines = _wrapped([*first, errors], width)
    # It is not worth a line of its own.
    lines[-1] = _fitting([f"{lines[-1]}{_GAP}{in_flight}", lines[-1]], width)
    if stands := _stands(view):
        lines.append(_fitting(stands, width))
    if standing.rows:
        lines += _table(view, standing.rows[: rows // _ROWS_A_ROUTE], width)
    return lines


def live_line(view: LiveView, width: int) -> str:
    """Return one line of at most *width* columns: the least needed parts are left out where it is narrow.

    What is of the last seconds, of the window so far and of the whole load says so.
    """
    progress = view.progress
    clock, recent, counts, titles = _clock_of(progress), _recent(progress), _counts(progress), _titles(view)
    stands, phase = _stands(view), plain_text(progress.phase)
    if stands:
        fullest = stands[0]
        fuller = [
            [clock, *titles, fullest, recent, *counts],
            [clock, *titles, fullest, recent, counts[0]],
            [clock, *titles, fullest, recent],
            [clock, *titles, fullest, counts[0]],
            [clock, *titles, fullest],
            [clock, fullest],
            *([each] for each in stands),
        ]
    else:
        fuller = [
            [clock, *titles, phase, recent, *counts],
            [clock, *titles, phase, recent, counts[0]],
            [clock, *titles, recent, counts[0]],
            [clock, *titles, recent],
            [clock, recent],
            [recent],
        ]
    return _fitting([_GAP.join(parts) for parts in fuller], width)


def plain_line(view: LiveView) -> str:
    """Return one line for logs: no control characters, every figure with its name or unit."""
    progress = view.progress
    name = f"load {plain_text(view.label)!r}: " if view.label else ""
    steps = "".join(f"{title}, " for title in _titles(view))
    spans = f"{format_duration(round(progress.elapsed_s))} of {format_duration(round(progress.total_s))}"
    parts = [f"{name}{steps}{spans}, {plain_text(progress.phase)}", _recent(progress), *_stands(view)[:1]]
    return f"smload: {'; '.join([*parts, *_counts(progress)])}"


def _titles(view: LiveView) -> list[str]:
    beside = f"beside {cut(plain_text(view.control), _LONGEST_NAME)}" if view.control else ""
    return list(filter(None, (view.step, beside)))


def _clock_of(progress: Progress) -> str:
    return f"[{_clock(progress.elapsed_s)}/{_clock(progress.total_s)}]"


def _recent(progress: Progress) -> str:
    span = f"last {format_duration(max(1, round(progress.recent_s)))}"
    return f"{span}: {_load(progress)}, p95 {format_ms(progress.p95_ms)}"


def _counts(progress: Progress) -> list[str]:
    errors = f"whole load: {format_count(progress.errors)} error{'s' if progress.errors != 1 else ''}"
    return [errors, f"now {format_count(progress.in_flight)} in flight"]


def _stands(view: LiveView) -> list[str]:
    """How the limits stand, in ever fewer words; nothing where none can be told."""
    standing = view.standing
    if standing.worst is None:
        return []
    worst = _worst(standing.worst)
    told = f"window so far: {worst}, {format_count(standing.hold)} of {format_count(standing.told)} hold"
    untold = f", {format_count(standing.untold)} not told yet" if standing.untold else ""
    return [told + untold, told, f"window so far: {worst}", worst]


def _worst(check: LiveCheck) -> str:
    of = "" if check.scope == TOTAL else f" of {cut(plain_text(check.scope), _LONGEST_NAME)}"
    # A rate's unit is what it is called.
    words = "" if check.observed_text.endswith(check.words) and not of else f"{check.words}{of} "
    return f"{words}{check.observed_text} of {check.limit}"


def _load(progress: Progress) -> str:
    if progress.target_tps is not None:
        return f"{format_tps(progress.tps)} of {format_tps(progress.target_tps)} TPS"
    if progress.users is None:
        return f"{format_tps(progress.tps)} TPS"
    return f"{format_count(progress.users)} user{'s' if progress.users != 1 else ''}, {format_tps(progress.tps)} TPS"


def _table(view: LiveView, rows: Sequence[RouteRow], width: int) -> Iterator[str]:
    """The routes, worst first: as many columns as there is room for."""
    kind, of = view.route_kind or "model", format_count(view.standing.routes)
    titles = [f"{kind}: worst {len(rows)} of {of}, window so far", f"{kind}: worst {len(rows)} of {of}", kind]
    heads: tuple[str, ...] = ("p95", "requests", "errors")
    cells = [
        [plain_text(row.name), format_ms(row.p95_ms), format_count(row.requests), format_count(row.errors)]
        for row in rows
    ]
    if any(row.excess is not None for row in rows):
        # What they are ordered by goes first.
        heads = ("of its limit", *heads)
        for cell, row in zip(cells, rows, strict=True):
            cell.insert(1, "-" if row.excess is None else "∞" if isinf(row.excess) else f"{row.excess:.0%}")
    columns = [max(len(head), *(len(cell[place + 1]) for cell in cells)) for place, head in enumerate(heads)]
    while columns and width - sum(each + len(_GAP) for each in columns) < len(kind):
        columns.pop()
    name_columns = width - sum(each + len(_GAP) for each in columns)
    longest = max(columns_of(titles[0]), *(columns_of(cell[0]) for cell in cells))
    name_columns = min(name_columns, longest)
    for name, *figures in [[_fitting(titles, name_columns), *heads], *cells]:
        texts = [f"{text:>{size}}" for text, size in zip(figures, columns, strict=False)]
        yield _GAP.join([padded(name, name_columns), *texts])


def _fitting(texts: list[str], width: int) -> str:
    """The first of them that fits, or what of the last one does."""
    return next((text for text in texts if columns_of(text) <= width), cut(texts[-1], width))


def _wrapped(parts: list[str], width: int) -> list[str]:
    """The parts, none of them broken, on as many lines as they take."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}{_GAP}{part}"
        if columns_of(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return [cut(line, width) for line in lines]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
