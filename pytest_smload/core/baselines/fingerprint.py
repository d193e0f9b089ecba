"""The facts that make two runs of a load comparable."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LOAD_FIELDS
from pytest_smload.core.load.written import MOST_ENTRIES, written_profile
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.units import format_duration

_DIGEST_DIGITS = 16
_SHARE_DIGITS = 6


def fingerprint(plan: LoadPlan, endpoint: EndpointFacts, *, transport: str, client: str) -> dict[str, Any]:
    """Return the facts by name, JSON values; None for what could not be found out. No URL, no port, no credentials.

    Args:
        plan: What the load sends.
        endpoint: What it was sent to.
        transport: How.
        client: Which software measured: its name and the part of its version that may change what is measured.
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
        "client": client,
        "configuration": None,
        "endpoint_name": endpoint.endpoint_name,
        "payload": _payload_digest(plan),
        "region": endpoint.region,
        "transport": transport,
    }
    if profile.stages is not None:
        facts["stages"] = [
            {
                "duration": format_duration(stage.duration_s),
                **({"users": stage.users} if stage.users else {"tps": stage.tps}),
            }
            for stage in profile.stages
        ]
    if plan.multi_model:
        facts["weights"] = _weights(plan)
    return facts


def _payload_digest(plan: LoadPlan) -> str:
    """SHA-256 over the load's distinct payloads in their order."""
    distinct = {payload.index: payload.sha256 for row in dict.fromkeys(plan.rows) for payload in row}
    digest = hashlib.sha256()
    for _, sha256 in sorted(distinct.items()):
        digest.update(bytes.fromhex(sha256))
    return f"sha256 {digest.hexdigest()[:_DIGEST_DIGITS]}"


def _weights(plan: LoadPlan) -> Any:
    """Each model's share of the traffic; of very many, their number and digest."""
    shares = {route.name: round(share, _SHARE_DIGITS) for route, share in zip(plan.routes, plan.shares, strict=True)}
    if len(shares) <= MOST_ENTRIES:
        return shares
    digest = hashlib.sha256(json.dumps(shares, sort_keys=True).encode()).hexdigest()[:_DIGEST_DIGITS]
    return f"{len(shares):,} models, sha256 {digest}"
