"""What one request carries, encoded before any clock starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_smload.core.request.route_kinds import WEIGHTED, RouteKind

MAX_BODY_BYTES: Final = 25 * 1024 * 1024
"""Longest request body that a real-time endpoint takes (SageMaker, InvokeEndpoint: maximum payload size 25 MB)."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One request body.

    Attributes:
        index: Position among the load's distinct payloads; unique within one load.
        body: The bytes sent.
        sha256: Lower-case hex SHA-256 of *body*, computed once (SigV4 signs it).
    """

    index: int
    body: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests for one model, variant, container or component go.

    Attributes:
        index: Position among the load's routes; samples carry it.
        name: What reports call it: the TargetModel, say, or ``"total"`` where no weights name anything.
        fields: Names (as in `MEMBERS`) and values of the members its requests carry, in any order.
        kind: What *name* is the name of; None for ``"total"``.
    """

    index: int
    name: str
    fields: tuple[tuple[str, str], ...]
    kind: RouteKind | None = "model"

    @property
    def target_variant(self) -> str | None:
        """The variant its requests ask for, if any."""
        return dict(self.fields).get(WEIGHTED["variant"].member.name)


@dataclass(frozen=True, slots=True)
class InvocationFailure:
    """What is known of one failed request, kept as an example for reports.

    Attributes:
        kind: The error kind's name.
        message: One line for people, the endpoint's own words where there are any.
        status: HTTP status, or None where no response arrived.
        original_status: ``OriginalStatusCode`` of a ``ModelError``, else None.
    """

    kind: str
    message: str
    status: int | None = None
    original_status: int | None = None
