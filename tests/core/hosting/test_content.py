"""The facts of hosting that make runs comparable are content, not names."""

from __future__ import annotations

from dataclasses import replace

from pytest_smload.core.hosting.content import HOSTING_FACTS, content_facts
from pytest_smload.core.hosting.hosting import Container, EndpointState, Hosting, Serverless, Variant, VariantState
from pytest_smload.core.hosting.words import hosting_details, hosting_words

BLUE = Variant(
    "blue",
    instance_type="ml.c5.large",
    instances=2,
    weight=1.0,
    model="m-1",
    containers=(Container(None, "image:1", "s3://m/a.tar.gz"),),
    images=("image@sha256:1",),
)
HOSTING = Hosting(status="InService", config_name="c-1", variants=(BLUE,), multi_model=False)


def test_content_of_a_single_variant() -> None:
    """Instances, images by digest, model data; no name of variant, model or configuration."""
    assert {
        "configuration": "2 x ml.c5.large",
        "images": ["image@sha256:1"],
        "model_data": ["s3://m/a.tar.gz"],
    } == content_facts(HOSTING)


def test_a_new_name_with_the_same_content_is_the_same() -> None:
    """A deployment gives configuration and model new names."""
    renamed = replace(HOSTING, config_name="c-2", variants=(replace(BLUE, name="green", model="m-2"),))

    assert content_facts(HOSTING) == content_facts(renamed)


def test_what_is_not_known_is_none() -> None:
    """Each fact by itself."""
    untyped = replace(HOSTING, variants=(replace(BLUE, instance_type=None),))
    unnamed = replace(HOSTING, variants=(replace(BLUE, containers=None, images=()),))

    assert dict.fromkeys(HOSTING_FACTS) == content_facts(None)
    assert content_facts(untyped)["configuration"] is None
    assert [None, None] == [content_facts(unnamed)[name] for name in ("images", "model_data")]


def test_images_of_the_model_where_deployed_ones_are_not_told() -> None:
    """By name then: an older SDK does not tell the digest."""
    assert ["image:1"] == content_facts(replace(HOSTING, variants=(replace(BLUE, images=()),)))["images"]


def test_a_multi_model_endpoint_has_no_model_data() -> None:
    """Its models are the load's weights."""
    multi = replace(BLUE, containers=(Container(None, "image:1", "s3://m/", multi_model=True),))

    assert [] == content_facts(replace(HOSTING, variants=(multi,)))["model_data"]


def test_several_variants_are_told_apart() -> None:
    """By name, with their weights; serverless ones with what they may use, shadow ones as such."""
    green = replace(BLUE, name="green", instance_type=None, instances=None, serverless=Serverless(2048, 20), weight=3.0)
    shadow = replace(BLUE, name="shadow", shadow=True)
    hosting = replace(HOSTING, variants=(BLUE, green, shadow))

    assert {
        "blue": "2 x ml.c5.large, weight 1",
        "green": "serverless (2048 MB, 20 at once), weight 3",
        "shadow": "2 x ml.c5.large, shadow",
    } == content_facts(hosting)["configuration"]
    assert {"ml.c5.large": 4} == hosting.instances_by_type()
    assert "blue: 2 x ml.c5.large, green: serverless (2048 MB, 20 at once)" == hosting_words(hosting)


def test_details_in_words() -> None:
    """Status, instances, kind, capture and configuration in one line; of an unknown one its status."""
    captured = replace(HOSTING, data_capture_percent=20.0)

    assert "InService on 2 x ml.c5.large, single-model, data capture of 20%, configuration c-1" == hosting_details(
        captured
    )
    assert "InService" == hosting_details(Hosting(status="InService", config_name=None))


def test_as_of_another_state() -> None:
    """Counts and status are the state's; what it does not tell stays."""
    now = HOSTING.as_of(EndpointState("Updating", "c-1", variants=(VariantState("blue", 3, 3, 1.0, 1.0),)))

    assert ("Updating", 3, "ml.c5.large", ("image@sha256:1",)) == (
        now.status,
        now.variants[0].instances,
        now.variants[0].instance_type,
        now.variants[0].images,
    )
    assert HOSTING.variants == HOSTING.as_of(EndpointState("InService", "c-1")).variants
