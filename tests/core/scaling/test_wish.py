"""What marks and calls may ask of an endpoint's instances."""

from __future__ import annotations

import pytest

from pytest_smload.core.scaling.wish import Autoscaled, Pinned, read_autoscaled, read_pinned


def test_a_pin() -> None:
    """A count, or a table with the variant."""
    assert (Pinned(instances=2), []) == read_pinned(2)
    assert (Pinned(instances=3, variant="Blue"), []) == read_pinned({"instances": 3, "variant": "Blue"})
    assert {"pinned": {"instances": 2}} == Pinned(instances=2).fingerprint


def test_autoscaling() -> None:
    """What is left out has a default; it begins with the least."""
    found, problems = read_autoscaled({"min": 2, "max": 6, "scale_out_cooldown": "30s", "variant": None})
    assert [] == problems
    assert Autoscaled(minimum=2, maximum=6, invocations_per_instance=4000.0, start=2, scale_out_cooldown_s=30) == found
    assert found is not None
    assert "autoscaled 2..6 at 4,000 invocations per instance and minute" == found.describe()
    assert found.moves
    assert not Pinned(instances=2).moves


@pytest.mark.parametrize("value", [0, -1, 1001, 1.0, True, "2", None, [1], float("nan"), 10**30])
def test_what_is_no_count(value: object) -> None:
    """One sentence, with what to write."""
    wish, (problem,) = read_pinned(value)
    assert wish is None
    assert problem.endswith("is not a number of instances; write a whole number from 1 to 1,000")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"min": 0}, "min: 0 is not a number of instances"),
        ({"min": 2, "max": 2}, "min 2 is not below max 2: nothing could scale"),
        ({"invocations_per_instance": 0}, "invocations_per_instance: 0 is not a number of invocations"),
        ({"invocations_per_instance": float("inf")}, "invocations_per_instance: inf is not"),
        ({"instances": 7}, "instances 7 is outside min 1 and max 4"),
        ({"scale_in_cooldown": 300}, 'scale_in_cooldown: 300 needs a unit: write "300s"'),
        ({"scale_in_cooldown": "1.5s"}, "scale_in_cooldown: '1.5s' is not a cooldown: whole seconds, up to 1h"),
        ({"variant": ""}, "variant: '' is not the name of a production variant"),
        ({"minimum": 1}, "unknown key 'minimum'; did you mean 'min'?"),
        (4, "4 is not a table such as"),
    ],
)
def test_autoscaling_mistakes(fields: object, words: str) -> None:
    """Each says which key, and what is allowed."""
    wish, problems = read_autoscaled(fields)
    assert wish is None
    assert words in "\n".join(problems)
