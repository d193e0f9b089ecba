"""What counts as a change of an endpoint between two moments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_smload.core.hosting.changes import changes
from pytest_smload.core.hosting.hosting import EndpointState, Serverless, VariantState

ONE = VariantState("blue", instances=1, desired_instances=1, weight=1.0, desired_weight=1.0, images=("i@1",))
BEFORE = EndpointState("InService", "abalone-1", variants=(ONE,))


def after(**of_variant: Any) -> EndpointState:
    """The same with one variant that changed."""
    return replace(BEFORE, variants=(replace(ONE, **of_variant),))


def test_nothing_changed() -> None:
    """Two equal descriptions."""
    assert [] == changes(BEFORE, BEFORE)


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (replace(BEFORE, config_name="abalone-2"), "its configuration went from 'abalone-1' to 'abalone-2'"),
        (replace(BEFORE, status="Failed"), "its status went from InService to Failed"),
        (after(weight=0.5, desired_weight=0.5), "the weight of variant 'blue' went from 1 to 0.5"),
        (after(desired_weight=0.5), "the weight of variant 'blue' went from 1 to 0.5"),
        (after(images=("i@2",)), "variant 'blue' runs another image"),
        (replace(BEFORE, variants=()), "variant 'blue' is gone"),
        (replace(BEFORE, variants=(ONE, replace(ONE, name="green"))), "variant 'green' is new"),
    ],
)
@pytest.mark.parametrize("may_scale", [True, False])
def test_changes_of_any_load(now: EndpointState, text: str, may_scale: bool) -> None:
    """Whether or not instances may change in number."""
    assert [text] == changes(BEFORE, now, may_scale=may_scale)


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (after(instances=2, desired_instances=2), "variant 'blue' went from 1 to 2 instances"),
        (after(desired_instances=2), "variant 'blue' is on its way from 1 to 2 instances"),
        (replace(BEFORE, status="Updating"), "its status went from InService to Updating"),
        (after(serverless=Serverless(1024, 5)), "variant 'blue' may use another memory size or concurrency"),
        (after(pools=(("ml.g5.xlarge", 1),)), "variant 'blue' has instances of other types"),
    ],
)
def test_scaling_is_a_change_unless_it_is_meant(now: EndpointState, text: str) -> None:
    """Counts, and the status they take, are an autoscaled load's own."""
    assert [text] == changes(BEFORE, now)
    assert [] == changes(BEFORE, now, may_scale=True)


def test_images_that_are_not_told_are_no_change() -> None:
    """An older SDK leaves them out."""
    assert [] == changes(BEFORE, after(images=()))


@pytest.mark.parametrize(("may_scale", "told"), [(False, True), (True, False)])
def test_a_change_that_was_undone_in_between(may_scale: bool, told: bool) -> None:
    """Nothing else differs: LastModifiedTime says it; scaling out and in again is an autoscaled load's own."""
    before = replace(BEFORE, modified_at="2026-01-01T00:00:00+00:00")
    found = changes(before, replace(before, modified_at="2026-01-01T00:00:09+00:00"), may_scale=may_scale)

    assert (["it was updated, and is as it was: last modified at 2026-01-01T00:00:09+00:00"] if told else []) == found


def test_an_endpoint_of_the_same_name_is_another() -> None:
    """Deleted and created anew, with the same configuration."""
    before = replace(BEFORE, created_at="2026-01-01T00:00:00+00:00")
    now = replace(before, created_at="2026-01-01T00:00:09+00:00")

    assert ["it was deleted and created anew, at 2026-01-01T00:00:09+00:00"] == changes(before, now, may_scale=True)


def test_of_several_variants_only_the_one_that_is_meant_to_may_scale() -> None:
    """Another's instances change what is measured as well."""
    green = replace(ONE, name="green")
    before = replace(BEFORE, variants=(ONE, green))
    more: dict[str, Any] = {"instances": 2, "desired_instances": 2}
    now = replace(before, variants=(replace(ONE, **more), replace(green, **more)))

    found = changes(before, now, may_scale=True, scaled="blue")
    assert ["variant 'green' went from 1 to 2 instances"] == found
    assert [] == changes(before, now, may_scale=True)
