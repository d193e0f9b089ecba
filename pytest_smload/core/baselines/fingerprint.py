"""The facts that make two runs of a load comparable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smload.core.hosting.content import content_facts
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LOAD_FIELDS
from pytest_smload.core.load.written import MOST_ENTRIES, written_profile
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.invocation import Payload
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.units import format_duration

_DIGEST_DIGITS = 16
_SHARE_DIGITS = 6


def fingerprint(
    plan: LoadPlan,
    endpoint: EndpointFacts,
    *,
    transport: str,
    client: str,
    machine: str | None = None,
    processes: int = 1,
    scaling: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the facts by name, JSON values; None for what could not be found out. No URL, no port, no credentials.

    What hosts the endpoint is known only when the load begins: it is added then.

    Args:
        plan: What the load sends.
        endpoint: What it was sent to.
        transport: How.
        client: Which software measured: its name and the part of its version that may change what is measured.
        machine: What kind of machine it ran on, in words; no name of it.
        processes: How many processes sent it; a fact where it is more than one.
        scaling: How the endpoint's instances were held; None where they were not.
    """
    profile = plan.profile
    fields = {name: row.fingerprint for name, row in LOAD_FIELDS.items()}
    facts: dict[str, Any] = {
        **{name: value for name, value in written_profile(profile).items() if fields[name] == "written"},
        **{
            name: format_duration(getattr(profile, f"{name}_s"))
            for name, kind in fields.items()
            if kind == "duration" and getattr(profile, name) is not None
        },
        "account": endpoint.account,
        "client": client,
        **content_facts(None),
        "endpoint_name": endpoint.endpoint_name,
        "machine": machine,
        "payload": _payload_digest(plan),
        "region": endpoint.region,
        "rows": None if plan.route_kind == NAME else _rows(plan),
        "transport": transport,
        **({"processes": processes} if processes > 1 else {}),
        **(scaling or {}),
    }
    if profile.stages is not None:
        facts["stages"] = [
            {
                "duration": format_duration(stage.duration_s),
                **({"users": stage.users} if stage.users else {"tps": stage.tps}),
                **({"to": stage.to} if stage.to is not None else {}),
            }
            for stage in profile.stages
        ]
    if plan.route_kind == NAME:
        return facts
    if plan.route_kind not in ("model", None):
        facts["weights_over"] = plan.route_kind
    if plan.route_kind is not None:
        facts["weights"] = _weights(plan)
    return facts


def _payload_digest(plan: LoadPlan) -> str:
    """SHA-256 over the load's distinct payloads in their order."""
    distinct = {payload.index: payload.sha256 for row in dict.fromkeys(plan.rows) for payload in row}
    digest = hashlib.sha256()
    for _, sha256 in sorted(distinct.items()):
        digest.update(bytes.fromhex(sha256))
    return f"sha256 {digest.hexdigest()[:_DIGEST_DIGITS]}"


def _rows(plan: LoadPlan) -> Any:
    """What each model, say, is sent: how many rows, of what sizes, and a digest of them in their order; all of it
    digested where there are very many."""
    rows = {route.name: _rows_text(bodies) for route, bodies in zip(plan.routes, plan.rows, strict=True)}
    if plan.route_kind is None:
        return next(iter(rows.values()))
    if len(rows) <= MOST_ENTRIES:
        return rows
    return f"{len(rows):,} {plan.route_kind}s, sha256 {_digest_of(rows)}"


def _rows_text(bodies: Sequence[Payload]) -> str:
    sizes = [len(body.body) for body in bodies]
    of_sizes = f"{min(sizes):,} B" if min(sizes) == max(sizes) else f"{min(sizes):,}..{max(sizes):,} B"
    counted = f"{len(sizes):,} row{'s' if len(sizes) != 1 else ''}"
    return f"{counted}, {of_sizes}, sha256 {_digest_of([body.sha256 for body in bodies])}"


def _digest_of(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_DIGEST_DIGITS]


def _weights(plan: LoadPlan) -> Any:
    """Each name's share of the traffic; of very many, their number and digest."""
    shares = {route.name: round(share, _SHARE_DIGITS) for route, share in zip(plan.routes, plan.shares, strict=True)}
    if len(shares) <= MOST_ENTRIES:
        return shares
    return f"{len(shares):,} {plan.route_kind}s, sha256 {_digest_of(shares)}"
