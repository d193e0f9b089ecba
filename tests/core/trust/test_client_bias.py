"""How much of the 95th percentile reported is the client's own."""

from __future__ import annotations

from bisect import bisect_right
from random import Random

import pytest
from recordings import Row, recording

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.samples.late_reads import note_late_reads
from pytest_smload.core.samples.stalls import Stalls
from pytest_smload.core.samples.wakes import Ticks
from pytest_smload.core.statistics.percentiles import percentile
from pytest_smload.core.trust import client_bias as client_bias_module
from pytest_smload.core.trust.client_bias import client_bias, wake_bias_ms


def test_no_lag_moves_nothing() -> None:
    """Nor is there anything to move without a success or a reading."""
    assert wake_bias_ms([10.0] * 100, [0.0] * 50) == 0
    assert wake_bias_ms([], [5.0]) == 0
    assert wake_bias_ms([10.0], []) == 0


def test_a_constant_latency_moves_by_the_lag_s_own_p95() -> None:
    """Where nothing else varies, the slowest are those that met the lag."""
    lags = [6.0] * 10 + [0.0] * 90

    assert wake_bias_ms([50.0] * 10_000, lags) == 6.0


def test_a_latency_that_varies_more_moves_by_the_lag_s_mean() -> None:
    """A short lag is lost in a long spread: its mean is what remains."""
    draw = Random(1).uniform
    latencies = sorted(draw(0, 1_000) for _ in range(100_000))
    lags = [draw(0, 10) for _ in range(1_000)]

    assert wake_bias_ms(latencies, lags) == pytest.approx(5, rel=0.2)


def test_a_million_samples_are_judged_by_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The part is spread over all of them."""
    latencies = [float(value) for value in range(200_001)]

    assert wake_bias_ms(latencies, [7.0]) == pytest.approx(7, abs=0.1)

    monkeypatch.setattr(client_bias_module, "_MOST_PAIRS", 500)
    rows = [Row(number / 1000, number / 1000, number / 1000 + number / 10_000) for number in range(10_000)]
    part = client_bias_module._service_ms(recording(rows, 0.0, 10.0))
    assert 450 < len(part) <= 500
    assert percentile(part, 500) == pytest.approx(500, rel=0.01)


@pytest.mark.parametrize("held_ms", [4, 8, 12, 20])
@pytest.mark.parametrize("open_model", [True, False], ids=["open", "closed"])
def test_the_estimate_is_what_the_client_really_adds(held_ms: int, open_model: bool) -> None:
    """A client whose loop is held again and again, simulated: p95 less its part is the endpoint's own p95."""
    draw = Random(held_ms)
    stalls, polls = Stalls(), [0.0]
    while polls[-1] < 30:
        # The loop is held for a time that varies, then idle for 4 ms.
        began = polls[-1] + 0.004
        ended = began + held_ms / 1000 * draw.uniform(0.5, 1.5)
        stalls.began.append(began)
        stalls.found.append(1)
        for column in (stalls.ended, stalls.polled, stalls.until):
            column.append(ended)
        polls.append(ended)

    def looked(moment: float) -> float:
        """When the loop next looks."""
        place = bisect_right(stalls.began, moment) - 1
        return max(moment, stalls.ended[place]) if place >= 0 else moment

    rows, true_ms = [], []
    for _ in range(4_000):
        due = draw.uniform(0, 29)
        start = looked(due) if open_model else due
        service_s = draw.lognormvariate(-3, 0.3)
        rows.append(Row(due, start, looked(start + service_s)))
        true_ms.append(service_s * 1000)
    found = recording(
        sorted(rows, key=lambda row: row.end), 0.0, 30.0, lag_s=(), multi_model=False, open_model=open_model
    )
    note_late_reads(found.samples, stalls, Ticks(), Sendings())
    measurement = measure(found)
    bias = client_bias(found, measurement)

    true_p95_ms = percentile(sorted(true_ms), 950)
    assert measurement.total.p95_ms - bias.sending_ms - bias.reading_ms == pytest.approx(true_p95_ms, rel=0.03)
    assert bias.reading_ms <= bias.reading_most_ms
