"""Figures and intervals of seeded recordings, held to the last printed digit.

Figures are those of plain loops over the requests. Where a rule of intervals is meant to change, freeze them anew, and
see in the diff that nothing else did: `PYTHONPATH=.:tests/core python tests/core/measure/test_frozen_figures.py`.
"""

from __future__ import annotations

import json
import random
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from recordings import KINDS, Row, recording

from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.bound import ALPHA

FILE = Path(__file__).with_name("frozen_figures.json")
FROZEN = json.loads(FILE.read_text(encoding="utf-8"))
SEEDS = range(12)


def made(seed: int) -> Recording:
    """A recording of up to 2,000 requests, some failed, lost or never sent, with stages in every third."""
    draw = random.Random(seed)
    opens, window_s = 1000.0 + draw.random(), draw.choice([2.0, 10.0, 33.3])
    failing, typical_s = draw.choice([0.0, 0.01, 0.2]), draw.choice([0.005, 0.05, 0.4])
    rows = []
    for _ in range(draw.choice([30, 500, 2000])):
        due = opens - 2 + draw.random() * (window_s + 2)
        start = due + abs(draw.gauss(0, 0.0005))
        kind = draw.choice([1, 3, 4, 5, 6]) if draw.random() < failing else 0
        end = start + (3 if KINDS[kind] == "Timeout" else typical_s * draw.lognormvariate(0, 0.6))
        rows.append(Row(due, start, end, kind, min(2, int(draw.expovariate(0.5)))))
    rows.sort(key=lambda row: row.end)
    open_model = draw.random() < 0.6
    unsent = [(opens + draw.random() * (window_s + 0.5), draw.randrange(3)) for _ in range(5)] if open_model else []
    stages = (StageSpan("a", 0.0, window_s / 3, tps=10), StageSpan("b", window_s / 3, window_s, tps=20))
    return recording(
        rows,
        opens,
        opens + window_s,
        open_model=open_model,
        unsent=unsent,
        stages=stages if open_model and seed % 3 == 0 else (),
        offered_tps=len(rows) / (window_s + 2) if open_model else None,
    )


def figures(found: Recording) -> dict[str, Any]:
    """What is frozen of *found*: every scope's values and intervals, and the sums over its timeline."""
    measured = measure(found)
    scopes = {}
    for name, scope in measured.scopes.items():
        values = {metric: _digits(row.observe(scope)) for metric, row in METRICS.items()}
        for metric, row in METRICS.items():
            bound = row.bound(scope, ALPHA)
            if bound is not None:
                values[f"{metric} interval"] = [_digits(bound.lower), _digits(bound.upper), bound.n, bound.n_eff]
        scopes[str(name)] = values
    points = measured.timeline
    sums = [sum(point.errors for point in points), sum(point.in_flight for point in points), measured.cap_hits]
    return {"scopes": scopes, "timeline": [*sums, _digits(sum(point.tps for point in points))]}


def _digits(value: float) -> str:
    return f"{value:.9g}" if isfinite(value) else str(value)


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_are_those_frozen(seed: int) -> None:
    """No figure, interval or effective sample size of any scope has moved."""
    assert FROZEN[str(seed)] == figures(made(seed))


if __name__ == "__main__":
    made_anew = {str(seed): figures(made(seed)) for seed in SEEDS}
    FILE.write_text(json.dumps(made_anew, indent=0, sort_keys=True) + "\n", encoding="utf-8")
