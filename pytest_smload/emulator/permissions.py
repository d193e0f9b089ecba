"""What the built-in credentials may do."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from pytest_smload.emulator.credentials import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

USER_ARN: Final = f"arn:aws:iam::{ACCOUNT}:user/smload"
_ALWAYS: Final = frozenset({"sts:GetCallerIdentity"})
"""Needs no permission, and cannot be denied (STS API reference)."""


class Permissions:
    """The actions that are allowed.

    Args:
        allowed: Actions, ``*`` standing for anything: ``sagemaker:Describe*``; None allows all.
    """

    def __init__(self, allowed: Sequence[str] | None) -> None:
        self._allowed = allowed

    def may(self, action: str) -> bool:
        """Whether *action* is allowed."""
        if self._allowed is None or action in _ALWAYS:
            return True
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self._allowed)


def denial(action: str, resource: str = "*") -> str:
    """Return what AWS says where no policy allows *action*."""
    return (
        f"User: {USER_ARN} is not authorized to perform: {action} on resource: {resource} because no identity-based "
        f"policy allows the {action} action"
    )
