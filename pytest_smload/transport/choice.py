"""Chooses a load's transport: the one asked for, or the first that reaches the endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.errors import EndpointError
from pytest_smload.transport.detours import is_mocked, proxy_for
from pytest_smload.transport.registry import TRANSPORTS

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget

SIMULATED = "moto mock_aws is active: simulated"


def choose_transport(requested: str | None, target: EndpointTarget) -> tuple[str, str]:
    """Return (name of the transport, reason for the report); *requested* is a name in `TRANSPORTS`.

    A loopback address is never proxied and never mocked.

    Raises:
        EndpointError: the transport asked for would bypass an active mock or the proxy, or the proxy is none.
    """
    mocked = is_mocked(target)
    proxy = None if mocked else proxy_for(target)
    detour = SIMULATED if mocked else f"proxy {proxy} for {target.parts.hostname}" if proxy else None
    fit = [name for name, row in TRANSPORTS.items() if row.takes_detours or detour is None]
    if requested is None:
        return fit[0], detour or "default"
    if requested not in fit:
        why = "would leave moto's mock and reach the network" if mocked else "does not go through proxies"
        others = " or ".join(map(repr, fit))
        raise EndpointError(f"transport {requested!r} {why} ({detour}); ask for transport {others}, or for none")
    return requested, "asked for" if detour is None else f"asked for; {detour}"
