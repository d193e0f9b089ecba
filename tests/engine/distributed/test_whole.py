"""What the workers of a load hand over becomes one recording, and what of it cannot be trusted is said."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from recordings import MODEL_ERROR, Row, recording

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.load.abort_rule import AbortRule
from pytest_smload.core.load.part import Part
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.samples.generators import Clock
from pytest_smload.core.samples.packed import packed
from pytest_smload.core.samples.progress import Progress
from pytest_smload.core.samples.recording import Abort, Recording
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.abort import AbortJudge, AbortWatch, Counts
from pytest_smload.engine.distributed.followed import FollowedPart
from pytest_smload.engine.distributed.reception import Worker
from pytest_smload.engine.distributed.token import Opened, Seal
from pytest_smload.engine.distributed.whole import joined
from pytest_smload.engine.distributed.wire import pieces
from pytest_smload.errors import EndpointError

OPENS, CLOSES, WORKERS = 100.0, 110.0, 4
PLAN = LoadPlan.from_profile(LoadProfile(tps=100, duration="10s", payload=b"1"), Path())


def worker(number: int) -> Worker:
    return Worker("peer", f"far{number}", number, "2 CPUs", Seal("token", b"", by_master=True))


def steady(number: int, count: int = 500, late_s: float = 0.0, **facts: Any) -> Recording:
    """A worker's part of a healthy load, of which a tenth left *late_s* late."""
    each_s = (CLOSES - OPENS) / count
    rows = [
        Row(due := OPENS + index * each_s, start := due + late_s * (index % 10 == 0), start + 0.004)
        for index in range(count)
    ]
    traffic = {"bytes_in": [count], "bytes_out": [count], "target_variants": [None]}
    facts = {"open_model": True, "complete": True, **traffic, **facts}
    return recording(rows, OPENS, CLOSES, multi_model=False, **facts)


def standing_still(since_s: float, until_s: float) -> Recording:
    """One user's part of a closed load whose client did not run between two moments of the window."""
    rows, now = [], OPENS
    while now < CLOSES:
        start = OPENS + until_s if since_s <= now - OPENS < until_s else now
        rows.append(Row(now, start, start + 0.02))
        now = start + 0.02
    return recording(rows, OPENS, CLOSES, multi_model=False, open_model=False)


def handed_over(*recordings: Recording, **clocks: Clock) -> list[FollowedPart]:
    return [
        FollowedPart(
            worker(number),
            Part(number, len(recordings)),
            recording=each,
            clock=clocks.get(f"of_{number}", Clock(0.0, 0.001, 0.0)),
        )
        for number, each in enumerate(recordings)
    ]


def whole(*recordings: Recording, **clocks: Clock) -> Recording:
    return joined(handed_over(*recordings, **clocks), interrupted=False)


def test_one_worker_that_stands_still_leaves_a_closed_load_undecided() -> None:
    """A quarter of the users asked nothing for a third of the window: what the others got proves no limit kept."""
    calm, still = standing_still(0.0, 0.0), standing_still(3.0, 6.3)
    for recordings, outcome in (([calm] * 4, "pass"), ([calm, still, calm, calm], "invalid")):
        found = whole(*recordings)
        limit = parse_limit("p95", "30ms", source="test")
        (check,) = judge([(TOTAL, limit)], measure(found), slowness=ClientSlowness(found))
        assert check.outcome == outcome, check


def test_moments_of_many_workers_do_not_add_up() -> None:
    """Each of twenty stood still for 1 % of the window, another one each time: no load stood still for a fifth."""
    found = whole(*(standing_still(0.4 * number, 0.4 * number + 0.1) for number in range(20)))

    assert ClientSlowness(found).stalled_share == pytest.approx(0.01, abs=0.003)
    assert ClientSlowness(found).doubt_of_a_pass == ""


def test_the_worst_worker_s_delay_is_the_client_s() -> None:
    """One of forty sends a tenth of its requests 80 ms late: among all samples that is a quarter of a per cent."""
    found = whole(*(steady(number, late_s=0.08 if number == 7 else 0.0) for number in range(40)))
    health = examine(found, measure(found), budgeted_scopes=(TOTAL,), simulated=False)

    assert health.delay_p95_ms == pytest.approx(80, abs=0.1)
    (warning,) = [each for each in health.warnings if "far7" in each.cause]
    assert warning.cause.startswith("worker far7 (process 7) sent 5% of its requests 80 ms late or more, its CPU at ")


def test_calm_workers_are_not_named() -> None:
    """However many."""
    found = whole(*(steady(number) for number in range(8)))

    assert examine(found, measure(found), budgeted_scopes=(TOTAL,), simulated=False).warnings == ()
    assert (found.lost, found.complete) == ([], True)


def test_a_clock_that_moved_is_said() -> None:
    """A machine that was suspended, say: it sent its part at other times than the others theirs."""
    found = whole(steady(0), steady(1), of_1=Clock(50.0, 0.01, -0.8))

    (why,) = found.lost
    assert why.startswith("far1 (process 1): its clock moved by 0.8 s against the master's")
    assert not found.complete


def test_a_clock_that_cannot_be_read_closer_is_no_moving_one() -> None:
    """Over a slow line the two measurements differ by what each may be wrong by."""
    assert whole(steady(0), steady(1), of_1=Clock(50.0, 0.4, -0.8)).lost == []


@pytest.mark.parametrize(("count", "said"), [(500, 0), (498, 0), (480, 1), (530, 1)])
def test_a_worker_whose_count_cannot_be_is_said(count: int, said: int) -> None:
    """A schedule that came to its end was dealt out in turn: more or fewer arrivals than the others is a lie."""
    found = whole(steady(0), steady(1), steady(2, count))

    assert len(found.lost) == said
    assert not said or f"far2 (process 2): it handed over {count} requests of the window, others 500" in found.lost


def test_what_one_gave_up_for_is_its_own_trouble() -> None:
    """Its credentials have expired, the others' have not: the load is no failure of the endpoint's."""
    reason = "given up: every request fails with ExpiredToken"
    gave_up = Abort(1.0, 10, 0.1, 1.0, kind="ExpiredTokenException", reason=reason)
    failing = recording(
        [Row(OPENS + 0.01 * n, OPENS + 0.01 * n, OPENS + 0.01 * n + 0.004, MODEL_ERROR) for n in range(10)],
        OPENS,
        OPENS + 0.1,
        multi_model=False,
        aborted=gave_up,
        bytes_in=[0],
        bytes_out=[0],
        target_variants=[None],
    )
    found = whole(steady(0, complete=False), failing)

    assert found.aborted is None
    assert found.lost == [f"far1 (process 1): {reason}"]
    assert whole(failing, failing).aborted == gave_up


def test_only_the_cause_is_named_where_nobody_could_begin() -> None:
    """Those that ended because another could not are no news."""
    parts = [FollowedPart(worker(number), Part(number, 2)) for number in range(2)]
    parts[0].lost, parts[0].is_own_trouble = "the load ended before it could begin", False
    parts[1].lost = "the credentials are of account 999988887777"

    with pytest.raises(EndpointError) as caught:
        joined(parts, interrupted=False)

    assert str(caught.value) == (
        "worker far1 (process 1): the credentials are of account 999988887777; nothing was measured"
    )
    with pytest.raises(KeyboardInterrupt):
        joined(parts, interrupted=True)


PROGRESS = asdict(Progress(1.0, 10.0, "window", None, 100.0, 99.0, 4.0, 0, 1))


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("meet", {}),
        ("meet", {"name": "begin", "value": "soon"}),
        ("meet", {"name": "begin", "value": float("nan")}),
        ("meet", {"name": "begin", "value": float("inf")}),
        ("report", {}),
        ("report", {"progress": {}, "sent": 1, "primed": True, "ended": None}),
        ("report", {"progress": PROGRESS, "sent": "many", "primed": True, "ended": None}),
        ("report", {"progress": PROGRESS, "sent": 1, "primed": True, "ended": [1, 2, 3, 4, 5, 6, 7]}),
        ("failed", {}),
        ("recording", {"piece": 0, "pieces": 1}),
        ("recording", {"piece": 1, "pieces": 2, "clock": [0.0, 0.0, 0.0]}),
        ("recording", {"piece": 0, "pieces": 1, "clock": [0.0, float("nan"), 0.0]}),
        ("recording", {"piece": 0, "pieces": 1, "clock": [0.0, 0.0, 0.0]}),
    ],
)
def test_what_no_worker_says_loses_it(kind: str, facts: dict[str, Any]) -> None:
    """One error, which names what is wrong, and nothing of it is believed."""
    part = FollowedPart(worker(0), Part())

    with pytest.raises(ValueError, match=r"\w"):
        part.take(Opened(kind, facts, b"{}\n"), PLAN)

    assert part.recording is None


@pytest.mark.parametrize(
    "change",
    [
        {"model_names": ("other",)},
        {"target_shares": [0.5, 0.5]},
        {"open_model": False},
        {"route_kind": "model"},
        {"stages": [StageSpan("1", 0.0, 1.0, None, 5.0)]},
        {"stretches": 2},
        {"clients": []},
        {"bytes_in": [1, 2]},
        {"target_variants": ["blue"]},
    ],
)
def test_a_recording_of_another_load_is_not_taken(change: dict[str, Any]) -> None:
    """That of the job alone is."""
    clock = {"clock": [0.0, 0.001, 0.0]}
    for found, is_taken in ((steady(0), True), (replace(steady(0), **change), False)):
        part = FollowedPart(worker(0), Part())
        messages = [Opened("recording", {**facts, **clock}, body) for facts, body in pieces(packed(found))]
        if not is_taken:
            with pytest.raises(ValueError, match="of another load"):
                part.take(messages[0], PLAN)
            continue
        part.take(messages[0], PLAN)
        assert part.recording is not None
        assert len(part.recording.samples) == len(found.samples)


RULE = AbortRule(error_rate=0.5, span_s=3.0)


def test_abort_on_is_judged_on_the_whole_load() -> None:
    """One worker of four whose requests all fail ends nothing at 50 %; a little of each together does."""
    one_failing = [Counts(20, 20), Counts(20), Counts(20), Counts(20)]
    few_each = [Counts(4, 3)] * 4
    for of_each, ends in ((one_failing, False), (few_each, True)):
        judge_of_all = AbortJudge(RULE)
        for second in range(5):
            counts = [Counts(*(value * second for value in each)) for each in of_each]
            judge_of_all.check(float(second), Counts.sum(counts))
        assert (judge_of_all.abort is not None) == ends


def test_a_part_counts_and_ends_nothing() -> None:
    """What it counts is what the whole is judged by."""
    samples = steady(0, 100, open_model=False).samples
    for index in range(len(samples)):
        samples.kind[index] = MODEL_ERROR
    part, alone = AbortWatch(RULE, samples, is_whole=False), AbortWatch(RULE, samples)
    for second in range(5):
        part.check(float(second))
        alone.check(float(second))

    assert part.abort is None
    assert part.counts == Counts(100, 100)


def test_what_ended_a_load_by_its_latency_comes_back_whole() -> None:
    """A p95 over its limit must not arrive as an error rate over none."""
    from pytest_smload.core.samples.packed import unpacked

    abort = Abort(0.1, 50, 3.0, 0.0, p95_ms=250.0)
    assert unpacked(packed(steady(0, aborted=abort))).aborted == abort
