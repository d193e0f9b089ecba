"""What `models` may say, and the shares it resolves to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.load.weights import MAX_MODELS, check_weights, expand_names, name_problem, resolve_weights
from pytest_smload.errors import ConfigurationError


def test_weights_become_shares_in_the_order_written() -> None:
    """A mapping's weights are divided by their sum; the order stays."""
    shares = resolve_weights({"b": 3, "a": 1})

    assert list(shares.items()) == [("b", 0.75), ("a", 0.25)]


def test_weight_of_an_expansion_is_each_names() -> None:
    """The weight of an expanded entry is given to each of its names."""
    assert resolve_weights({"x": 2, "m-{0..2}": 1}) == {"x": 0.4, "m-0": 0.2, "m-1": 0.2, "m-2": 0.2}


def test_weight_zero_is_no_traffic() -> None:
    """A model of weight 0 is left out."""
    assert resolve_weights({"a": 2, "b": 0}) == {"a": 1.0}


def test_list_is_equal_weights() -> None:
    """A list gives every name the same weight, expansions included."""
    assert resolve_weights(["a", "b", "m-{0..1}"]) == {"a": 0.25, "b": 0.25, "m-0": 0.25, "m-1": 0.25}


def test_zipf_in_a_list_spreads_over_all_its_names() -> None:
    """A last element zipf(s) gives the i-th name 1/i^s."""
    shares = resolve_weights(("a", "m-{0..1}", "zipf(1)"))

    assert {"a": pytest.approx(6 / 11), "m-0": pytest.approx(3 / 11), "m-1": pytest.approx(2 / 11)} == shares


def test_zipf_entry_weighs_one_per_name() -> None:
    """Beside others, a zipf entry of k names counts as k in all, the first name most."""
    shares = resolve_weights({"a": 2, "m-{0..1}": "zipf(1)"})

    assert {"a": pytest.approx(0.5), "m-0": pytest.approx(1 / 3), "m-1": pytest.approx(1 / 6)} == shares


def test_zipf_alone_spreads_over_the_weaker_models() -> None:
    """The text zipf(s) keeps the weaker source's models and skews them."""
    assert {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 3)} == resolve_weights("zipf(1)", ["a", "b"])


@pytest.mark.parametrize("weaker", [None, []])
def test_zipf_alone_needs_models(weaker: list[str] | None) -> None:
    """The text zipf(s) without models to spread over says where to list them."""
    with pytest.raises(ConfigurationError, match=r"^models: 'zipf\(1\.1\)' spreads over the endpoint's own models"):
        resolve_weights("zipf(1.1)", weaker)


def test_zipf_zero_is_equal() -> None:
    """zipf(0) is a uniform distribution."""
    assert resolve_weights(["a", "b", "zipf(0)"]) == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plain.tar.gz", ["plain.tar.gz"]),
        ("m-{8..10}.gz", ["m-8.gz", "m-9.gz", "m-10.gz"]),
        ("m-{08..10}", ["m-08", "m-09", "m-10"]),
        ("m-{000..002}", ["m-000", "m-001", "m-002"]),
        ("m-{0..2}", ["m-0", "m-1", "m-2"]),
        ("{1..2}/{0..1}", ["1/0", "1/1", "2/0", "2/1"]),
        ("m-{7..7}", ["m-7"]),
    ],
)
def test_expansion(text: str, names: list[str]) -> None:
    """{a..b} stands for the numbers from a to b, padded as written; several multiply, the last fastest."""
    assert names == expand_names(text)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, "no model is named"),
        ([], "no model is named"),
        (["zipf(1.1)"], "no model is named"),
        (7, "7 is not a traffic mix"),
        (None, "None is not a traffic mix"),
        ("xgboost-0.tar.gz", "'xgboost-0.tar.gz' is not a traffic mix; write weights"),
        ("zipf(fast)", """'zipf(fast)' is no distribution; write "zipf(s)" with s from 0"""),
        ("zipf(11)", "'zipf(11)' is no distribution"),
        ("zipf(-1)", "'zipf(-1)' is no distribution"),
        (["a", "zipf"], "'zipf' is no distribution"),
        (["zipf(1.1)", "a"], "'zipf(1.1)' is a distribution, no model; it goes last in a list"),
        ({"zipf(1.1)": 1}, "'zipf(1.1)' is a distribution, no model"),
        ({"a": "zipf(x)"}, "weight of 'a': 'zipf(x)' is no distribution"),
        ({"a": "3"}, "weight of 'a': '3' is no distribution"),
        ({"a": -1, "b": 2}, "weight of 'a' is -1; a weight is a finite number from 0 up"),
        ({"a": math.nan}, "weight of 'a' is nan"),
        ({"a": math.inf}, "weight of 'a' is inf"),
        ({"a": 10**400}, "weight of 'a' is inf"),
        ({"a": True}, "weight of 'a' is True, neither a number"),
        ({"a": None}, "weight of 'a' is None, neither a number"),
        ({"a": 0, "b": 0.0}, "weights sum to 0"),
        ({"a": 1e308, "b": 1e308}, "weights are too large to add up"),
        ({"m-{0-9}": 1}, "'m-{0-9}': {0-9} is not a range"),
        ({"m-{0..}": 1}, "{0..} is not a range"),
        ({"m-{9..0}": 1}, "'m-{9..0}': {9..0} counts down; write {0..9}"),
        ({"m-{0..9": 1}, "'m-{0..9' has an unpaired brace"),
        ({"m-{{0..9}}": 1}, "has an unpaired brace"),
        ({"m-{0..999999999}": 1}, "stands for more than 65,535 names"),
        ({"m-{0..40000}": 1, "n-{0..40000}": 1}, "80,002 models are named; a load can have 65,535"),
        ({"m-{0..9}": 1, "m-7": 1}, "model 'm-7' is named twice, by 'm-{0..9}' and 'm-7'"),
        ({"m-{0..9}": 1, "m-{7..9}": 1}, "model 'm-7' and 2 more is named twice"),
        (["a", "a"], "model 'a' is named twice"),
        (["m{1..11}{1..11}"], "model 'm111' is named twice"),
        ({1: 1}, "model name 1 is not text"),
        ([b"a"], "model name b'a' is not text"),
        ({"": 1}, "model name '' has 0 characters"),
        ({"x" * 1025: 1}, "has 1,025 characters; a TargetModel has 1 to 1,024"),
        ({" a": 1}, "model name ' a' starts or ends with a space"),
        ({"a ": 1}, "model name 'a ' starts or ends with a space"),
        ({"a\nb": 1}, r"model name 'a\nb' contains '\n'; a TargetModel is printable ASCII"),
        ({"modèle": 1}, "model name 'modèle' contains 'è'"),
    ],
)
def test_one_mistake_is_one_sentence(value: object, problem: str) -> None:
    """Each mistake gives one sentence that names it, and resolving raises the same."""
    problems = check_weights(value)

    assert len(problems) == 1
    assert problem in problems[0]
    with pytest.raises(ConfigurationError) as raised:
        resolve_weights(value, ["a"])
    assert [f"models: {problems[0]}"] == raised.value.problems


def test_all_mistakes_are_reported_together() -> None:
    """Several mistakes give several sentences."""
    assert len(check_weights({"a": -1, "b{": 1, "c": "zipf(?)", "d": 1})) == 3


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], ("a", "zipf(1.1)"), "zipf(1.1)", {"m-{0..65534}": 0.5}])
def test_good_values_have_no_problems(value: object) -> None:
    """What the forms allow passes the check."""
    assert check_weights(value) == []


def test_longest_and_spaced_names_are_allowed() -> None:
    """TargetModel may hold spaces and punctuation inside, up to 1,024 characters."""
    assert [name_problem("x" * 1024), name_problem("a b/c~!*'()+=%.tar.gz")] == [None, None]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50).filter(lambda weights: sum(weights) > 1e-6))
def test_shares_sum_to_one_and_keep_their_ratios(weights: list[float]) -> None:
    """Shares are the weights over their sum."""
    shares = resolve_weights({f"m{index}": weight for index, weight in enumerate(weights)})

    assert pytest.approx(1.0) == math.fsum(shares.values())
    for index, weight in enumerate(weights):
        assert pytest.approx(weight / math.fsum(weights)) == shares.get(f"m{index}", 0.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(0, 100))
def test_zipf_is_the_distribution_it_says(count: int, tenths: int) -> None:
    """Popularity falls by rank to the power s."""
    shares = list(resolve_weights([f"m{{1..{count}}}", f"zipf({tenths / 10})"]).values())

    assert [pytest.approx(shares[0] * rank ** (-tenths / 10)) for rank in range(1, count + 1)] == shares
    assert pytest.approx(1.0) == math.fsum(shares)


def test_as_many_models_as_a_schedule_can_tell_apart() -> None:
    """The largest load resolves."""
    assert len(resolve_weights([f"m{{1..{MAX_MODELS}}}"])) == MAX_MODELS
