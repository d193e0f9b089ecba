"""The facts of what hosts an endpoint: those that make two runs comparable, and what was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_smload.core.hosting.words import serverless_words

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import Hosting, Variant

DEPLOYED_FACTS = ("images", "model_data")
"""What was deployed: a regression is held against the one before, or no deployment would ever be."""
HOSTING_FACTS = ("configuration", *DEPLOYED_FACTS)


def content_facts(hosting: Hosting | None) -> dict[str, Any]:
    """Return ``configuration``, ``images`` and ``model_data``, JSON values; None for what is not known.

    They are content, never names: a new configuration or model with the same content is the same. Counts are those at
    the load's begin. Of a multi-model endpoint there is no model data: its models are the load's weights. Of inference
    components neither images nor model data are known.
    """
    if hosting is None:
        return dict.fromkeys(HOSTING_FACTS)
    return {
        "configuration": _configuration(hosting),
        "images": _images(hosting),
        "model_data": _model_data(hosting),
    }


def _configuration(hosting: Hosting) -> Any:
    facts = {}
    for variant in hosting.variants:
        words = _variant_words(variant, weighed=len(hosting.production) > 1)
        if words is None:
            return None
        facts[variant.name] = words
    # Variants have names of their own in every account; of a single one it says nothing.
    return next(iter(facts.values())) if len(facts) == 1 else facts or None


def _variant_words(variant: Variant, *, weighed: bool) -> str | None:
    counts = variant.instances_by_type()
    if counts is None:
        return None
    words = [f"{count} x {kind}" for kind, count in sorted(counts.items())]
    if variant.serverless is not None:
        words.append(serverless_words(variant.serverless))
    if weighed and variant.weight is not None and not variant.shadow:
        words.append(f"weight {variant.weight:g}")
    if variant.shadow:
        words.append("shadow")
    return ", ".join(words)


def _images(hosting: Hosting) -> list[str] | None:
    found: set[str] = set()
    for variant in hosting.production:
        images = variant.images or [each.image for each in variant.containers or () if each.image]
        if not images:
            return None
        found.update(images)
    return sorted(found) or None


def _model_data(hosting: Hosting) -> list[str] | None:
    found: set[str] = set()
    for variant in hosting.production:
        if not variant.containers:
            return None
        found.update(each.model_data for each in variant.containers if each.model_data and not each.multi_model)
    return sorted(found)
