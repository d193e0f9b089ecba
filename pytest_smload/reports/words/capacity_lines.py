"""Says what a capacity search found: in a sentence, in a row for each level, and in the remarks that go with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pytest_smload.core.units import format_share
from pytest_smload.reports.words.cells import (
    format_count,
    format_latency,
    format_tps,
    metric_words,
    observed_text,
    plain_text,
)
from pytest_smload.reports.words.headline import endpoint_words, profile_words

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.capacity.level import Interval, Level
    from pytest_smload.core.limits.check import Check

LEVEL_HEADERS: Final = ("offered", "budget", "TPS", "p50", "p95", "p95 interval", "p99", "errors", "why not")
LEVEL_NUMBERS: Final = ("offered", "TPS", "p50", "p95", "p99", "errors")
LONGEST_WHY: Final = 120


def capacity_sentence(capacity: Capacity) -> str:
    """Return what was found in one line: ``"capacity 196 TPS of 1 instance, ...; at 203 TPS p95 was ..."``."""
    if not capacity.levels:
        found = "no probe came to an end"
    elif not capacity.tps:
        low = min((level.offered_tps for level in capacity.levels), default=0.0)
        found = f"no rate that keeps the budget was found, down to {format_tps(low)} TPS"
    else:
        count = capacity.instances
        on = f" of {count} instance{'s' if count != 1 else ''}" if capacity.instances_known else ""
        found = f"capacity {format_tps(capacity.tps)} TPS{on}, {'' if capacity.confirmed else 'not '}confirmed"
    wanted = f", limit {capacity.check.limit}" if capacity.check is not None else ""
    return plain_text(f"{found}{wanted}{_bound_words(capacity)}")


def capacity_headline(capacity: Capacity) -> str:
    """Return where was searched, and with what."""
    label = f"capacity {capacity.label!r}: " if capacity.label else "capacity: "
    return plain_text(f"{label}{endpoint_words(capacity.endpoint)}, from {profile_words(capacity.profile)}")


def capacity_remarks(capacity: Capacity) -> Iterator[str]:
    """Yield what must be known besides: why it ended early, what cannot be trusted, what it costs, notes."""
    if capacity.ended:
        yield plain_text(f"the search ended early: {capacity.ended}")
    if capacity.binding is not None and not capacity.reasons and _is_only_unproven(capacity):
        yield (
            f"at {format_tps(capacity.not_kept_tps)} TPS nothing was broken, it was only not proven: longer probes "
            "(duration, max_duration) may find more"
        )
    for reason in capacity.reasons:
        yield plain_text(f"INVALID: {reason}")
    if capacity.hourly_usd is not None and capacity.tps:
        million = capacity.cost_per_million()
        at = f"at {format_tps(capacity.tps)} TPS"
        yield f"${capacity.hourly_usd:.4g} an hour, ${million:.3g} per million requests {at}"
    yield from map(plain_text, capacity.notes)


def _is_only_unproven(capacity: Capacity) -> bool:
    return {"unproven"} == {each.verdict for each in capacity.levels if each.offered_tps == capacity.not_kept_tps}


def level_cells(level: Level) -> list[str]:
    """Return a level as the cells under `LEVEL_HEADERS`."""
    purpose = " (confirming)" if level.purpose == "confirm" else ""
    return [
        format_tps(level.offered_tps),
        level.verdict + purpose,
        format_tps(level.tps.value),
        format_latency(level.p50_ms.value),
        format_latency(level.p95_ms.value),
        _interval_words(level.p95_ms),
        format_latency(level.p99_ms.value),
        format_share(level.error_rate.value),
        plain_text(level.why, LONGEST_WHY),
    ]


def _bound_words(capacity: Capacity) -> str:
    check = capacity.binding
    if check is None or math.isinf(capacity.not_kept_tps) or (capacity.reasons and not capacity.confirmed):
        return ""
    return f"; at {format_tps(capacity.not_kept_tps)} TPS {_broken_words(check)}"


def _broken_words(check: Check) -> str:
    what = metric_words(check)
    if check.projected is not None:
        return f"{what} was {observed_text(check)} and grows beyond its limit {check.limit}"
    if check.outcome == "fail":
        return f"{what} was {observed_text(check)}, limit {check.limit}"
    return f"{what} {check.limit} is not proven ({observed_text(check)} of {format_count(check.n)})"


def _interval_words(interval: Interval) -> str:
    return f"[{format_latency(interval.lower)}, {format_latency(interval.upper)}]"
