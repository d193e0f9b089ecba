"""What one request carries, encoded before any clock starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
    """Where requests for one model go.

    Attributes:
        index: Position among the load's models; samples carry it.
        name: What reports call it: the TargetModel, or ``"total"`` for an endpoint that is not multi-model.
        fields: Names (as in `MEMBERS`) and values of the members its requests carry, in any order.
    """

    index: int
    name: str
    fields: tuple[tuple[str, str], ...]


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
