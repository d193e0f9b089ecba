"""The error rate that ends a load early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

from pytest_smload.core.units import parse_duration_s, parse_share


@dataclass(frozen=True, slots=True)
class AbortRule:
    """End the load when at least *error_rate* (0..1) of the requests that ended in the last *span_s* seconds failed."""

    error_rate: float
    span_s: float

    @classmethod
    def of(cls, abort_on: Mapping[str, str | float]) -> Self:
        """Return what ``{"error_rate": "50%", "for": "10s"}`` says; it has passed the check of its field."""
        rate = abort_on["error_rate"]
        return cls(
            error_rate=parse_share(rate) if isinstance(rate, str) else rate,
            span_s=parse_duration_s(cast("str", abort_on["for"])),
        )
