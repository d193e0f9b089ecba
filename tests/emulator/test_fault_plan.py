"""Faults by rate and by time, without a clock."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.emulator.durations import Constant
from pytest_smload.emulator.faults import FREEZE, SLOW, Fault, FaultPlan


def struck(plan: FaultPlan, t_s: float, model: str = "m") -> str | None:
    """Return the kind of fault that meets one invocation."""
    fault = plan.strike(t_s, model)
    return None if fault is None else fault.kind


@settings(max_examples=50, deadline=None)
@given(percent=st.integers(1, 100), n=st.integers(1, 400))
def test_a_rate_is_an_exact_count(percent: int, n: int) -> None:
    """Of the first n invocations exactly floor(n * rate) fail."""
    plan = FaultPlan([Fault("InternalFailure", Fraction(percent, 100))])

    assert n * percent // 100 == sum(struck(plan, 0.0) is not None for _ in range(n))


def test_two_rates_keep_their_counts() -> None:
    """Faults due at the same invocation strike one after the other."""
    plan = FaultPlan([Fault("ThrottlingException", Fraction(1, 10)), Fault("ModelError", Fraction(1, 5))])

    counts = Counter(struck(plan, 0.0) for _ in range(101))

    assert counts == {"ThrottlingException": 10, "ModelError": 20, None: 71}


def test_a_span_strikes_everything_in_it_and_nothing_outside() -> None:
    """A fault at 10 s for 2 s is over at 12 s, even where another fault took one of its turns."""
    plan = FaultPlan([Fault("ModelError", Fraction(1, 2)), Fault("503", at_s=10.0, until_s=12.0)])

    assert [struck(plan, 9.99), struck(plan, 9.99)] == [None, "ModelError"]
    assert [struck(plan, t_s) for t_s in (10.0, 11.0, 11.5, 11.99)] == ["503", "ModelError", "503", "ModelError"]
    assert [struck(plan, 12.0), struck(plan, 12.0)] == [None, "ModelError"]


def test_a_fault_of_one_model_counts_that_model_only() -> None:
    """Invocations of other models neither fail nor count."""
    plan = FaultPlan([Fault("ModelError", Fraction(1, 2), model="a")])

    assert [struck(plan, 0.0, model) for model in ("b", "a", "b", "a")] == [None, None, None, "ModelError"]


def test_slow_adds_to_its_share() -> None:
    """Every second invocation takes 0.2 s longer."""
    plan = FaultPlan([Fault(SLOW, Fraction(1, 2), extra=Constant(0.2))])
    random = Random(0)

    assert [plan.extra_s(0.0, "m", random) for _ in range(4)] == [0.0, 0.2, 0.0, 0.2]
    assert plan.strike(0.0, "m") is None


@pytest.mark.parametrize(
    ("start_s", "service_s", "expected_s"),
    [
        (0.0, 1.0, 1.0),  # done before
        (9.5, 1.0, 12.5),  # half done when it stands still
        (10.5, 1.0, 13.0),  # begun inside: all of it comes after
        (11.0, 0.0, 12.0),  # an error inside is held too
        (12.0, 1.0, 13.0),  # after
        (9.0, 15.0, 31.0),  # through both spans
    ],
)
def test_processing_stands_still_in_a_freeze(start_s: float, service_s: float, expected_s: float) -> None:
    """A freeze from 10 s to 12 s, and one from 20 s to 25 s, are added to what they interrupt."""
    plan = FaultPlan([Fault(FREEZE, at_s=20.0, until_s=25.0), Fault(FREEZE, at_s=10.0, until_s=12.0)])

    assert expected_s == pytest.approx(plan.finish_s(start_s, service_s, "m"))


def test_a_freeze_of_one_model_leaves_others_alone() -> None:
    """Only the named model stands still."""
    plan = FaultPlan([Fault(FREEZE, at_s=0.0, until_s=5.0, model="a")])

    assert (plan.finish_s(1.0, 1.0, "a"), plan.finish_s(1.0, 1.0, "b")) == (6.0, 2.0)
