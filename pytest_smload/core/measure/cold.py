"""Cold starts: how long each model took to answer for the first time, and what later looks like another load.

The API has no flag for a model that had to be loaded, so both are read from the samples: the first touch of each
model, and outliers beyond `OUTLIER_FACTOR` times its median, which are counted and never removed.
"""

from __future__ import annotations

import numpy as np

from pytest_smload.core.measure.figures import ColdStarts
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, Integers, view
from pytest_smload.core.statistics.percentiles import NAN, percentile

OUTLIER_FACTOR = 10.0


def first_touches_ms(recording: Recording) -> Floats:
    """Return per route the time from its first request's start to its first success, in ms.

    inf where a route was asked and never answered, NaN where it was never asked.

    ModelNotReadyException in between is part of it: the model was loading all that time.
    """
    samples, routes = recording.samples, len(recording.model_names)
    start, end, kind, model = (view(column) for column in (samples.start, samples.end, samples.kind, samples.model))
    touches = np.full(routes, np.nan)
    # The first to start need not be the first to end: users may ask for a model together while it loads.
    begins = np.full(routes, np.inf)
    np.minimum.at(begins, model, start)
    answers = _first_answers(kind, model, routes)
    touched = answers >= 0
    touches[touched] = (end[answers[touched]] - begins[touched]) * 1000
    touches[~touched & np.isfinite(begins)] = np.inf
    return touches


def _first_answers(kind: Integers, model: Integers, routes: int) -> Integers:
    """Per route the position of its first success, -1 where there is none."""
    answered = np.flatnonzero(kind == OK)[::-1]
    first = np.full(routes, -1)
    # Of several values for one position the last is kept: the earliest, as they come backwards.
    first[model[answered]] = answered
    return first


def suspected_cold(service_ms: Floats, p50_ms: float) -> int:
    """Return how many of one model's service times are beyond `OUTLIER_FACTOR` times their median *p50_ms*."""
    return int(np.count_nonzero(service_ms > OUTLIER_FACTOR * p50_ms))


def cold_starts(touches_ms: Floats, suspected: int) -> ColdStarts:
    """Return the figures of a scope's first touches, ascending; inf among them never came."""
    touched = touches_ms[np.isfinite(touches_ms)]
    return ColdStarts(
        touched=len(touched),
        p50_ms=percentile(touched, 500),
        p95_ms=percentile(touched, 950),
        max_ms=float(touched[-1]) if len(touched) else NAN,
        suspected=suspected,
    )
