"""Turns a load profile into what is sent: routes, shares and payloads, all encoded before any clock starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.load.payloads import build_payloads, per_model
from pytest_smload.core.load.weights import resolve_models
from pytest_smload.core.request.invocation import Payload, Route
from pytest_smload.core.request.members import MEMBERS, TARGET_MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smload.core.load.profile import LoadProfile

WHOLE_ENDPOINT = "total"
"""Name of the one route of an endpoint that is not multi-model."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What one load sends.

    Attributes:
        profile: The resolved profile, traffic fields filled in.
        routes: One per TargetModel, or a single one named ``"total"``.
        shares: Share of the traffic per route, summing to 1.
        rows: The payloads each route cycles through.
        multi_model: Whether requests carry a TargetModel.
    """

    profile: LoadProfile
    routes: tuple[Route, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[Payload, ...], ...]
    multi_model: bool

    @classmethod
    def from_profile(cls, profile: LoadProfile, root: Path) -> LoadPlan:
        """Read payloads (paths relative to *root*) and lay out routes.

        Raises:
            PayloadError: a payload cannot be read or is too large.
            ConfigurationError: a per-model table does not fit the models.
        """
        shares = resolve_models(profile.models) if profile.models is not None else {}
        names: list[str | None] = list(shares) or [None]
        columns = [
            (member.name, per_model(getattr(profile, member.field), names, member.field))
            for member in MEMBERS.values()
            if member.field is not None
        ]
        routes = []
        for index, name in enumerate(names):
            fields = [(TARGET_MODEL.name, name)] if name is not None else []
            fields += [(member, values[index]) for member, values in columns if values[index] is not None]
            routes.append(Route(index, name if name is not None else WHOLE_ENDPOINT, tuple(fields)))
        rows = build_payloads(
            profile.payload, names=names, batch=profile.batch, content_type=profile.content_type, root=root
        )
        return cls(profile, tuple(routes), tuple(shares.values()) or (1.0,), tuple(map(tuple, rows)), bool(shares))
