"""The transports there are, a row each, by the name that options and settings call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pytest_smload.transport.detours import proxy_for

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.request.transport import Transport


class Maker(Protocol):
    """Makes the transport of one load; what it needs is imported by the first call."""

    def __call__(self, target: EndpointTarget, *, timeout_s: float, most_in_flight: int, mocked: bool) -> Transport:
        """Return a transport to *target*.

        Args:
            target: Where requests go.
            timeout_s: Longest a request may take.
            most_in_flight: Requests under way at once.
            mocked: Whether moto's mock answers.
        """


class TransportRow(NamedTuple):
    """One transport.

    Attributes:
        make: Makes it.
        hears_mocks: Whether moto's mock answers its requests.
    """

    make: Maker
    hears_mocks: bool


def _http(target: EndpointTarget, *, timeout_s: float, most_in_flight: int, mocked: bool) -> Transport:  # noqa: ARG001
    from pytest_smload.transport.http.transport import HttpTransport

    return HttpTransport(target, timeout_s=timeout_s, proxy=proxy_for(target))


def _boto3(target: EndpointTarget, *, timeout_s: float, most_in_flight: int, mocked: bool) -> Transport:
    from pytest_smload.transport.sdk.transport import Boto3Transport

    return Boto3Transport(target, timeout_s=timeout_s, pool_size=most_in_flight, mocked=mocked)


TRANSPORTS: Final = {
    "http": TransportRow(_http, hears_mocks=False),
    "boto3": TransportRow(_boto3, hears_mocks=True),
}
"""By name; where none is asked for, the first that reaches the endpoint is taken."""
