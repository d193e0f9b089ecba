"""Words for a load that is about to run: where it goes, and what hosts that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.aws.shown_url import shown_url
from pytest_smload.core.hosting.words import hosting_details
from pytest_smload.reports.words.cells import plain_text

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.request.endpoint import EndpointFacts


def before_load_line(
    endpoint: EndpointFacts,
    target: EndpointTarget,
    *,
    transport: str,
    transport_reason: str = "",
) -> str:
    """Return the line that says where loads are about to go, before the first request.

    It names what set the address and where the credentials were found, never the credentials; the address is
    shown by its scheme and host.
    """
    account = f", account {endpoint.account}" if endpoint.account else ""
    why = f" ({transport_reason})" if transport_reason not in {"", "default"} else ""
    if not target.endpoint_name:
        return plain_text(f"smload: load by the {endpoint.name} on its own hosts; no endpoint is configured")
    origin = "resolved by botocore" if target.url_source == "botocore" else f"set by {target.url_source}"
    return plain_text(
        f"smload: load on {endpoint.name} ({target.endpoint_name}, {target.region}{account}), "
        f"{shown_url(target.url)} {origin}; credentials from {target.credentials.method}; transport {transport}{why}"
    )


def hosting_line(endpoint: EndpointFacts, hosting: Hosting, identity: str) -> str:
    """Return the line that says what hosts the endpoint of the loads to come, and who asked."""
    asked = f"; asked as {identity}" if identity else ""
    return plain_text(f"smload: {endpoint.endpoint_name} is {hosting_details(hosting)}{asked}")
