"""Adds up what the generators of one load say of it while it runs."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

from pytest_smload.core.samples.ended import whole
from pytest_smload.core.statistics.octaves import FINE_BITS, quantile_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.samples.ended import Ended
    from pytest_smload.core.samples.progress import Progress


def progress_of(parts: Sequence[Progress], told: Sequence[Ended]) -> Progress:
    """Return the load's progress by its generators': rates and counts add up, and p95 is of what all of them got.

    Args:
        told: What ended by them since the last time; where nothing did, p95 is that of the slowest.
    """
    first, ended = parts[0], whole(told)
    users = [part.users for part in parts if part.users is not None]
    slowest_ms = max((part.p95_ms for part in parts if part.p95_ms == part.p95_ms), default=nan)
    return replace(
        first,
        total_s=max(part.total_s for part in parts),
        users=first.users if not users else sum(users),
        tps=sum(part.tps for part in parts),
        p95_ms=slowest_ms if len(told) < len(parts) or ended is None else quantile_ms(ended.recent, 950, FINE_BITS),
        errors=sum(part.errors for part in parts),
        in_flight=sum(part.in_flight for part in parts),
        recent_s=max(part.recent_s for part in parts),
        window_s=max(part.window_s for part in parts),
        ended=ended,
    )
