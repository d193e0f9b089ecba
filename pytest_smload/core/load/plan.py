"""Turns a load profile into what is sent: routes, shares and payloads, all encoded before any clock starts."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_smload.core.load.payloads import build_payloads, per_model
from pytest_smload.core.load.spread import spread_of
from pytest_smload.core.request.invocation import Payload, Route
from pytest_smload.core.request.members import MEMBERS
from pytest_smload.core.request.route_kinds import NAME, WEIGHTED, RouteKind
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smload.core.load.profile import LoadProfile

WHOLE_ENDPOINT = "total"
"""Name of the one route of a load without weights."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What one load sends.

    Attributes:
        profile: The resolved profile, traffic fields filled in.
        routes: One per TargetModel, variant, container or component with a weight, or a single one named ``"total"``:
            without weights, and of a locustfile, whose requests have names of their own.
        shares: Share of the traffic per route, summing to 1.
        rows: The payloads each route cycles through; of a locustfile the file itself, which is what tells two of them
            apart.
        side: Which of a pair of loads it is, one of `pytest_smload.core.load.pairs.SIDES`; None of a load by itself.
    """

    profile: LoadProfile
    routes: tuple[Route, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[Payload, ...], ...]
    side: int | None = None

    @property
    def route_kind(self) -> RouteKind | None:
        """What the weights name, or that requests have names; None without either."""
        return self.routes[0].kind

    @property
    def multi_model(self) -> bool:
        """Whether requests carry a TargetModel."""
        return any(name == WEIGHTED["model"].member.name for name, _ in self.routes[0].fields)

    @classmethod
    def from_profile(cls, profile: LoadProfile, root: Path) -> LoadPlan:
        """Read payloads (paths relative to *root*) and lay out routes.

        Raises:
            PayloadError: a payload cannot be read or is too large.
            ConfigurationError: a per-model table does not fit the models; there is no such locustfile.
        """
        if profile.locustfile is not None:
            return cls(
                profile, (Route(0, WHOLE_ENDPOINT, (), NAME),), (1.0,), ((_locustfile(profile.locustfile, root),),)
            )
        spread = spread_of(vars(profile))
        names: list[str | None] = list(spread.shares) or [None]
        columns = [
            (member.name, per_model(getattr(profile, member.field), names, member.field, spread.kind))
            for member in MEMBERS.values()
            if member.field is not None
        ]
        routes = []
        for index, name in enumerate(names):
            fields = [] if spread.kind is None or name is None else [(WEIGHTED[spread.kind].member.name, name)]
            fields += spread.fixed
            fields += [(member, values[index]) for member, values in columns if values[index] is not None]
            routes.append(Route(index, name if name is not None else WHOLE_ENDPOINT, tuple(fields), spread.kind))
        rows = build_payloads(
            profile.payload,
            names=names,
            batch=profile.batch,
            content_type=profile.content_type,
            root=root,
            kind=spread.kind,
        )
        return cls(profile, tuple(routes), tuple(spread.shares.values()) or (1.0,), tuple(map(tuple, rows)))


def _locustfile(path: str, root: Path) -> Payload:
    try:
        content = (root / path).read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"locustfile: {root / path} cannot be read ({why}); its path is relative to {root}"
        ) from None
    return Payload(0, content, sha256(content).hexdigest())
