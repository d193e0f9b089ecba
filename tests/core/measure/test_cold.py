"""First touches and suspected reloads."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from recordings import MODEL_ERROR, Row, recording

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.measure.cold import first_touches_ms, suspected_cold
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL


def test_a_first_touch_ends_with_the_first_success() -> None:
    """What a loading model answers before that is part of its cold start; a model that never answers has none."""
    rows = [
        Row(0.0, 0.0, 0.5, MODEL_ERROR, model=0),
        Row(0.0, 0.1, 0.6, model=1),
        Row(1.0, 1.0, 2.0, model=0),
        Row(3.0, 3.0, 3.1, model=0),
        Row(3.0, 3.0, 3.1, MODEL_ERROR, model=2),
    ]

    touches = first_touches_ms(recording(rows, opens=2.5, closes=10))

    assert touches[:2] == pytest.approx([2000, 500])
    assert inf == touches[2]


def test_users_that_ask_for_a_loading_model_together_are_one_touch() -> None:
    """The touch begins with the first request, whichever of them is answered first."""
    rows = [Row(0.2, 0.2, 1.0, model=0), Row(0.0, 0.0, 1.1, model=0)]

    assert first_touches_ms(recording(rows, opens=5, closes=9))[0] == pytest.approx(1000)


def test_outliers_beyond_ten_medians_are_suspects() -> None:
    """Exactly ten times the median is none."""
    assert suspected_cold(np.array([1.0] * 9 + [10.0, 10.1, 500.0]), 1.0) == 2
    assert suspected_cold(np.empty(0), nan) == 0


def test_suspects_are_counted_and_stay_in_the_figures() -> None:
    """Each model's samples are held against its own median; nothing is removed."""
    rows = [Row(t, t, t + 0.01, model=0) for t in range(1, 21)]
    rows += [Row(t, t, t + 0.5, model=1) for t in range(1, 21)]
    rows += [Row(30, 30, 30.2, model=0)]

    measurement = measure(recording(rows, opens=0.5, closes=40, shares=(0.5, 0.5)))

    assert measurement.routes["a.tar.gz"].cold.suspected == 1
    assert measurement.routes["b.tar.gz"].cold.suspected == 0
    assert (measurement.total.cold.suspected, measurement.total.requests) == (1, 41)
    assert measurement.routes["a.tar.gz"].max_ms == pytest.approx(200)


def test_cold_p95_is_judged_over_the_models_there_are() -> None:
    """Two models are enough: their slowest first touch is what the limit is held against."""
    rows = [Row(0.0, 0.0, 0.3, model=0), Row(0.0, 0.0, 1.2, model=1), *(Row(t, t, t + 0.01) for t in range(2, 9))]
    measurement = measure(recording(rows, opens=1.5, closes=10, shares=(0.5, 0.5)))

    check, strict = judge([(TOTAL, parse_limit("cold_p95", text, source="here")) for text in ("2s", "1s")], measurement)

    assert (check.outcome, check.observed, check.n) == ("pass", pytest.approx(1200), 2)
    assert strict.outcome == "fail"
