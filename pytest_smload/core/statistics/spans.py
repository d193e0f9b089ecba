"""Spans of time, as two columns: their begins and their ends."""

from __future__ import annotations

import numpy as np

from pytest_smload.core.statistics.columns import Floats


def merged(since: Floats, until: Floats) -> tuple[Floats, Floats]:
    """Return the spans with those that overlap as one, in order."""
    if not len(since):
        return since, until
    order = np.argsort(since, kind="stable")
    since, until = since[order], np.maximum.accumulate(until[order])
    first = np.append(True, since[1:] > until[:-1])
    return since[first], until[np.append(np.flatnonzero(first)[1:] - 1, len(until) - 1)]
