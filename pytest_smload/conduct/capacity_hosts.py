"""Tells which instances carried the probes of a capacity search, what they cost, and whether they stayed the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_smload.core.safety.cost import hourly_cost
from pytest_smload.core.trust.health import Finding

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import Hosting, Variant
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.safety.cost import Prices


@dataclass(frozen=True, slots=True)
class Carriers:
    """What carried a search.

    Attributes:
        instances: How many; 1 where nobody told.
        known: Whether anybody did.
        hourly_usd: What an hour of them costs; None where that is not known.
        note: On what was told otherwise, or ``""``.
    """

    instances: int
    known: bool
    hourly_usd: float | None
    note: str = ""


def carriers_of(hosting: Hosting | None, profile: LoadProfile, given: int | None, prices: Prices) -> Carriers:
    """Return what carried a search with *profile*: by *hosting*, else as many as *given*."""
    carrying = None if hosting is None else replace(hosting, variants=_carrying(hosting, profile))
    hourly_usd, unknown = hourly_cost(carrying, prices)
    counts = carrying.instances_by_type() if carrying is not None else None
    told = sum(counts.values()) if counts else None
    note = ""
    if told is not None and given is not None and told != given:
        note = f"instances={given} was given, and the endpoint has {told}: that many count"
    instances = told or given
    return Carriers(instances or 1, instances is not None, None if unknown else hourly_usd, note)


def changed_between(before: Hosting | None, now: Hosting | None, profile: LoadProfile) -> Finding | None:
    """Return why probes *before* and *now* were not of the same endpoint; None where they were, as far as is known."""
    if before is None or now is None:
        return None
    was, became = (_standing(each, profile) for each in (before, now))
    if was == became:
        return None
    return Finding(
        f"the endpoint changed between two probes: {'; '.join(was)} became {'; '.join(became)}",
        "hold its instances meanwhile (pinned), and search while nobody deploys to it",
    )


def _standing(hosting: Hosting, profile: LoadProfile) -> list[str]:
    """How what carries *profile* stands, a text a variant."""
    return [f"{hosting.config_name}", *map(_words, _carrying(hosting, profile))]


def _carrying(hosting: Hosting, profile: LoadProfile) -> tuple[Variant, ...]:
    """The variants that get the requests: those they name, else all with a share of them."""
    if profile.variant is None:
        return tuple(each for each in hosting.production if each.weight != 0)
    named = {profile.variant} if isinstance(profile.variant, str) else set(profile.variant.values())
    return tuple(each for each in hosting.production if each.name in named)


def _words(variant: Variant) -> str:
    counts = variant.instances_by_type()
    many = "serverless" if variant.serverless is not None else f"{variant.instances} instances"
    if counts:
        many = " and ".join(f"{count} x {kind}" for kind, count in counts.items())
    weight = "" if variant.weight is None else f", weight {variant.weight:g}"
    return f"variant {variant.name!r} of {many}{weight}"
