"""STS as far as a preflight needs it: who is calling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_smload.emulator.credentials import ACCESS_KEY, ACCOUNT
from pytest_smload.emulator.permissions import USER_ARN

if TYPE_CHECKING:
    from collections.abc import Callable


def get_caller_identity(_arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the owner of the built-in credentials."""
    return {"Arn": USER_ARN, "UserId": ACCESS_KEY, "Account": ACCOUNT}


OPERATIONS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {"GetCallerIdentity": get_caller_identity}
