"""Who serves a load, of what is known of its endpoint."""

from __future__ import annotations

import pytest

from pytest_smload.core.hosting.hosting import Hosting, Serverless, Variant
from pytest_smload.core.server.variant import ServingVariant, variants_of


def hosting(*variants: Variant) -> Hosting:
    return Hosting(status="InService", config_name="abalone-3", variants=variants)


@pytest.mark.parametrize(
    ("variant", "serving"),
    [
        (Variant("blue", "ml.g5.12xlarge", 3, 3, 0.9), ServingVariant("blue", "ml.g5.12xlarge", 3, 0.9, 48, 4)),
        (Variant("blue", "ml.x9.odd", 3, 3, 0.9), ServingVariant("blue", "ml.x9.odd", 3, 0.9, None, None)),
        (Variant("blue", "ml.m5.large"), ServingVariant("blue", "ml.m5.large", None, 1.0, 2, 0)),
        (Variant("blue", serverless=Serverless(2048, 5)), ServingVariant("blue")),
        (
            Variant("blue", pools=(("ml.m5.large", 2), ("ml.c5.large", 1))),
            ServingVariant("blue", None, 3, 1.0, 2, 0),
        ),
        (
            Variant("blue", pools=(("ml.m5.large", 2), ("ml.m5.xlarge", 1))),
            ServingVariant("blue", None, 3, 1.0, None, 0),
        ),
    ],
)
def test_what_is_not_known_is_not_guessed(variant: Variant, serving: ServingVariant) -> None:
    """A type, its vCPUs and GPUs; an unknown one; a serverless variant; pools of types alike and not."""
    assert [serving] == variants_of(hosting(variant))


def test_the_users_word_is_taken_before_the_types() -> None:
    """vcpus and gpus of the endpoint's table."""
    assert [ServingVariant("blue", "ml.x9.odd", 3, 0.9, 8, 2)] == variants_of(
        hosting(Variant("blue", "ml.x9.odd", 3, 3, 0.9)), vcpus=8, gpus=2
    )


def test_a_shadow_serves_nobody() -> None:
    """Its answers go nowhere."""
    assert ["blue"] == [each.name for each in variants_of(hosting(Variant("blue"), Variant("dark", shadow=True)))]
