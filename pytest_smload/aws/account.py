"""Asks STS whose credentials these are, so that no load reaches an endpoint in the wrong account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from pytest_smload.aws.control_plane import ControlPlane


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials these are.

    Attributes:
        account: 12 digits.
        name: User or role without its account and session, which may be a person's address: ``"assumed-role/ci"``.
    """

    account: str
    name: str


def caller_identity(plane: ControlPlane) -> Identity:
    """Return the identity behind the credentials of *plane*; STS tells it to whoever asks, no permission is needed.

    Raises:
        ControlPlaneError: STS could not be asked.
    """
    answer = plane.call("sts", "GetCallerIdentity")
    resource = str(answer.get("Arn", "")).rpartition(":")[2]
    kind, _, rest = resource.partition("/")
    name = f"{kind}/{rest.partition('/')[0]}" if kind == "assumed-role" else resource
    return Identity(str(answer.get("Account", "")), name)


def check_account(plane: ControlPlane, expected: str) -> Identity:
    """Return the identity behind the credentials of *plane*, whose account is *expected*.

    Raises:
        EndpointError: it is another account, or STS could not be asked.
    """
    target = plane.target
    try:
        identity = caller_identity(plane)
    except ControlPlaneError as error:
        problem = str(error)
    else:
        if identity.account == expected:
            return identity
        raise EndpointError(
            f"endpoint {target.endpoint_name!r} must be in account {expected}, but the credentials "
            f"({target.credentials.method}) are of account {identity.account}; nothing was sent: switch AWS_PROFILE, "
            "or correct account in the endpoint's table"
        )
    # Raised outside the handler: the chained traceback would hold the other error's local variables.
    raise EndpointError(
        f"account {expected} of endpoint {target.endpoint_name!r} could not be checked with STS: {problem}; "
        "nothing was sent: make STS reachable, or remove account from the endpoint's table"
    )
