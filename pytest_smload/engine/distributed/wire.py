"""Writes what master and workers tell each other down as bytes: jobs, in pieces that a message can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from pytest_smload.core.load.part import Part
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LOAD_FIELDS, TRAFFIC_FIELDS, LoadProfile
from pytest_smload.core.request.invocation import Payload, Route

MESSAGE: Final = "smload"
"""Type of all our messages among Locust's."""
PIECE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a load goes, without what opens it: a worker finds credentials by itself.

    Attributes:
        embedded: Whether it is the embedded endpoint, whose credentials are no secret.
        account: 12 digits the worker's credentials must be of, or None for no check.
        url: Base URL of the runtime; None where botocore is to tell.
    """

    endpoint_name: str
    region: str
    url: str
    url_source: str
    control_url: str | None
    embedded: bool
    account: str | None
    transport: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one worker is to send."""

    plan: LoadPlan
    destination: Destination
    part: Part
    gives_up: bool


def packed_job(job: Job) -> bytes:
    """Return *job* as bytes."""
    plan = job.plan
    profile = {
        name: value
        for name in LOAD_FIELDS
        if name not in TRAFFIC_FIELDS and (value := getattr(plan.profile, name)) is not None
    }
    if plan.profile.stages is not None:
        profile["stages"] = [asdict(stage) for stage in plan.profile.stages]
    bodies = {payload.index: payload for rows in plan.rows for payload in rows}
    facts = {
        "profile": profile,
        "routes": [[route.name, route.fields, route.kind] for route in plan.routes],
        "shares": plan.shares,
        "rows": [[payload.index for payload in rows] for rows in plan.rows],
        "bodies": [[payload.index, len(payload.body), payload.sha256] for payload in bodies.values()],
        "destination": asdict(job.destination),
        "part": [job.part.index, job.part.parts],
        "gives_up": job.gives_up,
    }
    return b"\n".join((json.dumps(facts).encode(), b"".join(payload.body for payload in bodies.values())))


def unpacked_job(data: bytes) -> Job:
    """Return the job that `packed_job` made *data* of.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    head, _, rest = data.partition(b"\n")
    facts = json.loads(head)
    bodies: dict[int, Payload] = {}
    begin = 0
    for index, length, digest in facts["bodies"]:
        bodies[index] = Payload(index, rest[begin : begin + length], digest)
        begin += length
    plan = LoadPlan(
        profile=LoadProfile(**facts["profile"]),
        routes=tuple(
            Route(index, name, tuple((member, value) for member, value in fields), kind)
            for index, (name, fields, kind) in enumerate(facts["routes"])
        ),
        shares=tuple(facts["shares"]),
        rows=tuple(tuple(bodies[index] for index in rows) for rows in facts["rows"]),
    )
    return Job(
        plan=plan,
        destination=Destination(**facts["destination"]),
        part=Part(*facts["part"]),
        gives_up=facts["gives_up"],
    )


def pieces(data: bytes, piece_bytes: int = PIECE_BYTES) -> Iterator[tuple[dict[str, int], bytes]]:
    """Yield (which piece of how many, bytes) of *data*, at least one."""
    count = max(1, -(-len(data) // piece_bytes))
    for index in range(count):
        yield {"piece": index, "pieces": count}, data[index * piece_bytes : (index + 1) * piece_bytes]


class Pieces:
    """Puts the pieces of one thing together again, which come in their order."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, facts: Mapping[str, Any], body: bytes) -> bytes | None:
        """Take the next piece; return the whole once it was the last.

        Raises:
            ValueError: it is not the next.
        """
        if facts["piece"] != len(self._parts):
            raise ValueError(f"piece {len(self._parts)} is missing")
        self._parts.append(body)
        if len(self._parts) < facts["pieces"]:
            return None
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
