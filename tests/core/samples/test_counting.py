"""What ended in a running load, look by look, and how it travels between processes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pytest_smload.core.samples.counting import Counting
from pytest_smload.core.samples.ended import Ended, whole
from pytest_smload.core.samples.recording import Samples


def add(samples: Samples, *rows: tuple[float, float, int, int]) -> None:
    for start_s, took_ms, kind, model in rows:
        samples.due.append(start_s)
        samples.start.append(start_s)
        samples.end.append(start_s + took_ms / 1000)
        samples.kind.append(kind)
        samples.model.append(model)


def look(counting: Counting, now: float, window: tuple[float, float] = (0.0, 1e9)):
    return counting.look(now, window, kinds=["ok", "Timeout"], messages={"Timeout": "late"}, names=["a", "b"])


def test_each_look_has_what_ended_since_the_last() -> None:
    """Nothing is counted twice, and the columns can grow afterwards."""
    samples = Samples()
    counting = Counting(samples, from_due=False, begin_s=0.0)
    add(samples, (0.1, 10, 0, 0), (0.2, 20, 1, 1))
    first = look(counting, 1.0)
    add(samples, (1.1, 30, 0, 1))
    second = look(counting, 2.0)

    assert [len(first.ended.rows), len(second.ended.rows)] == [2, 1]
    assert (first.errors, second.errors) == (1, 1)
    assert second.tps == 1.0
    assert second.recent_s == 2.0


def test_rate_and_percentile_are_of_about_ten_seconds() -> None:
    """What is older is forgotten, and the span says how much is left."""
    samples = Samples()
    counting = Counting(samples, from_due=False, begin_s=0.0)
    for second in range(30):
        took_ms = 500 if second < 15 else 10
        add(samples, *[(second + 0.5, took_ms, 0, 0)] * 100)
        looked = look(counting, second + 1.0)

    assert looked.recent_s == 10.0
    assert looked.tps == 100.0
    assert looked.p95_ms == pytest.approx(10, rel=1e-2)


def test_the_window_is_told_from_the_rest() -> None:
    """By when a request was begun."""
    samples = Samples()
    counting = Counting(samples, from_due=False, begin_s=0.0)
    add(samples, (0.9, 500, 0, 0), (1.0, 10, 0, 0), (2.0, 10, 0, 0))

    assert list(look(counting, 3.0, (1.0, 2.0)).ended.rows["window"]) == [False, True, False]


def told(took_ms: list[float], kinds: tuple[str, ...] = ("ok", "Timeout"), kind: int = 0) -> Ended:
    count = len(took_ms)
    return Ended.of(
        took_ms=np.array(took_ms),
        kind=np.full(count, kind, dtype="u1"),
        route=np.zeros(count, dtype="u2"),
        in_window=np.ones(count, dtype=bool),
        kinds=kinds,
        names=["a"],
    )


def test_it_travels_as_json_and_bytes() -> None:
    """Those alike in one row; what arrives is what was sent."""
    facts, body = told([10.0] * 1000 + [20.0]).packed()
    arrived = Ended.unpacked(json.loads(json.dumps(facts)), body, ["a"])

    assert sorted(arrived.rows["count"]) == [1, 1000]
    again = Ended.unpacked(*arrived.packed(), ["a"])
    assert again.rows.tolist() == arrived.rows.tolist()


@pytest.mark.parametrize(
    "changes",
    [{"rows": 9}, {"kinds": []}, {"recent": [[70000], [1]]}, {"recent": [[-1], [1]]}, {"recent": [[1, 2], [1]]}],
)
def test_what_is_no_count_is_refused(changes: dict[str, object]) -> None:
    """A peer's word is not trusted."""
    facts, body = told([10.0], kind=1).packed()
    with pytest.raises((ValueError, IndexError, OverflowError)):
        Ended.unpacked({**facts, **changes}, body, ["a"])
    with pytest.raises(ValueError, match="routes"):
        Ended.unpacked(facts, body, [])


def test_parts_add_up_whatever_number_their_kinds_have() -> None:
    """Two workers may meet errors in another order."""
    one = told([1.0], ("ok", "Timeout", "A", "B"), kind=2)
    two = told([1.0], ("ok", "Timeout", "B", "A"), kind=3)
    both = whole([one, two])

    assert both is not None
    assert [both.kinds[code] for code in both.rows["kind"]] == ["A", "A"]
    assert whole([]) is None
