"""Says in words what hosts an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.wording import some

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import Hosting, Serverless, Variant


def hosting_words(hosting: Hosting) -> str:
    """Return what answers, ``"2 x ml.c5.large"``; ``""`` where it is not known."""
    variants = hosting.production
    known = [_instances_words(each) for each in variants]
    if not all(known) or not known:
        return ""
    named = len(variants) > 1
    words = [f"{each.name}: {text}" if named else text for each, text in zip(variants, known, strict=True)]
    return some(words)


def hosting_details(hosting: Hosting) -> str:
    """Return all there is to know of it in one line, its status first."""
    parts = [hosting.status if not hosting_words(hosting) else f"{hosting.status} on {hosting_words(hosting)}"]
    if hosting.multi_model is not None:
        parts.append("multi-model" if hosting.multi_model else "single-model")
    if hosting.components:
        parts.append(f"{len(hosting.components)} inference component{'s' if len(hosting.components) > 1 else ''}")
    scaling = [each for each in hosting.production if each.managed_scaling is not None]
    if scaling:
        parts.append("managed instance scaling")
    shadows = sum(each.shadow for each in hosting.variants)
    if shadows:
        parts.append(f"{shadows} shadow variant{'s' if shadows > 1 else ''}")
    if hosting.data_capture_percent:
        parts.append(f"data capture of {hosting.data_capture_percent:g}%")
    if hosting.config_name is not None:
        parts.append(f"configuration {hosting.config_name}")
    return ", ".join(parts)


def serverless_words(serverless: Serverless) -> str:
    """Return ``"serverless (2048 MB, 20 at once)"``."""
    provisioned = serverless.provisioned_concurrency
    kept = f", {provisioned} kept ready" if provisioned else ""
    return f"serverless ({serverless.memory_mb} MB, {serverless.max_concurrency} at once{kept})"


def _instances_words(variant: Variant) -> str:
    if variant.serverless is not None:
        return serverless_words(variant.serverless)
    counts = variant.instances_by_type()
    return " + ".join(f"{count} x {kind}" for kind, count in counts.items()) if counts else ""
