"""Lays out one line per load: verdict, test, rate, p95, errors, and the model (variant, ...) worst by its limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.units import format_share
from pytest_smload.reports.text.tables import shorten_names
from pytest_smload.reports.words.cells import (
    format_count,
    format_latency,
    format_tps,
    observed_text,
    plain_text,
    printed,
)
from pytest_smload.reports.words.margin import excess, margin_words, worst_first

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.results.result import LoadResult, TestResult

VERDICTS = {"pass": "PASS", "fail": "FAIL", "invalid": "INVALID", "interrupted": "INTERRUPTED"}
_TEST, _ERRORS, _MODEL = 1, 4, 5
_GAP = "  "
_SHORTEST_TEST = 12
_SHORTEST_MODEL = 10


@dataclass(frozen=True, slots=True)
class _Form:
    """How much of each cell is said, from all of it to what a narrow terminal has room for."""

    folder: bool = True
    file: bool = True
    model_value: bool = True
    tight: bool = False

    def headers(self, kinds: Sequence[str]) -> list[str]:
        """The columns' names; *kinds* are what the loads' weights are over."""
        rate, p95 = ("TPS", "p95/limit") if self.tight else ("rate", "p95 (limit)")
        worst = f"worst {kinds[0]}" if len(kinds) == 1 else "worst of each"
        return ["verdict", "test", rate, p95, "errors", worst, "margin"]


_FORMS = (
    _Form(),
    _Form(folder=False),
    _Form(folder=False, model_value=False),
    _Form(folder=False, model_value=False, tight=True),
    _Form(folder=False, file=False, model_value=False, tight=True),
)


@dataclass(frozen=True, slots=True)
class _Name:
    """A test's name, which may be cut, and the load's label or number behind it, which may not."""

    base: str
    behind: str

    def cut(self, longest: int | None = None) -> str:
        """Return both in at most *longest* characters: tests of one file differ at their ends."""
        room = len(self.base) if longest is None else max(longest - len(self.behind), 3)
        if len(self.base) <= room:
            return self.base + self.behind
        end = room // 2
        return f"{self.base[: room - end - 1]}…{self.base[-end:]}{self.behind}"


def overview(loads: Sequence[tuple[TestResult, LoadResult]], width: int) -> list[str]:
    """Return a header and a line per load, in columns, each at most *width* wide."""
    for form in _FORMS:
        lines = _aligned(_rows(loads, form))
        if max(map(len, lines)) <= width:
            return lines
    lines = _aligned(_rows(loads, form, model_chars=_SHORTEST_MODEL))
    excess_width = max(map(len, lines)) - width
    if excess_width > 0:
        names = [_test_name(test, load, form).cut() for test, load in loads]
        longest = max(max(map(len, names)) - excess_width, _SHORTEST_TEST)
        lines = _aligned(_rows(loads, form, model_chars=_SHORTEST_MODEL, test_chars=longest))
    return [_cut(line, width) for line in lines]


def load_verdict(test: TestResult, load: LoadResult) -> str:
    """Return the word for a load: that it failed, too, where its test did so on an assertion of its own."""
    if test.failed_besides:
        return VERDICTS["fail"]
    return VERDICTS[load.verdict]


def _rows(
    loads: Sequence[tuple[TestResult, LoadResult]],
    form: _Form,
    *,
    model_chars: int | None = None,
    test_chars: int | None = None,
) -> list[list[str]]:
    models = list(_worst_routes(load for _, load in loads))
    names = [name for name, _ in models]
    if model_chars is not None and any(names):
        names = shorten_names(names, model_chars)
    rows = [form.headers(list(dict.fromkeys(load.route_kind for _, load in loads if load.route_kind is not None)))]
    for (test, load), name, (_, margin) in zip(loads, names, models, strict=True):
        rows.append(
            [
                load_verdict(test, load),
                _test_name(test, load, form).cut(test_chars),
                format_tps(load.tps) + ("" if form.tight else " TPS"),
                _p95(load, tight=form.tight),
                _errors(load, tight=form.tight),
                name,
                margin(form),
            ]
        )
    return rows if any(names) else [row[:_MODEL] for row in rows]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(size) if place == _ERRORS else cell.ljust(size)
            for place, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(printed(_GAP.join(cells)))
    return lines


def _test_name(test: TestResult, load: LoadResult, form: _Form) -> _Name:
    name, behind = plain_text(test.nodeid), ""
    path, separator, inner = name.partition("::")
    if not form.file and separator:
        name = inner
    elif not form.folder:
        name = path.rpartition("/")[2] + separator + inner
    if load.label or len(test.loads) > 1:
        place = next(place for place, one in enumerate(test.loads, start=1) if one is load)
        behind = f" {plain_text(load.label or '') or place!r}"
    return _Name(name, f"{behind} (attempt {test.attempt})" if test.attempt > 1 else behind)


def _p95(load: LoadResult, *, tight: bool) -> str:
    if not load.client.judged:
        return "simulated"
    if not load.checks:
        return format_latency(load.p95_ms, tight=tight) + ("/none" if tight else " (no limits)")
    limits = [check for check in load.checks if check.metric == "p95" and check.scope == "total"]
    if not limits:
        return format_latency(load.p95_ms, tight=tight)
    worst = worst_first(limits)[0]
    observed, limit = observed_text(worst), plain_text(worst.limit)
    if not tight:
        return f"{observed} ({limit})"
    # Of a regression what is allowed is enough: "130% of control 50.9 ms".
    return f"{observed}/{limit.removeprefix('<= ').partition(' of ')[0]}".replace(" ", "")


def _errors(load: LoadResult, *, tight: bool) -> str:
    errors = load.requests - load.ok
    if not errors:
        return "0"
    share = format_share(load.error_rate)
    return share if tight else f"{format_count(errors)} ({share})"


def _worst_routes(loads: Iterator[LoadResult]) -> Iterator[tuple[str, Callable[[_Form], str]]]:
    """The model, say, of each load that is worst by its limits, or by p95 where none has one; and what to say of it."""
    for load in loads:
        limited = [check for check in load.checks if check.valid and _route_of(check) in load.routes]
        if limited:
            worst = max(limited, key=excess)
            yield plain_text(_route_of(worst)), _against_limit(worst)
        elif load.routes:
            name = max(load.routes, key=lambda route: _order(load.routes[route].p95_ms))
            yield plain_text(name), _p95_of(load.routes[name].p95_ms)
        else:
            yield "", lambda _: ""


def _against_limit(check: Check) -> Callable[[_Form], str]:
    value = f"{plain_text(check.metric)} {observed_text(check)}, "
    words = margin_words(check)
    return lambda form: words.replace("to spare", "left") if form.tight else (value if form.model_value else "") + words


def _p95_of(p95_ms: float) -> Callable[[_Form], str]:
    return lambda form: f"p95 {format_latency(p95_ms, tight=form.tight)}"


def _route_of(check: Check) -> str:
    scope = ScopeName.parse(check.scope)
    return scope.name if scope.route_kind is not None else ""


def _order(value_ms: float) -> float:
    return -1.0 if math.isnan(value_ms) else value_ms


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
