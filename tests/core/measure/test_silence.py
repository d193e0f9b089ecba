"""A closed load in which every user waits in vain is noticed; slow, queueing and batching endpoints are not accused."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import pytest
from recordings import MODEL_ERROR, TIMEOUT, Row, recording

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.silence import longest_silence
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.samples.recording import Recording

OPENS, WINDOW_S = 100.0, 6.0


def closed(users: int, answered_s: Callable[[float], float], until_s: float = OPENS + WINDOW_S) -> list[Row]:
    """Rows of users who send when answered; *answered_s* tells from when one is sent when its answer comes."""
    ready = [OPENS - 0.5] * users
    rows = []
    while ready[0] < until_s:
        start = heapq.heappop(ready)
        end = answered_s(start)
        rows.append(Row(start, start, end))
        heapq.heappush(ready, end)
    return sorted(rows, key=lambda row: row.end)


def recorded(rows: list[Row]) -> Recording:
    return recording(rows, OPENS, OPENS + WINDOW_S, open_model=False, multi_model=False)


def test_an_endpoint_frozen_for_most_of_the_window_fails() -> None:
    """Frozen for 5 of 6 s a closed load has a fine p95 and few errors; that all waited in vain is said, and when."""

    def answered(start: float) -> float:
        end = start + 0.005
        return end if end < OPENS + 1 or start >= OPENS + 6 else OPENS + 6.0

    measured = measure(recorded(closed(4, answered)))
    checks = judge(
        [(TOTAL, parse_limit(*limit, source="")) for limit in (("p95", "50ms"), ("stalled", "1s"))], measured
    )

    assert ["pass", "fail"] == [check.outcome for check in checks]
    assert checks[1].observed == pytest.approx(5000, abs=20)
    assert "nothing was answered from 1 s to 6 s of the window" in checks[1].note


def test_a_silence_is_the_endpoints_only_while_the_client_looked() -> None:
    """A client that stood still meanwhile leaves it undecided."""
    found = recorded(closed(2, lambda start: start + 0.005))
    samples = found.samples
    for index, end in enumerate(samples.end):
        if 102 < end < 105:
            samples.end[index] = 105.0
    keep = [i for i, (s, e) in enumerate(zip(samples.start, samples.end, strict=True)) if not 102.1 < s < 105]
    rows = [Row(samples.start[i], samples.start[i], samples.end[i]) for i in keep]
    found = recorded(sorted(rows, key=lambda row: row.end))
    for index, end in enumerate(found.samples.end):
        if end == 105.0:
            found.samples.late_index.append(index)
            found.samples.late_from.append(102.01)
            found.samples.late_to.append(105.0)
    (check,) = judge([(TOTAL, parse_limit("stalled", "1s", source=""))], measure(found), slowness=ClientSlowness(found))

    assert "invalid" == check.outcome


@pytest.mark.parametrize(("seed", "accused"), [(seed, int(seed == 3)) for seed in range(30)])
def test_queues_slow_models_and_batches_are_no_silence(seed: int, accused: int) -> None:
    """What other answers explain is the way of working; one of 120 such loads has an answer that none explains."""
    draw = np.random.default_rng(seed)
    free = [0.0]
    found = 0

    def queued(start: float) -> float:
        free[0] = max(start, free[0]) + 0.05 * float(draw.lognormal(0, 1.2))
        return free[0]

    def batched(start: float) -> float:
        return (np.floor(start / 0.8) + 2) * 0.8

    def slow(start: float) -> float:
        return start + (2.0 if draw.random() < 0.3 else 0.05)

    for users, endpoint in ((1, queued), (10, queued), (8, batched), (2, slow)):
        free[0] = 0.0
        silence = longest_silence(recorded(closed(users, endpoint)))
        found += silence is not None and silence.length_ms >= 1000

    assert accused == found


def test_a_blip_that_a_single_user_waits_for_is_none() -> None:
    """One answer of 0.5 s among fast ones is `max`'s matter, and no tenth of the window."""
    assert longest_silence(recorded(closed(1, frozen((2.0, 2.5))))) is None
    assert longest_silence(recorded(closed(3, frozen((2.0, 2.5))))) is not None


def test_one_user_left_waiting_is_not_all() -> None:
    """While others are answered the endpoint is not silent."""
    rows = [*closed(3, lambda start: start + 0.01), Row(100.5, 100.5, 105.5, TIMEOUT)]

    assert longest_silence(recorded(sorted(rows, key=lambda row: row.end))) is None


def test_failures_are_answers() -> None:
    """An endpoint that errs all the time is not silent."""
    rows = [row._replace(kind=MODEL_ERROR) for row in closed(2, lambda start: start + 0.01)]

    assert longest_silence(recorded(rows)) is None


def test_a_schedule_has_no_silence() -> None:
    """It sends on whatever is answered, so that latency shows it."""
    rows = closed(2, lambda start: start + (4.0 if 101 < start < 102 else 0.01))

    assert longest_silence(recording(rows, OPENS, OPENS + WINDOW_S, multi_model=False)) is None


def frozen(*spans: tuple[float, float]) -> Callable[[float], float]:
    """An endpoint that takes 5 ms, and answers nothing inside *spans*, from the window's start."""

    def answered(start: float) -> float:
        end = start + 0.005
        return next((OPENS + until for since, until in spans if OPENS + since <= end < OPENS + until), end)

    return answered


def test_two_freezes_do_not_excuse_one_another() -> None:
    """The few requests that met the one are no way of answering that explains the other."""
    silence = longest_silence(recorded(closed(4, frozen((1.0, 3.0), (3.5, 5.6)))))

    assert silence is not None
    assert pytest.approx(2100, abs=20) == silence.length_ms
    assert silence.longest_other_ms < 10


def test_a_freeze_is_not_excused_by_what_was_slow_before_the_window() -> None:
    """A cold start of the warm-up says nothing of answers in the window."""
    cold = Row(OPENS - 2, OPENS - 2, OPENS - 0.6)
    silence = longest_silence(recorded([cold, *closed(4, frozen((1.0, 5.0)))]))

    assert silence is not None
    assert pytest.approx(4000, abs=20) == silence.length_ms


def test_a_models_first_touch_is_a_cold_start() -> None:
    """Waited for by everybody it is `cold_p95`'s matter; a freeze after it still is a silence."""
    rows = closed(1, frozen((4.0, 5.0)), until_s=OPENS + 1)
    rows += [Row(rows[-1].end, rows[-1].end, rows[-1].end + 2.5, model=1)]
    later = closed(1, frozen((4.0, 5.5)))
    rows += [row for row in later if row.start > rows[-1].end]
    found = recording(rows, OPENS, OPENS + WINDOW_S, open_model=False)
    silence = longest_silence(found)

    assert 2400 < max(end - start for start, end in zip(found.samples.start, found.samples.end, strict=True)) * 1000
    assert silence is None or silence.begin_s > 3.9
