"""A production variant of an endpoint as its figures need it: its instances, and what each of them has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
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
