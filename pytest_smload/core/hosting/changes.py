"""Tells what of an endpoint changed between two moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.hosting.hosting import IN_SERVICE

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import EndpointState, VariantState

_SCALING = frozenset({"Updating"})
"""Statuses an endpoint has while its instances are being added or removed."""


def changes(
    before: EndpointState, after: EndpointState, *, may_scale: bool = False, scaled: str | None = None
) -> list[str]:
    """Return a text per thing that is not as it was, ``"variant 'AllTraffic' went from 1 to 2 instances"``.

    Args:
        before, after: The same endpoint at two moments; *before* is in service.
        may_scale: Whether its instances may change in number: neither the counts nor the status this takes is a change
            then, nor what a serverless variant may use.
        scaled: Which variant's, where it is one of several.

    Two descriptions may be alike with a change in between that was undone: LastModifiedTime tells of it.
    """
    if after.created_at != before.created_at:
        return [f"it was deleted and created anew, at {after.created_at}"]
    found = []
    if after.config_name != before.config_name:
        found.append(f"its configuration went from {before.config_name!r} to {after.config_name!r}")
    if after.status not in {IN_SERVICE, before.status} and not (may_scale and after.status in _SCALING):
        found.append(f"its status went from {before.status} to {after.status}")
    states = {each.name: each for each in after.variants}
    for variant in before.variants:
        now = states.pop(variant.name, None)
        meant = may_scale and scaled in (None, variant.name)
        found += _changes_of(variant, now, may_scale=meant) if now is not None else [f"{_name(variant)} is gone"]
    found += [f"{_name(variant)} is new" for variant in states.values()]
    if not found and not may_scale and after.modified_at != before.modified_at:
        found.append(f"it was updated, and is as it was: last modified at {after.modified_at}")
    return found


def _changes_of(before: VariantState, after: VariantState, *, may_scale: bool) -> list[str]:
    name, found = _name(before), []
    if not may_scale:
        if after.instances != before.instances:
            found.append(f"{name} went from {before.instances} to {after.instances} instances")
        elif after.desired_instances != before.desired_instances:
            found.append(f"{name} is on its way from {before.desired_instances} to {after.desired_instances} instances")
        if after.serverless != before.serverless:
            found.append(f"{name} may use another memory size or concurrency")
        elif after.pools != before.pools and after.instances == before.instances:
            found.append(f"{name} has instances of other types")
    if (after.weight, after.desired_weight) != (before.weight, before.desired_weight):
        became = after.weight if after.weight != before.weight else after.desired_weight
        was = before.weight if after.weight != before.weight else before.desired_weight
        found.append(f"the weight of {name} went from {_number(was)} to {_number(became)}")
    if before.images and after.images and after.images != before.images:
        found.append(f"{name} runs another image")
    return found


def _name(variant: VariantState) -> str:
    return f"variant {variant.name!r}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
