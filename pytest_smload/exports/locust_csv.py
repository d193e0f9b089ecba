"""The three files of ``--smload-csv``, as Locust's ``--csv`` writes them, of all loads of a run."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_smload.exports.locust_entry import LocustEntry
from pytest_smload.exports.locust_rows import (
    FAILURES_COLUMNS,
    HISTORY_COLUMNS,
    STATS_COLUMNS,
    Row,
    entries,
    failure_rows,
    history_rows,
    named_routes,
    stats_row,
)
from pytest_smload.exports.plain import encodable
from pytest_smload.exports.recorded_load import AGGREGATED
from pytest_smload.files import WholeFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_smload.exports.recorded_load import RecordedLoad

_OPTION: Final = "--smload-csv"


class _Part(NamedTuple):
    """What the files have of one load.

    Attributes:
        routes: (type, name) and figures.
        total: Of all routes.
        history: From the figures of its first second on, without a name.
        failures: With the names of its routes.
    """

    load: str
    routes: list[tuple[str, str, LocustEntry]]
    total: LocustEntry
    history: list[Row]
    failures: list[Row]


class LocustCsv:
    """The files, which are written when the run is over: only then is it known whether one load needs a name.

    Args:
        prefix: What their names begin with, folders included.
    """

    def __init__(self, prefix: Path) -> None:
        self._files = [
            WholeFile(prefix.with_name(f"{prefix.name}_{name}.csv"), _OPTION, " or name another place")
            for name in ("stats", "stats_history", "failures")
        ]
        self._parts: list[_Part] = []

    def check(self) -> None:
        """Make sure that they can be written, before any load.

        Raises:
            ReportError: they cannot.
        """
        for file in self._files:
            file.try_folder()

    def add(self, load: RecordedLoad) -> None:
        """Add the rows of *load*; what was sent to a control is no part of them."""
        if load.role == "control":
            return
        names = named_routes(load)
        by_route, total = entries(load.recording)
        routes = [(*named, entry) for named, entry in zip(names, by_route, strict=True)]
        failures = list(failure_rows(load, names))
        self._parts.append(_Part(encodable(load.name), routes, total, list(history_rows(load)), failures))

    def finish(self) -> list[Path]:
        """Write the files, and return them.

        Raises:
            ReportError: one cannot be written.
        """
        tables = (
            (STATS_COLUMNS, self._stats()),
            (HISTORY_COLUMNS, self._history()),
            (FAILURES_COLUMNS, self._failures()),
        )
        for file, (columns, rows) in zip(self._files, tables, strict=True):
            file.write(_csv([columns, *rows]))
        return [file.path for file in self._files]

    def abandon(self) -> None:
        """Forget what was added."""
        self._parts.clear()

    def _stats(self) -> list[Row]:
        rows, whole = [], LocustEntry()
        for part in self._parts:
            rows += [stats_row(method, self._named(part, name), entry) for method, name, entry in part.routes]
            if len(self._parts) > 1:
                rows.append(stats_row("", self._named(part, AGGREGATED), part.total))
            whole.add(part.total)
        return [*rows, stats_row("", AGGREGATED, whole)]

    def _history(self) -> list[Row]:
        return [
            [timestamp, users, "", self._named(part, AGGREGATED), *figures]
            for part in self._parts
            for timestamp, users, *figures in part.history
        ]

    def _failures(self) -> list[Row]:
        return [
            [method, self._named(part, str(name)), *rest]
            for part in self._parts
            for method, name, *rest in part.failures
        ]

    def _named(self, part: _Part, name: str) -> str:
        """*name*, after its load's where there are several."""
        return f"{part.load} | {name}" if len(self._parts) > 1 else name


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
