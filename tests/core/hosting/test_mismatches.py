"""What a load asks for that its endpoint does not have, in one line each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_smload.core.hosting.hosting import Component, Container, Hosting, Variant, agreed_multi_model
from pytest_smload.core.hosting.mismatches import Asked, mismatches, missing_models, missing_models_sentence
from pytest_smload.core.request.invocation import Route

SINGLE = Variant("AllTraffic", model="abalone", containers=(Container(None, "image:1", "s3://m/a.tar.gz"),))
MULTI = replace(SINGLE, containers=(Container(None, "image:1", "s3://m/abalone/", multi_model=True),))
UNKNOWN = replace(SINGLE, containers=None)


def hosted(*variants: Variant, **more: object) -> Hosting:
    """An endpoint of *variants* in service."""
    facts = {"multi_model": agreed_multi_model(variants), **more}
    return Hosting(status="InService", config_name="abalone-1", variants=variants, **facts)


def only(hosting: Hosting, asked: Asked) -> str:
    """The one mismatch there is."""
    (sentence,) = mismatches(hosting, asked)
    return sentence


MODELS = Asked(models=("a.tar.gz", "b.tar.gz"), all_name_models=True)


def test_target_models_on_a_single_model_endpoint() -> None:
    """Refused with the model it hosts and the first models asked for."""
    assert (
        "it is not a multi-model endpoint (it hosts the model 'abalone'), and the load names the TargetModel "
        "'a.tar.gz', 'b.tar.gz'; remove models, or name a multi-model endpoint"
    ) == only(hosted(SINGLE), MODELS)


def test_no_target_model_on_a_multi_model_endpoint() -> None:
    """Refused with the prefix that its models are under."""
    assert "objects under s3://m/abalone/" in only(hosted(MULTI), Asked())


@pytest.mark.parametrize("asked", [MODELS, Asked()])
@pytest.mark.parametrize("variants", [(UNKNOWN,), (SINGLE, replace(MULTI, name="other"))])
def test_what_is_not_known_contradicts_nothing(variants: tuple[Variant, ...], asked: Asked) -> None:
    """Nor do variants of both kinds, where any may answer."""
    assert [] == mismatches(hosted(*variants), asked)


def test_the_variant_named_decides() -> None:
    """Of two kinds of variants, the one the load names is the one that must take its requests."""
    both = hosted(SINGLE, replace(MULTI, name="multi"))

    assert [] == mismatches(both, replace(MODELS, variants=("multi",)))
    assert "it is not a multi-model endpoint" in only(both, replace(MODELS, variants=("AllTraffic",)))


def test_a_container_without_a_mode_may_be_of_either_kind() -> None:
    """As a description without Mode leaves it."""
    either = replace(SINGLE, containers=(Container(None, "image:1", None, multi_model=None),))

    assert either.multi_model is None
    assert [] == mismatches(hosted(either), MODELS) == mismatches(hosted(either), Asked())


def test_an_unknown_variant() -> None:
    """With the nearest name; shadow variants cannot be asked."""
    hosting = hosted(replace(SINGLE, name="blue"), replace(SINGLE, name="green", shadow=True))

    assert "there is no variant 'bleu'; did you mean 'blue'? (known: blue); correct variant" == only(
        hosting, Asked(variants=("bleu",))
    )
    assert "there is no variant 'green'" in only(hosting, Asked(variants=("green",)))


def test_containers() -> None:
    """Unknown names, and names where containers run one after the other; unknown containers contradict nothing."""
    named = (Container("first", "i", None), Container("second", "i", None))
    direct = replace(SINGLE, containers=named, direct=True)

    assert [] == mismatches(hosted(direct), Asked(containers=("first", "second")))
    assert "there is no container 'frist'; did you mean 'first'?" in only(hosted(direct), Asked(containers=("frist",)))
    serial = only(hosted(replace(direct, direct=False)), Asked(containers=("first",)))
    assert serial.startswith("its containers run one after the other (Serial), and the load names first")
    assert [] == mismatches(hosted(UNKNOWN), Asked(containers=("first",)))


def test_inference_components() -> None:
    """Unknown ones, ones not in service, none where there are some, some where there are none."""
    bare = Variant("AllTraffic")
    there = hosted(bare, components=(Component("llm", "InService"), Component("new", "Creating")))

    assert [] == mismatches(there, Asked(components=("llm",)))
    assert "there is no inference component 'lm'; did you mean 'llm'?" in only(there, Asked(components=("lm",)))
    assert "its inference component 'new' is Creating; wait" in only(there, Asked(components=("new",)))
    assert "it hosts inference components, and the load names none; set component" in only(there, Asked())
    assert "it hosts no inference components" in only(hosted(SINGLE), Asked(components=("llm",)))
    assert [] == mismatches(hosted(bare), Asked(components=("llm",)))


def test_an_asynchronous_endpoint() -> None:
    """It takes no InvokeEndpoint at all."""
    assert "it is an asynchronous endpoint" in only(hosted(SINGLE, asynchronous=True), Asked())


def test_what_routes_name() -> None:
    """Members of the requests, each name once."""
    routes = [
        Route(0, "a", (("TargetModel", "a"), ("TargetVariant", "blue"))),
        Route(1, "b", (("TargetModel", "b"), ("TargetVariant", "blue"), ("TargetContainerHostname", "first"))),
        Route(2, "c", (("InferenceComponentName", "llm"),)),
    ]

    assert Asked(("a", "b"), ("blue",), ("first",), ("llm",)) == Asked.of(routes)
    assert Asked.of(routes[:2]).all_name_models


@pytest.mark.parametrize("prefix", ["models/abalone/", "models/abalone"])
def test_missing_models(prefix: str) -> None:
    """A TargetModel is the rest of a key behind the prefix, whether that ends in a slash or not."""
    keys = {"models/abalone/a.tar.gz", "models/abalone/sub/b.tar.gz"}

    assert ["c.tar.gz"] == missing_models(["a.tar.gz", "sub/b.tar.gz", "c.tar.gz"], keys, prefix)


def test_missing_models_are_named_with_the_nearest() -> None:
    """The first three, and how many more."""
    sentence = missing_models_sentence([f"abalone-{n}.tar.gz" for n in range(5)], ["abalone-9.tar.gz"], "s3://m/")

    assert sentence.startswith(
        "there is no object under s3://m/ for TargetModel 'abalone-0.tar.gz' (did you mean 'abalone-9.tar.gz'?), "
    )
    assert sentence.endswith(" and 2 more; correct models, or upload them")
