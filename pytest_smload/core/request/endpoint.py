"""What is known of the endpoint that requests go to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """Which endpoint was measured; no credentials, no secrets."""

    name: str
    endpoint_name: str
    region: str
    url: str
    account: str | None = None
