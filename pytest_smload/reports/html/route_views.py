"""What the page shows of the models of a load, or whatever else its weights name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.core.units import format_share
from pytest_smload.reports.html import svg
from pytest_smload.reports.html.check_views import figures_view
from pytest_smload.reports.words.cells import format_count, plain_text, verdict_word
from pytest_smload.reports.words.margin import excess, margin_words, worst_first

if TYPE_CHECKING:
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.figures import Stats
    from pytest_smload.core.results.result import LoadResult

MOST_ROUTES: Final = 1_000
"""Rows of a table a browser sorts and searches at once; the rest is in report.json."""
_MOST_FIRSTS: Final = 100
"""First failures of a model and kind that are shown, those that occurred most."""


def routes_view(load: LoadResult, number: str, anchor: str) -> dict[str, Any] | None:
    routes, spread = load.routes, load.distribution
    if not routes:
        return None
    worst = {check.scope: check for check in reversed(worst_first(c for c in load.checks if c.scope != "total"))}
    shown = sorted(routes, key=lambda name: (-excess(worst[name]) if name in worst else 0.0, -routes[name].requests))
    shown, left_out = shown[:MOST_ROUTES], len(routes) - MOST_ROUTES
    rows = []
    for name in shown:
        stats, share, check = routes[name], load.mix.get(name), worst.get(name)
        course = spread.routes_p95_ms.get(name, ()) if spread is not None else ()
        rows.append(
            {
                "name": name,
                "exact": None if plain_text(name) == name else json.dumps(name),
                "opens": spread is not None and name in spread.routes,
                "cells": figures_view(stats),
                "sort": _sort_keys(stats, share),
                "share": format_share(share.achieved_share) if share is not None else "",
                "margin": _margin(check) if check is not None else "",
                "outcome": check.outcome if check is not None else "",
                "course": svg.sparkline(course, label=f"p95 of {name} over the window") if course else None,
            }
        )
    return {
        "kind": load.route_kind,
        "rows": rows,
        "left_out": max(0, left_out),
        "weighted": bool(load.mix),
        "limited": bool(worst),
        "number": number,
        "anchor": anchor,
    }


def _margin(check: Check) -> str:
    word = verdict_word(check)
    return margin_words(check) if word in ("PASS", "FAIL") else f"{margin_words(check)}, {word}"


def _sort_keys(stats: Stats, share: Any) -> dict[str, float | str]:
    values = {
        "requests": stats.requests,
        "TPS": stats.tps,
        "p50": stats.p50_ms,
        "p95": stats.p95_ms,
        "p99": stats.p99_ms,
        "max": stats.max_ms,
        "errors": stats.error_rate,
        "share": share.achieved_share if share is not None else math.nan,
    }
    return {name: f"{value:.6g}" if math.isfinite(value) else "" for name, value in values.items()}


def errors_view(load: LoadResult) -> dict[str, Any] | None:
    if not load.errors:
        return None
    spread = load.distribution
    by_route = spread.errors_by_route if spread is not None else {}
    kinds = sorted(load.errors, key=lambda kind: -load.errors[kind])
    worst = sorted(by_route, key=lambda name: -sum(by_route[name].values()))[:50]
    over_time: Mapping[str, tuple[int, ...]] = spread.errors_over_time if spread is not None else {}
    return {
        "kinds": [
            {
                "kind": kind,
                "count": format_count(load.errors[kind]),
                "example": load.examples.get(kind, ""),
                "course": svg.sparkline(over_time[kind], label=f"{kind} over the window")
                if kind in over_time
                else None,
            }
            for kind in kinds
        ],
        "columns": kinds[:8],
        "routes": [(name, [format_count(by_route[name].get(kind, 0)) for kind in kinds[:8]]) for name in worst],
        **_firsts_view(load, by_route),
    }


def _firsts_view(load: LoadResult, by_route: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """The first failure of each model and kind that occurred in the window, where it is known."""
    known = [
        (count, name, kind, load.examples_by_route[name][kind])
        for name, counts in by_route.items()
        for kind, count in counts.items()
        if kind in load.examples_by_route.get(name, {})
    ]
    known.sort(key=lambda each: -each[0])
    return {
        "firsts": [(name, kind, format_count(count), line) for count, name, kind, line in known[:_MOST_FIRSTS]],
        "firsts_left_out": max(0, len(known) - _MOST_FIRSTS),
    }


def mix_view(load: LoadResult) -> list[dict[str, Any]]:
    """The shares that are farthest off, at most twelve."""
    off = sorted(load.mix, key=lambda name: -abs(load.mix[name].target_share - load.mix[name].achieved_share))
    return [
        {
            "name": name,
            "target": format_share(round(share.target_share, 4)),
            "achieved": format_share(round(share.achieved_share, 4)) if math.isfinite(share.achieved_share) else "-",
            "picture": svg.shares(share.target_share, share.achieved_share, label=f"share of {name}"),
        }
        for name in off[:12]
        for share in (load.mix[name],)
    ]
