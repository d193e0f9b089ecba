"""What the workers of one load say of it, added up."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest

from pytest_smload.core.samples.ended import BINS, Ended
from pytest_smload.core.samples.progress import Progress
from pytest_smload.core.statistics.octaves import bins_of
from pytest_smload.engine.distributed.together import progress_of

ONE = Progress(1.0, 70.0, "window", 2, None, 10.0, 100.0, 1, 3, recent_s=9.0, window_s=5.0)


def told(*took_ms: float) -> Ended:
    recent = np.bincount(bins_of(np.array(took_ms)), minlength=BINS)
    return Ended(recent=recent, names=["a"])


def test_rates_and_counts_add_up() -> None:
    """Users, rate, errors and requests under way."""
    whole = progress_of([ONE, replace(ONE, users=3, tps=5.0, errors=4, in_flight=1)], [])
    assert (whole.users, whole.tps, whole.errors, whole.in_flight) == (5, 15.0, 5, 4)


def test_the_percentile_is_of_what_all_of_them_got() -> None:
    """Not a mean of theirs, nor the slowest's: that is all there is to say where one has not counted."""
    parts = [ONE, replace(ONE, p95_ms=900.0)]
    many, few = told(*[100.0] * 99), told(900.0)
    assert progress_of(parts, [many, few]).p95_ms == pytest.approx(100, rel=0.01)
    assert progress_of(parts, [many]).p95_ms == 900
    assert isnan(progress_of([replace(ONE, p95_ms=nan)], []).p95_ms)


def test_what_ended_is_one() -> None:
    """Of the same names."""
    ended = progress_of([ONE, ONE], [told(1.0), told(2.0, 3.0)]).ended
    assert ended is not None
    assert ended.recent.sum() == 3
