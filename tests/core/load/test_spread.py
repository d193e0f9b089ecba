"""Over what a load's requests are spread: one thing, which every request names, and what all of them name besides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.request.route_kinds import WEIGHTED
from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.wire import validate_route


def plan_of(**fields: Any) -> LoadPlan:
    return LoadPlan.from_profile(LoadProfile(users=1, payload=b"row", **fields), Path())


@pytest.mark.parametrize("row", WEIGHTED.values(), ids=WEIGHTED)
def test_weights_of_each_kind_make_routes(row: Any) -> None:
    """Each name is a route whose requests carry its member, with its share of the traffic."""
    plan = plan_of(**{row.field: {"n-{0..1}": 1, "last": 2}})

    assert [(route.name, route.kind, route.fields) for route in plan.routes] == [
        (name, row.kind, ((row.member.name, name),)) for name in ("n-0", "n-1", "last")
    ]
    assert plan.shares == (0.25, 0.25, 0.5)
    assert plan.multi_model is (row.kind == "model")
    assert sum(plan_of(**{row.field: ["a", "b", "zipf(1.1)"]}).shares) == pytest.approx(1)
    for route in plan.routes:
        validate_route(route)


def test_without_weights_there_is_one_route_of_no_kind() -> None:
    """A variant, container and component named alone are members of every request."""
    plan = plan_of(variant="blue", container="first", component="llm")

    assert [(route.name, route.kind) for route in plan.routes] == [("total", None)]
    assert dict(plan.routes[0].fields) == {
        "TargetVariant": "blue",
        "TargetContainerHostname": "first",
        "InferenceComponentName": "llm",
    }
    assert (plan.route_kind, plan.routes[0].target_variant) == (None, "blue")


@pytest.mark.parametrize(
    ("fields", "kind", "names", "besides"),
    [
        ({"models": ["a"], "variants": ["blue", "green"]}, "variant", ["blue", "green"], ("TargetModel", "a")),
        ({"models": {"a": 1, "b": 0}, "variants": {"blue": 1}}, "model", ["a"], ("TargetVariant", "blue")),
        ({"models": ["a", "b"], "components": ["llm"]}, "model", ["a", "b"], ("InferenceComponentName", "llm")),
    ],
)
def test_one_name_is_no_spread(fields: dict[str, Any], kind: str, names: list[str], besides: tuple[str, str]) -> None:
    """Weights over a single name go beside weights over several; of two such the models count."""
    plan = plan_of(**fields)

    assert (plan.route_kind, [route.name for route in plan.routes]) == (kind, names)
    assert all(besides in route.fields for route in plan.routes)
    assert plan.multi_model


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"models": ["a", "b"], "variants": {"blue": 9, "green": 1}},
            (
                "models: a load spreads its requests over one thing, and variants have several names too; leave one "
                "name in all but one of models, variants"
            ),
        ),
        (
            {"variants": ["a", "b"], "containers": ["c", "d"], "components": "zipf(1)"},
            (
                "variants: a load spreads its requests over one thing, and containers and components have several "
                "names too; leave one name in all but one of variants, containers, components"
            ),
        ),
        (
            {"variant": "blue", "variants": ["blue", "green"]},
            "variants: variant and variants are both given; a load names one variant, or spreads over several",
        ),
        ({"components": {"x" * 64: 1}}, "has 64 characters; an InferenceComponentName has 1 to 63"),
        ({"variants": {"": 1}}, "variants: variant name '' has 0 characters; a TargetVariant has 1 to 63"),
        (
            {"containers": {"é": 1}},
            "containers: container name 'é' contains 'é'; a TargetContainerHostname is",
        ),
        ({"variants": []}, "variants: no variant is named; write weights"),
        ({"components": {"a": 0}}, "components: weights sum to 0, so no component would get a request"),
        ({"variants": ["a", "a"]}, "variants: variant 'a' is named twice"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(fields: dict[str, Any], problem: str) -> None:
    """The mistake names the field, in the words of its kind."""
    with pytest.raises(ConfigurationError) as caught:
        LoadProfile(users=1, payload=b"row", **fields)

    (line,) = str(caught.value).splitlines()
    assert problem in line


def test_tables_are_by_the_names_that_have_weights() -> None:
    """Payloads and members per name, and functions called with it, go with any kind; mistakes say which."""
    plan = plan_of(components={"llm": 1, "tiny": 1}, accept={"llm": "text/csv", "*": "application/json"})
    assert [dict(route.fields)["Accept"] for route in plan.routes] == ["text/csv", "application/json"]

    with pytest.raises(ConfigurationError, match=r"accept: no traffic goes to component 'lm'; did you mean 'llm'"):
        plan_of(components={"llm": 1, "tiny": 1}, accept={"lm": "text/csv"})
    rows = LoadPlan.from_profile(
        LoadProfile(users=1, variants=["blue", "green"], payload=lambda name: f"for {name}"), Path()
    ).rows
    assert [row[0].body for row in rows] == [b"for blue", b"for green"]


def test_what_a_header_cannot_carry_names_its_kind() -> None:
    """A component's header is called a component's."""
    plan = plan_of(components=["llm"], accept="text/é")
    with pytest.raises(ConfigurationError, match=r"component 'llm': Accept 'text/é' has 'é' at position 5"):
        validate_route(plan.routes[0])
    with pytest.raises(ConfigurationError, match=r"^requests: Accept 'text/é'"):
        validate_route(plan_of(accept="text/é").routes[0])
