"""Shapes by name: the stages they stand for, how they are written, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from math import floor
from random import Random
from typing import Any

import pytest

import pytest_smload
from pytest_smload import ConfigurationError, LoadProfile, Stage, ramp, soak, spike, steps
from pytest_smload.core.limits.reach import offers
from pytest_smload.core.load.arrivals import staged_arrivals
from pytest_smload.core.load.concurrency import Concurrency
from pytest_smload.core.load.planned import planned_requests
from pytest_smload.core.load.profile import check_load_fields
from pytest_smload.core.load.shapes import EXAMPLES, written_shape
from pytest_smload.core.load.stage_list import laid_out, names_of_stages
from pytest_smload.core.load.stages import stage_spans, user_steps
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.safety.limits import highest_tps


@pytest.mark.parametrize(
    ("text", "called", "stages"),
    [
        (
            "ramp(10..200 tps over 2m)",
            lambda: ramp(tps=(10, 200), over="2m"),
            [Stage("2m", tps=10, to=200, name="ramp")],
        ),
        (
            " ramp ( 9..1.5 tps over 1s ) ",
            lambda: ramp(tps=(9, 1.5), over="1s"),
            [Stage("1s", tps=9, to=1.5, name="ramp")],
        ),
        (
            "spike(5..50 users over 30s rest 1m)",
            lambda: spike(users=(5, 50), over="30s", rest="1m"),
            [
                Stage("1m", users=5, name="before"),
                Stage("30s", users=50, name="spike"),
                Stage("1m", users=5, name="after"),
            ],
        ),
        (
            "spike(5..50 tps over 30s)",
            lambda: spike(tps=(5, 50), over="30s"),
            [
                Stage("30s", tps=5, name="before"),
                Stage("30s", tps=50, name="spike"),
                Stage("30s", tps=5, name="after"),
            ],
        ),
        (
            "steps(0.1..0.3 tps by 0.1 each 30s)",
            lambda: steps(tps=(0.1, 0.3), by=0.1, each="30s"),
            [Stage("30s", tps=level, name=f"step-{number}") for number, level in enumerate((0.1, 0.2, 0.3), start=1)],
        ),
        (
            "steps(30..10 users each 30s by 20)",
            lambda: steps(users=(30, 10), by=20, each="30s"),
            [Stage("30s", users=30, name="step-1"), Stage("30s", users=10, name="step-2")],
        ),
        (
            "steps(1..2 users by 1.0 each 1s)",
            lambda: steps(users=(1, 2), by=1.0, each="1s"),
            [Stage("1s", users=1, name="step-1"), Stage("1s", users=2, name="step-2")],
        ),
        ("soak(200 tps over 1h)", lambda: soak(tps=200, over="1h"), [Stage("1h", tps=200, name="soak")]),
    ],
)
def test_a_shape_is_its_stages(text: str, called: Any, stages: list[Stage]) -> None:
    """Written as text or called, it is the same stages, with names for limits."""
    assert stages == list(written_shape(text)) == list(called())
    assert LoadProfile(stages=text).stages == LoadProfile(stages=called()).stages == tuple(stages)


def test_every_shape_is_exported() -> None:
    """What a mark may call is what a file may name."""
    assert {"ramp", "spike", "steps", "soak"} == set(EXAMPLES) <= set(pytest_smload.__all__)
    assert all(written_shape(example) for example in EXAMPLES.values())


def test_shapes_and_stages_follow_one_another_with_names_of_their_own() -> None:
    """A list takes all kinds; a shape's name that is taken gets a number, a user's own name stays."""
    stages = [
        "ramp(1..5 tps over 1s)",
        Stage("1s", tps=5, name="ramp-2"),
        ramp(tps=(5, 1), over="1s"),
        soak(tps=1, over="1s"),
    ]
    names = ["ramp", "ramp-2", "ramp-3", "soak"]

    assert names == names_of_stages(stages) == [stage.name for stage in LoadProfile(stages=stages).stages or ()]
    assert ["1", "soak"] == names_of_stages([{"duration": "1s", "tps": 1}, "soak(1 tps over 1s)"])
    assert [] == names_of_stages("rampp(1..2 tps over 1s)")


@pytest.mark.parametrize(
    ("stages", "problem"),
    [
        (
            "rampp(1..2 tps over 1s)",
            "there is no shape 'rampp'; did you mean 'ramp'? (known: ramp, spike, steps, soak)",
        ),
        ("ramp 1..2 tps over 1s", "is no shape; write one like 'ramp(10..200 tps over 2m)', each an entry of a list"),
        ("ramp(1..2 tps over 1s), soak(2 tps over 1s)", "is no shape; write one like 'ramp(10..200 tps over 2m)'"),
        ("ramp(1-2 tps over 1s)", "'1-2' is not an amount; it is written 'ramp(10..200 tps over 2m)'"),
        ("ramp(1..2 over 1s)", "1..2 must be followed by tps or users, not 'over'"),
        ("ramp(1..2 user over 1s)", "not 'user'; did you mean 'users'?"),
        ("ramp(1..2 tps ovr 1s)", "unknown word 'ovr'; did you mean 'over'?"),
        ("ramp(1..2 tps)", "needs over, each once with its value"),
        ("ramp(1..2 tps over)", "needs over, each once with its value"),
        ("ramp(1..2 tps over 1s over 2s)", "needs over, each once with its value"),
        ("ramp(1..2 tps over 90)", "'90' is not a duration"),
        ("ramp()", "'' is not an amount"),
        ("ramp(5 tps over 1s)", "ramp takes two amounts, with .. between"),
        ("soak(5..9 tps over 1s)", "soak takes one amount"),
        ("ramp(5..5 tps over 1s)", "goes from 5 to 5 tps, which is none; soak holds one tps"),
        ("ramp(0..5 tps over 1s)", "stage 1: tps: 0 is not a number above 0"),
        ("ramp(5..0 tps over 1s)", "stage 1: to: 0 is not a number above 0"),
        ("ramp(1..2.5 users over 1s)", "stage 1: to: 2.5 is not a whole number"),
        ("ramp(1..2 tps over 0s)", "stage 1: duration: must be longer than 0s"),
        ("spike(5..5 tps over 1s)", "spike: goes from 5 to 5 tps, which is none; soak holds one tps"),
        ("steps(5..5 users by 1 each 1s)", "steps: goes from 5 to 5 users, which is none; soak holds one users"),
        ("steps(1..2 users by 0.5 each 1s)", "steps: by: 0.5 is not a whole number of users"),
        ("steps(10..55 tps by 10 each 1s)", "steps of 10 from 10 do not reach 55"),
        ("steps(10..50 tps by x each 1s)", "'x' is not a number"),
        ("steps(10..50 tps by 0 each 1s)", "by: 0 is not a number above 0"),
        ("steps(1..5000 tps by 1 each 1s)", "4,999 steps are more than 1,000"),
        ([{"ramp": {"tps": [1, 2]}}], "ramp is a shape, written as text: 'ramp(10..200 tps over 2m)'"),
        ([Stage("1s", tps=1, to="x")], "stage 1: to: 'x' is not a number above 0"),  # type: ignore[arg-type]
        (["ramp(1..2 tps over 1s)", "soak(1 users over 1s)"], "all stages are either users"),
    ],
)
def test_what_is_written_wrong_is_said_in_one_line(stages: Any, problem: str) -> None:
    """The field, what was written, and how it is written, the nearest word where one is near."""
    (first, *_) = check_load_fields({"stages": stages})
    assert first.startswith("stages: ")
    assert problem in first
    assert "\n" not in first


@pytest.mark.parametrize(
    "called",
    [
        lambda: ramp(over="1s"),
        lambda: ramp(over="1s", tps=(1, 2), users=(1, 2)),
        lambda: ramp(over="1s", tps=5),  # type: ignore[arg-type]
        lambda: spike(over="1s", tps=(1, "2")),  # type: ignore[arg-type]
        lambda: steps(by=True, each="1s", tps=(1, 2)),
        lambda: steps(by=float("nan"), each="1s", tps=(1, 2)),
        lambda: steps(by=float("inf"), each="1s", tps=(1, 2)),
        lambda: steps(by=1, each="1s", tps=(1, float("inf"))),
        lambda: soak(over="1s", tps=(1, 2)),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_call_is_refused(called: Any) -> None:
    """Nothing is guessed from half of the arguments."""
    with pytest.raises(ConfigurationError, match=r"^(ramp|spike|steps|soak): "):
        called()


@pytest.mark.parametrize(("first", "last"), [(2, 10), (10, 2)])
@pytest.mark.parametrize("kind", ["uniform", "poisson"])
def test_arrivals_of_a_slope(first: float, last: float, kind: str) -> None:
    """Exactly its mean rate times its length, sorted inside its span, in proportion to the integral of the rate."""
    stages = [Stage("5s", tps=3), Stage("1000s", tps=first, to=last)]
    offsets = staged_arrivals(stages, kind, 7)
    slope = offsets[15:] - 5.0

    assert 15 + 6_000 == len(offsets)
    assert sorted(offsets) == list(offsets)
    assert 0 <= slope[0]
    assert slope[-1] < 1000
    halfway = sum(slope < 500)
    expected = 500 * (first + (last - first) / 4)
    assert abs(halfway - expected) < (1.5 if kind == "uniform" else 5 * (6_000 * 0.25) ** 0.5)


@pytest.mark.parametrize("kind", ["uniform", "poisson"])
def test_arrivals_of_any_stages_are_the_integral_of_the_rate(kind: str) -> None:
    """200 courses: in each stage its integral to the nearest request, one at the least, and all of it planned."""
    random = Random(kind)
    for _ in range(200):
        stages = [
            Stage(
                f"{random.choice((50, 300, 1000, 2500, 7000))}ms",
                tps=(first := random.choice((random.uniform(0.1, 3), random.randint(1, 200), random.uniform(1, 300)))),
                to=random.choice((None, first, random.uniform(0.1, 300))),
            )
            for _ in range(random.randint(1, 5))
        ]
        offsets = staged_arrivals(stages, kind, random.randint(0, 9))
        edges = [0.0, *(span.end_s for span in stage_spans(stages))]
        found = [sum(begin <= offset < end for offset in offsets) for begin, end in pairwise(edges)]
        expected = [max(1, stage.duration_s * (stage.mean_tps or 0)) for stage in stages]

        assert sorted(offsets) == list(offsets)
        assert all(abs(count - exact) <= 0.5 for count, exact in zip(found, expected, strict=True)), stages
        assert sum(found) == len(offsets) == planned_requests(LoadProfile(stages=stages, warmup="0s"))


def test_a_uniform_slope_reaches_each_number_when_its_integral_does() -> None:
    """The k-th arrival comes when a t + (b - a) t^2 / 2T is k."""
    offsets = staged_arrivals([Stage("4s", tps=1, to=9)], "uniform", 0)

    assert [pytest.approx(k, abs=1e-9) for k in range(20)] == [t + 8 * t * t / 8 for t in offsets]


def test_a_slope_of_nothing_is_the_stage_it_is() -> None:
    """One that ends with what it begins with is, arrival for arrival, the stage without it."""
    flat, slope = Stage("3s", tps=50), Stage("3s", tps=50, to=50)

    assert list(staged_arrivals([flat], "poisson", 3)) == list(staged_arrivals([slope], "poisson", 3))
    assert not stage_spans([slope])[0].slopes


@pytest.mark.parametrize(
    ("first", "last", "duration"), [(1, 50, "60s"), (50, 1, "60s"), (1, 500, "2s"), (3, 3, "5s"), (1, 2, "50ms")]
)
def test_users_of_a_slope(first: int, last: int, duration: str) -> None:
    """Equal steps from the first to the last number, ten times a second at most; their mean is the slope's."""
    (span,) = spans = stage_spans([Stage(duration, users=first, to=last)])
    found = user_steps(spans)
    begins, users = zip(*found, strict=True)

    assert begins[0] == 0.0
    assert len(found) <= 10 * span.end_s + 1
    if len(found) > 1:
        assert (first, last) == (users[0], users[-1])
        assert sum(users) / len(users) == pytest.approx((first + last) / 2, abs=0.5)
    lengths = {round(after - before, 9) for before, after in pairwise((*begins, span.end_s))}
    assert len(lengths) == 1


def test_users_of_a_slope_split_over_generators() -> None:
    """Each step of each part sums to the whole's."""
    whole = Concurrency.of(LoadProfile(stages=["ramp(1..20 users over 30s)", "soak(7 users over 1s)"]))
    parts = [whole.part(index, 3).users for index in range(3)]

    assert whole.users == tuple(sum(step) for step in zip(*parts, strict=True))
    assert (1, 20, 7) == (whole.users[0], max(whole.users), whole.users[-1])


def test_what_a_slope_amounts_to_is_known_beforehand() -> None:
    """Requests, mean and highest rate, and the cap on requests under way are the slope's own."""
    up = LoadProfile(stages="ramp(100..900 tps over 10s)", warmup="0s")

    assert (5_000, 900, 1_800) == (planned_requests(up), highest_tps(up), up.most_in_flight)
    assert (500, 5_000) == (offers(up, {})[TOTAL].tps, offers(up, {})[ScopeName("stage", "ramp")].most)
    assert 40 == LoadProfile(stages="ramp(4..40 users over 10s)").most_in_flight
    (span,) = stage_spans(up.stages)
    assert (100, 500, 900) == tuple(map(span.tps_at, (0.0, 5.0, 10.0)))
    assert floor(span.mean_tps(5.0) or 0) == 300


def test_nested_text_is_no_shape() -> None:
    """Only what a shape's function returned stands for stages inside a list."""
    assert [("30s", 5)] == laid_out([("30s", 5)])
