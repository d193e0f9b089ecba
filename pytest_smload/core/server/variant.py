"""Who serves a load: the production variants of its endpoint as CloudWatch's figures need them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.limits.vcpus import gpus_of, vcpus_of

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import Hosting, Variant


@dataclass(frozen=True, slots=True)
class ServingVariant:
    """One production variant.

    Attributes:
        name: VariantName.
        instance_type: None where it has none of its own (serverless), or several.
        instances: How many are in service; None where nobody says.
        weight: CurrentWeight; 0 gets no traffic by itself.
        vcpus, gpus: Of one instance; None where they are not known.
    """

    name: str
    instance_type: str | None = None
    instances: int | None = None
    weight: float = 1.0
    vcpus: int | None = None
    gpus: int | None = None

    def units(self, per: str) -> int | None:
        """Return by what CloudWatch's sum over an instance's vCPUs or GPUs is divided; 1 where it is no such sum."""
        return self.vcpus if per == "vcpu" else self.gpus if per == "gpu" else 1


def variants_of(hosting: Hosting, *, vcpus: int | None = None, gpus: int | None = None) -> list[ServingVariant]:
    """Return the variants that answer requests, *hosting* being their endpoint's.

    Args:
        vcpus, gpus: Of each instance, where the user says so; else by instance type.
    """
    return [_variant(each, vcpus, gpus) for each in hosting.variants if not each.shadow]


def _variant(variant: Variant, vcpus: int | None, gpus: int | None) -> ServingVariant:
    by_type = variant.instances_by_type() or {}
    types = list(by_type) or ([variant.instance_type] if variant.instance_type else [])
    return ServingVariant(
        name=variant.name,
        instance_type=types[0] if len(types) == 1 else None,
        instances=variant.instances if variant.instances is not None else sum(by_type.values()) or None,
        weight=1.0 if variant.weight is None else variant.weight,
        vcpus=vcpus if vcpus is not None else _alike(types, vcpus_of),
        gpus=gpus if gpus is not None else _alike(types, gpus_of),
    )


def _alike(types: Iterable[str], count_of: Callable[[str], int | None]) -> int | None:
    """What every type has, or None where they differ, or there is none."""
    counts = {count_of(each) for each in types}
    return counts.pop() if len(counts) == 1 else None
