"""Cold starts: how long each model took to answer for the first time, and what later looks like another load.

The API has no flag for a model that had to be loaded, so both are read from the samples: the first touch of each
model, and outliers beyond `OUTLIER_FACTOR` times its median, which are counted and never removed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import islice, pairwise
from math import inf, isnan

from pytest_smload.core.measure.figures import ColdStarts
from pytest_smload.core.samples.recording import Recording, Samples
from pytest_smload.core.statistics.percentiles import NAN, percentile

OUTLIER_FACTOR = 10.0


def first_touches_ms(recording: Recording) -> list[float]:
    """Return per route the time from its first request's start to its first success, in ms; NaN where there is none.

    ModelNotReadyException in between is part of it: the model was loading all that time.
    """
    touches = [NAN] * len(recording.model_names)
    # Another stretch's ramp was moved before the joined window: its times say nothing about a touch in this one.
    for first, last in pairwise((*recording.stretch_begins, len(recording.samples))):
        _touch(touches, recording.samples, first, last)
    return touches


def _touch(touches: list[float], samples: Samples, first: int, last: int) -> None:
    """Fill what the samples from *first* up to *last* tell of *touches* still unknown."""
    # The first to start need not be the first to end: users may ask for a model together while it loads.
    begins = [inf] * len(touches)
    for start, model in islice(zip(samples.start, samples.model, strict=True), first, last):
        begins[model] = min(begins[model], start)
    waiting = {model for model, touch in enumerate(touches) if isnan(touch)}
    for end, kind, model in islice(zip(samples.end, samples.kind, samples.model, strict=True), first, last):
        if not waiting:
            break
        if not kind and model in waiting:
            touches[model] = (end - begins[model]) * 1000
            waiting.discard(model)


def suspected_cold(service_ms: array[float]) -> int:
    """Return how many of one model's service times, ascending, are beyond `OUTLIER_FACTOR` times their median."""
    return len(service_ms) - bisect_right(service_ms, OUTLIER_FACTOR * percentile(service_ms, 500)) if service_ms else 0


def cold_starts(touches_ms: array[float], suspected: int) -> ColdStarts:
    """Return the figures of a scope's first touches, ascending."""
    return ColdStarts(
        touched=len(touches_ms),
        p50_ms=percentile(touches_ms, 500),
        p95_ms=percentile(touches_ms, 950),
        max_ms=touches_ms[-1] if touches_ms else NAN,
        suspected=suspected,
    )
