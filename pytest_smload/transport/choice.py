"""Chooses a load's transport: the one asked for, or the first that reaches the endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.errors import EndpointError
from pytest_smload.transport.detours import is_mocked, proxy_for
from pytest_smload.transport.registry import TRANSPORTS

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget

SIMULATED = "moto mock_aws is active: simulated"


class TransportChoice(NamedTuple):
    """How a load is sent.

    Attributes:
        name: The transport, a name in `TRANSPORTS`.
        reason: Why, for the report; a proxy is named without its user name and password.
        simulated: Whether a mock answers.
        proxied: Whether requests go through a proxy.
    """

    name: str
    reason: str
    simulated: bool
    proxied: bool


def choose_transport(requested: str | None, target: EndpointTarget) -> TransportChoice:
    """Return the transport of a load to *target*; *requested* is a name in `TRANSPORTS`.

    A loopback address is never proxied and never mocked.

    Raises:
        EndpointError: the transport asked for would bypass an active mock, or the proxy is none.
    """
    mocked = is_mocked(target)
    proxy = None if mocked else proxy_for(target)
    detour = SIMULATED if mocked else f"proxy {proxy} for {target.parts.hostname}" if proxy else None
    fit = [name for name, row in TRANSPORTS.items() if row.hears_mocks or not mocked]
    if requested is None:
        return TransportChoice(fit[0], detour or "default", mocked, proxy is not None)
    if requested not in fit:
        others = " or ".join(map(repr, fit))
        raise EndpointError(
            f"transport {requested!r} would leave moto's mock and reach the network ({detour}); "
            f"ask for transport {others}, or for none"
        )
    reason = "asked for" if detour is None else f"asked for; {detour}"
    return TransportChoice(requested, reason, mocked, proxy is not None)
