"""The page of ``smload history``: every run in a picture, its level and shifts, text as text."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import past_runs as past
import pytest
from read_page import Page

from pytest_smload.core.results.history import Series, history_of
from pytest_smload.reports.html.history import MOST_POINTS, history_html

BEGIN = datetime(2026, 1, 1, 3, 4, 5, tzinfo=UTC)


def history(count: int = 16, *, shifted_at: int = 9, **changes: Any) -> list[Series]:
    """Runs a day apart whose p95 is 200 ms and from one on 260 ms; the third is INVALID."""
    noise = random.Random(3)
    runs = []
    for number in range(count):
        at = (BEGIN + timedelta(days=number)).isoformat()
        p95_ms = (200.0 if number < shifted_at else 260.0) * noise.gauss(1, 0.01)
        client = past.client(valid=number != 2)
        runs.append(past.one_load_run(at=at, commit=f"commit{number}", p95_ms=p95_ms, client=client, **changes))
    return history_of(runs)


def traces(page: str) -> dict[str, list[dict[str, Any]]]:
    (chart,) = Page(page).json("drawn")
    found: dict[str, list[dict[str, Any]]] = {}
    for trace in chart["data"]:
        found.setdefault(trace["name"], []).append(trace)
    return found


def test_every_run_is_a_point_and_what_is_not_counted_a_cross() -> None:
    """Oldest first; an INVALID run is a gap of the line and marked where it lies."""
    (series,) = history()
    page = history_html([series])
    found = traces(page)
    (p95,) = found["p95 ms"]
    assert [*range(1, 17)] == p95["x"]
    assert [2] == [place for place, value in enumerate(p95["y"]) if value is None]
    assert [[3]] * 3 == [trace["x"] for trace in found["not counted"]]
    assert "$/million" not in found
    assert "2026-01-03 03:04:05 commit2 INVALID" == p95["text"][2]


def test_the_level_is_a_step_where_it_shifted() -> None:
    """At the medians that the change names, with a mark and its words."""
    (series,) = history()
    (change,) = series.changes
    page = history_html([series])
    level = traces(page)["level (median)"][0]
    assert [0.5, 9.5, 9.5, 16.5] == level["x"]
    assert [change.before, change.after] == pytest.approx([level["y"][0], level["y"][2]], rel=1e-3)
    (chart,) = Page(page).json("drawn")
    (mark,) = chart["layout"]["shapes"]
    assert (9.5, 9.5, "y") == (mark["x0"], mark["x1"], mark["yref"])
    assert "p95 +" in chart["layout"]["annotations"][0]["text"]
    assert "p95 +" in Page(page).text


def test_text_is_text() -> None:
    """A commit and an endpoint's name that are markup change no element; nothing is fetched."""
    hostile = "</script><script>alert(1)</script>"
    runs = [past.one_load_run(at=at, commit=hostile) for at in past.days(3)]
    page, plain = (history_html(history_of(each)) for each in (runs, [past.one_load_run(at=at) for at in past.days(3)]))
    assert "<script>alert" not in page
    assert plain.count("<script") == page.count("<script")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_long_histories_and_short_ones() -> None:
    """The latest runs are drawn of very many; of one run there is no picture, of none at all a page that says so."""
    (series,) = history(MOST_POINTS + 20, shifted_at=10_000)
    (chart,) = Page(history_html([series])).json("drawn")
    assert MOST_POINTS == len(chart["columns"]["p95 ms"])
    (one,) = history(1)
    assert [] == Page(history_html([one])).json("drawn")
    assert "0 loads" in Page(history_html([])).text
